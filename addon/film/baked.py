# SPDX-License-Identifier: GPL-3.0-or-later
"""A subject as other programs know characters: skinned to bones, every frame a key.

Exporters know neither drivers nor several NLA layers nor meshes that hang from a bone, so a
copy is made in a scene of its own, exported, and removed. The user's scene is not touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy
import numpy as np
from mathutils import Matrix

from ..core import rotation
from ..perform import keys
from ..subject.channels import Channel, key_path
from ..subject.objects import BONE, ROLE, SubjectObjects
from . import stage
from .sampling import Sampled, Shapes
from .stage import Rename

_BONE_METRES = 0.05
Curves = dict[Channel, np.ndarray]


@contextmanager
def copy(subject: SubjectObjects, sampled: Sampled, *, shaded: bool) -> Iterator[None]:
    """Show a scene that holds the subject's copy and nothing else, selected; remove it after.

    The copy has the size of the original in metres and unit scale, an armature with a bone
    ``head`` and one for each eye (``eye_left``, ``eye_right``), and shape keys, keyed on
    every frame. Its materials are pictures of the photograph: without light, or, where the
    exporter knows no such thing, ``shaded``.
    """
    with stage.empty(sampled.frames) as scene, stage.named_alike() as rename:
        _build(subject, sampled, scene, shaded, rename)
        scene.frame_set(sampled.frames[0])
        yield


def _build(
    subject: SubjectObjects,
    sampled: Sampled,
    scene: bpy.types.Scene,
    shaded: bool,
    rename: Rename,
) -> None:
    rig = bpy.data.objects.new("rig", bpy.data.armatures.new(subject.rig.name))
    rename(subject.rig, rig)
    rig.matrix_world = Matrix(sampled.stand).normalized()
    scene.collection.objects.link(rig)
    names = [_bone_of(thing) for thing in subject.meshes]
    rests = _rests(sampled, np.array(rig.matrix_world), subject.bound)
    _bones(rig, names, rests)
    _key_bones(rig, names, rests, sampled)
    for index, thing in enumerate(subject.meshes):
        mesh = _mesh(thing, names[index], Matrix(rests[index]), rig, scene)
        rename(thing, mesh)
        rename(thing.data, mesh.data)
        for slot in mesh.material_slots if shaded else ():
            slot.material = _shaded(slot.material)
        _key_shapes(mesh, sampled.frames, sampled.shapes[index])
    if subject.camera is not None:
        rename(subject.camera, _camera(subject.camera, scene))
    for thing in scene.collection.objects:
        thing.select_set(True)
    scene.view_layers[0].objects.active = rig


def _bone_of(thing: bpy.types.Object) -> str:
    """The bone that a mesh is skinned to: ``head``, ``eye_left``, or what else it is."""
    role = thing[ROLE]
    return BONE if role == "face" else thing.name if role == "extra" else role


def _rests(sampled: Sampled, ground: np.ndarray, bound: bool) -> np.ndarray:
    """(M, 4, 4) from each mesh's own space to where it rests in the armature's, metres.

    The eyes of a captured subject look straight; all else stands to the face as on the first
    frame.
    """
    turned = np.linalg.inv(sampled.places[0, 0]) @ sampled.places[0]
    if not bound:
        turned[:, :3, :3] = np.eye(3)
    return np.linalg.inv(ground) @ sampled.stand @ turned


def _bones(rig: bpy.types.Object, names: list[str], rests: np.ndarray) -> None:
    """A bone for each mesh with the axes of the armature; the eyes' hang from the head's."""
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    for name, rest in zip(names, rests, strict=True):
        bone = rig.data.edit_bones.new(name)
        bone.head = rest[:3, 3]
        bone.tail = rest[:3, 3] + [0.0, _BONE_METRES, 0.0]
        bone.roll = 0.0
        if name != BONE:
            bone.parent = rig.data.edit_bones[BONE]
    bpy.ops.object.mode_set(mode="OBJECT")


def _mesh(
    thing: bpy.types.Object,
    bone: str,
    place: Matrix,
    rig: bpy.types.Object,
    scene: bpy.types.Scene,
) -> bpy.types.Object:
    """A copy of a mesh, its vertices in the armature's space, skinned to one bone."""
    data = thing.data.copy()
    if data.shape_keys is not None:
        data.shape_keys.animation_data_clear()
    data.transform(place, shape_keys=True)
    made = bpy.data.objects.new(thing.name, data)
    scene.collection.objects.link(made)
    made.parent = rig
    group = made.vertex_groups.new(name=bone)
    group.add(range(len(data.vertices)), 1.0, "REPLACE")
    made.modifiers.new("Armature", "ARMATURE").object = rig
    return made


