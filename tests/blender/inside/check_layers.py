"""Layers: driven strips, hand keys above them, regions, and what survives driving again."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np
import pytest
import synthetic
from check_subject import evaluated, expected

from addon.core import rotation
from addon.core.errors import InputError
from addon.core.subject_data import MotionData
from addon.perform import keys, layers, record, stack
from addon.perform.channels import owners, region_of_name
from addon.subject import construct
from addon.subject import objects as subject

#: Blendshapes of three regions, in the synthetic subject's places 0, 1, 2.
NAMES = ("jawOpen", "eyeBlinkLeft", "browInnerUp", *synthetic.NAMES[3:])
#: Where :func:`shown` has the regions.
MOUTH, EYES, BROWS, HEAD, GAZE = 0, 1, 2, slice(64, 70), slice(70, 74)
REST_GAZE = [0.1, -0.05, 0.08, -0.02]


@pytest.fixture
def face(scene, data, tmp_path) -> subject.SubjectObjects:
    """The synthetic subject with blendshapes of all regions."""
    photo = tmp_path / "photo.png"
    photo.write_bytes(synthetic.png(np.zeros((801, 600, 3), np.uint8)))
    return construct.build(
        replace(data, key_names=NAMES), name="face", photo=photo, folder=tmp_path
    )


def lively(seed: int, frames: int = 20, names: tuple[str, ...] = NAMES) -> MotionData:
    """A motion of small random numbers."""
    rng = np.random.default_rng(seed)
    return MotionData(
        fps=24.0,
        model="synthetic",
        names=names,
        expression=rng.uniform(0.0, 0.3, (frames, len(names))).astype(np.float32),
        pose=rng.uniform(-0.1, 0.1, (frames, 6)).astype(np.float32),
        gaze=rng.uniform(-0.3, 0.3, (frames, 4)).astype(np.float32),
    )


def values(motion: MotionData, index: int) -> np.ndarray:
    """What :func:`shown` must be where a motion alone shows."""
    angles = rotation.euler_curves(motion.pose[:, :3])[index]
    pose = [*motion.pose[index, 3:], *angles]
    return np.array([*motion.expression[index], *pose, *motion.gaze[index]])


def shown(who: subject.SubjectObjects, frame: int) -> np.ndarray:
    """All channels on a frame: 64 weights, location, rotation, gaze."""
    bpy.context.scene.frame_set(frame)
    head = who.rig.pose.bones["head"]
    weights = [block.value for block in who.face.data.shape_keys.key_blocks[1:]]
    gaze = [*head["gaze_left"], *head["gaze_right"]]
    return np.array([*weights, *head.location, *head.rotation_euler, *gaze])


def close(got: np.ndarray, want: np.ndarray) -> None:
    np.testing.assert_allclose(got, want, atol=2e-6)


def neutral() -> np.ndarray:
    return np.array([0.0] * 70 + REST_GAZE)


def key_by_hand(who: subject.SubjectObjects, name: str, frame: int, value: float) -> None:
    bpy.context.scene.frame_set(frame)
    block = who.face.data.shape_keys.key_blocks[name]
    block.value = value
    assert block.keyframe_insert("value")


def test_frames_show_the_motion(egg, data, performance, scene):
    assert layers.place(performance, egg, layer="speech", name="take", start=11) == ()
    for index in range(0, len(performance), 3):
        scene.frame_set(11 + index)
        want = expected(
            data,
            performance.expression[index],
            performance.pose[index].astype(np.float64),
            performance.gaze[index],
        )
        assert np.abs(evaluated(egg) - want).max() < 1e-5


def test_keys_are_whole_linear_and_in_place(egg, performance):
    layers.place(performance, egg, layer="speech", name="take", start=11)
    for owner, count in zip(owners(egg), (64, 10), strict=True):
        ((_, strip),) = stack.strips(owner, "speech")
        assert (strip.frame_start, strip.frame_end, strip.scale) == (11, 30, 1)
        curves = keys.curves(strip.action, owner.id)
        assert len(curves) == count
        for curve in curves.values():
            points = np.empty(2 * len(curve.keyframe_points), np.float32)
            curve.keyframe_points.foreach_get("co", points)
            np.testing.assert_array_equal(points[::2], np.arange(11, 31))
            assert {point.interpolation for point in curve.keyframe_points} == {"LINEAR"}


def test_strips_stand_side_by_side_and_one_is_replaced(face):
    one, two, again = lively(1), lively(2, 10), lively(3, 14)
    layers.place(one, face, layer="speech", name="one", start=1)
    layers.place(two, face, layer="speech", name="two", start=41)
    close(shown(face, 20), values(one, 19))
    close(shown(face, 30), values(one, 19))  # held until the next
    close(shown(face, 41), values(two, 0))
    close(shown(face, 60), values(two, 9))
    close(shown(face, -5), values(one, 0))
    layers.place(again, face, layer="speech", name="two", start=31)
    close(shown(face, 20), values(one, 19))
    close(shown(face, 31), values(again, 0))
    close(shown(face, 44), values(again, 13))
    for owner in owners(face):
        names = [track.name for track in owner.id.animation_data.nla_tracks]
        assert names == ["rest", "speech"]
    # rest, two strips and the hand's, for the face and for the head
    assert len([action for action in bpy.data.actions if action.users]) == 8


def test_a_strip_driven_again_may_grow_over_the_next(face):
    one, two = lively(1), lively(2)
    layers.place(one, face, layer="speech", name="one", start=1)
    layers.place(two, face, layer="speech", name="two", start=25)
    longer = lively(3, 60)
    layers.place(longer, face, layer="speech", name="one", start=1)
    close(shown(face, 10), values(longer, 9))
    names = [t.name for t in face.rig.animation_data.nla_tracks]
    assert names == ["rest", "speech", "speech 2"]


def test_overlapping_strips_fade_into_each_other(face):
    one, two = lively(1), lively(2)
    layers.place(one, face, layer="speech", name="one", start=1)
    layers.place(two, face, layer="speech", name="two", start=11)
    close(shown(face, 11), values(one, 10))
    close(shown(face, 20), values(two, 9))
    share = 3 / 9  # of the nine frames from 11 to 20
    close(shown(face, 14), (1 - share) * values(one, 13) + share * values(two, 3))
    close(shown(face, 30), values(two, 19))
    for region in layers.REGIONS:
        setattr(face.rig.facewright_layers.speech, region, "COMBINE")
    rest = shown(face, 14) - (1 - share) * values(one, 13) - share * values(two, 3)
    below = np.array([*synthetic.subject().expression, *[0.0] * 10])
    np.testing.assert_allclose(rest, below, atol=2e-6)


def test_video_lies_above_speech_whichever_came_first(face):
    speech, video = lively(1, 30), lively(2, 10)
    layers.place(video, face, layer="video", name="clip", start=11)
    close(shown(face, 25), values(video, 9))  # alone, it is held
    layers.place(speech, face, layer="speech", name="take", start=1)
    close(shown(face, 10), values(speech, 9))
    close(shown(face, 11), values(video, 0))
    close(shown(face, 20), values(video, 9))
    close(shown(face, 21), values(speech, 20))


def test_each_region_is_off_replaced_or_combined(face):
    speech, video = lively(1), lively(2)
    layers.place(speech, face, layer="speech", name="take", start=1)
    layers.place(video, face, layer="video", name="clip", start=1)
    chosen = face.rig.facewright_layers.video
    chosen.mouth, chosen.eyes, chosen.brows = "OFF", "REPLACE", "COMBINE"
    chosen.head, chosen.gaze = "REPLACE", "COMBINE"
    below, above = values(speech, 7), values(video, 7)
    want = below.copy()
    want[EYES], want[HEAD] = above[EYES], above[HEAD]
    want[BROWS] += above[BROWS]
    want[GAZE] += above[GAZE] - REST_GAZE
    close(shown(face, 8), want)
    chosen.influence = 0.25
    want = below.copy()
    for part in (EYES, HEAD):
        want[part] = 0.75 * below[part] + 0.25 * above[part]
    want[BROWS] += 0.25 * above[BROWS]
    want[GAZE] += 0.25 * (above[GAZE] - REST_GAZE)
    close(shown(face, 8), want)
    again = lively(4)  # driving again keeps what is set
    layers.place(again, face, layer="video", name="clip", start=1)
    want[EYES] = 0.75 * below[EYES] + 0.25 * values(again, 7)[EYES]
    close(shown(face, 8)[EYES], want[EYES])
    assert shown(face, 8)[MOUTH] == pytest.approx(below[MOUTH], abs=1e-6)
    for region in layers.REGIONS:
        setattr(chosen, region, "COMBINE")
    assert not [t for t in face.rig.animation_data.nla_tracks if t.name.endswith("base")]
    close(shown(face, 8), below + 0.25 * (values(again, 7) - neutral()))


def test_only_some_regions_of_a_motion_are_written(face):
    speech, video = lively(1), lively(2)
    layers.place(speech, face, layer="speech", name="take", start=1)
    layers.place(video, face, layer="video", name="clip", start=1, regions=("brows", "gaze"))
    want = values(speech, 3)
    want[BROWS], want[GAZE] = values(video, 3)[BROWS], values(video, 3)[GAZE]
    close(shown(face, 4), want)


def test_layers_are_muted_soloed_and_removed(face):
    speech, video = lively(1), lively(2)
    before = shown(face, 1)
    layers.place(speech, face, layer="speech", name="take", start=1)
    layers.place(video, face, layer="video", name="clip", start=1)
    key_by_hand(face, "jawOpen", 4, 0.57)
    chosen = face.rig.facewright_layers
    chosen.video.mute = True
    hand = 0.57 - values(video, 3)[MOUTH]
    want = values(speech, 5)
    want[MOUTH] += hand
    close(shown(face, 6), want)
    chosen.video.mute = False
    chosen.speech.solo = True
    close(shown(face, 6), values(speech, 5))
    chosen.speech.solo = False
    layers.remove(face, "video", "clip")
    close(shown(face, 6), want)
    layers.remove(face, "speech")
    layers.remove(face, "hand")
    close(shown(face, 6), before)
    assert not [action for action in bpy.data.actions if action.users]
    for owner in owners(face):  # nothing is left, and sliders are free
        assert len(owner.id.animation_data.nla_tracks) == 0
    face.face.data.shape_keys.key_blocks["jawOpen"].value = 0.44
    assert shown(face, 9)[MOUTH] == pytest.approx(0.44)
    with pytest.raises(InputError, match="no strip 'clip'"):
        layers.remove(face, "video", "clip")


def test_hand_keys_lie_above_and_survive(face, scene):
    speech = lively(1)
    layers.place(speech, face, layer="speech", name="take", start=1)
    key_by_hand(face, "jawOpen", 5, 0.6)
    head = face.rig.pose.bones["head"]
    head["gaze_left"] = [0.33, -0.21]
    assert head.keyframe_insert('["gaze_left"]')
    head.rotation_euler.z = 0.4
    assert head.keyframe_insert("rotation_euler", index=2)
    got = shown(face, 5)
    assert got[MOUTH] == pytest.approx(0.6, abs=1e-6)
    np.testing.assert_allclose(got[GAZE][:2], [0.33, -0.21], atol=1e-6)
    assert got[HEAD][5] == pytest.approx(0.4, abs=1e-6)
    again = lively(2)
    kept = got - values(speech, 4)
    layers.place(again, face, layer="speech", name="take", start=1)
    close(shown(face, 5), values(again, 4) + kept)
    close(shown(face, 9), values(again, 8) + kept)  # an offset lasts to the next key


def test_hand_keys_move_what_is_evaluated(face):
    layers.place(lively(1), face, layer="speech", name="take", start=1)
    bpy.context.scene.frame_set(5)
    before = evaluated(face)
    head = face.rig.pose.bones["head"]
    head["gaze_left"] = [0.5, 0.4]
    head.keyframe_insert('["gaze_left"]')
    key_by_hand(face, "jawOpen", 5, 1.0)
    bpy.context.scene.frame_set(5)
    moved = np.abs(evaluated(face) - before).max(axis=1)
    runs = synthetic.subject().runs
    assert moved[runs[0].vertices].max() > 1e-4  # the skin
    assert moved[runs[1].vertices].max() > 1e-3  # the left eye
    assert moved[runs[2].vertices].max() < 1e-9  # the right eye


def test_a_region_by_hand_alone(face):
    speech = lively(1)
    layers.place(speech, face, layer="speech", name="take", start=1)
    chosen = face.rig.facewright_layers.hand
    chosen.eyes = chosen.gaze = "REPLACE"
    want = values(speech, 4)
    want[EYES], want[GAZE] = 0.0, REST_GAZE
    close(shown(face, 5), want)
    key_by_hand(face, "eyeBlinkLeft", 5, 0.8)
    want[EYES] = 0.8
    close(shown(face, 5), want)
    want = values(speech, 12)
    want[EYES], want[GAZE] = 0.8, REST_GAZE
    close(shown(face, 13), want)
    curve = keys.curves(face.face.data.shape_keys.animation_data.action, face.face.data.shape_keys)
    assert curve['key_blocks["eyeBlinkLeft"].value', 0].evaluate(5) == pytest.approx(0.8, abs=1e-6)
    chosen.eyes = "OFF"
    chosen.gaze = "OFF"
    close(shown(face, 13), values(speech, 12))


def test_keys_of_the_dope_sheet_and_by_autokey_survive(face, scene):
    speech = lively(1)
    layers.place(speech, face, layer="speech", name="take", start=1)
    window = bpy.context.window_manager.windows[0]
    area = next(one for one in window.screen.areas if one.type == "VIEW_3D")
    region = next(one for one in area.regions if one.type == "WINDOW")
    bpy.context.view_layer.objects.active = face.rig
    bpy.ops.object.mode_set(mode="POSE")
    face.rig.data.bones.active = face.rig.data.bones["head"]
    if hasattr(face.rig.pose.bones["head"], "select"):
        face.rig.pose.bones["head"].select = True
    else:
        face.rig.data.bones["head"].select = True
    scene.tool_settings.use_keyframe_insert_auto = True
    bpy.context.preferences.edit.use_keyframe_insert_available = False
    scene.frame_set(6)
    with bpy.context.temp_override(window=window, area=area, region=region):
        bpy.ops.pose.rot_clear()
    scene.tool_settings.use_keyframe_insert_auto = False
    bpy.ops.object.mode_set(mode="OBJECT")
    np.testing.assert_allclose(shown(face, 6)[HEAD][3:], 0.0, atol=1e-6)
    action = face.rig.animation_data.action
    assert record.kind_of(action) == "hand"
    curves = keys.curves(action, face.rig)
    offsets = [curves['pose.bones["head"].rotation_euler', axis].evaluate(6) for axis in range(3)]
    again = lively(2)
    layers.place(again, face, layer="speech", name="take", start=1)
    want = values(again, 5)
    want[HEAD][3:] += offsets
    close(shown(face, 6), want)


def test_keys_set_before_driving_become_the_hand_layer(face):
    key_by_hand(face, "jawOpen", 5, 0.3)
    speech = lively(1)
    layers.place(speech, face, layer="speech", name="take", start=1)
    want = values(speech, 4)
    want[MOUTH] += 0.3
    close(shown(face, 5), want)
    layers.remove(face, "speech")
    assert shown(face, 5)[MOUTH] == pytest.approx(0.3, abs=1e-6)


def test_edits_inside_a_strip_survive_driving_again(face):
    speech = lively(1)
    layers.place(speech, face, layer="speech", name="take", start=11)
    layers.open_layer(face, "speech")
    assert layers.opened(face) == "speech"
    key_by_hand(face, "jawOpen", 15, 0.65)
    got = shown(face, 15)
    assert got[MOUTH] == pytest.approx(0.65, abs=1e-6)
    action = face.face.data.shape_keys.animation_data.action
    assert record.kind_of(action) == "driven"
    change = 0.65 - values(speech, 4)[MOUTH]
    again = lively(2)
    notes = layers.place(again, face, layer="speech", name="take", start=11)
    assert len(notes) == 1 and "jawOpen" in notes[0] and "take edits" in notes[0]
    assert layers.opened(face) == "speech"
    layers.open_layer(face, "hand")
    want = values(again, 4)
    want[MOUTH] += change
    close(shown(face, 15), want)
    for frame in (14, 16):  # no other frame is touched
        close(shown(face, frame), values(again, frame - 11))
    third = lively(3)  # and again, elsewhere in time
    assert layers.place(third, face, layer="speech", name="take", start=21) == ()
    want = values(third, 4)
    want[MOUTH] += change
    close(shown(face, 25), want)
    layers.remove(face, "speech", "take")
    assert not stack.strips(owners(face)[0], "speech", record.EDITS)


def test_an_open_strip_shows_with_the_layers_above(face, scene):
    speech, video = lively(1), lively(2)
    layers.place(speech, face, layer="speech", name="take", start=1)
    layers.place(video, face, layer="video", name="clip", start=1, regions=("brows",))
    key_by_hand(face, "jawOpen", 5, 0.6)
    want = shown(face, 5)
    for layer in ("speech", "video"):
        layers.open_layer(face, layer)
        assert layers.opened(face) == layer
        close(shown(face, 5), want)
    layers.open_layer(face, "hand")
    assert layers.opened(face) == "hand"
    close(shown(face, 5), want)
    assert scene.frame_current == 5


def test_the_strip_at_the_current_frame_is_opened(face, scene):
    layers.place(lively(1), face, layer="speech", name="one", start=1)
    layers.place(lively(2), face, layer="speech", name="two", start=41)
    for frame, name in ((8, "one"), (45, "two"), (33, "two")):
        scene.frame_set(frame)
        layers.open_layer(face, "speech")
        for owner in owners(face):
            assert record.name_of(owner.id.animation_data.action) == name
    with pytest.raises(InputError, match="no strip yet"):
        layers.open_layer(face, "video")


def test_a_frame_looks_the_same_wherever_one_comes_from(face):
    layers.place(lively(2, 10), face, layer="video", name="clip", start=11, regions=("brows",))
    layers.place(lively(1, 30), face, layer="speech", name="take", start=1, regions=("mouth",))
    found = {frame: shown(face, frame) for frame in (1, 10, 15, 25, 60)}
    for frame in (60, 1, 25, 15, 10, 15, 1):
        np.testing.assert_array_equal(shown(face, frame), found[frame])


def test_other_subjects_and_the_selection_are_left_alone(face, data, tmp_path, scene):
    other = construct.build(
        replace(data, key_names=NAMES), name="other", photo=tmp_path / "photo.png", folder=tmp_path
    )
    layers.place(lively(1), face, layer="speech", name="take", start=1)
    layers.place(lively(2), other, layer="speech", name="take", start=1)
    other.camera.select_set(True)
    bpy.context.view_layer.objects.active = other.camera
    picked = {thing.name for thing in bpy.context.selected_objects}
    kinds = [area.type for area in bpy.context.window_manager.windows[0].screen.areas]
    layers.open_layer(face, "speech")
    assert layers.opened(other) == "hand"
    assert {thing.name for thing in bpy.context.selected_objects} == picked
    assert bpy.context.view_layer.objects.active == other.camera
    assert kinds == [area.type for area in bpy.context.window_manager.windows[0].screen.areas]
    close(shown(other, 4), values(lively(2), 3))


def test_a_linked_copy_of_a_subject_keeps_what_it_says(face):
    one, two = lively(1), lively(2)
    layers.place(one, face, layer="speech", name="take", start=1)
    copy = face.rig.copy()
    bpy.context.scene.collection.objects.link(copy)
    layers.place(two, face, layer="speech", name="take", start=1)
    close(shown(face, 5), values(two, 4))
    angles = [*copy.pose.bones["head"].rotation_euler]
    np.testing.assert_allclose(angles, values(one, 4)[HEAD][3:], atol=2e-6)


@pytest.mark.parametrize("name", ['Ünï "quoted" / [0].wav', "x" * 200, "音声"])
def test_strips_may_have_any_name_length_and_place(face, name):
    layers.place(lively(1, 1), face, layer="speech", name=name, start=-40)
    close(shown(face, -40), values(lively(1, 1), 0))
    layers.place(lively(2, 3), face, layer="speech", name=name + "2", start=100_000)
    close(shown(face, 100_002), values(lively(2, 3), 2))
    layers.place(lively(3, 2), face, layer="speech", name=name, start=-60)
    close(shown(face, -59), values(lively(3, 2), 1))
    for owner in owners(face):
        assert len(stack.strips(owner, "speech")) == 2
    layers.remove(face, "speech", name)
    assert len(stack.strips(owners(face)[0], "speech")) == 1


def test_the_animators_own_tracks_stay_and_show(face):
    data = face.rig.animation_data_create()
    action = keys.new_action(face.rig, "mine")
    path = 'pose.bones["head"].location'
    frames, moved = np.arange(1, 101), np.linspace(0.0, 1.0, 100)[None]
    keys.write(action, face.rig, [(path, 0)], frames, moved)
    track = data.nla_tracks.new()
    track.name = "mine"
    strip = track.strips.new("mine", 1, action)
    if (slot := keys.slot_of(action, face.rig)) is not None:
        strip.action_slot = slot
    speech = lively(1)
    layers.place(speech, face, layer="speech", name="take", start=21)
    assert data.nla_tracks[0].name == "mine"
    assert shown(face, 10)[HEAD][0] == pytest.approx(moved[0, 9], abs=1e-6)
    close(shown(face, 30), values(speech, 9))
    assert shown(face, 90)[HEAD][0] == pytest.approx(moved[0, 89], abs=1e-6)
    face.rig.facewright_layers.speech.head = "COMBINE"
    want = moved[0, 29] + values(speech, 9)[HEAD][0]
    assert shown(face, 30)[HEAD][0] == pytest.approx(want, abs=1e-6)
    layers.remove(face, "speech")
    assert [one.name for one in data.nla_tracks] == ["mine"]


def test_missing_blendshapes_are_named(face):
    motion = lively(1, names=(*NAMES[:5], "tongueCurl", "cheekDance"))
    (note,) = layers.place(motion, face, layer="speech", name="take", start=1)
    assert "2 of 7 blendshapes: tongueCurl, cheekDance" in note
    foreign = lively(1, names=("a", "b"))
    with pytest.raises(InputError, match="none of its blendshapes"):
        layers.place(foreign, face, layer="speech", name="foreign", start=1)
    assert not stack.strips(owners(face)[1], "speech", record.DRIVEN, "foreign")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"layer": "hand"}, "layer: expected speech or video"),
        ({"name": ""}, "name: expected"),
        ({"regions": ("ears",)}, "regions: expected some of mouth"),
        ({"regions": ()}, "regions: expected some of mouth"),
    ],
)
def test_wrong_arguments_are_refused(face, wrong, message):
    right = {"layer": "speech", "name": "take", "start": 1}
    with pytest.raises(InputError, match=message):
        layers.place(lively(1), face, **(right | wrong))


def test_regions_go_by_the_name():
    names = {
        "jawOpen": "mouth",
        "eyeBlinkLeft": "eyes",
        "EyeWide_L": "eyes",
        "browInnerUp": "brows",
        "BrowDownLeft": "brows",
        "cheekPuff": "mouth",
        "tongueOut": "mouth",
        "_": "mouth",
    }
    assert {name: region_of_name(name) for name in names} == names


def test_a_saved_file_opens_with_its_layers(face, scene, tmp_path):
    speech = lively(1)
    layers.place(speech, face, layer="speech", name="take", start=1)
    key_by_hand(face, "jawOpen", 5, 0.6)
    face.rig.facewright_layers.hand.brows = "REPLACE"
    want, name = shown(face, 5), face.rig.name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "kept.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "kept.blend"))
    again = subject.find(bpy.data.objects[name])
    close(shown(again, 5), want)
    assert again.rig.facewright_layers.hand.brows == "REPLACE"
    layers.place(lively(2), again, layer="speech", name="take", start=1)
    kept = want[MOUTH] - values(speech, 4)[MOUTH]
    assert shown(again, 5)[MOUTH] == pytest.approx(values(lively(2), 4)[MOUTH] + kept, abs=1e-6)
