"""``facewright …``: dub, drive, capture, capture-motion, inspect, serve, models.

Heavy modules are imported where they are used, so that ``--help`` answers at once.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer

from facewright import __version__, console
from facewright.cli_controls import ControlOptions, with_controls
from facewright.cli_drive import drive
from facewright.dub import DubOptions
from facewright.errors import InputError
from facewright.evaluate.app import app as evaluate_app
from facewright.train.app import app as train_app
from facewright.train.data.app import app as data_app

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="""A portrait, performed on a timeline and textured frame by frame.

\b
Examples:
  facewright dub portrait.jpg speech.wav -o talking.mp4
  facewright drive speech.wav -o motion.npz
  facewright capture portrait.jpg -o subject.glb
  facewright capture-motion video.mp4 -o motion.npz
  facewright serve
  facewright models

Exit status: 0 done, 2 unusable input, 3 no face found, 4 backend, 5 output not
writable (disk full), 130 interrupted, 1 anything else.
""",
)

_DEFAULTS = DubOptions()


def _version(wanted: bool) -> None:
    if wanted:
        print(f"facewright {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


Portrait = Annotated[
    Path, typer.Argument(metavar="PORTRAIT", help="A photo, painting or drawing with a face.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
Face = Annotated[
    int, typer.Option(metavar="N", help="Which face, from larger to smaller; 0 is the largest.")
]


app.command()(drive)


@app.command()
@with_controls
def dub(
    portrait: Portrait,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="OUT.mp4", help="What to write.")],
    wanted: ControlOptions,
    speech: Annotated[
        Path | None,
        typer.Argument(
            metavar="SPEECH",
            help="WAV, FLAC, OGG, MP3, M4A, or a video; none with --script.",
            show_default=False,
        ),
    ] = None,
    size: Annotated[
        int, typer.Option(metavar="256|512|1024", help="Side of the animated square, pixels.")
    ] = _DEFAULTS.size,
    extent: Annotated[
        str,
        typer.Option(
            metavar="photo|crop",
            help="photo: paste the square back into the whole photo; crop: the square alone.",
        ),
    ] = _DEFAULTS.extent,
    max_side: Annotated[
        int, typer.Option(metavar="PIXELS", help="A larger photo is scaled down to this.")
    ] = _DEFAULTS.max_side,
    animator: Annotated[
        str, typer.Option(metavar="NAME", help="See `facewright models`.")
    ] = _DEFAULTS.animator,
    driver: Annotated[
        str, typer.Option(metavar="NAME", help="See `facewright models`.")
    ] = _DEFAULTS.driver,
    steps: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Sampling steps, for animators that have them; more take longer."
        ),
    ] = _DEFAULTS.steps,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="For the animator, in place of those that ship."),
    ] = _DEFAULTS.weights,
    face: Face = _DEFAULTS.face,
    motion: Annotated[
        Path | None,
        typer.Option(
            metavar="M.npz",
            help="Perform this instead of what the speech drives; its frame rate is taken.",
        ),
    ] = None,
    motion_out: Annotated[
        Path | None,
        typer.Option(metavar="M.npz", help="Write the motion too: .npz, .csv (ARKit) or .json."),
    ] = None,
    sheet: Annotated[
        Path | None, typer.Option(metavar="S.png", help="Write a contact sheet too.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Make a portrait say a recorded speech, or a script.

    The video is as long as the speech and carries its sound. PORTRAIT may also be a
    subject that `facewright capture` wrote (.npz).

    \b
    Examples:
      facewright dub portrait.jpg speech.wav -o talking.mp4
      facewright dub portrait.jpg speech.mp3 -o hd.mp4 --size 512 --fps 30
      facewright dub portrait.jpg speech.wav -o sad.mp4 --emotion "sad, then relieved@3"
      facewright dub portrait.jpg -o hello.mp4 --script "[happy] Hello! [calm] It is late."
      facewright dub group.jpg speech.wav -o second.mp4 --face 1
      facewright dub portrait.jpg speech.wav -o still.mp4 --head-motion 0 --blink-rate 0
      facewright dub portrait.jpg speech.wav -o a.mp4 --motion-out a.npz --sheet a.png
      facewright dub another.jpg speech.wav -o b.mp4 --motion a.npz
    """
    from facewright.dub import dub as run

    options = DubOptions(
        controls=wanted.controls(),
        size=size,
        extent=extent,
        max_side=max_side,
        animator=animator,
        driver=driver,
        steps=steps,
        weights=weights,
        face=face,
    )
    with console.signals_unwind(), console.ProgressDisplay(quiet) as progress:
        result = run(
            portrait,
            speech,
            out,
            options,
            script=wanted.script(),
            speech_out=wanted.speech_out,
            sources=wanted.sources,
            motion=motion,
            motion_out=motion_out,
            sheet_out=sheet,
            progress=progress,
        )
    for warning in result.warnings:
        console.say(f"warning: {warning}")
    seconds = result.frames / result.motion.fps
    print(f"{out}: {result.width} x {result.height}, {result.frames} frames, {seconds:.2f} s")


