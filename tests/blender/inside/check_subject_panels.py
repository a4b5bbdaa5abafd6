"""Sliders, poses, head and gaze: what the subject's panels do."""

from __future__ import annotations

import math
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic
from mathutils import Vector

from addon.core.errors import InputError
from addon.core.face_keys import ARKIT_52, EXTRAS_12
from addon.core.subject_data import PoseData, SubjectData
from addon.subject import construct, gaze, posing, upkeep
from addon.subject import objects as subject
from addon.texture import geometry

NAMES = (*ARKIT_52, *EXTRAS_12)


@pytest.fixture
def data() -> SubjectData:
    """The synthetic subject, with the default model's names."""
    return synthetic.subject(names=NAMES)


def values(who: subject.SubjectObjects) -> dict[str, float]:
    return {name: blocks[0].value for name, blocks in posing.blocks(who).items()}


def test_mirroring_swaps_or_copies(egg):
    blocks = egg.face.data.shape_keys.key_blocks
    blocks["mouthSmileLeft"].value, blocks["mouthSmileRight"].value = 0.8, 0.1
    blocks["jawOpen"].value = 0.3
    bpy.context.view_layer.objects.active = egg.rig
    assert bpy.ops.facewright.mirror_face() == {"FINISHED"}
    assert (blocks["mouthSmileLeft"].value, blocks["mouthSmileRight"].value) == pytest.approx(
        (0.1, 0.8)
    )
    assert blocks["jawOpen"].value == pytest.approx(0.3)
    bpy.ops.facewright.mirror_face(key="mouthSmileRight", way="RIGHT")
    assert blocks["mouthSmileLeft"].value == blocks["mouthSmileRight"].value


def test_reset_is_of_a_group_or_to_the_photograph(egg, data):
    before = values(egg)
    bpy.ops.facewright.reset_face(group="Jaw")
    after = values(egg)
    changed = {name for name in before if before[name] != after[name]}
    assert changed and all(name.startswith("jaw") for name in changed)
    bpy.ops.facewright.reset_face()
    assert set(values(egg).values()) == {0.0}
    bpy.ops.facewright.reset_face(to="PHOTO")
    np.testing.assert_allclose([values(egg)[n] for n in data.key_names], data.expression)


def test_keying_keys_what_is_asked_for(egg, scene):
    scene.frame_set(7)
    assert bpy.ops.facewright.key_face(group="Brows") == {"FINISHED"}
    keys = egg.face.data.shape_keys
    bpy.context.view_layer.update()
    scene.frame_set(9)
    keys.key_blocks["browInnerUp"].value = 0.9
    bpy.ops.facewright.key_face(key="browInnerUp")
    scene.frame_set(7)
    assert keys.key_blocks["browInnerUp"].value < 0.9
    keys.key_blocks["jawOpen"].value = 0.77  # was not keyed, so it stays
    scene.frame_set(9)
    assert keys.key_blocks["browInnerUp"].value == pytest.approx(0.9)
    assert keys.key_blocks["jawOpen"].value == pytest.approx(0.77)


def test_head_and_gaze_are_reset(egg, data):
    head = egg.rig.pose.bones["head"]
    head.rotation_euler, head.location = (0.1, 0.2, 0.3), (0.01, 0.02, 0.03)
    head["gaze_left"], head[gaze.AMOUNT] = [0.5, 0.5], 1.0
    assert bpy.ops.facewright.reset_head() == {"FINISHED"}
    assert tuple(head.rotation_euler) == tuple(head.location) == (0.0, 0.0, 0.0)
    assert bpy.ops.facewright.reset_gaze() == {"FINISHED"}
    np.testing.assert_allclose([*head["gaze_left"], *head["gaze_right"]], data.gaze, atol=1e-6)
    assert head[gaze.AMOUNT] == 0.0
    bpy.ops.facewright.reset_gaze(to_photo=False)
    assert [*head["gaze_left"], *head["gaze_right"]] == [0.0] * 4


def directions(who: subject.SubjectObjects) -> list[Vector]:
    """Where the evaluated eyes point, in the world."""
    graph = bpy.context.evaluated_depsgraph_get()
    return [
        (eye.evaluated_get(graph).matrix_world.to_3x3() @ Vector((0, 0, 1))).normalized()
        for eye in who.eyes
    ]


