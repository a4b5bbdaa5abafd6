# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""A mesh that was there before, in the interface."""

from __future__ import annotations

from typing import ClassVar

import bpy
from bpy.props import BoolProperty

from ...core import spellings
from ...core.errors import AddonError, InputError
from ...core.face_keys import ARKIT_52
from ...subject import bind, match, objects
from ...subject.bind import Binding
from .. import session
from ..panels import Section
from .upkeep import SubjectOperator


def _text(face: bpy.types.Object) -> bpy.types.Text | None:
    return bpy.data.texts.get(f"{face.name} mapping")


def _wanted(context: bpy.types.Context) -> Binding:
    """What the panel chooses; without a mesh there, the active object."""
    chosen = context.scene.facewright_subject
    face = chosen.own_mesh or context.view_layer.objects.active
    if face is None or face.type != "MESH":
        raise InputError("mesh: choose the mesh of a face")
    text = _text(face)
    eyes = tuple(eye for eye in (chosen.eye_left, chosen.eye_right) if eye is not None)
    said = text.as_string() if text else ""
    return Binding(face, chosen.armature, chosen.bone, eyes, said, chosen.eyes_by_keys)


class _MeshOperator:
    """Works on the mesh that the panel chooses."""

    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not session.state.busy and context.mode == "OBJECT"

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            self.act(context, _wanted(context))
        except AddonError as error:
            self.report({"ERROR"}, str(error))  # type: ignore[attr-defined]
            return {"CANCELLED"}
        return {"FINISHED"}

    def act(self, context: bpy.types.Context, wanted: Binding) -> None:
        raise NotImplementedError


class BindMesh(_MeshOperator, bpy.types.Operator):
    """Make a subject of a mesh with ARKit's shape keys, so that it can be driven; with a
    photograph also textured"""

    bl_idname = "facewright.bind_mesh"
    bl_label = "Bind Mesh"

    move: BoolProperty(
        name="Move",
        description="Lay the mesh over the face in the photograph; else it stays where it is",
        default=True,
    )

    def act(self, context: bpy.types.Context, wanted: Binding) -> None:
        chosen = context.scene.facewright_subject
        portrait = objects.find(chosen.portrait) if chosen.portrait else None
        who = bind.bind(wanted, portrait, scene=context.scene)
        if portrait is not None:
            _match(self, who, portrait, self.move)
        lacking = spellings.missing(who.mapping)
        found = len(ARKIT_52) - len(lacking)
        self.report({"INFO"}, f"{found} of {len(ARKIT_52)} shape keys found")
        if lacking and found:
            self.report({"WARNING"}, f"Not found: {', '.join(lacking)}")
        context.view_layer.objects.active = who.face


def _match(
    operator: bpy.types.Operator,
    who: objects.SubjectObjects,
    portrait: objects.SubjectObjects,
    move: bool,
) -> None:
    if move:
        error = match.fit(who, portrait)
        operator.report({"INFO"}, f"Laid over the photograph, {1000 * error:.1f} mm off")
    share = match.correspond(who, portrait)
    operator.report({"INFO"}, f"{share:.0%} of its faces show the photograph")


class MatchMesh(SubjectOperator, bpy.types.Operator):
    """Lay a bound mesh over the face in the photograph anew, as after sculpting its rest shape"""

    bl_idname = "facewright.match_mesh"
    bl_label = "Match to Photo"

    move: BoolProperty(name="Move", description="Else it stays where it is", default=True)

    def act(self, context: bpy.types.Context, who: objects.SubjectObjects) -> None:
        portraits = [
            objects.find(rig)
            for rig in objects.in_scene(context.scene)
            if not rig[objects.RECORD].get("bound")
            and rig[objects.RECORD]["subject_id"] == who.subject_id
        ]
        if not who.bound or not portraits:
            raise InputError("match: expected a mesh that is bound to a subject in this scene")
        _match(self, who, portraits[0], self.move)


class WriteMapping(_MeshOperator, bpy.types.Operator):
    """Write which shape key is taken for which of ARKit's into a text, to be edited; binding
    reads it"""

    bl_idname = "facewright.write_mapping"
    bl_label = "Edit Mapping"

    def act(self, context: bpy.types.Context, wanted: Binding) -> None:
        keys = wanted.face.data.shape_keys
        names = [] if keys is None else [key.name for key in keys.key_blocks[1:]]
        text = _text(wanted.face) or bpy.data.texts.new(f"{wanted.face.name} mapping")
        text.clear()
        text.write(spellings.written(spellings.found(names), names))
        self.report({"INFO"}, f"Text {text.name!r}: edit it, then press Bind or Read Mapping")


