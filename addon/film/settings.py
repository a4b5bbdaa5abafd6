# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene's output settings, changed for one job and put back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy

#: What a movie's settings may change, per owner; what decides others' choices comes first.
_FIRST = ("media_type", "file_format", "color_mode", "color_depth", "format", "codec")
_RENDER = (
    "filepath",
    "use_sequencer",
    "use_compositing",
    "use_overwrite",
    "use_file_extension",
    "use_placeholder",
    "use_multiview",
)
_SCENE = ("frame_start", "frame_end", "frame_step", "frame_current")

Values = list[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class OutputSettings:
    """The output settings of a scene as they were, by the scene's name.

    Kept by name, since a scene's Python object does not outlive an undo.
    """

    scene: str
    own: Values
    render: Values
    image: Values
    movie: Values
    cache: Values

    @classmethod
    def of(cls, scene: bpy.types.Scene) -> OutputSettings:
        """Those of now."""
        render, editor = scene.render, scene.sequence_editor
        cache = [name for name in dir(editor) if name.startswith("use_cache_")] if editor else []
        return cls(
            scene.name,
            _values(scene, _SCENE),
            _values(render, _RENDER),
            _values(render.image_settings, _writable(render.image_settings)),
            _values(render.ffmpeg, _writable(render.ffmpeg)),
            _values(editor, cache),
        )

    def restore(self) -> None:
        """Put them back, where the scene is still there."""
        scene = bpy.data.scenes.get(self.scene)
        if scene is None:
            return
        render = scene.render
        # A movie's settings can only be set while the file format is a movie's.
        for owner, values in (
            (render.ffmpeg, self.movie),
            (render.image_settings, self.image),
            (render, self.render),
            (scene, self.own),
            (scene.sequence_editor, self.cache),
        ):
            for name, value in values:
                _set(owner, name, value)


def _writable(owner: bpy.types.bpy_struct) -> list[str]:
    """Plain properties of ``owner`` that can be set, in the order they have to be."""
    names = [
        prop.identifier
        for prop in owner.bl_rna.properties
        if not prop.is_readonly and prop.type not in ("POINTER", "COLLECTION")
    ]
    return sorted(names, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))


def _values(owner: Any, names: Any) -> Values:
    """(name, value) of each of ``names`` that ``owner`` has."""
    return [(name, getattr(owner, name)) for name in names if hasattr(owner, name)]


def _set(owner: Any, name: str, value: Any) -> None:
    try:
        if getattr(owner, name) != value:
            setattr(owner, name, value)
    except TypeError:  # a choice that an untouched file format does not offer
        pass