def places(who: subject.SubjectObjects) -> list[Vector]:
    graph = bpy.context.evaluated_depsgraph_get()
    return [eye.evaluated_get(graph).matrix_world.translation.copy() for eye in who.eyes]


def sent(who: subject.SubjectObjects):
    """rho as it would be sent of what is shown."""
    return geometry.create_pass(who, 256, "vertices")(1, 0.0).rho


def look(who: subject.SubjectObjects, amount: float) -> None:
    who.head[gaze.AMOUNT] = amount
    who.rig.update_tag()
    bpy.context.view_layer.update()


@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_both_eyes_meet_at_the_target(scene, tmp_path, scale):
    photo = tmp_path / "photo.png"
    photo.write_bytes(synthetic.png(np.zeros((801, 600, 3), np.uint8)))
    who = construct.build(
        synthetic.subject(metres_per_unit=scale), name="egg", photo=photo, folder=tmp_path
    )
    target = gaze.target_of(who)
    assert target.name == "egg gaze target"
    still = directions(who)
    target.location += Vector((0.1, -0.3, 0.05))
    bpy.context.view_layer.update()
    assert directions(who) == still  # it has no say yet
    head = who.rig.pose.bones["head"]
    head.rotation_euler = (0.1, -0.15, 0.1)
    look(who, 1.0)
    for eye, direction in zip(places(who), directions(who), strict=True):
        assert direction.angle(target.matrix_world.translation - eye) < 1e-3
    left, right = directions(who)
    assert left.angle(right) > math.radians(2)  # parallax
    rho = sent(who)
    graph = bpy.context.evaluated_depsgraph_get()
    turn = who.face.evaluated_get(graph).matrix_world.to_3x3().normalized().inverted()
    wanted = [turn @ direction for direction in directions(who)]
    np.testing.assert_allclose(rho.gaze, [c for d in wanted for c in d[:2]], atol=1e-5)


def test_the_target_blends_with_the_gaze_properties(egg):
    target = gaze.target_of(egg)
    target.location.x += 0.2
    look(egg, 0.0)
    off = directions(egg)
    look(egg, 1.0)
    on = directions(egg)
    look(egg, 0.5)
    for none, half, whole in zip(off, directions(egg), on, strict=True):
        assert none.angle(whole) > 0.1
        assert none.angle(half) == pytest.approx(none.angle(whole) / 2, rel=0.05)
        assert half.angle(whole) == pytest.approx(none.angle(whole) / 2, rel=0.05)


def test_the_target_may_be_animated(egg, scene):
    target = gaze.target_of(egg)
    start = target.location.copy()
    target.keyframe_insert("location", frame=1)
    target.location = start + Vector((0.15, 0.0, 0.1))
    target.keyframe_insert("location", frame=11)
    egg.head[gaze.AMOUNT] = 0.0
    egg.head.keyframe_insert(f'["{gaze.AMOUNT}"]', frame=20)
    egg.head[gaze.AMOUNT] = 1.0
    egg.head.keyframe_insert(f'["{gaze.AMOUNT}"]', frame=11)
    for frame in (1, 6, 11):
        scene.frame_set(frame)
        for eye, direction in zip(places(egg), directions(egg), strict=True):
            assert direction.angle(target.matrix_world.translation - eye) < 1e-3
    scene.frame_set(20)
    rho = sent(egg)
    head = egg.rig.pose.bones["head"]
    np.testing.assert_allclose(rho.gaze, [*head["gaze_left"], *head["gaze_right"]], atol=1e-5)


def test_eyes_do_not_turn_beyond_what_eyes_can(egg):
    target = gaze.target_of(egg)
    face = egg.face.matrix_world
    target.location = face @ Vector((0.1, 0.05, -0.6))  # behind the head, to the left
    look(egg, 1.0)
    ahead = (face.to_3x3() @ Vector((0, 0, 1))).normalized()
    for direction in directions(egg):
        assert math.degrees(direction.angle(ahead)) < 65


def test_the_operator_aims_and_survives_saving(egg, tmp_path):
    bpy.context.view_layer.objects.active = egg.rig
    assert bpy.ops.facewright.aim_eyes() == {"FINISHED"}
    bpy.context.view_layer.update()
    before = directions(egg)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "aimed.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "aimed.blend"))
    again = subject.find(subject.in_scene(bpy.context.scene)[0])
    target = gaze.target_of(again)
    for eye, direction, old in zip(places(again), directions(again), before, strict=True):
        assert direction.angle(target.matrix_world.translation - eye) < 1e-3
        assert direction.angle(old) < 1e-4