class ReadMapping(SubjectOperator, bpy.types.Operator):
    """Take over an edited mapping for a mesh that is bound already"""

    bl_idname = "facewright.read_mapping"
    bl_label = "Read Mapping"

    def act(self, context: bpy.types.Context, who: objects.SubjectObjects) -> None:
        text = _text(who.face)
        if not who.bound or text is None:
            raise InputError(f"mapping: expected a text named '{who.face.name} mapping'")
        keys = who.face.data.shape_keys
        names = [] if keys is None else [key.name for key in keys.key_blocks[1:]]
        mapping = spellings.read(text.as_string(), names)
        who.rig[objects.RECORD]["mapping"] = spellings.written(mapping, names)


class AddGeometry(SubjectOperator, bpy.types.Operator):
    """Send the selected meshes with the subject: glasses, hair, a hat. They hide what is behind
    them; animators that need to know the photograph's pixels show them no further"""

    bl_idname = "facewright.add_geometry"
    bl_label = "Add Selected"

    def act(self, context: bpy.types.Context, who: objects.SubjectObjects) -> None:
        added = 0
        for thing in context.selected_objects:
            if thing.type == "MESH" and objects.rig_of(thing) in (None, who.rig):
                if thing in (who.face, *who.eyes):
                    continue
                thing[objects.ROLE], thing[objects.OWNER] = "extra", who.rig
                thing.update_tag()  # what is shown has changed
                added += 1
        if not added:
            raise InputError("geometry: select the meshes that go with the subject")
        who.rig[objects.RECORD]["owned"] = True


class RemoveGeometry(SubjectOperator, bpy.types.Operator):
    """Send the selected meshes no more"""

    bl_idname = "facewright.remove_geometry"
    bl_label = "Remove Selected"

    def act(self, context: bpy.types.Context, who: objects.SubjectObjects) -> None:
        for thing in who.extras:
            if thing.select_get():
                del thing[objects.ROLE], thing[objects.OWNER]
                thing.update_tag()


class OwnMeshPanel(Section, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_own_mesh"
    bl_label = "Own Mesh"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012

    def rows(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        chosen = context.scene.facewright_subject
        layout.prop(chosen, "own_mesh")
        layout.prop(chosen, "armature")
        if chosen.armature is not None:
            layout.prop_search(chosen, "bone", chosen.armature.data, "bones")
        layout.prop(chosen, "eye_left")
        layout.prop(chosen, "eye_right")
        layout.prop(chosen, "eyes_by_keys")
        layout.prop(chosen, "portrait")
        row = layout.row(align=True)
        row.operator("facewright.bind_mesh", icon="LINKED")
        row.operator("facewright.write_mapping", icon="TEXT")
        rig = objects.meant(context)
        if rig is None:
            return
        if rig[objects.RECORD].get("bound"):
            _told(layout, rig)
        row = layout.row(align=True)
        row.operator("facewright.add_geometry", icon="ADD")
        row.operator("facewright.remove_geometry", icon="REMOVE")


def _told(layout: bpy.types.UILayout, rig: bpy.types.Object) -> None:
    """What is bound, what was not found, and whether it can be textured."""
    try:
        who = objects.find(rig)
        lacking = spellings.missing(who.mapping)
    except AddonError as error:
        layout.label(text=str(error), icon="ERROR")
        return
    column = layout.column(align=True)
    column.label(
        text=f"{who.face.name}: {len(ARKIT_52) - len(lacking)} of 52 found", icon="MESH_DATA"
    )
    for name in lacking[:8]:
        column.label(text=f"not found: {name}", icon="DOT")
    if len(lacking) > 8:
        column.label(text=f"and {len(lacking) - 8} more; see Edit Mapping")
    row = layout.row(align=True)
    row.operator("facewright.read_mapping", icon="FILE_REFRESH")
    if who.textured:
        row.operator("facewright.match_mesh", icon="UV")
        if not who.corresponds:
            layout.label(text="It shows no pixels of the photograph yet", icon="INFO")


_CLASSES = (
    BindMesh,
    MatchMesh,
    WriteMapping,
    ReadMapping,
    AddGeometry,
    RemoveGeometry,
    OwnMeshPanel,
)


def register() -> None:
    for kind in _CLASSES:
        bpy.utils.register_class(kind)


def unregister() -> None:
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
