"""``facewright train …``: make the learned parts that ship, and score them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from facewright.train.emotion.commands import emotion, evaluate_emotion
from facewright.train.upper.app import evaluate_upper, upper

app = typer.Typer(
    rich_markup_mode=None,
    help="""Make the learned parts: EmoA2E (speech -> lips) and TGDM (geometry -> pixels).

\b
Examples:
  facewright data pack HDTF -o pack
  facewright train tgdm --preset embedded --data pack --work out/tgdm
  facewright train emoa2e --work out/emoa2e
""",
)

Iterations = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Stop here; without it, where the preset ends."),
]
Seed = Annotated[
    int, typer.Option(metavar="N", min=0, help="Of weights, data and augmentation; it repeats.")
]
Threads = Annotated[int, typer.Option(metavar="N", min=1, help="Of torch on the CPU.")]


@app.command()
def tgdm(
    data: Annotated[Path, typer.Option(metavar="PACK", help="What `facewright data pack` wrote.")],
    work: Annotated[
        Path, typer.Option(metavar="DIR", help="For checkpoint, log, samples and weights.")
    ],
    preset: Annotated[
        str,
        typer.Option(
            metavar="paper|base|embedded",
            help="As published; the large, or the small network over reprojection.",
        ),
    ] = "embedded",
    iterations: Iterations = None,
    batch: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Pictures a step; the preset's without it."),
    ] = None,
    seed: Seed = 0,
    threads: Threads = 1,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in DIR.")
    ] = False,
    lpips: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="VGG-16's weights (safetensors) for LPIPS; preset paper. Without it the"
            " perceptual loss is MS-SSIM + Laplacian pyramid.",
        ),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Weights of the same preset to begin with, for clips of your own; not for"
            " preset paper. Without it training begins from nothing.",
        ),
    ] = None,
) -> None:
    """Train TGDM, the diffusion model that textures the geometry, on a pack.

    Runs on the CPU, on a GPU where there is one, and on several under `accelerate launch`.
    A stop (Ctrl-C) leaves a checkpoint from which --resume goes on.

    \b
    Examples:
      facewright data pack HDTF -o pack --hold-out 0.1
      facewright train tgdm --data pack --work out/tgdm
      facewright train tgdm --data pack --work out/tgdm --resume
      accelerate launch -m facewright.cli train tgdm --preset paper --data pack --work out/paper
    """
    from facewright.train.tgdm.recipes import run

    run(
        preset=preset,
        data=data,
        work=work,
        iterations=iterations,
        batch=batch,
        seed=seed,
        threads=threads,
        resume=resume,
        lpips=lpips,
        start=start,
    )


@app.command()
def tgdm_proof(
    clip: Annotated[Path, typer.Argument(help="A video of square frames around one head.")],
    work: Annotated[
        Path, typer.Option(metavar="DIR", help="For checkpoint, log, proof.json and proof.png.")
    ],
    iterations: Iterations = None,
    frames: Annotated[
        int, typer.Option(metavar="N", min=2, help="Held-out frames that are made.")
    ] = 20,
    steps: Annotated[int, typer.Option(metavar="N", min=1, help="Of DDIM, from noise.")] = 50,
    seed: Seed = 0,
    threads: Threads = 1,
) -> None:
    """Is TGDM a diffusion model? Train the published network, made small, on one clip.

    Frames that it never saw are made from pure noise and compared with the still source;
    then each condition is shuffled among frames in turn. Run again, it goes on.

    \b
    Example:
      facewright train tgdm-proof clip.mp4 --work out/proof
    """
    import torch

    from facewright.train.tgdm.proof import run

    torch.set_num_threads(threads)
    run(
        clip, work, iterations=iterations, frames=frames, steps=steps, seed=seed,
        report=typer.echo,
    )  # fmt: skip


@app.command()
def emoa2e(
    work: Annotated[
        Path, typer.Option(metavar="DIR", help="For corpus, checkpoint, log and weights.")
    ],
    preset: Annotated[
        str,
        typer.Option(metavar="embedded|emotion|desk|smoke", help="How large, and for how long."),
    ] = "embedded",
    iterations: Iterations = None,
    seed: Seed = 0,
    landmarks: Annotated[bool, typer.Option(help="Use the landmark loss, eq. 13.")] = True,
    start: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Weights to begin from, of one size.")
    ] = None,
    clips: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Videos whose lips teach as well; needs --start."),
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="What is known of the clips: identity, sync."),
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the clips' tracks are kept.")
    ] = None,
    recordings: Annotated[
        Path | None, typer.Option(metavar="DIR", help=".wav files of English that teach as well.")
    ] = None,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Part of an identity or voice to leave out; repeat it."),
    ] = None,
    threads: Threads = 1,
) -> None:
    """Train EmoA2E, speech -> expression; run again, it goes on from the checkpoint.

    \b
    Examples:
      facewright train emoa2e --preset embedded --work out/emoa2e
      facewright train emoa2e --preset emotion --start out/emoa2e/emoa2e.safetensors --work out/emo
    """
    import torch

    from facewright.train.emoa2e_run import run

    torch.set_num_threads(threads)
    run(
        work, preset, iterations=iterations, seed=seed, landmarks=landmarks, start=start,
        clips=clips, manifest=manifest, cache=cache, recordings=recordings,
        leave_out=tuple(leave_out or ()), report=typer.echo,
    )  # fmt: skip


@app.command()
def audio2exp(
    work: Annotated[Path, typer.Option(metavar="DIR", help="For the weights; may hold a corpus.")],
    clips: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Videos whose faces are base expressions.")
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(metavar="CSV", help="What is known of the clips.")
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the clips' tracks are kept.")
    ] = None,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Part of an identity to leave out; repeat it."),
    ] = None,
    speaker: Annotated[
        Path | None, typer.Option(metavar="FILE", help="EmoA2E's weights; those that ship.")
    ] = None,
    iterations: Iterations = None,
    seed: Seed = 0,
    threads: Threads = 1,
) -> None:
    """Train Audio2Exp, which puts new speech into a performance, in minutes.

    The speech is the corpus of `train emoa2e`, taken from DIR/corpus.npz or made there.

    \b
    Example:
      facewright train audio2exp --work out/emoa2e --clips VIDEOS --manifest MANIFEST.csv
    """
    import torch

    from facewright.train.audio2exp_run import run

    torch.set_num_threads(threads)
    run(
        work, clips=clips, manifest=manifest, cache=cache, leave_out=tuple(leave_out or ()),
        speaker=speaker, iterations=iterations, seed=seed, report=typer.echo,
    )  # fmt: skip


@app.command()
def evaluate_emoa2e(
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Those that ship, without it.")
    ] = None,
    sentences: Annotated[
        Path, typer.Option(metavar="DIR", help="Recordings, with a file `transcription`.")
    ] = Path("/usr/share/pocketsphinx/test/data/librivox"),
    prompts: Annotated[
        str | None, typer.Option(metavar="en", help="Debian's English prompts as well.")
    ] = None,
    clips: Annotated[
        list[Path] | None,
        typer.Option(metavar="VIDEO", help="With sound in sync; repeat it."),
    ] = None,
    emotion: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Weights with emotion, compared with their rules."),
    ] = None,
    fps: Annotated[
        float, typer.Option(metavar="RATE", help="Frames a second that are scored.")
    ] = 25.0,
) -> None:
    """Score EmoA2E on speech that it never heard, beside phone recognition with rules.

    On LibriVox (Debian's pocketsphinx-testdata), and with --prompts en on 100 of Debian's
    English prompts, against the teacher over aligned phones; with --clips, its lips against
    those in videos, beside loudness.

    \b
    Example:
      facewright train evaluate-emoa2e --prompts en
    """
    import numpy as np
    import torch

    from facewright.drive.base import DriveControls
    from facewright.drive.speaker import WEIGHTS, Speaker
    from facewright.errors import InputError
    from facewright.train.speech import judged, score

    torch.set_num_threads(1)
    if prompts not in (None, "en"):
        raise InputError(f"prompts: expected 'en', got {prompts!r}: the others train")
    driver = Speaker(weights or WEIGHTS)

    def lips(speech, fps):  # type: ignore[no-untyped-def]
        return driver(speech, None, DriveControls(fps=fps)).expression

    sets = {"LibriVox": list(score.aligned_sentences(sentences))}
    if prompts:
        sets["English prompts"] = score.aligned_prompts()
    for name, aligned in sets.items():
        typer.echo(f"{name}, {len(aligned)} recordings")
        for who, found in judged.against_phones(lips, aligned, fps).items():
            typer.echo(f"  {who:17} {found}")
    if emotion:
        from facewright.drive import emoa2e, heard
        from facewright.train.speech import felt

        sounds = [heard.hear(s.speech) for s in sets["LibriVox"]]
        for style in felt.measured(emoa2e.load(emotion), sounds):
            typer.echo(f"  {style}")
    seen = [judged.against_lips(lips, clip) for clip in clips or []]
    for one in seen:
        typer.echo(str(one))
    if seen:
        typer.echo(f"mean: {np.mean([s.driver for s in seen]):.3f}")


@app.command()
def pose(
    clips: Annotated[Path, typer.Argument(metavar="CLIPS", help="A folder of videos of faces.")],
    work: Annotated[Path, typer.Option(metavar="DIR", help="For checkpoint, log and weights.")],
    preset: Annotated[
        str, typer.Option(metavar="embedded|desk|smoke", help="How large, and for how long.")
    ] = "embedded",
    iterations: Iterations = None,
    seed: Seed = 0,
    manifest: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="What is known of the clips: identity, sync."),
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the clips' tracks are kept.")
    ] = None,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Part of an identity to leave out; repeat it."),
    ] = None,
    threads: Threads = 1,
) -> None:
    """Train GoHD's head-pose diffusion on clips; run again, it goes on from the checkpoint.

    \b
    Example:
      facewright train pose clips --manifest clips.csv --work out/pose --leave-out Radio11
    """
    import torch

    from facewright.train.pose.commands import train

    torch.set_num_threads(threads)
    train(
        clips, work, preset, iterations=iterations, seed=seed, manifest=manifest, cache=cache,
        leave_out=tuple(leave_out or ()), tell=typer.echo,
    )  # fmt: skip


@app.command()
def evaluate_pose(
    clips: Annotated[Path, typer.Argument(metavar="CLIPS", help="A folder of videos of faces.")],
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Of the diffusion; the prior alone, without it."),
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="What is known of the clips: identity, sync."),
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the clips' tracks are kept.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Part of an identity to score; repeat it."),
    ] = None,
    seeds: Annotated[int, typer.Option(metavar="N", min=2, help="Motions for each clip.")] = 8,
    guidance: Annotated[
        float, typer.Option(metavar="X", min=0.0, max=1.0, help="GoHD's gamma, 0 to 1.")
    ] = 0.4,
) -> None:
    """Score head motion beside real heads: the prior, and the diffusion with --weights.

    \b
    Example:
      facewright train evaluate-pose clips --weights out/pose/pose.safetensors --only Radio11
    """
    import torch

    from facewright.train.pose.commands import evaluate

    torch.set_num_threads(1)
    evaluate(
        clips, weights, manifest=manifest, cache=cache, only=tuple(only or ()), seeds=seeds,
        guidance=guidance, tell=typer.echo,
    )  # fmt: skip


app.command()(emotion)
app.command()(evaluate_emotion)
app.command()(upper)
app.command()(evaluate_upper)
