# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel: the 3-D view's sidebar, tab Facewright."""

from __future__ import annotations

import bpy

from . import session


class MainPanel(bpy.types.Panel):
    bl_label = "Facewright"
    bl_idname = "FACEWRIGHT_PT_main"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Facewright"

    def draw(self, context: bpy.types.Context) -> None:
        layout, state = self.layout, session.state
        if state.busy:
            left = f", {state.seconds_left:.0f} s left" if state.seconds_left >= 0 else ""
            row = layout.row(align=True)
            row.progress(factor=min(1.0, max(0.0, state.fraction)), text=f"{state.stage}{left}")
            row.operator("facewright.cancel", text="", icon="CANCEL")
        elif state.backend:
            layout.label(text=state.summary, icon="LINKED")
        else:
            layout.operator("facewright.connect", icon="UNLINKED")


class _Section:
    """What the sections share; ``rows`` lays one out."""

    layout: bpy.types.UILayout
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Facewright"
    bl_parent_id = "FACEWRIGHT_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        self.rows(self.layout, context.scene.facewright)

    def rows(self, layout: bpy.types.UILayout, chosen: bpy.types.PropertyGroup) -> None:
        raise NotImplementedError


class SubjectPanel(_Section, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_subject"
    bl_label = "Subject"

    def rows(self, layout: bpy.types.UILayout, chosen: bpy.types.PropertyGroup) -> None:
        layout.prop(chosen, "photo")
        layout.prop(chosen, "face")
        layout.prop(chosen, "extent")
        layout.operator("facewright.new_subject", icon="USER")


class SpeechPanel(_Section, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_speech"
    bl_label = "Speech"

    def rows(self, layout: bpy.types.UILayout, chosen: bpy.types.PropertyGroup) -> None:
        layout.prop(chosen, "emotion")
        strength = layout.column()
        strength.active = bool(chosen.emotion.strip())
        strength.prop(chosen, "intensity")
        for name in ("mouth_opening", "lip_offset", "brow_motion", "head_motion", "gaze"):
            layout.prop(chosen, name)
        for name in ("blink_rate", "seed"):
            layout.prop(chosen, name)
        layout.operator("facewright.drive_speech", icon="SPEAKER")


class TexturePanel(_Section, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_texture"
    bl_label = "Texture"

    def rows(self, layout: bpy.types.UILayout, chosen: bpy.types.PropertyGroup) -> None:
        for name in ("size", "animator"):
            layout.prop(chosen, name)
        about = session.state.animator(chosen.animator)
        sampling = layout.column()
        sampling.active = about is None or about.max_steps > 0
        for name in ("quality", "steps", "seed"):
            sampling.prop(chosen, name)
        layout.prop(chosen, "geometry")
        layout.operator("facewright.texture", icon="TEXTURE")
        layout.operator("facewright.movie_output", icon="FILE_MOVIE")


_CLASSES = (
    MainPanel,
    SubjectPanel,
    SpeechPanel,
    TexturePanel,
)


def register() -> None:
    for kind in _CLASSES:
        bpy.utils.register_class(kind)


def unregister() -> None:
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
