# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Emotions and looks on the timeline: markers, and a list of cues on the subject."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, StringProperty

from ...drive.cues import name_of
from ...subject import objects

_NAME_BYTES = 63  # of a marker's name


def _rig(context: bpy.types.Context) -> Any:
    return objects.meant(context)


class _Marker:
    """What the operators that add markers share."""

    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}
    report: Callable[[set[str], str], None]  # Blender's

    own: BoolProperty(
        name="This Subject Only",
        description="Other subjects in the scene do not follow the marker",
        options={"SKIP_SAVE"},
    )

    def _add(self, context: bpy.types.Context, kind: str, text: str) -> set[str]:
        rig = _rig(context)
        whom = f" {name_of(rig)}" if self.own and rig is not None else ""
        name = f"{kind}{whom}: {text}".rstrip()
        if len(name.encode()) > _NAME_BYTES:
            self.report({"ERROR"}, "A marker's name is too short for this; add a cue instead")
            return {"CANCELLED"}
        scene = context.scene
        for marker in scene.timeline_markers:
            marker.select = False
        made = scene.timeline_markers.new(name, frame=scene.frame_current)
        made.select = True
        return {"FINISHED"}


class EmotionMarkerAdd(_Marker, bpy.types.Operator):
    """Mark on the timeline what is felt from the current frame until the next such marker"""

    bl_idname = "facewright.emotion_marker_add"
    bl_label = "Add Emotion Marker"

    prompt: StringProperty(
        name="Emotion",
        description="In words: 'happy', 'slightly sad'. Empty: nothing from here on",
        default="happy",
    )
    use_intensity: BoolProperty(
        name="Own Intensity", description="Another intensity than the subject's"
    )
    intensity: FloatProperty(
        name="Intensity", description="1 slight, 3 full", default=2.0, min=1.0, max=3.0
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: bpy.types.Context) -> set[str]:
        prompt = self.prompt.strip()
        number = f" {self.intensity:.3g}" if self.use_intensity and prompt else ""
        return self._add(context, "emotion", prompt + number)


class GazeMarkerAdd(_Marker, bpy.types.Operator):
    """Mark on the timeline where the eyes look from the current frame on; for gaze by markers"""

    bl_idname = "facewright.gaze_marker_add"
    bl_label = "Add Gaze Marker"

    look: EnumProperty(
        name="Look",
        items=[
            ("camera", "Camera", "At the camera"),
            ("photo", "Photograph", "At what the photograph looks at"),
            ("degrees", "Direction", "In a direction, which turns with the head"),
            ("object", "Active Object", "At the active object, where it is at this frame"),
        ],
    )
    left: FloatProperty(
        name="Left", description="Degrees to the subject's left", min=-90.0, max=90.0
    )
    up: FloatProperty(name="Up", description="Degrees upwards", min=-90.0, max=90.0)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: bpy.types.Context) -> set[str]:
        text: str = self.look
        if text == "degrees":
            text = f"{self.left:.3g}, {self.up:.3g}"
        elif text == "object":
            target = context.view_layer.objects.active
            if target is None or objects.rig_of(target) is not None:
                self.report({"ERROR"}, "Make the object active that is to be looked at")
                return {"CANCELLED"}
            text = target.name
        return self._add(context, "gaze", text)


class CueAdd(bpy.types.Operator):
    """Add an emotion to the subject's list, from the current frame on"""

    bl_idname = "facewright.cue_add"
    bl_label = "Add Emotion Cue"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    prompt: StringProperty(name="Emotion", default="happy", options={"SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _rig(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        chosen = _rig(context).facewright_perform
        cue = chosen.cues.add()
        cue.start, cue.prompt = context.scene.frame_current, self.prompt
        chosen.active_cue = len(chosen.cues) - 1
        return {"FINISHED"}


class _Chosen:
    """Works on the active line of the list."""

    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        rig = _rig(context)
        if rig is None:
            return False
        chosen = rig.facewright_perform
        return 0 <= chosen.active_cue < len(chosen.cues)


class CueRemove(_Chosen, bpy.types.Operator):
    """Remove the emotion from the subject's list"""

    bl_idname = "facewright.cue_remove"
    bl_label = "Remove Emotion Cue"

    def execute(self, context: bpy.types.Context) -> set[str]:
        chosen = _rig(context).facewright_perform
        chosen.cues.remove(chosen.active_cue)
        chosen.active_cue = max(0, min(chosen.active_cue, len(chosen.cues) - 1))
        return {"FINISHED"}


class CueMove(_Chosen, bpy.types.Operator):
    """Move the emotion in the list; it is felt when it says, wherever it stands"""

    bl_idname = "facewright.cue_move"
    bl_label = "Move Emotion Cue"

    direction: EnumProperty(name="Direction", items=[("UP", "Up", ""), ("DOWN", "Down", "")])

    def execute(self, context: bpy.types.Context) -> set[str]:
        chosen = _rig(context).facewright_perform
        goal = chosen.active_cue + (-1 if self.direction == "UP" else 1)
        if not 0 <= goal < len(chosen.cues):
            return {"CANCELLED"}
        chosen.cues.move(chosen.active_cue, goal)
        chosen.active_cue = goal
        return {"FINISHED"}


class FACEWRIGHT_UL_cues(bpy.types.UIList):  # noqa: N801 - Blender's naming
    """The subject's list of emotions."""

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        data: bpy.types.PropertyGroup,
        item: bpy.types.PropertyGroup,
        icon: int,
        active_data: bpy.types.PropertyGroup,
        active_property: str,
        index: int = 0,
    ) -> None:
        row = layout.row(align=True)
        row.active = not item.mute
        frame = row.row()
        frame.ui_units_x = 3
        frame.prop(item, "start", text="", emboss=False)
        row.prop(item, "prompt", text="", emboss=False, placeholder="neutral") if (
            bpy.app.version >= (4, 3, 0)
        ) else row.prop(item, "prompt", text="", emboss=False)
        row.prop(item, "mute", text="", emboss=False, icon="HIDE_ON" if item.mute else "HIDE_OFF")


CLASSES = (
    EmotionMarkerAdd,
    GazeMarkerAdd,
    CueAdd,
    CueRemove,
    CueMove,
    FACEWRIGHT_UL_cues,
)
