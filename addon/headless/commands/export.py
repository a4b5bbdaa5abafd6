# SPDX-License-Identifier: GPL-3.0-or-later
"""`facewright export`: a scene -> movie or interchange file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ...core.errors import InputError
from .. import options as shared
from ..columns import FORMATS
from ..progress import ProgressLine

_EXAMPLES = """examples:
  blender -b scene.blend --command facewright export -o film.mov --format prores_422_hq
  export scene.blend -o frames --format png --frames 1-250
  export scene.blend -o face.csv                     (ARKit's 52 weights)
  export scene.blend -o face.glb --subject anna      (also .fbx, .usdc, .abc)
"""
#: Ending -> format of ``film.exports``; movies are told by --format.
_FILES = {
    ".glb": "gltf", ".fbx": "fbx", ".usd": "usd", ".usda": "usd", ".usdz": "usd",
    ".usdc": "usd", ".abc": "alembic", ".csv": "csv",
}  # fmt: skip


def add(commands: Any) -> None:
    """Add the command."""
    from ..opened import add_scene

    parser = shared.raw(
        commands.add_parser(
            "export",
            help="write a scene's movie, or what a subject does",
            description="Write the sequencer as a movie with its sound, or what a subject does "
            "as ARKit CSV, glTF, FBX, USD or Alembic. The .blend is not changed.",
            epilog=_EXAMPLES,
        )
    )
    add_scene(parser, saves=False)
    parser.add_argument("-o", "--output", type=Path, required=True, help="file or folder to write")
    parser.add_argument("--format", default="", choices=[*FORMATS, *sorted(set(_FILES.values()))],
                        help="default: by the output's ending; .mp4 is h264")  # fmt: skip
    parser.add_argument("--frames", type=shared.frame_range, help="as 1-250; default the scene's")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, meter: ProgressLine) -> int:
    """Export once."""
    from ...film import exports, movie
    from .. import opened

    kind = options.format or _guessed(options.output)
    how: dict[str, Any] = {"frames": options.frames, "progress": meter}
    with opened.scene(options) as scene:
        if kind in FORMATS:
            path = movie.render(scene, options.output, kind=kind, **how)
        else:
            who = opened.subject(options, scene)
            path = exports.export(who, options.output, format=kind, **how)
    meter.end()
    print(path)
    return 0


def _guessed(output: Path) -> str:
    suffix = output.suffix.lower()
    if suffix in _FILES:
        return _FILES[suffix]
    kinds = [kind for kind, ending in FORMATS.items() if ending == suffix and ending]
    if not kinds:
        known = ", ".join(sorted({*_FILES, ".mp4", ".mov"}))
        raise InputError(
            f"output: expected a file ending in {known}, got {output.name}; for pictures give "
            "a folder and --format png"
        )
    return kinds[0]
