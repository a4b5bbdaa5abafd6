"""``python -m facewright.train RECIPE``: make what ships."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Make the learned parts.")


@app.callback()
def _recipes() -> None:
    """Recipes are commands, so that one alone still needs its name."""


@app.command()
def emoa2e(
    work: Annotated[Path, typer.Option(help="folder of corpus, checkpoint, log and result")],
    preset: Annotated[str, typer.Option(help="embedded, desk or smoke")] = "embedded",
    iterations: Annotated[int | None, typer.Option(help="stop here; go on when run again")] = None,
    seed: Annotated[int, typer.Option(help="of corpus, weights and augmentation")] = 0,
    landmarks: Annotated[bool, typer.Option(help="use the landmark loss, eq. 13")] = True,
    threads: Annotated[int, typer.Option(help="of torch")] = 1,
) -> None:
    """Speech -> expression (EmoA2E). Run again to go on from the checkpoint."""
    import torch

    from facewright.errors import InputError
    from facewright.train import emoa2e as recipe
    from facewright.train.speech import corpus

    torch.set_num_threads(threads)
    if preset not in recipe.PRESETS:
        raise InputError(f"preset: {preset!r} is not one of {', '.join(recipe.PRESETS)}")
    plan = recipe.PRESETS[preset]
    sound = work / "corpus.npz"
    if not sound.is_file():
        made = corpus.make(plan.espeak_hours, plan.flite_hours, plan.prompts, seed, typer.echo)
        corpus.save(sound, made)
    pairs = corpus.Corpus(corpus.load(sound))
    typer.echo(f"{len(pairs)} utterances, {pairs.seconds() / 3600:.2f} h")
    basis = recipe.landmark_basis() if landmarks else None
    trainer = recipe.Trainer(pairs, plan, work, seed, basis)

    def report(iteration: int, means: dict[str, float]) -> None:
        shown = "  ".join(f"{k} {v:.4g}" for k, v in means.items())
        typer.echo(f"{iteration}/{plan.iterations}  {shown}")

    trainer.run(iterations, report=report)


@app.command()
def evaluate_emoa2e(
    weights: Annotated[Path | None, typer.Option(help="default: those that ship")] = None,
    sentences: Annotated[
        Path, typer.Option(help="folder of recordings with a file `transcription`")
    ] = Path("/usr/share/pocketsphinx/test/data/librivox"),
    clips: Annotated[
        list[Path] | None, typer.Option(help="videos with sound in sync; may be repeated")
    ] = None,
    fps: Annotated[float, typer.Option(help="frames a second that are scored")] = 25.0,
) -> None:
    """Score the driver on speech that it never heard: LibriVox from Debian's
    pocketsphinx-testdata against the teacher over aligned phones, and, with --clips,
    its lips against those in videos."""
    import torch

    from facewright.drive.base import DriveControls
    from facewright.drive.lips import opening
    from facewright.drive.speaker import WEIGHTS, Speaker
    from facewright.media.speech import read_speech
    from facewright.train.speech import score, seen

    torch.set_num_threads(1)
    driver = Speaker(weights or WEIGHTS)
    controls = DriveControls(fps=fps)
    aligned = list(score.aligned_sentences(sentences))
    motions = [driver(read_speech(s.path), None, controls).expression for s in aligned]
    typer.echo(str(score.score(motions, fps, [(s.phones, s.seconds) for s in aligned])))
    for clip in clips or []:
        moved = driver(read_speech(clip), None, DriveControls(fps=25.0))
        zero, lag, best = seen.lagged_correlation(opening(moved.expression), seen.lip_opening(clip))
        typer.echo(f"{clip.name}: {zero:.2f} (best {best:.2f} at {lag * 40:+d} ms)")


def main() -> int:
    """Run a command; an error that a user can mend is one line and an exit status."""
    from facewright.errors import FacewrightError

    try:
        app()
    except FacewrightError as error:
        typer.echo(f"error: {error}", err=True)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
