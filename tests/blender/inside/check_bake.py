"""Baking: the same on every frame, as plain keys; and back."""

from __future__ import annotations

import bpy
import check_bind
import numpy as np
import pytest
import synthetic
from check_layers import NAMES, close, face, key_by_hand, lively, shown, values  # noqa: F401
from check_subject import evaluated

from addon.core.errors import InputError
from addon.perform import bake, keys, layers, record, simplify, stack
from addon.perform.channels import owners
from addon.subject import gaze
from addon.subject import objects as subject

FRAMES = range(-3, 41)


@pytest.fixture
def layered(face):  # noqa: F811
    """Speech, a video that is combined in some regions, and hand keys."""
    layers.place(lively(1), face, layer="speech", name="take", start=1)
    layers.place(lively(2, 12), face, layer="video", name="clip", start=11)
    chosen = face.rig.facewright_layers
    chosen.video.brows, chosen.video.mouth, chosen.video.influence = "COMBINE", "OFF", 0.7
    chosen.hand.gaze = "REPLACE"
    key_by_hand(face, "jawOpen", 4, 0.4)
    key_by_hand(face, "jawOpen", 16, 0.1)
    head = face.rig.pose.bones["head"]
    for frame, look in ((2, [0.3, 0.1]), (19, [-0.2, 0.2])):
        bpy.context.scene.frame_set(frame)
        head["gaze_right"] = look
        head.keyframe_insert('["gaze_right"]')
    return face


def everything(who) -> tuple[np.ndarray, np.ndarray]:
    """Channels and evaluated vertices on all frames."""
    channels, vertices = [], []
    for frame in FRAMES:
        channels.append(shown(who, frame))
        vertices.append(evaluated(who))
    return np.stack(channels), np.stack(vertices)


@pytest.mark.parametrize("after", ["MUTE", "REMOVE"])
def test_every_frame_is_the_same(layered, after, scene):
    scene.frame_set(9)
    want, shape = everything(layered)
    scene.frame_set(9)
    count = bake.bake(layered, FRAMES, after=after)
    assert scene.frame_current == 9
    assert count == len(FRAMES) * 74
    got, same = everything(layered)
    assert np.abs(got - want).max() < 1e-5
    assert np.abs(same - shape).max() < 1e-5
    for owner in owners(layered):
        data = owner.id.animation_data
        curves = keys.curves(data.action, owner.id)
        assert {len(curve.keyframe_points) for curve in curves.values()} == {len(FRAMES)}
        if after == "REMOVE":
            assert len(data.nla_tracks) == 0
    if after == "REMOVE":
        assert len([action for action in bpy.data.actions if action.users]) == 2


def test_layers_come_back(layered):
    want, _ = everything(layered)
    bake.bake(layered, FRAMES)
    assert layered.rig.facewright_layers.baked
    block = layered.face.data.shape_keys.key_blocks["jawOpen"]
    key_by_hand(layered, "jawOpen", 5, 0.9)
    assert shown(layered, 5)[0] == pytest.approx(0.9, abs=1e-6)
    bake.restore(layered)
    got, _ = everything(layered)
    np.testing.assert_allclose(got, want, atol=1e-6)
    key_by_hand(layered, "jawOpen", 5, 0.2)  # the hand layer is open again
    assert block.value == pytest.approx(0.2, abs=1e-6)
    with pytest.raises(InputError, match="not hidden"):
        bake.restore(layered)


def test_driving_while_baked_says_that_it_does_not_show(layered):
    bake.bake(layered, FRAMES)
    want = shown(layered, 5)
    (note,) = layers.place(lively(7), layered, layer="speech", name="take", start=1)
    assert "Restore Layers" in note
    close(shown(layered, 5), want)


def test_baked_again_and_back_to_the_first_layers(layered):
    want, _ = everything(layered)
    bake.bake(layered, FRAMES)
    key_by_hand(layered, "jawOpen", 5, 0.6)
    edited, _ = everything(layered)
    bake.bake(layered, FRAMES)
    again, _ = everything(layered)
    np.testing.assert_allclose(again, edited, atol=1e-6)
    bake.restore(layered)
    got, _ = everything(layered)
    np.testing.assert_allclose(got, want, atol=1e-6)


