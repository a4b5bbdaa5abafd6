# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene that a command works on: what Blender has open, or a .blend that is named."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import bpy

from ..core.client import existing_file
from ..core.errors import InputError, OutputError
from ..subject import objects
from ..subject.objects import SubjectObjects


def add_scene(parser: Any, *, saves: bool) -> None:
    """Add which scene, which subject, and where it is saved."""
    parser.add_argument(
        "blend",
        nargs="?",
        type=Path,
        metavar="SCENE.blend",
        help="default: what Blender has open (`blender -b scene.blend --command ...`)",
    )
    parser.add_argument("--scene", default="", help="by name; default: the one that is open")
    parser.add_argument("--subject", default="", help="its rig's name, where there are several")
    if saves:
        parser.add_argument(
            "--save-as", type=Path, metavar="FILE", help="(.blend) default: save in place"
        )
        parser.add_argument("--no-save", action="store_true", help="leave the .blend as it is")


@contextmanager
def scene(options: argparse.Namespace) -> Iterator[bpy.types.Scene]:
    """Open what is named; for the block, the scene that is meant is the current one.

    Raises:
        InputError: no such file, no file open, or no such scene.
    """
    _open(options)
    windows = bpy.context.window_manager.windows
    # A file from Blender's own command line is open without any window in the context, and
    # operators that look for one then fail, or end Blender.
    with ExitStack() as stack:
        if getattr(bpy.context, "window", None) is None and len(windows):
            stack.enter_context(bpy.context.temp_override(window=windows[0]))
        if options.scene:
            windows[0].scene = _named(options.scene)
        yield bpy.context.scene


def _open(options: argparse.Namespace) -> None:
    if options.blend:
        path = existing_file("scene", options.blend).resolve()
        try:
            bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False)
        except RuntimeError as error:
            reason = str(error).strip().removeprefix("Error: ")
            raise InputError(f"scene: {path}: {reason}") from error
    elif not bpy.data.filepath:
        raise InputError(
            "scene: name the .blend, as in `blender -b scene.blend --command facewright ...`"
        )


def _named(name: str) -> bpy.types.Scene:
    found = bpy.data.scenes.get(name)
    if found is None:
        names = ", ".join(each.name for each in bpy.data.scenes)
        raise InputError(f"scene: expected one of {names}, got {name!r}")
    return found


def subject(options: argparse.Namespace, shown: bpy.types.Scene) -> SubjectObjects:
    """The subject that is meant: by name, or the scene's only one.

    Raises:
        InputError: there is none, or several and none is named.
    """
    rigs = {rig.name: rig for rig in objects.in_scene(shown)}
    if not rigs:
        raise InputError(f"subject: {_file()} has none in scene {shown.name!r}")
    if options.subject:
        if options.subject not in rigs:
            raise InputError(
                f"subject: expected one of {', '.join(sorted(rigs))}, got {options.subject!r}"
            )
        return objects.find(rigs[options.subject])
    if len(rigs) > 1:
        raise InputError(f"subject: name one of {', '.join(sorted(rigs))} with --subject")
    return objects.find(next(iter(rigs.values())))


def check_save(options: argparse.Namespace) -> None:
    """Refuse a name that no .blend has, before any work.

    Raises:
        InputError: naming the option.
    """
    if options.save_as and options.no_save:
        raise InputError("save-as: expected it without --no-save; leave one out")
    if options.save_as and options.save_as.suffix.lower() != ".blend":
        raise InputError(f"save-as: expected a file ending in .blend, got {options.save_as}")


def save(options: argparse.Namespace) -> Path | None:
    """Save in place, or where that was asked for; the file, None where it is left alone.

    Raises:
        OutputError: Blender could not.
    """
    if options.no_save:
        return None
    path = (options.save_as or Path(bpy.data.filepath)).resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path == Path(bpy.data.filepath):
            bpy.ops.wm.save_mainfile()
        else:
            # Strips and photographs stay where they are: names are made to fit.
            _rename_photos(path.parent)
            bpy.ops.wm.save_as_mainfile(filepath=str(path), relative_remap=True)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}") from error
    except RuntimeError as error:
        raise OutputError(str(error).strip().removeprefix("Error: ")) from error
    return path


def _rename_photos(folder: Path) -> None:
    """Say subjects' photographs, which Blender does not know as files, from a new folder."""
    for rig in bpy.data.objects:
        if objects.RECORD in rig and rig.library is None:
            record = rig[objects.RECORD]
            photo = bpy.path.abspath(record.get("photo", ""))
            with suppress(ValueError):  # another drive: it stays absolute
                record["photo"] = bpy.path.relpath(photo, start=str(folder)) if photo else ""


def _file() -> str:
    return Path(bpy.data.filepath).name or "the open file"