def _key_bones(
    rig: bpy.types.Object, names: list[str], rests: np.ndarray, sampled: Sampled
) -> None:
    """Every frame's place of every bone, as location, quaternion and scale."""
    bones = np.tile(np.eye(4), (len(names), 1, 1))
    bones[:, :3, 3] = rests[:, :3, 3]
    ground = np.linalg.inv(np.array(rig.matrix_world))
    posed = ground @ sampled.places @ np.linalg.inv(rests) @ bones
    posed[:, 1:] = np.linalg.inv(posed[:, :1]) @ posed[:, 1:]  # the others hang from the head
    bones[1:] = np.linalg.inv(bones[0]) @ bones[1:]
    basis = np.linalg.inv(bones) @ posed
    curves: Curves = {}
    for index, name in enumerate(names):
        rig.pose.bones[name].rotation_mode = "QUATERNION"
        path = f'pose.bones["{bpy.utils.escape_identifier(name)}"]'
        left, stretch, right = np.linalg.svd(basis[:, index, :3, :3])
        turns = rotation.quaternions(left @ right)
        size = np.einsum("tij,tj,tjk->tik", right.swapaxes(1, 2), stretch, right)
        for axis in range(3):
            curves[f"{path}.location", axis] = basis[:, index, axis, 3]
            curves[f"{path}.scale", axis] = size[:, axis, axis]
        for axis in range(4):
            curves[f"{path}.rotation_quaternion", axis] = turns[:, axis]
    _key(rig, f"{rig.name} head", sampled.frames, curves)


def _key_shapes(mesh: bpy.types.Object, frames: range, shapes: Shapes) -> None:
    if not shapes.names:
        return
    blocks = mesh.data.shape_keys.key_blocks
    curves: Curves = {}
    for name in shapes.names:
        block, column = blocks[name], shapes.of(name)
        block.mute = False
        block.slider_min = min(block.slider_min, float(column.min()))
        block.slider_max = max(block.slider_max, float(column.max()))
        curves[key_path(name), 0] = column
    _key(mesh.data.shape_keys, f"{mesh.name} face", frames, curves)


def _key(owner: bpy.types.ID, name: str, frames: range, curves: Curves) -> None:
    """Make an action of ``curves``, a key on every frame, the owner's own."""
    action = keys.new_action(owner, name)
    keys.write(action, owner, list(curves), np.array(frames), np.stack(list(curves.values())))
    data = owner.animation_data_create()
    data.action = action
    if hasattr(data, "action_slot"):
        data.action_slot = keys.slot_of(action, owner)


def _camera(original: bpy.types.Object, scene: bpy.types.Scene) -> bpy.types.Object:
    """A copy of a camera as it stands now."""
    lens = original.data.copy()
    for background in lens.background_images:
        background.image = None  # clear() would forget to count it off
    lens.background_images.clear()
    camera = bpy.data.objects.new("camera", lens)
    camera.matrix_world = original.matrix_world
    scene.collection.objects.link(camera)
    scene.camera = camera
    return camera


def _shaded(material: bpy.types.Material | None) -> bpy.types.Material | None:
    """A picture that shines by itself as a picture that is lit; others as they are."""
    if material is None or material.node_tree is None:
        return material
    nodes = material.node_tree.nodes
    picture = next((node.image for node in nodes if node.type == "TEX_IMAGE"), None)
    if picture is None or any(node.type == "BSDF_PRINCIPLED" for node in nodes):
        return material
    made = bpy.data.materials.new(material.name)
    if made.node_tree is None:  # always there from Blender 5
        made.use_nodes = True
    tree = made.node_tree
    tree.nodes.clear()
    texture = tree.nodes.new("ShaderNodeTexImage")
    shader = tree.nodes.new("ShaderNodeBsdfPrincipled")
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    texture.image = picture
    shader.inputs["Roughness"].default_value = 1.0
    tree.links.new(texture.outputs["Color"], shader.inputs["Base Color"])
    tree.links.new(shader.outputs["BSDF"], output.inputs["Surface"])
    return made
