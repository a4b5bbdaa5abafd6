# SPDX-License-Identifier: GPL-3.0-or-later
"""A subject as other programs know characters: skinned to bones, every frame a key.

Exporters know neither drivers nor several NLA layers nor meshes that hang from a bone, so a
copy is made in a scene of its own, exported, and removed. The user's scene is not touched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import bpy
import numpy as np
from mathutils import Matrix

from ..core import rotation
from ..subject.objects import BONE, SubjectObjects
from .sampling import Sampled

_BONE_METRES = 0.05
_LINEAR = 1  # Keyframe.interpolation
#: Gives a copy the name of its original.
Rename = Callable[[bpy.types.ID, bpy.types.ID], None]
Curves = dict[tuple[str, int], np.ndarray]


@contextmanager
def copy(subject: SubjectObjects, sampled: Sampled, *, shaded: bool) -> Iterator[None]:
    """Show a scene that holds the subject's copy and nothing else, selected; remove it after.

    The copy has the size of the original in metres and unit scale, an armature with a bone
    ``head`` and one for each eye (``eye_left``, ``eye_right``), and shape keys, keyed on
    every frame. Its materials are pictures of the photograph: without light, or, where the
    exporter knows no such thing, ``shaded``.
    """
    with stage(sampled.frames) as scene, _named_alike() as rename:
        _build(subject, sampled, scene, shaded, rename)
        scene.frame_set(sampled.frames[0])
        yield


@contextmanager
def stage(frames: range) -> Iterator[bpy.types.Scene]:
    """Show an empty scene of the rate and size of the one that is shown; remove it after.

    So is everything that was made meanwhile.
    """
    before = _all()
    window = bpy.context.window
    shown = window.scene
    scene = bpy.data.scenes.new("Facewright export")
    try:
        for name in ("fps", "fps_base", "resolution_x", "resolution_y", "resolution_percentage"):
            setattr(scene.render, name, getattr(shown.render, name))
        scene.frame_start, scene.frame_end = frames[0], frames[-1]
        scene.unit_settings.scale_length = shown.unit_settings.scale_length
        window.scene = scene
        yield scene
    finally:
        window.scene = shown
        bpy.data.batch_remove([item for item in _all() if item not in before])


@contextmanager
def _named_alike() -> Iterator[Rename]:
    """Lend names: a copy has its original's, which has another for a while."""
    names: list[tuple[bpy.types.ID, bpy.types.ID, str]] = []

    def rename(original: bpy.types.ID, made: bpy.types.ID) -> None:
        name = original.name
        if original.library is None:
            names.append((original, made, name))
            original.name = f"{name} original"
        made.name = name

    try:
        yield rename
    finally:
        for original, made, name in names:
            made.name = f"{name} copy"
            original.name = name


def _all() -> set[bpy.types.ID]:
    """Everything of the kinds that a copy and an exporter make."""
    data = bpy.data
    kinds = (
        data.scenes, data.objects, data.meshes, data.armatures, data.cameras, data.materials,
        data.actions, data.images, data.collections, data.worlds, data.node_groups,
    )  # fmt: skip
    return {item for kind in kinds for item in kind}


def _build(
    subject: SubjectObjects,
    sampled: Sampled,
    scene: bpy.types.Scene,
    shaded: bool,
    rename: Rename,
) -> None:
    stand = Matrix(sampled.stand[0])
    scale = stand.median_scale
    ground = stand.normalized()
    rig = bpy.data.objects.new("rig", bpy.data.armatures.new(subject.rig.name))
    rename(subject.rig, rig)
    rig.matrix_world = ground
    scene.collection.objects.link(rig)
    names = [BONE, *(f"eye_{side}" for side in ("left", "right"))][: len(subject.meshes)]
    rests = _rests(subject, sampled, scale)
    _bones(rig, names, rests)
    for thing, name, rest in zip(subject.meshes, names, rests, strict=True):
        mesh = _mesh(thing, name, Matrix(rest) @ Matrix.Scale(scale, 4), rig, scene)
        rename(thing, mesh)
        rename(thing.data, mesh.data)
        for slot in mesh.material_slots if shaded else ():
            slot.material = _shaded(slot.material)
    _key_bones(rig, names, rests, sampled, np.array(ground), scale)
    face = next(thing for thing in rig.children if thing.vertex_groups[0].name == BONE)
    _key_shapes(face, sampled)
    if subject.camera is not None:
        rename(subject.camera, _camera(subject.camera, scene))
    for thing in scene.collection.objects:
        thing.select_set(True)
    scene.view_layers[0].objects.active = rig


