"""``facewright evaluate``: the command line. Heavy modules are imported where they are used."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from facewright import console

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="""Measure animators on clips and show them side by side.

\b
Every mode writes into the folder given with -o:
  report.html   tables, plots and contact sheets, one file
  report.json   the same numbers
  clips/        results of finished clips; --resume goes on from them
""",
)

Clips = Annotated[
    list[Path],
    typer.Argument(metavar="CLIPS", help="Videos of square frames, one head each, or folders."),
]
Out = Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Folder for the report.")]
Animators = Annotated[
    list[str] | None,
    typer.Option(
        "--animator",
        metavar="NAME[@STEPS][=WEIGHTS]",
        help="May be repeated; the last is the one under test. Default: reproject.",
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(metavar="N", help="Sampling steps of animators without @STEPS."),
]
Seed = Annotated[int, typer.Option(metavar="N", help="Of animators and drivers.")]
Size = Annotated[int, typer.Option(metavar="256|512", help="Side of frames, pixels.")]
Step = Annotated[int, typer.Option(metavar="K", help="Compare every K-th frame; flicker needs 1.")]
Frames = Annotated[
    int | None, typer.Option(metavar="N", help="Compare at most N frames of a clip.")
]
Against = Annotated[
    str, typer.Option(metavar="NAME", help="Animator that the others are held against.")
]
Recapture = Annotated[
    bool,
    typer.Option(
        "--recapture/--no-recapture",
        help="Capture made frames again: landmarks, expression, pose and gaze.",
    ),
]
RecaptureEvery = Annotated[
    int, typer.Option(metavar="K", help="Do so for every K-th compared frame.")
]
Smooth = Annotated[
    bool,
    typer.Option(
        "--smooth/--no-smooth", help="Follow landmarks over time, or capture each frame alone."
    ),
]
Weights = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Weights of further measures; see docs/evaluation.md."),
]
Video = Annotated[
    bool, typer.Option("--video", help="Write each clip's rows side by side as a video too.")
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Keep clips that an earlier run finished likewise.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]


@app.command("self")
def reenact(
    clips: Clips,
    out: Out,
    animator: Animators = None,
    steps: Steps = None,
    seed: Seed = 0,
    size: Size = 256,
    step: Step = 1,
    frames: Frames = None,
    against: Against = "reproject",
    recapture: Recapture = True,
    recapture_every: RecaptureEvery = 5,
    smooth: Smooth = True,
    weights: Weights = None,
    video: Video = False,
    resume: Resume = False,
    quiet: Quiet = False,
) -> None:
    """Self-reenactment: each clip's first frame is made to follow the clip.

    \b
    Examples:
      facewright evaluate self clips/ -o report
      facewright evaluate self clips/ -o report --animator tgdm@1 --animator tgdm@4
      facewright evaluate self a.mp4 -o quick --step 10 --no-recapture
    """
    common = _common(seed, size, step, frames, recapture, recapture_every, smooth, weights, video)
    _run("self", clips, out, animator, steps, against, common, resume, quiet)


@app.command()
def cross(
    clips: Clips,
    out: Out,
    portrait: Annotated[
        list[Path],
        typer.Option("--portrait", metavar="FILE", help="A portrait, or a folder; repeatable."),
    ],
    pairs: Annotated[
        int | None,
        typer.Option(metavar="N", help="At most N pairs, using all about equally. Default: all."),
    ] = None,
    animator: Animators = None,
    steps: Steps = None,
    seed: Seed = 0,
    size: Size = 256,
    step: Step = 1,
    frames: Frames = None,
    against: Against = "reproject",
    recapture: Recapture = True,
    recapture_every: RecaptureEvery = 5,
    smooth: Smooth = True,
    weights: Weights = None,
    video: Video = False,
    resume: Resume = False,
    quiet: Quiet = False,
) -> None:
    """Cross-identity: portraits are made to follow clips of other people.

    \b
    Example:
      facewright evaluate cross clips/ --portrait portraits/ -o report --pairs 12
    """
    common = _common(seed, size, step, frames, recapture, recapture_every, smooth, weights, video)
    _run("cross", clips, out, animator, steps, against, common, resume, quiet, portrait, pairs)


@app.command()
def audio(
    clips: Clips,
    out: Out,
    driver: Annotated[
        str, typer.Option(metavar="NAME", help="Makes motion from sound.")
    ] = "emoa2e",
    animator: Animators = None,
    steps: Steps = None,
    seed: Seed = 0,
    size: Size = 256,
    step: Step = 1,
    frames: Frames = None,
    against: Against = "reproject",
    recapture: Recapture = True,
    recapture_every: RecaptureEvery = 5,
    smooth: Smooth = True,
    weights: Weights = None,
    video: Video = False,
    resume: Resume = False,
    quiet: Quiet = False,
) -> None:
    """Audio-driven: each clip's first frame is made to speak the clip's sound.

    \b
    Example:
      facewright evaluate audio clips/ -o report --animator tgdm
    """
    common = _common(seed, size, step, frames, recapture, recapture_every, smooth, weights, video)
    common["driver"] = driver
    _run("audio", clips, out, animator, steps, against, common, resume, quiet)


def _common(
    seed: int,
    size: int,
    step: int,
    frames: int | None,
    recapture: bool,
    recapture_every: int,
    smooth: bool,
    weights: Path | None,
    video: bool,
) -> dict:
    return {
        "seed": seed,
        "size": size,
        "step": step,
        "most": frames,
        "recapture_every": recapture_every if recapture else 0,
        "smooth": smooth,
        "weights": weights,
        "video": video,
    }


def _run(
    mode: str,
    clips: list[Path],
    out: Path,
    animators: list[str] | None,
    steps: int | None,
    against: str,
    common: dict,
    resume: bool,
    quiet: bool,
    portraits: list[Path] | None = None,
    pairs: int | None = None,
) -> None:
    from facewright.dub import Job
    from facewright.evaluate.options import Options, find_clips, find_pictures, rows_of
    from facewright.evaluate.planning import plan
    from facewright.evaluate.run import evaluate, totals

    options = Options(rows_of(animators or [], steps, against), against, **common)
    planned = plan(mode, find_clips(clips), options, find_pictures(portraits or []), pairs)
    with console.signals_unwind(), console.ProgressDisplay(quiet) as progress:
        report = evaluate(
            mode, planned, out, options, resume=resume, job=Job(progress), told=console.say
        )
    for text in totals(report):
        print(text)
    print(f"{out / 'report.html'}: {len(report['clips'])} clips")
