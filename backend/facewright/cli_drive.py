"""``facewright drive``: speech to motion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from facewright import console
from facewright.cli_controls import ControlOptions, with_controls


@with_controls
def drive(
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="MOTION",
            help=".npz to dub with or drive from later; .csv: ARKit's 52 weights, one row a "
            "frame; .json: everything, ready for FBX tools.",
        ),
    ],
    wanted: ControlOptions,
    speech: Annotated[
        Path | None,
        typer.Argument(
            metavar="SPEECH",
            help="WAV, FLAC, OGG, MP3, M4A, or a video; none with --script.",
            show_default=False,
        ),
    ] = None,
    redrive: Annotated[
        Path | None,
        typer.Option(
            metavar="M.npz",
            help="Let the mouth of this performance say the speech; all else in it stays.",
        ),
    ] = None,
    subject: Annotated[
        Path | None,
        typer.Option(
            metavar="S.npz|PHOTO",
            help="Whose resting face the performance starts from; without: the model's mean.",
        ),
    ] = None,
    face: Annotated[
        int, typer.Option(metavar="N", help="Which face of a photo, from larger to smaller.")
    ] = 0,
    driver: Annotated[
        str, typer.Option(metavar="NAME", help="See `facewright models`.")
    ] = "emoa2e",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Make a performance of speech or of a script: lips, brows, lids, head and gaze.

    The same seed is the same performance, seen at whatever frame rate. Each channel can come
    from somewhere else: --head-from take.mp4 takes the head of a video.

    \b
    Examples:
      facewright drive speech.wav -o motion.npz
      facewright drive speech.wav -o m.npz --emotion "sadly surprised, then relieved"
      facewright drive -o m.npz --script "[angry @3] No. [sad] I mean, maybe." --speech-out m.wav
      facewright drive speech.wav -o livelink.csv --fps 60
      facewright drive speech.wav -o m.json --subject portrait.jpg --seed 7
      facewright drive speech.wav -o m.npz --head-from take.mp4 --lip-offset -40
      facewright drive german.wav -o german.npz --redrive english.npz
      facewright drive speech.wav -o calm.npz --head-motion 0.5 --blink-rate 8 --smoothing 40
      facewright dub portrait.jpg speech.wav -o talking.mp4 --motion motion.npz
    """  # fmt: skip
    from facewright.perform import perform

    with console.signals_unwind(), console.ProgressDisplay(quiet) as progress:
        done = perform(
            speech,
            out,
            wanted.controls(),
            script=wanted.script(),
            speech_out=wanted.speech_out,
            sources=wanted.sources,
            redrive=redrive,
            subject=subject,
            face=face,
            driver=driver,
            progress=progress,
        )
    for warning in done.warnings:
        console.say(f"warning: {warning}")
    motion = done.motion
    print(f"{out}: {len(motion)} frames, {len(motion) / motion.fps:.2f} s, {motion.model}")