@app.command()
def capture(
    portrait: Portrait,
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="SUBJECT",
            help=".npz to dub with later; .glb, .obj or .ply for the face's mesh.",
        ),
    ],
    face: Face = _DEFAULTS.face,
    quiet: Quiet = False,
) -> None:
    """Capture a face from a portrait, as a subject to dub later or as a mesh.

    \b
    Examples:
      facewright capture portrait.jpg -o subject.npz
      facewright dub subject.npz speech.wav -o talking.mp4
      facewright capture portrait.jpg -o face.glb
    """
    from facewright.dub import capture_to

    with console.signals_unwind(), console.ProgressDisplay(quiet) as progress:
        subject = capture_to(portrait, out, face=face, progress=progress)
    for warning in subject.warnings:
        console.say(f"warning: {warning}")
    print(f"{out}: {len(subject.model.mean):,} vertices, model {subject.model.name}")


@app.command("capture-motion")
def capture_motion(
    video: Annotated[Path, typer.Argument(metavar="VIDEO", help="A video that shows a face.")],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="MOTION", help=".npz, .csv (ARKit) or .json.")
    ],
    face: Annotated[
        int, typer.Option(metavar="N", help="Which face of the first frame; 0 is the largest.")
    ] = 0,
    subject: Annotated[
        Path | None,
        typer.Option(metavar="S.npz", help="The same person, captured before: keeps identity."),
    ] = None,
    identity_frames: Annotated[
        int, typer.Option(metavar="N", help="On how many frames identity is fitted, 1 to 100.")
    ] = 7,
    subject_out: Annotated[
        Path | None,
        typer.Option(metavar="S.npz", help="Write the face too, from its most neutral frame."),
    ] = None,
    confidence_out: Annotated[
        Path | None,
        typer.Option(metavar="C.csv", help="Write each frame's confidence too, 0 to 1."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Track a face through a video: expression, head pose and gaze of every frame.

    One identity for the whole clip, and motion without trembling. Frames that show no face
    are told; gaps are bridged by what lies before and after.

    \b
    Examples:
      facewright capture-motion video.mp4 -o motion.npz
      facewright capture-motion interview.mov -o guest.csv --face 1
      facewright capture-motion video.mp4 -o m.npz --subject-out s.npz --confidence-out c.csv
      facewright capture-motion take2.mp4 -o take2.json --subject s.npz
    """
    from facewright.capture.track_video import absences
    from facewright.capture.track_video import capture_motion as run
    from facewright.dub import Job

    with console.signals_unwind(), console.ProgressDisplay(quiet) as progress:
        tracked = run(
            video,
            out,
            subject=subject,
            face=face,
            identity_frames=identity_frames,
            subject_out=subject_out,
            confidence_out=confidence_out,
            tell=Job(progress).tell,
        )
    for warning in tracked.subject.warnings:
        if "--face" not in warning:  # it counts the faces of another frame
            console.say(f"warning: {warning}")
    if missing := absences(tracked):
        console.say(f"warning: no face in frames {missing}")
    motion, found = tracked.motion, int(tracked.found.sum())
    seconds = len(motion) / motion.fps
    print(f"{out}: {len(motion)} frames, {seconds:.2f} s, face found in {found}")


@app.command()
def inspect(
    portrait: Portrait,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="SHEET", help=".png, .jpg or .webp.")],
    speech: Annotated[
        Path | None, typer.Option(metavar="SPEECH", help="Drives the portrait.")
    ] = None,
    motion: Annotated[
        Path | None, typer.Option(metavar="M.npz", help="Is performed, instead of speech.")
    ] = None,
    frame: Annotated[
        int | None,
        typer.Option(metavar="K", help="Of the motion, from 0. Default: the widest mouth."),
    ] = None,
    point: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X,Y",
            help="Pixels of the frame; may be repeated. Default: mouth, eye, cheek and hair.",
        ),
    ] = None,
    size: Annotated[
        int, typer.Option(metavar="256|512|1024", help="Side of the frame, pixels.")
    ] = _DEFAULTS.size,
    steps: Annotated[int | None, typer.Option(metavar="N", help="Sampling steps.")] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Of driver and animator.")] = 0,
    face: Face = _DEFAULTS.face,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Those that ship, without it.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Look inside a frame of `tgdm`: what is the photo's, what was drawn, what was looked at.

    Writes a contact sheet: photo, reprojection and frame; a map of what was drawn; how the
    reprojection was moved; and for each point, where attention looks in the photo. Without
    speech or motion the mouth opens and the head turns a little.

    \b
    Examples:
      facewright inspect portrait.jpg -o inside.png
      facewright inspect portrait.jpg --speech speech.wav --frame 40 -o inside.png
      facewright inspect portrait.jpg --motion m.npz --steps 4 --size 512 -o inside.png
      facewright inspect portrait.jpg --point 128,180 --point 90,110 -o inside.png
    """
    from facewright.inspection import inspect as run
    from facewright.inspection import read_point

    with console.signals_unwind(), console.ProgressDisplay(quiet) as progress:
        shown = run(
            portrait,
            out,
            speech=speech,
            motion=motion,
            frame=frame,
            points=[read_point(text) for text in point or []],
            size=size,
            steps=steps,
            seed=seed,
            face=face,
            weights=weights,
            progress=progress,
        )
    for warning in shown.warnings:
        console.say(f"warning: {warning}")
    drawn = shown.inside.generated.mean()
    print(f"{out}: frame {shown.frame} of {shown.frames}, {drawn:.0%} drawn")


@app.command()
def serve(
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Beyond loopback needs TLS and a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", help="0 lets the system choose.")] = 50551,
    device: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="cpu, cuda:0, ...; may be repeated; one worker each."),
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(metavar="PEM", help="Certificate.")] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="PEM", help="Its private key.")] = None,
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Holds the token that clients must send.")
    ] = None,
    cache_folder: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where uploads are kept while it runs.")
    ] = None,
    drain_seconds: Annotated[
        float, typer.Option(metavar="S", help="Calls in flight may go on after SIGTERM.")
    ] = 20.0,
    stop_with_stdin: Annotated[
        bool, typer.Option("--stop-with-stdin", help="End when standard input closes.")
    ] = False,
    max_photo_pixels: Annotated[
        int, typer.Option(metavar="N", help="Largest photo, width x height.")
    ] = 50_000_000,
    max_speech_seconds: Annotated[float, typer.Option(metavar="S", help="Longest sound.")] = 3600.0,
    max_asset_mib: Annotated[int, typer.Option(metavar="N", help="Largest upload.")] = 256,
    max_streams: Annotated[int, typer.Option(metavar="N", help="Concurrent animations.")] = 8,
    idle_seconds: Annotated[
        float, typer.Option(metavar="S", help="A silent stream is ended after this.")
    ] = 60.0,
) -> None:
    """Serve Blender and other clients over gRPC until SIGTERM or Ctrl-C.

    Listens on this machine alone unless told otherwise. Prints `listening on HOST:PORT`
    once it answers.

    \b
    Examples:
      facewright serve
      facewright serve --port 0 --device cuda:0 --device cuda:1
      openssl rand -hex 32 > token.txt
      facewright serve --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem --token-file token.txt
    """
    from facewright.serve.config import ServeConfig
    from facewright.serve.limits import MIB, Limits
    from facewright.serve.server import run

    config = ServeConfig(
        host=host,
        port=port,
        tls_cert=tls_cert,
        tls_key=tls_key,
        token=_token(token_file),
        devices=tuple(device or ["auto"]),
        cache_folder=cache_folder,
        drain_seconds=drain_seconds,
        stop_with_stdin=stop_with_stdin,
        limits=Limits(
            max_photo_pixels=max_photo_pixels,
            max_speech_seconds=max_speech_seconds,
            max_asset_bytes=max_asset_mib * MIB,
            max_streams=max_streams,
            idle_seconds=idle_seconds,
        ),
    )
    raise typer.Exit(run(config))


