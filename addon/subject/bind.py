# SPDX-License-Identifier: GPL-3.0-or-later
"""Bind a mesh that was there before: it is driven, and shown, as a subject.

Nothing of the mesh is changed. What carries the head's channels is the chosen bone, whose
own axes and length unit are worked out, or an empty that the mesh is hung from: then an
empty around that one stands where the head is, with the axes and the unit of model space,
so that the channels are a motion's own numbers. Where the head is, follows from what the
shape keys move.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Matrix

from ..core import alignment, rotation, spellings
from ..core.errors import InputError
from . import bound_eyes
from .objects import (
    ATLAS,
    CAMERA,
    GAZE,
    OWNER,
    PART_ATTRIBUTE,
    RECORD,
    ROLE,
    SubjectObjects,
    find,
    rig_of,
)


@dataclass(frozen=True, slots=True)
class Binding:
    """What is bound.

    Attributes:
        face: the mesh.
        armature: whose bone moves the head; None: an empty is made.
        bone: its name.
        eyes: left and right eyeball, objects of their own that turn about their middle.
        text: a mapping, as :func:`..core.spellings.written` makes it; empty: found by names.
        eyes_by_keys: the shape keys eyeLook* turn the eyeballs, as ARKit's do.
    """

    face: bpy.types.Object
    armature: bpy.types.Object | None = None
    bone: str = ""
    eyes: tuple[bpy.types.Object, ...] = ()
    text: str = ""
    eyes_by_keys: bool = False


def bind(
    wanted: Binding, portrait: SubjectObjects | None = None, *, scene: bpy.types.Scene
) -> SubjectObjects:
    """Make a subject of a mesh.

    Args:
        wanted: the mesh and what goes with it.
        portrait: a captured subject with whose photograph the mesh is to be textured; None:
            it is driven only.
        scene: where an empty is made.

    Raises:
        InputError: no mesh, one that is a subject already, no shape key of a known name
            (which a mesh without a portrait needs), no such bone, or eyes that cannot turn.
    """
    face = wanted.face
    _check(wanted, portrait)
    mapping = mapping_of(wanted)
    if not mapping and portrait is None:
        raise InputError(
            f"{face.name} has no shape key that is spelt like one of ARKit's (jawOpen, "
            "eyeBlinkLeft, ...); write a mapping, or choose the subject whose photograph it shows"
        )
    place = _place(face, mapping)
    if wanted.armature is None:
        rig = _empty_rig(face, wanted.eyes, place, scene)
        channels = {"bone": "", "made_rig": True}
    else:
        rig = wanted.armature
        channels = {"bone": wanted.bone, **_bone_channels(rig, wanted.bone, place)}
        rig.pose.bones[wanted.bone].rotation_mode = rotation.EULER_ORDER
    rig[RECORD] = {
        **(dict(portrait.rig[RECORD]) if portrait else _without_photo()),
        **channels,
        "bound": True,
        "owned": True,
        "eyes_by_keys": wanted.eyes_by_keys,
        "mapping": spellings.written(mapping, _keys(face)) if mapping else "",
        "key_names": "",
        "expression": [],
    }
    if portrait is not None:
        rig[CAMERA] = portrait.camera
    for thing, role in zip((face, *wanted.eyes), ("face", "eye_left", "eye_right"), strict=False):
        thing[ROLE], thing[OWNER] = role, rig
    who = find(rig)
    if wanted.eyes:
        bound_eyes.turn(who)
    bpy.context.view_layer.update()
    return who


def mapping_of(wanted: Binding) -> spellings.Mapping:
    """The mapping that a text says, or else the names."""
    keys = _keys(wanted.face)
    return spellings.read(wanted.text, keys) if wanted.text.strip() else spellings.found(keys)


def landmarks(face: bpy.types.Object, mapping: spellings.Mapping) -> dict[str, np.ndarray]:
    """Our names -> the middle of what each moves, in the world, at rest."""
    keys = face.data.shape_keys
    if keys is None:
        return {}
    rest = key_points(keys.reference_key)
    matrix = np.array(face.matrix_world)
    marks = {}
    for name in alignment.REFERENCE:
        pairs = mapping.get(name, ())
        if pairs:
            offsets = sum(w * (key_points(keys.key_blocks[key]) - rest) for key, w in pairs)
            middle = alignment.landmark(rest, offsets)
            if middle is not None:
                marks[name] = matrix[:3, :3] @ middle + matrix[:3, 3]
    return marks


def key_points(key: bpy.types.ShapeKey) -> np.ndarray:
    """(V, 3) float64 points of a shape key."""
    points = np.empty(3 * len(key.data), np.float32)
    key.data.foreach_get("co", points)
    return points.reshape(-1, 3).astype(np.float64)


def release(rig: bpy.types.Object) -> None:
    """Undo :func:`bind`: what was hung from an empty stays where it is, without it."""
    if rig[RECORD]["bone"] in (rig.pose.bones if rig.pose else ()):
        for name in GAZE:
            rig.pose.bones[rig[RECORD]["bone"]].pop(name, None)
    for thing in [thing for thing in bpy.data.objects if thing.get(OWNER) == rig]:
        _forget_atlas(thing.data)
        if thing[ROLE].startswith("eye"):
            for index in range(4):
                thing.driver_remove("delta_rotation_quaternion", index)
            thing.delta_rotation_quaternion = (1.0, 0.0, 0.0, 0.0)
        if thing.parent == rig and rig[RECORD].get("made_rig"):
            matrix = thing.matrix_world.copy()
            thing.parent = rig.parent.parent if rig.parent else None
            thing.matrix_world = matrix
    if rig.parent is not None and rig.parent.get(ROLE) == "place":
        bpy.data.objects.remove(rig.parent)


def _forget_atlas(mesh: bpy.types.Mesh) -> None:
    """Take away what a match added."""
    layer, part = mesh.uv_layers.get(ATLAS), mesh.attributes.get(PART_ATTRIBUTE)
    if layer is not None:
        if part is not None:
            mesh.attributes.remove(part)
        mesh.uv_layers.remove(mesh.uv_layers[ATLAS])  # found anew: attributes have moved


def _check(wanted: Binding, portrait: SubjectObjects | None) -> None:
    face = wanted.face
    if face is None or face.type != "MESH":
        raise InputError("mesh: choose the mesh of a face")
    if rig_of(face) is not None:
        raise InputError(f"{face.name} belongs to a subject already")
    if face.library is not None:
        raise InputError(f"{face.name} is linked: make a library override of it first")
    if portrait is not None and (portrait.bound or not portrait.textured):
        raise InputError("portrait: choose a subject that was made from a photograph")
    if wanted.armature is not None:
        bones = wanted.armature.pose.bones
        if RECORD in wanted.armature:
            raise InputError(f"{wanted.armature.name} is a subject's rig already")
        if wanted.bone not in bones:
            raise InputError(
                f"bone: expected one of {wanted.armature.name}'s bones, got {wanted.bone!r}"
            )
    if len(wanted.eyes) not in (0, 2):
        raise InputError("eyes: choose both or none")
    for eye in wanted.eyes:
        bound_eyes.check(eye)


def _keys(face: bpy.types.Object) -> list[str]:
    keys = face.data.shape_keys
    return [] if keys is None else [key.name for key in keys.key_blocks[1:]]


def _without_photo() -> dict[str, object]:
    """The record of a subject that cannot be textured."""
    return {
        "subject_id": "", "model": "", "focal": 1.0, "centre": [0.5, 0.5], "crop": [1, 1],
        "vertex_count": 0, "metres_per_unit": 1.0, "pose": [0.0] * 6, "photo": "",
        "whole_photo": False, "face": 0, "gaze": [0.0] * 4,
    }  # fmt: skip


def _place(face: bpy.types.Object, mapping: spellings.Mapping) -> np.ndarray:
    """(4, 4) model space (metres) in the world.

    By the landmarks; where these do not tell, the mesh is taken to look along -Y, as Blender's
    front view expects, with the head's pivot in the middle of its bounds.
    """
    marks = landmarks(face, mapping)
    reference = {name: np.array(alignment.REFERENCE[name]) for name in marks}
    found = alignment.between(reference, marks)
    if found is not None:
        return found.matrix
    matrix = np.eye(4)
    matrix[:3, :3] = [[1, 0, 0], [0, 0, -1], [0, 1, 0]]
    middle = np.array(face.bound_box).mean(0)
    matrix[:3, 3] = np.array(face.matrix_world)[:3] @ np.append(middle, 1.0)
    return matrix


def _empty_rig(
    face: bpy.types.Object,
    eyes: tuple[bpy.types.Object, ...],
    place: np.ndarray,
    scene: bpy.types.Scene,
) -> bpy.types.Object:
    """An empty for the head's channels, in one that says where the head is."""
    around = bpy.data.objects.new(f"{face.name} place", None)
    rig = bpy.data.objects.new(f"{face.name} head", None)
    collections = face.users_collection or (scene.collection,)
    for thing in (around, rig):
        collections[0].objects.link(thing)
        thing.empty_display_size = 0.05
    rig.empty_display_type, around[ROLE] = "CIRCLE", "place"
    around.parent = face.parent
    around.matrix_world = Matrix(place)
    rig.parent, rig.rotation_mode = around, rotation.EULER_ORDER
    bpy.context.view_layer.update()
    for thing in (face, *eyes):
        if thing == face or thing.parent != face:
            matrix = thing.matrix_world.copy()
            thing.parent, thing.parent_type = rig, "OBJECT"
            thing.matrix_parent_inverse = rig.matrix_world.inverted()
            thing.matrix_world = matrix
    return rig


def _bone_channels(rig: bpy.types.Object, bone: str, place: np.ndarray) -> dict[str, object]:
    """Axes and scale of a pose bone's channels against model space; see ``head_axes``."""
    rest = np.array(rig.matrix_world) @ np.array(rig.data.bones[bone].matrix_local)
    both = np.linalg.inv(rest[:3, :3]) @ place[:3, :3]
    left, sizes, right = np.linalg.svd(both)
    return {
        "head_axes": [float(value) for value in (left @ right).ravel()],
        "head_scale": float(np.exp(np.log(sizes).mean())),
    }