def test_after_removing_layers_the_keys_stand_above_what_is_driven(layered):
    want, _ = everything(layered)
    bake.bake(layered, FRAMES, after="REMOVE")
    layers.place(lively(7), layered, layer="speech", name="new", start=1)
    got, _ = everything(layered)
    np.testing.assert_allclose(got, want, atol=1e-6)
    chosen = layered.rig.facewright_layers.hand
    chosen.mouth = "OFF"
    assert shown(layered, 5)[0] == pytest.approx(values(lively(7), 4)[0], abs=1e-6)


@pytest.mark.parametrize("after", ["MUTE", "REMOVE"])
def test_a_face_alone_may_be_animated(face, after):  # noqa: F811
    """Nothing moves the head, and it stays so."""
    face.face.data.shape_keys.key_blocks["jawOpen"].value = 0.2
    face.face.data.shape_keys.key_blocks["jawOpen"].keyframe_insert("value", frame=3)
    bake.bake(face, range(1, 6), after=after)
    jaw = [shown(face, frame)[NAMES.index("jawOpen")] for frame in range(1, 6)]
    assert jaw == pytest.approx([0.2] * 5)
    head = next(owner for owner in owners(face) if owner.word == "head")
    assert head.id.animation_data is None or not head.id.animation_data.action


def test_drivers_and_constraints_are_baked(layered, scene):
    target = bpy.data.objects.new("target", None)
    scene.collection.objects.link(target)
    target.location = (0.3, -0.5, 0.2)
    head = layered.rig.pose.bones["head"]
    aim = head.constraints.new("COPY_ROTATION")
    aim.target, aim.mix_mode, aim.influence = target, "BEFORE", 0.5
    target.rotation_euler = (0.1, 0.3, -0.2)
    target.keyframe_insert("rotation_euler", frame=1)
    target.rotation_euler = (-0.2, -0.4, 0.3)
    target.keyframe_insert("rotation_euler", frame=20)
    driver = head.driver_add('["gaze_left"]', 0).driver
    driver.type = "SCRIPTED"
    variable = driver.variables.new()
    variable.name = "x"
    variable.targets[0].id = target
    variable.targets[0].data_path = "rotation_euler[0]"
    driver.expression = "x * 2"
    block = layered.face.data.shape_keys.key_blocks["key09"]
    squeeze = block.driver_add("value").driver
    squeeze.type = "SCRIPTED"
    squeeze.expression = "0.125"
    shapes = []
    for frame in FRAMES:
        scene.frame_set(frame)
        shapes.append(evaluated(layered))
    bake.bake(layered, FRAMES)
    assert aim.mute
    bpy.data.objects.remove(target)
    for frame, want in zip(FRAMES, shapes, strict=True):
        scene.frame_set(frame)
        assert np.abs(evaluated(layered) - want).max() < 1e-5
    bake.restore(layered)
    assert not aim.mute
    assert not any(d.mute for d in layered.rig.animation_data.drivers)


def test_keyed_controls_stay_in_effect(layered):
    settings = layered.rig.facewright_perform
    name = "mouth_opening"
    setattr(settings, name, 0.5)
    settings.keyframe_insert(name, frame=1)
    setattr(settings, name, 1.5)
    settings.keyframe_insert(name, frame=21)
    bpy.context.scene.frame_set(11)
    want = getattr(settings, name)
    bake.bake(layered, FRAMES)
    bpy.context.scene.frame_set(1)
    bpy.context.scene.frame_set(11)
    assert getattr(settings, name) == pytest.approx(want, abs=1e-6)
    assert want == pytest.approx(1.0, abs=1e-6)


def test_wrong_arguments_are_refused(face):  # noqa: F811
    with pytest.raises(InputError, match="nothing of this subject is animated"):
        bake.bake(face, range(1, 5))
    layers.place(lively(1), face, layer="speech", name="take", start=1)
    with pytest.raises(InputError, match="frames: expected one at least"):
        bake.bake(face, range(5, 5))
    with pytest.raises(InputError, match="after: expected MUTE or REMOVE"):
        bake.bake(face, range(1, 5), after="KEEP")
    assert record.kind_of(face.rig.animation_data.action) == record.HAND
    assert stack.strips(owners(face)[0], "speech")


