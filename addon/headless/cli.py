# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: `blender --command facewright …`."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

COMMAND = "facewright"
_handles: list[object] = []


def register() -> None:
    """Make Blender know the command."""
    import bpy

    _handles.append(bpy.utils.register_cli_command(COMMAND, main))


def unregister() -> None:
    """Make Blender forget the command."""
    import bpy

    while _handles:
        bpy.utils.unregister_cli_command(_handles.pop())


def main(arguments: Sequence[str]) -> int:
    """Run a command; the process's exit status."""
    options = _parser().parse_args(list(arguments))
    from ..core.errors import AddonError

    if sys.platform != "win32":  # a batch system's way of saying Ctrl-C
        signal.signal(signal.SIGTERM, _interrupt)
    meter = ProgressLine()
    try:
        return _dub(options, meter)
    except AddonError as error:
        meter.end()
        print(f"facewright: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        meter.end()
        print("facewright: cancelled", file=sys.stderr)
        return 130


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _dub(options: argparse.Namespace, meter: ProgressLine) -> int:
    from .dub import dub

    result = dub(
        options.portrait,
        options.speech,
        options.output,
        blend=options.blend,
        contact_sheet=options.sheet,
        fps=options.fps,
        size=options.size,
        animator=options.animator,
        driver=options.driver,
        emotion=options.emotion,
        intensity=options.intensity,
        seed=options.seed,
        steps=options.steps,
        quality=options.quality,
        face=options.face,
        extent=options.extent,
        kind=options.geometry,
        address=options.address,
        command=options.backend,
        token=options.token_file.read_text("utf-8").strip() if options.token_file else "",
        certificate=options.certificate,
        progress=meter,
        echo=(lambda line: print(line, file=sys.stderr)) if options.verbose else None,
    )
    meter.end()
    for warning in result.warnings:
        print(f"facewright: {warning}", file=sys.stderr)
    print(f"{result.movie}: {result.frames} frames, {result.frames / result.fps:.2f} s")
    for path in (result.blend, result.sheet):
        if path:
            print(path)
    return 0


class ProgressLine:
    """Prints progress with the time left: one line redrawn, or lines where it is a log."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._stage, self._at, self._open = "", 0.0, False

    def __call__(self, stage: str, fraction: float, seconds_left: float) -> None:
        now = time.monotonic()
        if stage == self._stage and now - self._at < (0.2 if self._terminal else 5.0):
            return
        self._stage, self._at = stage, now
        left = f", {seconds_left:.0f} s left" if seconds_left >= 0 else ""
        share = f" {100 * fraction:3.0f} %" if fraction > 0 else ""
        text = f"facewright: {stage}{share}{left}"
        if self._terminal:
            print(f"\r\x1b[2K{text}", end="", file=sys.stderr, flush=True)
            self._open = True
        else:
            print(text, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the redrawn line."""
        if self._open:
            print(file=sys.stderr)
        self._open = False


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="facewright", description="A portrait, performed on Blender's timeline."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    dub = commands.add_parser(
        "dub",
        help="make a portrait say a recorded sentence",
        description="Make a portrait say a recorded sentence: an .mp4 with sound and, with "
        "--blend, the scene whose keyframes can be edited.",
        epilog="example: dub portrait.png voice.wav -o talk.mp4 --blend talk.blend",
    )
    dub.add_argument("portrait", type=Path, help="photograph: PNG, JPEG, WebP, BMP or TIFF")
    dub.add_argument("speech", type=Path, help="recording: WAV, FLAC, OGG, MP3, ...")
    dub.add_argument("-o", "--output", type=Path, required=True, help="movie to write (.mp4)")
    dub.add_argument("--blend", type=Path, help="keep the scene (.blend and its files' folder)")
    dub.add_argument("--sheet", type=Path, help="write a contact sheet (.png)")
    dub.add_argument("--fps", type=float, default=25.0, help="frames a second (default 25)")
    dub.add_argument("--size", type=int, default=512, help="side of the textured square (512)")
    dub.add_argument("--animator", default="", help="default: the backend's")
    dub.add_argument("--driver", default="", help="default: the backend's")
    dub.add_argument("--emotion", default="", help='in words: "sad, then relieved"')
    dub.add_argument("--intensity", type=float, default=2.0, help="of the emotion, 1 to 3 (2)")
    dub.add_argument("--seed", type=int, default=0, help="of motion and animator (0)")
    dub.add_argument("--quality", default="final", help="final, or preview for a quick look")
    dub.add_argument("--steps", type=int, default=0, help="of sampling (0: the quality's own)")
    dub.add_argument("--face", type=int, default=0, help="which of several (0 = largest)")
    dub.add_argument(
        "--extent",
        default="auto",
        help="photo: the whole photograph; crop: the head; auto: photo up to 2160 pixels",
    )
    dub.add_argument("--geometry", default="auto", help="image, vertices or auto")
    dub.add_argument("--address", default="", help="of a running backend; default: start one")
    dub.add_argument("--backend", default="", help="command that runs `facewright`")
    dub.add_argument("--verbose", action="store_true", help="show what the backend prints")
    dub.add_argument("--token-file", type=Path, help="file with the backend's token")
    dub.add_argument("--certificate", type=Path, help="PEM of the backend's authority (TLS)")
    return parser
