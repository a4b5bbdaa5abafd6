# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""What the subject's panels choose; ``scene.facewright_subject``."""

from __future__ import annotations

import bpy
from bpy.props import (
    BoolProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

EXTENTS = [
    ("photo", "Photograph", "Frame the whole photograph"),
    ("crop", "Head", "Frame the square around the head"),
]


def _is_mesh(settings: bpy.types.PropertyGroup, thing: bpy.types.Object) -> bool:
    return thing.type == "MESH"


def _is_armature(settings: bpy.types.PropertyGroup, thing: bpy.types.Object) -> bool:
    return thing.type == "ARMATURE"


def _is_captured(settings: bpy.types.PropertyGroup, thing: bpy.types.Object) -> bool:
    record = thing.get("facewright")
    return record is not None and bool(record.get("subject_id")) and not record.get("bound")


class SubjectSettings(bpy.types.PropertyGroup):
    """What New Subject makes, and what the panels of a subject show."""

    photo: StringProperty(
        name="Photo",
        description="A portrait, or a subject's file that 'facewright capture' wrote",
        subtype="FILE_PATH",
    )
    face: IntProperty(
        name="Face", description="Which of several, counted from the largest, 0", min=0, max=99
    )
    extent: EnumProperty(name="Frame", items=EXTENTS, default="photo")
    search: StringProperty(
        name="Search",
        description="Show only shape keys with this in their name",
        options={"TEXTEDIT_UPDATE", "SKIP_SAVE"},
    )
    amount: FloatProperty(
        name="Amount",
        description="How much of a pose is put on the face",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    add_poses: BoolProperty(
        name="Add",
        description="Put a pose on top of what the face shows, instead of in its place",
    )
    own_mesh: PointerProperty(
        name="Mesh",
        description="A face with ARKit's shape keys, whatever their spelling",
        type=bpy.types.Object,
        poll=_is_mesh,
    )
    armature: PointerProperty(
        name="Armature",
        description="Whose bone moves the head; empty: an empty is made for it",
        type=bpy.types.Object,
        poll=_is_armature,
    )
    bone: StringProperty(name="Head Bone", description="The bone that moves the head")
    eye_left: PointerProperty(
        name="Left Eye",
        description="The subject's left eyeball, if it is an object of its own",
        type=bpy.types.Object,
        poll=_is_mesh,
    )
    eye_right: PointerProperty(
        name="Right Eye",
        description="The subject's right eyeball, if it is an object of its own",
        type=bpy.types.Object,
        poll=_is_mesh,
    )
    eyes_by_keys: BoolProperty(
        name="Keys Turn Eyes",
        description="The mesh's shape keys eyeLook… turn its eyeballs, as ARKit's do, so the gaze "
        "goes to them; else they are taken for the lids alone",
    )
    portrait: PointerProperty(
        name="Photo of",
        description="The captured subject whose photograph the mesh is textured with; empty: "
        "the mesh is driven only",
        type=bpy.types.Object,
        poll=_is_captured,
    )


def register() -> None:
    bpy.utils.register_class(SubjectSettings)
    bpy.types.Scene.facewright_subject = PointerProperty(type=SubjectSettings)


def unregister() -> None:
    del bpy.types.Scene.facewright_subject
    bpy.utils.unregister_class(SubjectSettings)