def test_lids_follow_the_eyes(egg):
    assert bpy.ops.facewright.lids_follow() == {"FINISHED"}
    keys = egg.face.data.shape_keys
    head = egg.rig.pose.bones["head"]

    def shown(gaze_left):
        head["gaze_left"] = head["gaze_right"] = gaze_left
        egg.rig.update_tag()
        bpy.context.view_layer.update()
        blocks = keys.evaluated_get(bpy.context.evaluated_depsgraph_get()).key_blocks
        return {name: blocks[name].value for name in blocks.keys() if name.startswith("eyeLook")}  # noqa: SIM118

    down = shown([0.0, -math.sin(math.radians(8))])
    wanted = 8 * 0.9 / 14.3  # of the eye's degrees, over the lid's for a weight of 1
    for side in ("Left", "Right"):
        assert down[f"eyeLookDown{side}"] == pytest.approx(wanted, abs=0.01)
        assert down[f"eyeLookUp{side}"] == 0
    left = shown([math.sin(math.radians(15)), 0.0])
    assert left["eyeLookOutLeft"] == pytest.approx(0.5, abs=0.01) == left["eyeLookInRight"]
    assert left["eyeLookInLeft"] == left["eyeLookOutRight"] == 0
    up = shown([0.0, math.sin(math.radians(4))])
    assert up["eyeLookUpLeft"] == pytest.approx(4 * 0.7 / 5.9, abs=0.01)
    bpy.ops.facewright.lids_follow(follow=False)
    assert not keys.animation_data or not keys.animation_data.drivers


def test_poses_can_be_put_on_by_halves(egg):
    from addon.subject import poses

    pose = PoseData("viseme_x", "viseme", "a test", dict.fromkeys(NAMES, 0.6))
    (action,) = poses.store([pose])
    told = poses.weights_of(action)
    assert "jawOpen" in told and not any(name.startswith(("brow", "eye")) for name in told)
    before = values(egg)
    poses.apply(egg, told, amount=0.5)
    after = values(egg)
    for name in NAMES:
        wanted = (before[name] + 0.6) / 2 if name in told else before[name]
        assert after[name] == pytest.approx(wanted, abs=1e-6)
    with pytest.raises(InputError, match="regions: expected some of mouth"):
        poses.apply(egg, told, regions=["ears"])


def second(folder: Path) -> subject.SubjectObjects:
    folder.mkdir()
    photo = folder / "photo.png"
    photo.write_bytes(synthetic.png(np.zeros((801, 600, 3), np.uint8)))
    data = synthetic.subject(seed=1, names=NAMES)
    return construct.build(data, name="egg", photo=photo, folder=folder)


def test_two_subjects_share_nothing(egg, tmp_path, performance):
    from addon.perform import layers

    other = second(tmp_path / "two")
    assert other.rig.name == "egg.001 rig"
    assert upkeep.doubts(egg.rig) == upkeep.doubts(other.rig) == []
    for who in (egg, other):
        layers.place(performance, who, layer="speech", name="take", start=1)
    assert upkeep.doubts(egg.rig) == upkeep.doubts(other.rig) == []
    datas = [{thing.data for thing in who.meshes} | {who.camera.data} for who in (egg, other)]
    assert not datas[0] & datas[1]
    assert gaze.target_of(egg) != gaze.target_of(other)


@pytest.fixture
def performance(data):
    from addon.core.subject_data import MotionData

    rng = np.random.default_rng(1)
    return MotionData(
        fps=25.0,
        model="synthetic",
        names=NAMES,
        expression=rng.uniform(0, 1, (5, 64)).astype(np.float32),
        pose=np.zeros((5, 6), np.float32),
        gaze=np.zeros((5, 4), np.float32),
    )


