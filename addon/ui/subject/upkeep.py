# SPDX-License-Identifier: GPL-3.0-or-later
"""Subjects taken away, and apart, in the interface."""

from __future__ import annotations

from typing import ClassVar

import bpy

from ...core.errors import AddonError
from ...subject import objects, upkeep
from .. import session
from ..panels import Section


class SubjectOperator:
    """What works on the subject that is meant; ``act`` is the work."""

    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not session.state.busy and objects.meant(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            self.act(context, objects.editable(objects.chosen(context)))
        except AddonError as error:
            self.report({"ERROR"}, str(error))  # type: ignore[attr-defined]
            return {"CANCELLED"}
        return {"FINISHED"}

    def act(self, context: bpy.types.Context, who: objects.SubjectObjects) -> None:
        raise NotImplementedError


class DeleteSubject(bpy.types.Operator):
    """Take the subject away: objects, data, actions, strips of its frames. Files stay, and so
    does a mesh that was there before"""

    bl_idname = "facewright.delete_subject"
    bl_label = "Delete Subject"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        rig = objects.meant(context)
        return not session.state.busy and rig is not None and rig.library is None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        if context.mode != "OBJECT":
            bpy.ops.object.mode_set(mode="OBJECT")
        names = upkeep.remove(objects.meant(context), context.scene)
        self.report({"INFO"}, f"Removed: {', '.join(names) or 'what bound the mesh'}")
        return {"FINISHED"}


class SeparateSubject(SubjectOperator, bpy.types.Operator):
    """Give a duplicated subject meshes, a camera and actions of its own"""

    bl_idname = "facewright.separate_subject"
    bl_label = "Make Its Own"

    def act(self, context: bpy.types.Context, who: objects.SubjectObjects) -> None:
        upkeep.separate(who.rig)


class DoubtsPanel(Section, bpy.types.Panel):
    """Shown where a subject shares what it should not."""

    bl_idname = "FACEWRIGHT_PT_doubts"
    bl_label = "Shared Data"
    bl_parent_id = "FACEWRIGHT_PT_subject"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        rig = objects.meant(context)
        return rig is not None and bool(upkeep.doubts(rig))

    def rows(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        rig = objects.meant(context)
        for sentence in upkeep.doubts(rig) if rig else ():
            layout.label(text=sentence, icon="ERROR")
        layout.operator("facewright.separate_subject", icon="DUPLICATE")


_CLASSES = (DeleteSubject, SeparateSubject, DoubtsPanel)


def register() -> None:
    for kind in _CLASSES:
        bpy.utils.register_class(kind)


def unregister() -> None:
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