@pytest.mark.parametrize("keyed", [False, True])
def test_eyes_that_follow_a_target_are_baked_as_gaze(layered, scene, keyed):
    target = gaze.target_of(layered)
    head = layered.rig.pose.bones["head"]
    target.location = (0.15, -0.6, 0.1)
    target.keyframe_insert("location", frame=1)
    target.location = (-0.1, -0.5, -0.05)
    target.keyframe_insert("location", frame=20)
    head[gaze.AMOUNT] = 1.0
    if keyed:
        scene.frame_set(20)
        head.keyframe_insert(f'["{gaze.AMOUNT}"]')
        head[gaze.AMOUNT] = 0.0
        head.keyframe_insert(f'["{gaze.AMOUNT}"]', frame=5)
    layered.rig.update_tag()
    _, want = everything(layered)
    bake.bake(layered, FRAMES)
    scene.frame_set(FRAMES[0])
    _, got = everything(layered)
    ways = eye_ways(layered, want), eye_ways(layered, got)
    assert np.abs(ways[0] - ways[1]).max() < 2e-4  # of the direction; eyes may roll a little
    assert np.ptp(ways[0], axis=0).max() > 0.1
    scene.frame_set(15)
    assert head[gaze.AMOUNT] == 0.0
    bake.restore(layered)
    _, again = everything(layered)
    assert np.abs(again - want).max() < 1e-5


def eye_ways(who, vertices: np.ndarray) -> np.ndarray:
    """(T, 2, 3) of each eye: from its centre to the vertex that looks ahead at rest."""
    ways = []
    for run in synthetic.subject().runs[1:3]:
        eye = vertices[:, run.vertices]
        rest = synthetic.subject().vertices[run.vertices]
        front = int(rest[:, 2].argmax())
        ways.append((eye[:, front] - eye.mean(axis=1)) / 0.012)
    return np.stack(ways, axis=1)


@pytest.mark.parametrize("bone", [False, True])
def test_a_bound_mesh_is_baked_and_simplified(scene, bone):
    thing, chosen = check_bind.doll(), scene.facewright_subject
    thing.location, thing.rotation_euler = (0.3, 0.2, 1.5), (1.4, 0.0, 0.2)
    if bone:
        rig = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
        scene.collection.objects.link(rig)
        bpy.context.view_layer.objects.active = rig
        bpy.ops.object.mode_set(mode="EDIT")
        made = rig.data.edit_bones.new("skull")
        made.head, made.tail = (0.3, 0.2, 1.5), (0.3, 0.3, 1.9)
        bpy.ops.object.mode_set(mode="OBJECT")
        thing.parent, thing.parent_type, thing.parent_bone = rig, "BONE", "skull"
        chosen.own_mesh, chosen.armature, chosen.bone = thing, rig, "skull"
    bpy.context.view_layer.objects.active = thing
    assert bpy.ops.facewright.bind_mesh() == {"FINISHED"}
    (rig,) = subject.in_scene(scene)
    who = subject.find(rig)
    said = check_bind.performance(frames=20)
    layers.place(said, who, layer="speech", name="words", start=1)
    who.rig.facewright_layers.speech.head = "COMBINE"
    target = bpy.data.objects.new("target", None)
    scene.collection.objects.link(target)
    target.rotation_euler = (0.2, 0.1, -0.3)
    aim = who.head.constraints.new("COPY_ROTATION")
    aim.target, aim.influence = target, 0.4
    shapes = []
    for frame in range(1, 21):
        scene.frame_set(frame)
        shapes.append(check_bind.world(thing))
    bake.bake(who, range(1, 21))
    assert aim.mute
    for frame, want in enumerate(shapes, 1):
        scene.frame_set(frame)
        assert np.abs(check_bind.world(thing) - want).max() < 2e-5
    report = simplify.simplify(who, "hand")
    assert report.worst <= 1.001
    for frame, want in enumerate(shapes, 1):
        scene.frame_set(frame)
        assert np.abs(check_bind.world(thing) - want).max() < 5e-3
    bake.restore(who)
    scene.frame_set(7)
    assert np.abs(check_bind.world(thing) - shapes[6]).max() < 1e-6
