# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel Performance in the sequencer: whom the active strip drives."""

from __future__ import annotations

from typing import Any

import bpy

from ...drive.wanted import recorded


class StripPanel(bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_strip"
    bl_label = "Performance"
    bl_space_type = "SEQUENCE_EDITOR"
    bl_region_type = "UI"
    bl_category = "Facewright"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        strip = _active(context)
        return strip is not None and strip.type in ("SOUND", "MOVIE")

    def draw(self, context: bpy.types.Context) -> None:
        layout, strip = self.layout, _active(context)
        layout.use_property_split = True
        layout.use_property_decorate = False
        own = strip.facewright_drive
        if strip.type == "MOVIE":
            layout.operator("facewright.drive_video", icon="FILE_MOVIE")
            return
        layout.prop(own, "subject")
        row = layout.row(heading="Seed")
        row.prop(own, "use_seed", text="")
        value = row.row()
        value.active = own.use_seed
        value.prop(own, "seed", text="")
        column = layout.column(align=True)
        column.operator("facewright.drive_speech", icon="SPEAKER")
        again = column.row(align=True)
        again.active = bool(own.record)
        again.operator("facewright.drive_speech", text="Drive Again").again = True
        if own.record:
            _told(layout, own)


def _told(layout: bpy.types.UILayout, own: bpy.types.PropertyGroup) -> None:
    """What the strip was driven with last."""
    values = recorded(own.record)
    who = own.performer.name if own.performer else "nobody any more"
    column = layout.column(align=True)
    column.active = False
    column.label(text=f"Drove {who}, seed {values.get('seed', 0)}")
    if values.get("emotion"):
        column.label(text=f"Emotion: {values['emotion']}")
    if values.get("script"):
        column.label(text="Made from a script")


def _active(context: bpy.types.Context) -> Any:
    scene = getattr(context, "sequencer_scene", None) or context.scene  # 5.0 has its own
    editor = scene.sequence_editor
    return None if editor is None else editor.active_strip


CLASSES = (StripPanel,)
