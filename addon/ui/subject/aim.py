# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Head and gaze in the interface."""

from __future__ import annotations

import bpy
from bpy.props import BoolProperty

from ...core.errors import AddonError, InputError
from ...subject import gaze, objects, posing
from ..panels import Section
from .sliders import auto_key
from .upkeep import SubjectOperator


class AimEyes(SubjectOperator, bpy.types.Operator):
    """Let the eyes look at the gaze target, an empty that is made where there is none"""

    bl_idname = "facewright.aim_eyes"
    bl_label = "Aim Eyes at Target"

    def act(self, context: bpy.types.Context, who: objects.SubjectObjects) -> None:
        target = gaze.add_target(who, f"{who.rig.name.removesuffix(' rig')} gaze target")
        who.head[gaze.AMOUNT] = 1.0
        who.rig.update_tag()
        if auto_key(context):
            posing.key_gaze(who, context.scene.frame_current)
        for thing in context.view_layer.objects:
            thing.select_set(thing == target)
        context.view_layer.objects.active = who.rig  # which keeps the subject meant


class LidsFollow(SubjectOperator, bpy.types.Operator):
    """Let the lids go with the eyes, whatever turns them, by drivers on the shape keys eyeLook*.
    Keys on those have no say meanwhile"""

    bl_idname = "facewright.lids_follow"
    bl_label = "Lids Follow Eyes"

    follow: BoolProperty(name="Follow", default=True)

    def act(self, context: bpy.types.Context, who: objects.SubjectObjects) -> None:
        if not gaze.lids_follow(who, self.follow):
            raise InputError(f"{who.face.name} has no eyes or no shape keys eyeLook…")


class ResetHead(SubjectOperator, bpy.types.Operator):
    """Bring the head back to where it is in the photograph"""

    bl_idname = "facewright.reset_head"
    bl_label = "Reset Head"

    def act(self, context: bpy.types.Context, who: objects.SubjectObjects) -> None:
        posing.reset_head(who)
        if auto_key(context):
            posing.key_head(who, context.scene.frame_current)


class ResetGaze(SubjectOperator, bpy.types.Operator):
    """Look where the photograph looks, and no more at the target"""

    bl_idname = "facewright.reset_gaze"
    bl_label = "Reset Gaze"

    to_photo: BoolProperty(name="As Photographed", description="Else straight ahead", default=True)

    def act(self, context: bpy.types.Context, who: objects.SubjectObjects) -> None:
        posing.reset_gaze(who, to_photo=self.to_photo)
        if auto_key(context):
            posing.key_gaze(who, context.scene.frame_current)


class KeyHead(SubjectOperator, bpy.types.Operator):
    """Key the head's place and turn, and the gaze, at the current frame"""

    bl_idname = "facewright.key_head"
    bl_label = "Key Head and Gaze"

    def act(self, context: bpy.types.Context, who: objects.SubjectObjects) -> None:
        posing.key_head(who, context.scene.frame_current)
        posing.key_gaze(who, context.scene.frame_current)


class AimPanel(Section, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_aim"
    bl_label = "Head & Gaze"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return objects.meant(context) is not None

    def rows(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        try:
            who = objects.find(objects.meant(context))
        except AddonError as error:
            layout.label(text=str(error), icon="ERROR")
            return
        head, target = who.head, gaze.target_of(who)
        layout.use_property_decorate = True
        layout.prop(head, "rotation_euler", text="Head")
        layout.prop(head, "location", text="Place")
        for side, text in zip(objects.GAZE, ("Left Eye", "Right Eye"), strict=True):
            if side in head:
                layout.prop(head, f'["{side}"]', text=text)
        if gaze.AMOUNT in head:
            layout.prop(head, f'["{gaze.AMOUNT}"]', text="Look at Target", slider=True)
        if target is not None:
            layout.prop(target, "location", text="Target")
        row = layout.row(align=True)
        row.operator("facewright.aim_eyes", text="Aim Eyes", icon="HIDE_OFF")
        row.operator("facewright.lids_follow", text="Lids Follow", icon="DRIVER")
        row = layout.row(align=True)
        row.operator("facewright.key_head", text="Key", icon="KEY_HLT")
        row.operator("facewright.reset_head", text="Head", icon="LOOP_BACK")
        row.operator("facewright.reset_gaze", text="Gaze", icon="LOOP_BACK")


_CLASSES = (AimEyes, LidsFollow, ResetHead, ResetGaze, KeyHead, AimPanel)


def register() -> None:
    for kind in _CLASSES:
        bpy.utils.register_class(kind)


def unregister() -> None:
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
