# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel Perform, and what is below it."""

from __future__ import annotations

from typing import Any, ClassVar

import bpy

from ...core import handshake
from ...core.performance import CHANNELS
from ...drive import sounds
from ...perform.channels import REGIONS
from ...subject import objects
from .. import session
from ..panels import Section, characters, paragraph


class PerformPanel(Section, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_perform"
    bl_label = "Perform"

    def rows(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        if objects.meant(context) is None:
            layout.label(text="Select a subject, or make one", icon="INFO")


class _Below(Section):
    """A sub-panel of Perform, shown where a subject is meant."""

    bl_parent_id = "FACEWRIGHT_PT_perform"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return objects.meant(context) is not None

    def rows(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        rig: Any = objects.meant(context)  # there is one: see `poll`
        self.settings(layout, context, rig.facewright_perform)

    def settings(
        self,
        layout: bpy.types.UILayout,
        context: bpy.types.Context,
        chosen: bpy.types.PropertyGroup,
    ) -> None:
        raise NotImplementedError


def _animatable(
    layout: bpy.types.UILayout, chosen: bpy.types.PropertyGroup, *names: str
) -> bpy.types.UILayout:
    """Settings with the dots that key them."""
    layout.use_property_decorate = True  # of all, so that fields stand in one line
    column = layout.column()
    for name in names:
        column.prop(chosen, name)
    return column


def _lacking(layout: bpy.types.UILayout, context: bpy.types.Context, feature: str) -> None:
    """What the connected backend has not got for this panel."""
    reason = handshake.missing(session.state.capabilities, feature)
    if reason:
        paragraph(layout, reason, characters(context), icon="ERROR")


class SpeechPanel(_Below, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_speech"
    bl_label = "Speech"

    def settings(
        self,
        layout: bpy.types.UILayout,
        context: bpy.types.Context,
        chosen: bpy.types.PropertyGroup,
    ) -> None:
        names = [strip.name for strip, _ in sounds.all_strips(context.scene, "SOUND")]
        if not names:
            layout.label(text="No sound strip in the sequencer", icon="INFO")
        column = layout.column(align=True)
        column.operator("facewright.drive_speech", icon="SPEAKER")
        row = column.row(align=True)
        row.operator("facewright.drive_speech", text="Drive All").which = "ALL"
        row.operator("facewright.drive_speech", text="Drive Again").again = True
        for name in ("lip_offset", "smoothing"):
            layout.prop(chosen, name, text=f"{chosen.bl_rna.properties[name].name} (ms)")
        layout.prop(chosen, "seed")


class ScriptPanel(_Below, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_script"
    bl_label = "Script"
    bl_options: ClassVar[set[str]] = {"DEFAULT_CLOSED"}

    def settings(
        self,
        layout: bpy.types.UILayout,
        context: bpy.types.Context,
        chosen: bpy.types.PropertyGroup,
    ) -> None:
        _lacking(layout, context, "scripts")
        words = layout.column()
        words.active = chosen.script_text is None
        words.prop(chosen, "script")
        for name in ("script_text", "language", "voice"):
            layout.prop(chosen, name)
        layout.operator("facewright.drive_script", icon="TEXT")


class VideoPanel(_Below, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_video"
    bl_label = "Video"
    bl_options: ClassVar[set[str]] = {"DEFAULT_CLOSED"}

    def settings(
        self,
        layout: bpy.types.UILayout,
        context: bpy.types.Context,
        chosen: bpy.types.PropertyGroup,
    ) -> None:
        _lacking(layout, context, "track_video")
        layout.prop(chosen, "video")
        column = layout.column(heading="Take", align=True)
        for region in REGIONS:
            column.prop(chosen, f"video_{region}")
        layout.prop(chosen, "video_same")
        layout.prop(chosen, "video_face")
        layout.operator("facewright.drive_video", icon="FILE_MOVIE")


class EmotionPanel(_Below, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_emotion"
    bl_label = "Emotion"

    def settings(
        self,
        layout: bpy.types.UILayout,
        context: bpy.types.Context,
        chosen: bpy.types.PropertyGroup,
    ) -> None:
        layout.use_property_decorate = True
        layout.prop(chosen, "emotion")
        _animatable(layout, chosen, "intensity")
        layout.prop(chosen, "cross_fade")
        layout.prop(chosen, "emotion_model")
        row = layout.row()
        row.template_list("FACEWRIGHT_UL_cues", "", chosen, "cues", chosen, "active_cue", rows=3)
        side = row.column(align=True)
        side.operator("facewright.cue_add", icon="ADD", text="")
        side.operator("facewright.cue_remove", icon="REMOVE", text="")
        side.separator()
        side.operator("facewright.cue_move", icon="TRIA_UP", text="").direction = "UP"
        side.operator("facewright.cue_move", icon="TRIA_DOWN", text="").direction = "DOWN"
        if 0 <= chosen.active_cue < len(chosen.cues):
            _cue(layout, chosen.cues[chosen.active_cue])
        layout.operator("facewright.emotion_marker_add", icon="MARKER_HLT")


def _cue(layout: bpy.types.UILayout, cue: bpy.types.PropertyGroup) -> None:
    """One line of the list in full."""
    column = layout.column()
    column.active = not cue.mute
    for name in ("prompt", "start", "length"):
        column.prop(cue, name)
    for name in ("intensity", "cross_fade"):
        row = column.row(heading=cue.bl_rna.properties[name].name)
        row.prop(cue, f"use_{name}", text="")
        value = row.row()
        value.active = getattr(cue, f"use_{name}")
        value.prop(cue, name, text="")


class ControlsPanel(_Below, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_controls"
    bl_label = "Controls"

    def settings(
        self,
        layout: bpy.types.UILayout,
        context: bpy.types.Context,
        chosen: bpy.types.PropertyGroup,
    ) -> None:
        _animatable(
            layout, chosen, "mouth_opening", "brow_motion", "head_motion", "blink_rate", "gaze"
        )
        if chosen.gaze == "natural":
            layout.prop(chosen, "aversion")
        elif chosen.gaze == "keys":
            layout.operator("facewright.gaze_marker_add", icon="MARKER_HLT")


class SourcesPanel(_Below, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_sources"
    bl_label = "Sources"
    bl_options: ClassVar[set[str]] = {"DEFAULT_CLOSED"}

    def settings(
        self,
        layout: bpy.types.UILayout,
        context: bpy.types.Context,
        chosen: bpy.types.PropertyGroup,
    ) -> None:
        for channel in CHANNELS:
            layout.prop(chosen, f"{channel}_from")
            if getattr(chosen, f"{channel}_from") == "file":
                layout.prop(chosen, f"{channel}_file", text=" ")
        layout.separator()
        for name in ("head_model", "guidance", "brow_model"):
            layout.prop(chosen, name)


CLASSES = (
    PerformPanel,
    SpeechPanel,
    ScriptPanel,
    VideoPanel,
    EmotionPanel,
    ControlsPanel,
    SourcesPanel,
)
