# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Where results go, and as what."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.props import EnumProperty, PointerProperty, StringProperty

from ...core.errors import InputError
from ...film import formats, kinds

MOVIES = [(name, kind.label, kind.summary) for name, kind in kinds.KINDS.items()]
EXPORTS = [(name, kind.label, kind.summary) for name, kind in formats.FORMATS.items()]


class OutputSettings(bpy.types.PropertyGroup):
    """What leaves the scene; ``scene.facewright_output``."""

    movie_kind: EnumProperty(name="Movie", description="What to render", items=MOVIES)
    movie_path: StringProperty(
        name="File",
        description="Where the movie goes; of a PNG sequence, the folder. Empty: beside the "
        ".blend, by its name",
        subtype="FILE_PATH",
    )
    export_format: EnumProperty(
        name="Export", description="For which programs to export the subject", items=EXPORTS
    )
    export_path: StringProperty(
        name="File",
        description="Where the export goes. Empty: beside the .blend, by its name",
        subtype="FILE_PATH",
    )


def movie_path(chosen: OutputSettings) -> Path:
    """Where the movie goes, with the ending of its kind."""
    suffix = kinds.KINDS[chosen.movie_kind].suffix
    return _path(chosen.movie_path, suffix, "_pictures" * (not suffix), (suffix,))


def export_path(chosen: OutputSettings) -> Path:
    """Where the export goes, with an ending of its format."""
    suffixes = formats.FORMATS[chosen.export_format].suffixes
    return _path(chosen.export_path, suffixes[0], "", suffixes)


def _path(given: str, suffix: str, more: str, fitting: tuple[str, ...]) -> Path:
    """``given``, or a name of the .blend's; another kind's ending becomes ``suffix``.

    Raises:
        InputError: it is relative to a .blend that was not saved.
    """
    if not bpy.data.filepath and (not given.strip() or given.startswith("//")):
        raise InputError("Save the .blend first, or choose where the file goes")
    if not given.strip():
        blend = Path(bpy.data.filepath)
        return blend.with_name(f"{blend.stem}{more}{suffix}")
    path = Path(bpy.path.abspath(given))
    known = {kind.suffix for kind in kinds.KINDS.values()}
    known |= {ending for kind in formats.FORMATS.values() for ending in kind.suffixes}
    if path.suffix.lower() in fitting:
        return path
    if path.suffix.lower() in known:
        path = path.with_suffix("")
    return path.with_name(path.name + suffix)


def register() -> None:
    bpy.utils.register_class(OutputSettings)
    bpy.types.Scene.facewright_output = PointerProperty(type=OutputSettings)


def unregister() -> None:
    del bpy.types.Scene.facewright_output
    bpy.utils.unregister_class(OutputSettings)
