# SPDX-License-Identifier: GPL-3.0-or-later
"""`facewright drive`: sound, script or video -> keys in a scene."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ...core.client import existing_file
from ...core.errors import InputError
from .. import options as shared
from ..host import Host
from ..opened import add_scene, check_save, save, scene, subject
from ..performing import read_script
from ..progress import ProgressLine

#: Exit status where some strips could not be driven; the others were.
SOME_FAILED = 6
#: Of a subject's settings, what a command line can change; they stay in the .blend.
_SETTINGS = (
    "emotion", "intensity", "mouth_opening", "lip_offset", "brow_motion", "head_motion",
    "blink_rate", "gaze", "seed",
)  # fmt: skip
REGIONS = ("mouth", "eyes", "brows", "head", "gaze")

_EXAMPLES = """examples:
  blender -b scene.blend --command facewright drive          (every sound strip)
  drive scene.blend --strip "line 1" --strip "line 2" --emotion happy
  drive scene.blend --script "Hello! [happy] Nice to see you." --language en-us --start 101
  drive scene.blend --video take.mp4 --regions "head brows"

Keys of an earlier run are replaced on their own layer; keys set by hand stay.
"""


def add(commands: Any) -> None:
    """Add the command."""
    parser = shared.raw(
        commands.add_parser(
            "drive",
            help="write a performance's keys into a scene",
            description="Drive a subject from the scene's sound strips, from a script (which "
            "makes its sound strip as well) or from a video, and save the scene. What is not "
            "said is as the subject's Perform panel has it.",
            epilog=_EXAMPLES,
        )
    )
    add_scene(parser, saves=True)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--strip", action="append", default=[], metavar="NAME",
                        help="a sound strip; again for more (default: all heard)")  # fmt: skip
    source.add_argument("--script", default="", help="words to be spoken")
    source.add_argument("--script-file", type=Path, help="the same, from a text file")
    source.add_argument("--video", type=Path, help="a video file of a face")
    source.add_argument("--video-strip", default="", metavar="NAME", help="a movie strip")
    parser.add_argument("--start", type=int, help="frame of a script or a video file")
    parser.add_argument("--name", default="Script", help="of the script's strip (Script)")
    parser.add_argument("--regions", default=" ".join(REGIONS),
                        help="that a video decides (all of them)")  # fmt: skip
    parser.add_argument("--same-person", action="store_true",
                        help="the video shows the subject, whose identity is kept")  # fmt: skip
    shared.add_columns(parser, [*_SETTINGS, "language", "voice", "face"])
    shared.add_backend(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, meter: ProgressLine) -> int:
    """Drive once."""
    from ...perform import layers

    check_save(options)
    regions = tuple(options.regions.replace(",", " ").split())
    if not regions or not set(regions) <= set(REGIONS):
        raise InputError(f"regions: expected some of {', '.join(REGIONS)}, got {options.regions!r}")
    text = _script(options)
    with ExitStack() as stack:
        shown = stack.enter_context(scene(options))
        who = subject(options, shown)
        for name, value in shared.given(options).items():
            if name in _SETTINGS:
                setattr(who.rig.facewright_perform, name, value)
        backend = stack.enter_context(Host(options, meter)).backend()
        driven = _drive(options, shown, who, backend, text, regions, meter)
        layers.open_layer(who, "hand")  # a strip that is open for editing hides the others
        meter.end()
        for name, why in driven.failed:
            meter.say(f"{name}: {why}")
        for note in dict.fromkeys(driven.notes):
            meter.say(note)
        saved = save(options)
    for placed in driven.placed:
        last = placed.start + placed.frames - 1
        print(f"{placed.subject}: {placed.name}, frames {placed.start}-{last}")
    if saved:
        print(saved)
    return SOME_FAILED if driven.failed else 0


def _drive(
    options: argparse.Namespace,
    shown: Any,
    who: Any,
    backend: Any,
    text: str,
    regions: tuple[str, ...],
    meter: ProgressLine,
) -> Any:
    """What was asked for, by the functions that the interface uses."""
    from ...drive import script, speech, video

    if text:
        return script.drive_script(
            shown,
            backend,
            text,
            subject=who,
            language=options.language or "",
            voice=options.voice or "",
            name=options.name,
            start=options.start,
            progress=meter,
        )
    if options.video or options.video_strip:
        footage: Any
        if options.video:
            path = existing_file("video", options.video).resolve()
            start = shown.frame_start if options.start is None else options.start
            footage = video.Footage(path, path.name, start)
        else:
            footage = video.footage_of(shown, options.video_strip)
        return video.drive_video(
            shown,
            backend,
            footage,
            subject=who,
            regions=regions,
            same_person=options.same_person,
            face=options.face or 0,
            progress=meter,
        )
    names = options.strip or None
    return speech.drive_strips(shown, backend, strips=names, subject=who, progress=meter)


def _script(options: argparse.Namespace) -> str:
    if options.script_file is None:
        return options.script
    return read_script(existing_file("script_file", options.script_file))
