# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel of texturing, in the 3-D view and beside the sequencer."""

from __future__ import annotations

import bpy

from ...core.errors import AddonError
from ...core.shelf import State
from ...subject import objects
from .. import session
from ..panels import Section, characters, paragraph
from . import marks, settings
from .preview import live

#: Runs of frames that are listed.
_LISTED = 6
_WORDS = {
    State.MISSING: ("missing", "X"),
    State.STALE: ("stale", "FILE_REFRESH"),
    State.CACHED: ("in the cache", "DISK_DRIVE"),
}


class TexturePanel(Section, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_texture"
    bl_label = "Texture"

    def rows(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        chosen = context.scene.facewright_texture
        for name in ("size", "animator"):
            layout.prop(chosen, name)
        about = session.state.animator(chosen.animator)
        sampling = layout.column()
        sampling.active = about is None or about.max_steps > 0
        for name in ("quality", "steps", "seed"):
            sampling.prop(chosen, name)
        layout.prop(chosen, "geometry")
        layout.prop(chosen, "send_rho")
        column = layout.column(align=True)
        column.operator("facewright.texture", icon="TEXTURE")
        column.operator("facewright.check_frames", icon="VIEWZOOM")
        column.operator("facewright.texture_render", icon="RENDER_ANIMATION")


class _Below(Section):
    bl_parent_id = "FACEWRIGHT_PT_texture"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - as Blender's own


class StatesPanel(_Below, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_texture_states"
    bl_label = "Frames"

    def rows(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        layout.prop(context.scene.facewright_texture, "show_states")
        rig = objects.meant(context)
        try:
            states = marks.of(settings.frames_folder(objects.find(rig))) if rig else None
        except (AddonError, KeyError):
            states = None
        if not states:
            layout.label(text="Not checked yet", icon="QUESTION")
            return
        if states.edited:
            layout.label(text="Edited since: check again", icon="INFO")
        runs = [run for run in states.runs(context.scene.frame_step) if run[2] in _WORDS]
        column = layout.column(align=True)
        column.label(
            text=f"{states.count(State.FRESH)} of {len(states)} are fresh", icon="CHECKMARK"
        )
        for first, last, state in runs[:_LISTED]:
            word, icon = _WORDS[state]
            column.label(text=f"{first} to {last}: {word}", icon=icon)
        if len(runs) > _LISTED:
            column.label(text=f"and {len(runs) - _LISTED} more")


class ComparePanel(_Below, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_texture_compare"
    bl_label = "Compare and Preview"

    def rows(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        chosen = context.scene.facewright_texture
        row = layout.row()
        row.use_property_split = False
        row.prop(chosen, "shown", expand=True)
        layout.operator("facewright.overlay", icon="IMAGE_PLANE")
        layout.operator("facewright.geometry_strip", icon="MESH_DATA")
        layout.prop(chosen, "live")
        if chosen.live and live.problem:
            paragraph(layout, live.problem, characters(context), "ERROR")
        column = layout.column()
        column.active = chosen.live
        column.prop(chosen, "live_size")
        column.prop(chosen, "live_steps")


CLASSES = (TexturePanel, StatesPanel, ComparePanel)