def _rests(subject: SubjectObjects, sampled: Sampled, scale: float) -> np.ndarray:
    """(M, 4, 4) where each mesh rests in the armature's space, metres."""
    rests = np.tile(np.eye(4), (len(subject.meshes), 1, 1))
    turned = np.linalg.inv(sampled.places[0, 0]) @ sampled.places[0]
    rests[1:, :3, 3] = turned[1:, :3, 3] * scale
    return rests


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
    rig: bpy.types.Object,
    names: list[str],
    rests: np.ndarray,
    sampled: Sampled,
    ground: np.ndarray,
    scale: float,
) -> None:
    """Every frame's place of every bone, as location, quaternion and scale."""
    posed = np.linalg.inv(ground) @ sampled.places
    posed[..., :3, :3] /= scale
    curves: Curves = {}
    for index, name in enumerate(names):
        rig.pose.bones[name].rotation_mode = "QUATERNION"
        basis = posed[:, index]
        rest = rests[index]
        if index:
            basis = np.linalg.inv(posed[:, 0]) @ basis
            rest = np.linalg.inv(rests[0]) @ rest
        basis = np.linalg.inv(rest) @ basis
        path = f'pose.bones["{name}"]'
        left, stretch, right = np.linalg.svd(basis[:, :3, :3])
        turns = rotation.quaternions(left @ right)
        size = np.abs(np.einsum("tij,tj,tjk->tik", right.swapaxes(1, 2), stretch, right))
        for axis in range(3):
            curves[f"{path}.location", axis] = basis[:, axis, 3]
            curves[f"{path}.scale", axis] = size[:, axis, axis]
        for axis in range(4):
            curves[f"{path}.rotation_quaternion", axis] = turns[:, axis]
    _key(rig, f"{rig.name} head", sampled.frames, curves)


def _key_shapes(face: bpy.types.Object, sampled: Sampled) -> None:
    keys = face.data.shape_keys
    if keys is None:
        return
    curves: Curves = {}
    for index, name in enumerate(sampled.names):
        block, column = keys.key_blocks[name], sampled.weights[:, index]
        block.mute = False
        block.slider_min = min(block.slider_min, float(column.min()))
        block.slider_max = max(block.slider_max, float(column.max()))
        curves[f'key_blocks["{bpy.utils.escape_identifier(name)}"].value', 0] = column
    _key(keys, f"{face.name} face", sampled.frames, curves)


def _key(owner: bpy.types.ID, name: str, frames: range, curves: Curves) -> None:
    """Make an action of ``curves``, a key on every frame, the owner's own."""
    data = owner.animation_data_create()
    action = bpy.data.actions.new(name)
    data.action = action
    if hasattr(action, "slots"):  # Blender 4.4 and later
        slot = action.slots.new(id_type=owner.id_type, name=owner.name)
        strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
        fcurves = strip.channelbag(slot, ensure=True).fcurves
        data.action_slot = slot
    else:
        fcurves = action.fcurves
    for (path, index), values in curves.items():
        curve = fcurves.new(path, index=index)
        curve.keyframe_points.add(len(frames))
        points = np.column_stack([np.array(frames), values]).astype(np.float32)
        curve.keyframe_points.foreach_set("co", points.ravel())
        linear = np.full(len(frames), _LINEAR, np.int32)
        curve.keyframe_points.foreach_set("interpolation", linear)
        curve.update()


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