@app.command()
def models() -> None:
    """List morphable models, animators and drivers, with licence and size.

    \b
    Example:
      facewright models
    """
    from facewright.catalogue import catalogue, lines

    for line in lines(catalogue()):
        print(line)


app.add_typer(evaluate_app, name="evaluate")
app.add_typer(data_app, name="data")
app.add_typer(train_app, name="train")


def _token(path: Path | None) -> str:
    if path is None:
        return ""
    from facewright.media.files import open_source

    with open_source(path, "token_file") as stream:
        data = stream.read(4097)
    try:
        token = data.decode("ascii").strip()
    except UnicodeDecodeError:
        token = ""
    if not token or len(data) > 4096:
        raise InputError(f"{path}: expected one line of ASCII; `openssl rand -hex 32` makes one")
    return token


def run(arguments: list[str]) -> int:
    """Run a command line; the process's exit status. Errors end in one line on stderr."""
    command: Any = app
    try:
        status = command(arguments or ["--help"], prog_name="facewright", standalone_mode=False)
        sys.stdout.flush()
    except SystemExit:
        raise
    except BaseException as error:
        status = console.report(error)
        # What its frames hold would outlive the interpreter, and some libraries say so.
        traceback.clear_frames(error.__traceback__)
        return status
    return status if isinstance(status, int) else 0


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