def test_deleting_leaves_nothing_of_it_and_all_of_others(egg, scene, tmp_path, performance):
    from addon.film import sequence
    from addon.perform import layers

    kinds = ("objects", "meshes", "cameras", "armatures", "materials", "images", "actions",
             "shape_keys", "collections")  # fmt: skip

    def present():
        return {kind: {thing.name for thing in getattr(bpy.data, kind)} for kind in kinds}

    layers.place(performance, egg, layer="speech", name="take", start=1)
    before = present()
    other = second(tmp_path / "two")
    layers.place(performance, other, layer="speech", name="take", start=1)
    frames = tmp_path / "two" / "frames"
    frames.mkdir()
    for number in (1, 2):
        (frames / f"frame_{number:05d}.png").write_bytes(
            synthetic.png(np.zeros((64, 64, 3), np.uint8))
        )
    names = ["frame_00001.png", "frame_00002.png"]
    sequence.place_frames(scene, frames, names, 1, (64, 64))
    assert len(sequence.strips(scene)) == 1
    bpy.context.view_layer.objects.active = other.rig
    assert bpy.ops.facewright.delete_subject("EXEC_DEFAULT") == {"FINISHED"}
    assert present() == before
    assert len(sequence.strips(scene)) == 0
    assert (frames / names[0]).exists()
    assert scene.camera == subject.find(subject.in_scene(scene)[0]).camera
    bpy.context.view_layer.objects.active = None
    assert bpy.ops.facewright.delete_subject("EXEC_DEFAULT") == {"FINISHED"}
    assert not bpy.data.objects and not bpy.data.meshes and not bpy.data.actions


def test_a_broken_subject_can_be_deleted(egg):
    bpy.data.objects.remove(egg.face)
    assert bpy.ops.facewright.delete_subject("EXEC_DEFAULT") == {"FINISHED"}
    assert not bpy.data.objects


def test_duplicates_are_told_and_separated(egg, performance):
    from addon.perform import layers

    layers.place(performance, egg, layer="speech", name="take", start=1)
    bpy.ops.object.select_all(action="DESELECT")
    for thing in (egg.rig, *egg.meshes):
        thing.select_set(True)
    bpy.ops.object.duplicate(linked=True)
    rigs = subject.in_scene(bpy.context.scene)
    (copy,) = (rig for rig in rigs if rig != egg.rig)
    told = upkeep.doubts(copy)
    assert any("camera" in sentence for sentence in told)
    assert any("mesh" in sentence for sentence in told)
    bpy.context.view_layer.objects.active = copy
    assert bpy.ops.facewright.separate_subject() == {"FINISHED"}
    assert upkeep.doubts(copy) == []
    assert upkeep.doubts(egg.rig) == []
    one, two = subject.find(egg.rig), subject.find(copy)
    one.face.data.shape_keys.key_blocks["jawOpen"].value = 0.9
    assert two.face.data.shape_keys.key_blocks["jawOpen"].value != pytest.approx(0.9)
    assert one.camera != two.camera


def test_linked_and_overridden_subjects_are_found(egg, tmp_path):
    name, library = egg.rig.name, str(tmp_path / "library.blend")
    collection = egg.rig.users_collection[0].name
    bpy.ops.wm.save_as_mainfile(filepath=library)
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    with bpy.data.libraries.load(library, link=True) as (_, wanted):
        wanted.collections = [collection]
    scene = bpy.context.scene
    (linked,) = wanted.collections
    scene.collection.children.link(linked)
    (rig,) = subject.in_scene(scene)
    found = subject.find(rig)
    assert found.photo == tmp_path / "photo.png"
    assert rig.library is not None and len(found.eyes) == 2
    with pytest.raises(RuntimeError, match="is linked from another file"):
        bpy.ops.facewright.reset_face()

    linked.override_hierarchy_create(scene, bpy.context.view_layer, do_fully_editable=True)
    scene.collection.children.unlink(linked)
    (rig,) = subject.in_scene(scene)
    assert rig.override_library is not None and rig.name == name
    who = subject.find(rig)
    for thing in (who.face, *who.eyes, who.camera):
        assert thing.override_library is not None, thing.name
    bpy.context.view_layer.objects.active = who.rig
    assert bpy.ops.facewright.reset_face() == {"FINISHED"}
    look(who, 1.0)
    who.face.data.shape_keys.key_blocks["jawOpen"].value = 0.9
    bpy.context.view_layer.update()
    rho = sent(who)
    assert rho.expression[who.key_names.index("jawOpen")] == pytest.approx(0.9)
    assert gaze.target_of(who).override_library is not None
