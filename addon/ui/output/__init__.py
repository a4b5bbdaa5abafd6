# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves Blender, in the interface.

- ``settings``    where results go, and as what
- ``movies``      H.264, ProRes, PNG with sound
- ``characters``  glTF, FBX, USD, Alembic, ARKit CSV; and CSV back
"""

from __future__ import annotations

import bpy

from ...subject import objects
from ..panels import Section
from . import characters, movies, settings


class OutputPanel(Section, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_output"
    bl_label = "Output"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - Blender's way

    def rows(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        chosen = context.scene.facewright_output
        column = layout.column()
        column.prop(chosen, "movie_kind")
        column.prop(chosen, "movie_path")
        column.operator("facewright.render_movie", icon="RENDER_ANIMATION")
        layout.separator()
        column = layout.column()
        column.enabled = objects.meant(context) is not None
        column.prop(chosen, "export_format")
        column.prop(chosen, "export_path")
        column.operator("facewright.export", icon="EXPORT")
        column.operator("facewright.import_arkit", icon="IMPORT")


_CLASSES = (*movies.CLASSES, *characters.CLASSES, OutputPanel)


def register() -> None:
    settings.register()
    for kind in _CLASSES:
        bpy.utils.register_class(kind)


def unregister() -> None:
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
    settings.unregister()
