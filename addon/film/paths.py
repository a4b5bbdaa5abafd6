# SPDX-License-Identifier: GPL-3.0-or-later
"""How files are named in a .blend, and where a subject's pictures go."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..core.errors import InputError
from ..subject.objects import SubjectObjects


def portable(path: Path) -> str:
    """``path`` relative to the .blend, so that both may move; absolute where it cannot be."""
    if not bpy.data.filepath:
        return str(path)
    try:
        return bpy.path.relpath(str(path))
    except ValueError:  # another drive
        return str(path)


def frames_folder(who: SubjectObjects) -> Path:
    """Where a subject's textured frames go: beside its photo, or beside the .blend that links it.

    Raises:
        InputError: it is linked, and this .blend was never saved.
    """
    if who.rig.library is None and who.rig.override_library is None:
        own = f"frames of {bpy.path.clean_name(who.face.name)}" if who.bound else "frames"
        return who.photo.parent / own
    if not bpy.data.filepath:
        raise InputError("Save the .blend first: pictures are kept in a folder beside it")
    blend = Path(bpy.data.filepath)
    name = bpy.path.clean_name(who.rig.name)
    return blend.with_name(f"{blend.stem}_files") / name / "frames"


def geometry_folder(frames: Path) -> Path:
    """Where pictures of a subject's geometry go, given :func:`frames_folder`."""
    return frames.with_name("geometry" + frames.name.removeprefix("frames"))
