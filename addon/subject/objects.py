# SPDX-License-Identifier: GPL-3.0-or-later
"""What a subject is made of in the scene, and how it is found again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import bpy

from ..core.errors import InputError
from ..core.subject_data import Pinhole

BONE = "head"
GAZE = ("gaze_left", "gaze_right")
#: Custom properties: the rig's record of the subject, its camera, and what an object is.
RECORD, CAMERA, ROLE = "facewright", "facewright_camera", "facewright_role"
#: Mesh attributes: row of the subject's mesh for each vertex, part of each face.
VERTEX_ATTRIBUTE, PART_ATTRIBUTE = "subject_vertex", "part"


@dataclass(frozen=True, slots=True)
class SubjectObjects:
    """A subject in the scene."""

    rig: bpy.types.Object
    face: bpy.types.Object
    eyes: tuple[bpy.types.Object, ...]
    camera: bpy.types.Object

    @property
    def meshes(self) -> tuple[bpy.types.Object, ...]:
        """The face, then the eyes."""
        return (self.face, *self.eyes)

    @property
    def subject_id(self) -> str:
        return self.rig[RECORD]["subject_id"]

    @property
    def vertex_count(self) -> int:
        return self.rig[RECORD]["vertex_count"]

    @property
    def metres_per_unit(self) -> float:
        return self.rig[RECORD]["metres_per_unit"]

    @property
    def crop_camera(self) -> Pinhole:
        """The camera of the square crop that geometry is shown in."""
        record = self.rig[RECORD]
        return Pinhole(record["focal"], tuple(record["centre"]), tuple(record["crop"]))

    @property
    def key_names(self) -> tuple[str, ...]:
        """The subject's shape keys, in its order; empty where an older add-on made it."""
        return tuple(filter(None, self.rig[RECORD].get("key_names", "").split("\n")))

    @property
    def whole_photo(self) -> bool:
        """Whether the whole photograph is framed, instead of the crop."""
        return bool(self.rig[RECORD]["whole_photo"])

    @property
    def photo(self) -> Path:
        """The photograph it was captured from."""
        return Path(bpy.path.abspath(self.rig[RECORD]["photo"]))


def find(rig: bpy.types.Object | None) -> SubjectObjects:
    """The subject that ``rig`` is the rig of.

    Raises:
        InputError: it is none, or an object of it was deleted.
    """
    if rig is None or RECORD not in rig:
        raise InputError("subject: select a subject's rig, or make one with New Subject")
    roles = {child[ROLE]: child for child in rig.children if ROLE in child}
    camera = rig.get(CAMERA)
    if "face" not in roles or camera is None:
        missing = "face" if "face" not in roles else "camera"
        raise InputError(f"subject: {rig.name} has lost its {missing}; make it anew")
    eyes = tuple(roles[role] for role in ("eye_left", "eye_right") if role in roles)
    return SubjectObjects(rig, roles["face"], eyes, camera)


def rig_of(candidate: bpy.types.Object | None) -> bpy.types.Object | None:
    """The rig that an object is or hangs from, or None."""
    while candidate is not None and RECORD not in candidate:
        candidate = candidate.parent
    return candidate


def in_scene(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """Every subject's rig in a scene."""
    return [thing for thing in scene.objects if RECORD in thing]


def meant(context: bpy.types.Context) -> bpy.types.Object | None:
    """The rig of the active object, or the scene's only one; None where that is not said."""
    rig = rig_of(context.view_layer.objects.active)
    rigs = in_scene(context.scene)
    return rigs[0] if rig is None and len(rigs) == 1 else rig


def chosen(context: bpy.types.Context) -> SubjectObjects:
    """The subject that is meant: the active object's, or the scene's only one.

    Raises:
        InputError: there is none, or several and none of them is active.
    """
    rig = meant(context)
    if rig is None and in_scene(context.scene):
        raise InputError("Select one of the subjects first")
    return find(rig)
