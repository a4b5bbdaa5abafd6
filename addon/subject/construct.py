# SPDX-License-Identifier: GPL-3.0-or-later
"""Subject -> a rig in the scene: mesh with shape keys, eyes, head bone, camera, plate.

Where things are: the camera looks along the world's +Y with Z up, as the photograph was
taken, and the head's pivot is the world's origin. The rig object carries the subject's
neutral pose and its head bone rests with the axes of model space (the bone points up, y),
so a pose of the bone is the motion's relative pose, number by number::

    X_world = M_camera (R_n (R_rel X + t_rel) + t_n),   M_rig = M_camera [R_n | t_n]

The meshes hang from the bone, their vertices in model space (eyes: about their centre).
Gaze lives on the head bone, in ``gaze_left`` and ``gaze_right``, and turns the eyes by
drivers that Blender evaluates without Python.
"""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix

from ..core import rotation
from ..core.subject_data import SubjectData
from ..film.paths import portable
from ..v1 import face_pb2
from . import gaze, view
from .objects import (
    BONE,
    CAMERA,
    GAZE,
    PART_ATTRIBUTE,
    RECORD,
    ROLE,
    VERTEX_ATTRIBUTE,
    SubjectObjects,
)
from .view import CAMERA_AXES

BONE_METRES = 0.12

_EYES: dict[int, int] = {face_pb2.PART_EYE_LEFT: 0, face_pb2.PART_EYE_RIGHT: 1}


def build(
    data: SubjectData,
    *,
    name: str,
    photo: Path,
    folder: Path,
    whole_photo: bool = False,
    face: int = 0,
    scene: bpy.types.Scene | None = None,
) -> SubjectObjects:
    """Put a captured subject into the scene, in a collection of its own.

    Args:
        data: from :meth:`..core.client.Backend.capture`.
        name: of the collection and its objects, with a number where it is taken.
        photo: the picture or subject's file that it came from.
        folder: where its atlas and plate are written; must exist.
        whole_photo: frame the whole photograph, instead of the square crop.
        face: which face of the photograph it is.
        scene: default: the current one. Its camera and resolution become the subject's.
    """
    scene = scene or bpy.context.scene
    if bpy.context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    collection = bpy.data.collections.new(name)
    scene.collection.children.link(collection)
    file_name, name = name, collection.name

    atlas = view.picture(data.texture, folder / f"{file_name}_texture.png")
    pinhole = data.camera
    plate_path = folder / f"{file_name}_plate.png"
    plate: bpy.types.Image | None = view.picture(data.plate, plate_path)
    if whole_photo:
        pinhole = pinhole.uncropped(data.box, data.photo_size)
        plate = view.upright(data, photo, folder / f"{file_name}_photo")
    camera = view.camera(data, pinhole, plate, f"{name} camera", collection)
    rig = _rig(data, camera.matrix_world, name, collection)
    material = view.material(atlas, name)
    face_mesh, eyes = _meshes(data, name, rig, material, collection)

    rig[RECORD] = {
        "subject_id": data.subject_id,
        "model": data.model,
        "focal": float(data.camera.focal),
        "centre": [float(c) for c in data.camera.centre],
        "crop": [int(s) for s in data.camera.size],
        "vertex_count": len(data.vertices),
        "metres_per_unit": float(data.metres_per_unit),
        "pose": [float(value) for value in data.pose],
        "key_names": "\n".join(data.key_names),  # properties hold no lists of text
        "photo": portable(photo),
        "whole_photo": whole_photo,
        "face": face,
        "expression": [float(value) for value in data.expression],
        "gaze": [float(value) for value in data.gaze],
    }
    rig[CAMERA] = camera
    gaze.add_target(SubjectObjects(rig, face_mesh, eyes, camera), f"{name} gaze target")
    scene.camera = camera
    scene.render.resolution_x, scene.render.resolution_y = pinhole.size
    scene.render.resolution_percentage = 100
    scene.render.pixel_aspect_x = scene.render.pixel_aspect_y = 1.0
    bpy.context.view_layer.update()
    return SubjectObjects(rig, face_mesh, eyes, camera)


def _rig(
    data: SubjectData, camera: Matrix, name: str, collection: bpy.types.Collection
) -> bpy.types.Object:
    """The armature with the head bone, posed as in the photograph, and its gaze."""
    rig = bpy.data.objects.new(f"{name} rig", bpy.data.armatures.new(f"{name} rig"))
    collection.objects.link(rig)
    matrix = np.eye(4)
    matrix[:3, :3] = CAMERA_AXES @ rotation.matrix_from_vector(data.pose[:3])
    matrix[:3, :3] *= data.metres_per_unit
    rig.matrix_world = Matrix(matrix)
    rig.show_in_front, rig.data.display_type = True, "STICK"

    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    bone = rig.data.edit_bones.new(BONE)
    bone.head, bone.roll = (0.0, 0.0, 0.0), 0.0
    bone.tail = (0.0, BONE_METRES / data.metres_per_unit, 0.0)
    bpy.ops.object.mode_set(mode="OBJECT")

    head = rig.pose.bones[BONE]
    head.rotation_mode = rotation.EULER_ORDER
    for eye, side in enumerate(GAZE):
        head[side] = [float(value) for value in data.gaze[2 * eye : 2 * eye + 2]]
        head.id_properties_ui(side).update(
            min=-1.0,
            max=1.0,
            soft_min=-0.6,
            soft_max=0.6,
            default=[float(value) for value in head[side]],  # what layers combine around
            description="Where the eye looks: to the subject's left, and up",
        )
    return rig


