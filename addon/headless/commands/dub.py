# SPDX-License-Identifier: GPL-3.0-or-later
"""`facewright dub`: portrait and speech -> movie."""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from pathlib import Path
from typing import Any

from ...core.errors import InputError, OutputError
from .. import options as shared
from ..columns import BY_NAME
from ..host import Host
from ..progress import ProgressLine

_EXAMPLES = """examples:
  dub portrait.png voice.wav -o talk.mp4 --blend talk.blend
  dub portrait.png voice.wav -o sad.mp4 --emotion "sad, then relieved" --intensity 3
  dub portrait.png -o hello.mp4 --script "Hello! [happy] Nice to see you."
  dub --footage interview.mp4 german.wav -o german.mov --format prores_422_hq --take "head brows"
"""
_OPTIONS = [name for name in BY_NAME if name not in ("portrait", "speech", "output")]


def add(commands: Any) -> None:
    """Add the command."""
    parser = shared.raw(
        commands.add_parser(
            "dub",
            help="make a portrait say a sentence",
            description="Make a portrait say a recorded or written sentence: a movie with sound "
            "and, with --blend, the scene whose keyframes can be edited.",
            epilog=_EXAMPLES,
        )
    )
    parser.add_argument(
        "inputs",
        nargs="*",
        type=Path,
        metavar="PORTRAIT SPEECH",
        help="photograph (not with --footage) and recording (not with --script)",
    )
    shared.add_columns(parser, ["output"], required=["output"])
    shared.add_columns(parser, _OPTIONS)
    parser.add_argument("--review", action="store_true", help="measure the movie: sync, identity, "
                        "flicker, frozen frames")  # fmt: skip
    parser.add_argument("--result", type=Path, help="write what was made and measured (.json)")
    shared.add_cache(parser, "default: none")
    shared.add_backend(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, meter: ProgressLine) -> int:
    """Dub once."""
    from ..dub import Job, dub

    job = Job.of(shared.given(options) | _inputs(options))
    begun = time.monotonic()
    with Host(options, meter) as host:
        result = dub(job, host, meter, reviewed=options.review, cache=shared.cache(options))
    meter.end()
    for warning in result.warnings:
        meter.say(warning)
    if options.result:
        record = dataclasses.asdict(result) | {"took": round(time.monotonic() - begun, 2)}
        _write(options.result, json.dumps(record, default=str, indent=1, ensure_ascii=False))
    print(f"{result.movie}: {result.frames} frames, {result.frames / result.fps:.2f} s")
    for path in (result.blend, result.sheet):
        if path:
            print(path)
    if result.review:
        print(_told(dataclasses.asdict(result.review)))
    return 0


def _inputs(options: argparse.Namespace) -> dict[str, Path]:
    """Portrait and speech, as far as footage and script leave them to be named."""
    names = [] if options.footage else ["portrait"]
    if not options.script and not options.script_file:
        names.append("speech")
    if len(options.inputs) != len(names):
        wanted = " and ".join(name.upper() for name in names) or "no file"
        raise InputError(f"dub: expected {wanted}, got {len(options.inputs)} files; see dub --help")
    return dict(zip(names, options.inputs, strict=True))


def _told(review: dict[str, Any]) -> str:
    """A review as one line."""
    parts = [f"{review['frames']} frames"]
    for name, form in (("sync", ".2f"), ("sync_offset", "+.0f"), ("identity", ".2f"),
                       ("flicker", ".2f")):  # fmt: skip
        if review[name] is not None:
            parts.append(f"{name.replace('_', ' ')} {review[name]:{form}}")
    parts += [f"{review[name]} {name}" for name in ("frozen", "unseen") if review[name]]
    return "review: " + ", ".join(parts)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}") from error
