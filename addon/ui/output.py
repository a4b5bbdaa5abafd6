# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves Blender, in the interface."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import bpy

from ..film import sequence


class MovieOutput(bpy.types.Operator):
    """Set the scene up to render its sequencer to H.264 with sound"""

    bl_idname = "facewright.movie_output"
    bl_label = "Set Up Movie Output"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        name = Path(bpy.data.filepath).stem or "facewright"
        sequence.set_colour(context.scene)
        sequence.set_movie(context.scene, f"//{name}.mp4")
        return {"FINISHED"}


_CLASSES = (MovieOutput,)


def register() -> None:
    for kind in _CLASSES:
        bpy.utils.register_class(kind)


def unregister() -> None:
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
