# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""The face's shape keys as sliders, by group, left and right side by side."""

from __future__ import annotations

from collections.abc import Iterable

import bpy
from bpy.props import EnumProperty, StringProperty

from ...core.errors import AddonError
from ...core.face_keys import GROUPS, group_of, mirrored, rows
from ...subject import objects, posing
from ..panels import Section
from .upkeep import SubjectOperator

_WAYS = [
    ("SWAP", "Swap Sides", "Left and right change places"),
    ("LEFT", "Left to Right", "The subject's left side is copied to the right"),
    ("RIGHT", "Right to Left", "The subject's right side is copied to the left"),
]


def auto_key(context: bpy.types.Context) -> bool:
    """Whether what is set is keyed as well."""
    return bool(context.scene.tool_settings.use_keyframe_insert_auto)


class _Chosen(SubjectOperator):
    """Works on one shape key and its mirror image, on a group, or on the whole face."""

    group: StringProperty(name="Group", description="A group's name; empty: all of the face")
    key: StringProperty(name="Shape Key", description="One shape key and its other side")

    def names(self, who: objects.SubjectObjects) -> list[str]:
        known = list(who.mapping)
        if self.key:
            return [name for name in known if name in (self.key, mirrored(self.key))]
        return [name for name in known if not self.group or group_of(name) == self.group]


class ResetFace(_Chosen, bpy.types.Operator):
    """Set shape keys back to zero, or to what the photograph shows"""

    bl_idname = "facewright.reset_face"
    bl_label = "Reset Shape Keys"

    to: EnumProperty(
        name="To",
        items=[
            ("ZERO", "Zero", "The neutral face"),
            ("PHOTO", "Photograph", "What the photograph shows"),
        ],
    )

    def act(self, context: bpy.types.Context, who: objects.SubjectObjects) -> None:
        touched = posing.reset_face(who, self.names(who), to_photo=self.to == "PHOTO")
        if auto_key(context):
            posing.key(touched, context.scene.frame_current)


class MirrorFace(_Chosen, bpy.types.Operator):
    """Change left and right, or copy one side to the other"""

    bl_idname = "facewright.mirror_face"
    bl_label = "Mirror Shape Keys"

    way: EnumProperty(name="Way", items=_WAYS)

    def act(self, context: bpy.types.Context, who: objects.SubjectObjects) -> None:
        touched = posing.mirror_face(who, self.names(who), self.way)
        if auto_key(context):
            posing.key(touched, context.scene.frame_current)


class KeyFace(_Chosen, bpy.types.Operator):
    """Key these shape keys at the current frame, in the layer that is open for editing"""

    bl_idname = "facewright.key_face"
    bl_label = "Key Shape Keys"

    def act(self, context: bpy.types.Context, who: objects.SubjectObjects) -> None:
        table, names = posing.blocks(who), self.names(who)
        touched = [block for name in names for block in table[name]]
        count = posing.key(touched, context.scene.frame_current)
        self.report({"INFO"}, f"{count} shape keys keyed at frame {context.scene.frame_current}")


def _subject(context: bpy.types.Context) -> objects.SubjectObjects | None:
    try:
        return objects.find(objects.meant(context))
    except AddonError:
        return None


def _buttons(row: bpy.types.UILayout, group: str = "") -> None:
    key = row.operator("facewright.key_face", text="", icon="KEY_HLT")
    reset = row.operator("facewright.reset_face", text="", icon="LOOP_BACK")
    mirror = row.operator("facewright.mirror_face", text="", icon="MOD_MIRROR")
    for operator in (key, reset, mirror):
        operator.group, operator.key = group, ""
    reset.to, mirror.way = "ZERO", "SWAP"


def draw_sliders(
    layout: bpy.types.UILayout, table: dict[str, list[bpy.types.ShapeKey]], names: Iterable[str]
) -> None:
    """A row for each shape, its two sides beside each other, and a button that keys it."""
    column = layout.column(align=True)
    column.use_property_split = False
    for sides in rows(names):
        row = column.row(align=True)
        if len(sides) == 2:
            split = row.split(factor=0.4, align=True)
            split.label(text=sides[0].removesuffix("Left"))
            row = split.row(align=True)
        for name in sides:
            text = name if len(sides) == 1 else "Left" if name == sides[0] else "Right"
            for block in table[name]:
                row.prop(block, "value", text=text, slider=True)
        key = row.operator("facewright.key_face", text="", icon="DECORATE_KEYFRAME")
        key.key, key.group = sides[0], ""


class FacePanel(Section, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_face"
    bl_label = "Face"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return objects.meant(context) is not None

    def rows(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        who = _subject(context)
        if who is None or who.face.data.shape_keys is None:
            layout.label(text="The subject has no shape keys", icon="INFO")
            return
        row = layout.row(align=True)
        row.prop(context.scene.facewright_subject, "search", text="", icon="VIEWZOOM")
        _buttons(row)
        row.operator("facewright.reset_face", text="", icon="IMAGE_DATA").to = "PHOTO"
        wanted = context.scene.facewright_subject.search.strip().lower()
        if wanted:
            table = posing.blocks(who)
            found = [name for name in table if wanted in name.lower()]
            draw_sliders(layout, table, found)
            if not found:
                layout.label(text="No shape key has this in its name")


def _group_panel(group: str) -> type:
    """A closed sub-panel with a group's sliders."""

    class GroupPanel(Section, bpy.types.Panel):
        bl_idname = f"FACEWRIGHT_PT_face_{GROUPS.index(group)}"
        bl_label = group
        bl_parent_id = "FACEWRIGHT_PT_face"
        bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012

        @classmethod
        def poll(cls, context: bpy.types.Context) -> bool:
            return not context.scene.facewright_subject.search.strip()

        def draw_header_preset(self, context: bpy.types.Context) -> None:
            _buttons(self.layout.row(align=True), group)

        def rows(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
            who = _subject(context)
            table = posing.blocks(who) if who else {}
            draw_sliders(layout, table, [name for name in table if group_of(name) == group])

    GroupPanel.__name__ = GroupPanel.__qualname__ = GroupPanel.bl_idname
    return GroupPanel


_CLASSES = (ResetFace, MirrorFace, KeyFace, FacePanel, *map(_group_panel, GROUPS))


def register() -> None:
    for kind in _CLASSES:
        bpy.utils.register_class(kind)


def unregister() -> None:
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
