"""``facewright train upper`` and ``facewright train evaluate-upper``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from facewright.train.performance import Performance
    from facewright.train.speech.phones import Utterance
    from facewright.train.upper.presets import Preset

Clips = Annotated[Path, typer.Option("--clips", metavar="DIR", help="Videos of faces that talk.")]
Manifest = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="CSV: file, identity, audio and sync_note of each clip."),
]
Work = Annotated[
    Path, typer.Option(metavar="DIR", help="For corpus, tracks, checkpoints, log and weights.")
]
Cache = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Where tracks are kept; within --work else.")
]


def upper(
    clips: Clips,
    work: Work,
    manifest: Manifest = None,
    cache: Cache = None,
    preset: Annotated[
        str, typer.Option(metavar="embedded|paper|smoke", help="How large, and for how long.")
    ] = "embedded",
    leave_out: Annotated[
        str, typer.Option(metavar="IDENTITY", help="A speaker that is not learned from.")
    ] = "",
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of weights and data.")] = 0,
    threads: Annotated[int, typer.Option(metavar="N", min=1, help="Of torch on the CPU.")] = 1,
) -> None:
    """Train GoHD's expression predictor; run again, it goes on from the checkpoints.

    \b
    Example:
      facewright train upper --clips clips --manifest clips.csv --work out/upper
    """
    import torch

    from facewright.train.upper import recipe

    torch.set_num_threads(threads)
    plan = _preset(preset)
    seen = _performances(clips, manifest, cache or work / "tracks")
    seen = [clip for clip in seen if clip.identity != leave_out]
    trained = recipe.train(seen, lambda: _corpus(work, plan, seed), plan, work, seed, _report)
    speakers = sorted({clip.identity for clip in seen})
    credit = f"Second stage trained on clips of {', '.join(speakers)}"
    recipe.save(work / "upper.safetensors", trained, plan, credit)
    typer.echo(f"{work / 'upper.safetensors'}")


def evaluate_upper(
    clips: Clips,
    work: Work,
    manifest: Manifest = None,
    cache: Cache = None,
    preset: Annotated[
        str, typer.Option(metavar="embedded|paper|smoke", help="As it was trained.")
    ] = "embedded",
    seeds: Annotated[int, typer.Option(metavar="N", min=1, help="Performances a clip.")] = 8,
    parts: Annotated[
        int | None,
        typer.Option(metavar="N", min=2, help="Leave speakers out in N groups, not singly."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of weights and data.")] = 0,
    threads: Annotated[int, typer.Option(metavar="N", min=1, help="Of torch on the CPU.")] = 1,
) -> None:
    """Leave each speaker out in turn: the predictor beside a still face and the prior.

    The first stage is trained once, for it knows no face; the second, once for each
    speaker, or group of speakers, left out.

    \b
    Example:
      facewright train evaluate-upper --clips clips --manifest clips.csv --work out/upper
    """
    import torch

    from facewright.train.upper import evaluate, recipe

    torch.set_num_threads(threads)
    plan = _preset(preset)
    seen = _performances(clips, manifest, cache or work / "tracks")
    table = recipe.leave_speakers_out(
        seen, lambda: _corpus(work, plan, seed), plan, work, seed, seeds, parts, _report
    )
    for line in table.lines():
        typer.echo(line)
    for other in ("still", "mean face", "prior"):
        for way in ("gohd", "gohd brows", "prior"):
            if way == other:
                continue
            for measure in tuple(evaluate.Score.__dataclass_fields__)[:3]:
                mean, low, high = table.gain(way, other, measure)
                typer.echo(f"{way} - {other}: {measure} {mean:+.3f} [{low:+.3f}, {high:+.3f}]")


def _preset(name: str) -> Preset:
    from facewright.errors import InputError
    from facewright.train.upper import recipe

    if name not in recipe.PRESETS:
        raise InputError(f"preset: {name!r} is not one of {', '.join(recipe.PRESETS)}")
    return recipe.PRESETS[name]


def _performances(clips: Path, manifest: Path | None, cache: Path) -> list[Performance]:
    from facewright.train.performance import performances

    def tell(name: str, number: int, count: int) -> None:
        typer.echo(f"{number}/{count} {name}")

    return performances(clips, manifest, cache, tell=tell)


def _corpus(work: Path, plan: Preset, seed: int) -> list[Utterance]:
    from facewright.train.speech import corpus

    sound = work / "corpus.npz"
    if not sound.is_file():
        made = corpus.make(plan.espeak_hours, plan.flite_hours, plan.prompts, seed, typer.echo)
        corpus.save(sound, made)
    return corpus.load(sound)


def _report(stage: str, iteration: int, means: dict[str, float]) -> None:
    shown = "  ".join(f"{key} {value:.3g}" for key, value in means.items())
    typer.echo(f"{stage} {iteration}  {shown}")