def _meshes(
    data: SubjectData,
    name: str,
    rig: bpy.types.Object,
    material: bpy.types.Material,
    collection: bpy.types.Collection,
) -> tuple[bpy.types.Object, tuple[bpy.types.Object, ...]]:
    """The face with its shape keys, and the eyes apart where their centres are known."""
    centres = data.eye_centres
    apart = _EYES if centres is not None else {}
    eyes = []
    for run in data.runs:
        if centres is not None and run.part in apart:
            index = apart[run.part]
            side = ("left", "right")[index]
            centre = centres[index]
            eye = _object(data, [run], centre, f"{name} eye {side}", rig, material, collection)
            eye[ROLE] = f"eye_{side}"
            _drive_eye(eye, rig, GAZE[index])
            eyes.append(eye)
    rest = [run for run in data.runs if run.part not in apart]
    face = _object(data, rest, np.zeros(3), f"{name} face", rig, material, collection)
    face[ROLE] = "face"
    _shape_keys(face, data, rest)
    return face, tuple(eyes)


def _object(
    data: SubjectData,
    runs: list,
    origin: np.ndarray,
    name: str,
    rig: bpy.types.Object,
    material: bpy.types.Material,
    collection: bpy.types.Collection,
) -> bpy.types.Object:
    """A mesh object of some parts, hanging from the head bone."""
    rows = np.concatenate([np.r_[run.vertices] for run in runs])
    faces = np.concatenate([np.r_[run.triangles] for run in runs])
    where = np.full(len(data.vertices), -1, np.int32)
    where[rows] = np.arange(len(rows), dtype=np.int32)

    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(data.vertices[rows] - origin, [], where[data.triangles[faces]])
    uvs = mesh.uv_layers.new(name="UVMap")
    uvs.uv.foreach_set("vector", data.uvs[data.uv_triangles[faces]].ravel())
    vertices = mesh.attributes.new(VERTEX_ATTRIBUTE, "INT", "POINT")
    vertices.data.foreach_set("value", rows.astype(np.int32))
    parts = mesh.attributes.new(PART_ATTRIBUTE, "INT", "FACE")
    lengths = [run.triangles.stop - run.triangles.start for run in runs]
    parts.data.foreach_set("value", np.repeat([run.part for run in runs], lengths).astype(np.int32))
    mesh.shade_smooth()
    mesh.materials.append(material)

    thing = bpy.data.objects.new(name, mesh)
    collection.objects.link(thing)
    thing.parent, thing.parent_type, thing.parent_bone = rig, "BONE", BONE
    # Children of a bone hang from its tail; model space begins at its head.
    length = BONE_METRES / data.metres_per_unit
    thing.matrix_parent_inverse = Matrix.Translation((0.0, -length, 0.0))
    thing.location = origin
    return thing


def _shape_keys(face: bpy.types.Object, data: SubjectData, runs: list) -> None:
    """One named key per blendshape over the Basis, valued as in the photograph."""
    rows = np.concatenate([np.r_[run.vertices] for run in runs])
    rest = data.vertices[rows]
    face.shape_key_add(name="Basis", from_mix=False)
    for index, key_name in enumerate(data.key_names):
        key = face.shape_key_add(name=key_name, from_mix=False)
        key.data.foreach_set("co", (rest + data.key_deltas[index, rows]).ravel())
        weight = float(data.expression[index]) if index < len(data.expression) else 0.0
        low, high = data.key_ranges[index]
        key.slider_min, key.slider_max = min(float(low), weight), max(float(high), weight)
        key.value = weight
    face.data.update()


def _drive_eye(eye: bpy.types.Object, rig: bpy.types.Object, side: str) -> None:
    """Turn an eye by the smallest rotation that brings (0, 0, 1) to the gaze.

    With gaze (x, y) and z = sqrt(1 - x^2 - y^2) that is the quaternion (1 + z, -y, x, 0),
    which Blender normalises.
    """
    eye.rotation_mode = "QUATERNION"
    expressions = ("1 + sqrt(max(0, 1 - x*x - y*y))", "-y", "x")
    for axis, expression in enumerate(expressions):
        driver = eye.driver_add("rotation_quaternion", axis).driver
        driver.type = "SCRIPTED"
        for index, letter in enumerate("xy"):
            variable = driver.variables.new()
            variable.name = letter
            variable.targets[0].id = rig
            variable.targets[0].data_path = f'pose.bones["{BONE}"]["{side}"][{index}]'
        driver.expression = expression
