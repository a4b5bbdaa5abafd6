"""Settings, markers, cues and keys -> what is asked of the backend; no backend needed."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from addon.core.errors import InputError
from addon.core.performance import CURVED, Cue, Look, Wanted, request
from addon.drive import cues, keyed, settings
from addon.drive.cues import Felt
from addon.drive.running import finish
from addon.drive.wanted import Stretch, snapshot, wanted
from addon.perform import layers
from addon.subject import objects as subject

STRETCH = Stretch(11, 48, 24.0)


@pytest.fixture
def who(egg: subject.SubjectObjects) -> subject.SubjectObjects:
    return egg


def asked(scene: bpy.types.Scene, who: subject.SubjectObjects, **options: bool) -> Wanted:
    return finish(wanted(scene, who, STRETCH, snapshot(who.rig), **options))


def mark(scene: bpy.types.Scene, **frames: str) -> None:
    for frame, name in frames.items():
        scene.timeline_markers.new(name, frame=int(frame.removeprefix("f").replace("m", "-")))


def test_what_is_set_is_asked(who, scene):
    chosen = who.rig.facewright_perform
    for name, value in {
        "seed": 9, "mouth_opening": 1.5, "lip_offset": -40.0, "brow_motion": 0.5,
        "head_motion": 2.0, "blink_rate": 30.0, "cross_fade": 1.0, "smoothing": 25.0,
        "guidance": 0.75, "aversion": 0.25, "head_model": "prior", "gaze": "photo",
        "emotion_model": "emoa2e", "emotion": "sad", "intensity": 2.5,
    }.items():  # fmt: skip
        setattr(chosen, name, value)
    chosen.lids_from, chosen.head_from = "photo", "speech"
    message = request(asked(scene, who), lambda path: "x")
    assert (message.seed, message.mouth_opening, message.lip_offset) == (9, 1.5, -40)
    assert (message.brow_motion, message.head_motion, message.blink_rate) == (0.5, 2, 30)
    assert (message.cross_fade, message.smoothing, message.guidance) == (1, 25, 0.75)
    assert (message.aversion, message.head_model, message.gaze) == (0.25, "prior", "photo")
    assert message.emotion_model == "emoa2e" and message.sources.lids == "photo"
    (cue,) = message.emotion
    assert (cue.prompt, cue.intensity, cue.start_seconds) == ("sad", 2.5, 0)
    assert not cue.HasField("end_seconds") and not message.curves


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("emotion: sad 2.5", ("emotion", "", "sad 2.5")),
        ("Emotion Anna Maria: happy", ("emotion", "Anna Maria", "happy")),
        (" gaze : camera ", ("gaze", "", "camera")),
        ("emotion:", ("emotion", "", "")),
        ("F_01", None),
        ("emotional: yes", None),
    ],
)
def test_markers_are_read(name, said):
    assert cues.parse(name) == said


def test_prompts_may_end_in_their_intensity():
    assert cues.prompt_of("sadly surprised 2.5", "m") == ("sadly surprised", 2.5)
    assert cues.prompt_of("angry@3", "m") == ("angry", 3.0)
    assert cues.prompt_of("happy", "m") == ("happy", None)
    assert cues.prompt_of("traurig 1,5", "m") == ("traurig", 1.5)
    with pytest.raises(InputError, match="m: expected an intensity of 1 to 3, got 7"):
        cues.prompt_of("happy 7", "m")


def test_markers_follow_each_other_and_name_their_subject(who, scene):
    who.rig.facewright_perform.intensity = 1.5
    mark(scene, fm20="emotion: calm", f23="emotion: angry 3", f35="emotion egg: happy")
    mark(scene, f47="emotion:", f50="emotion Bert: sad", f400="emotion: sad")
    assert asked(scene, who).cues == (
        Cue("calm", 0.0, 0.5, 1.5),
        Cue("angry", 0.5, 1.0, 3.0),
        Cue("happy", 1.0, 1.5, 1.5),
    )


def test_the_panels_emotion_is_where_nothing_else_is_said(who, scene):
    chosen = who.rig.facewright_perform
    chosen.emotion = "calm"
    one = chosen.cues.add()
    one.start, one.length, one.prompt = 23, 12, "angry"
    one.use_cross_fade, one.cross_fade = True, 0.25
    two = chosen.cues.add()
    two.start, two.length, two.prompt, two.mute = 40, 4, "sad", True
    assert asked(scene, who).cues == (
        Cue("calm", 0.0, 0.5, 2.0),
        Cue("angry", 0.5, 1.0, 2.0, 0.25),
        Cue("calm", 1.0, None, 2.0),
    )


def test_cues_are_cut_to_the_stretch():
    felt = [Felt(0, 20, "a"), Felt(15, 18, "b"), Felt(60, None, "c"), Felt(18, None, "d")]
    made = cues.emotions(felt, None, 10, 20, 10.0)
    assert [(cue.prompt, cue.start, cue.end) for cue in made] == [
        ("a", 0.0, 1.0),
        ("b", 0.5, 0.8),
        ("d", 0.8, None),
    ]
    assert cues.emotions([], None, 10, 20, 10.0) == ()


def test_keyed_controls_become_curves(who, scene):
    chosen = who.rig.facewright_perform
    for frame, value in ((11, 0.0), (35, 2.0)):
        chosen.mouth_opening = value
        chosen.keyframe_insert("mouth_opening", frame=frame)
    for curve in keyed.fcurves(who.rig.animation_data.action, who.rig):
        for point in curve.keyframe_points:
            point.interpolation = "LINEAR"
    assert keyed.animated(who.rig) == {"mouth_opening"}
    (curve,) = asked(scene, who).curves
    assert curve.control == "mouth_opening"
    seconds = np.arange(48) / 24
    np.testing.assert_allclose(
        np.interp(seconds, curve.seconds, curve.values), np.interp(seconds, [0, 1], [0, 2]),
        atol=1e-5,
    )  # fmt: skip
    assert len(curve.seconds) < 8  # what lies on a line is not sent


def test_a_keyed_gaze_becomes_modes(who, scene):
    chosen = who.rig.facewright_perform
    for frame, mode in ((1, "camera"), (23, "natural"), (47, "still")):
        chosen.gaze = mode
        chosen.keyframe_insert("gaze", frame=frame)
    made = asked(scene, who)
    assert made.plain["gaze"] == "camera"
    assert made.gaze_modes == ((0.5, "natural"), (1.5, "still"))


def test_keys_survive_driving_and_count_from_any_strip(who, scene, performance):
    chosen = who.rig.facewright_perform
    layers.place(performance, who, layer="speech", name="one", start=1)
    chosen.head_motion = 0.0
    chosen.keyframe_insert("head_motion", frame=5)
    layers.place(performance, who, layer="speech", name="one", start=1)
    assert keyed.animated(who.rig) == {"head_motion"}
    layers.open_layer(who, "speech", scene=scene)
    chosen.blink_rate = 50.0
    chosen.keyframe_insert("blink_rate", frame=5)
    layers.place(performance, who, layer="speech", name="one", start=1)
    assert keyed.animated(who.rig) == {"head_motion", "blink_rate"}
    made = {curve.control: set(curve.values) for curve in asked(scene, who).curves}
    assert made == {"head_motion": {0.0}, "blink_rate": {50.0}}
    layers.open_layer(who, "hand")
    assert keyed.animated(who.rig) == {"head_motion", "blink_rate"}


def test_intensity_below_one_or_of_a_script_is_a_curve(who, scene):
    chosen = who.rig.facewright_perform
    chosen.emotion, chosen.intensity = "sad", 0.5
    made = asked(scene, who)
    assert made.cues[0].intensity is None and made.curves[0].values == (0.5,)
    chosen.intensity = 3.0
    assert asked(scene, who).curves == ()
    assert asked(scene, who, script=True).curves[0].values == (3.0,)
    chosen.intensity = 2.0
    assert asked(scene, who, script=True).curves == ()


def test_gaze_follows_markers(who, scene):
    chosen = who.rig.facewright_perform
    chosen.gaze = "keys"
    with pytest.raises(InputError, match="gaze: it follows markers, and there is none"):
        asked(scene, who)
    target = bpy.data.objects.new("Ball", None)
    scene.collection.objects.link(target)
    target.matrix_world = who.camera.matrix_world
    target.location = target.location + who.camera.matrix_world.to_3x3() @ _vector(0.1, 0.2, -0.5)
    scene.view_layers[0].update()
    mark(scene, f5="gaze: photo", f8="gaze: camera", f23="gaze: 20, -5.5", f35="gaze: Ball")
    looks = asked(scene, who).looks
    assert looks[:2] == (Look(0.0, "camera"), Look(0.5, (20.0, -5.5)))
    assert looks[2].seconds == 1.0
    np.testing.assert_allclose(looks[2].at, [0.1, 0.2, -0.5], atol=1e-5)
    message = request(asked(scene, who), lambda path: "x")
    assert message.gaze_keys[2].target.z == pytest.approx(-0.5)
    mark(scene, f40="gaze: Nobody")
    with pytest.raises(InputError, match="'gaze: Nobody': expected camera, photo"):
        asked(scene, who)


def _vector(*parts: float) -> object:
    from mathutils import Vector

    return Vector(parts)


def test_sources_name_files_that_are_there(who, scene, tmp_path):
    chosen = who.rig.facewright_perform
    chosen.head_from, chosen.head_file = "file", "//take é.npz"
    with pytest.raises(InputError, match="head: there is no motion file"):
        asked(scene, who)
    (tmp_path / "take é.npz").write_bytes(b"x")
    made = asked(scene, who)
    assert made.sources["head"] == tmp_path / "take é.npz"
    message = request(made, lambda path: path.name)
    assert message.sources.head == "take é.npz" and message.sources.lips == "speech"


def test_buttons_add_markers_and_cues(who, scene):
    scene.frame_set(12)
    add = bpy.ops.facewright.emotion_marker_add
    assert add(prompt="sad", use_intensity=True, intensity=2.5) == {"FINISHED"}
    assert add(prompt="happy", own=True) == {"FINISHED"}
    assert add(prompt="") == {"FINISHED"}
    assert [marker.name for marker in scene.timeline_markers] == [
        "emotion: sad 2.5",
        "emotion egg: happy",
        "emotion:",
    ]
    with pytest.raises(RuntimeError, match="too short"):
        add(prompt="x" * 80)
    assert bpy.ops.facewright.gaze_marker_add(look="degrees", left=12, up=-3) == {"FINISHED"}
    assert scene.timeline_markers[-1].name == "gaze: 12, -3"
    chosen = who.rig.facewright_perform
    for prompt in ("one", "two", "three"):
        assert bpy.ops.facewright.cue_add(prompt=prompt) == {"FINISHED"}
    assert chosen.cues[0].start == 12 and chosen.active_cue == 2
    assert bpy.ops.facewright.cue_move(direction="UP") == {"FINISHED"}
    assert [cue.prompt for cue in chosen.cues] == ["one", "three", "two"]
    assert bpy.ops.facewright.cue_move(direction="DOWN") == {"FINISHED"}
    assert bpy.ops.facewright.cue_move(direction="DOWN") == {"CANCELLED"}
    assert bpy.ops.facewright.cue_remove() == {"FINISHED"}
    assert [cue.prompt for cue in chosen.cues] == ["one", "two"] and chosen.active_cue == 1


def test_too_many_cues_are_refused():
    many = Wanted(cues=tuple(Cue("sad", k, k + 1) for k in range(501)))
    with pytest.raises(InputError, match="emotion cues: expected at most 500 in a strip, got 501"):
        request(many, lambda path: "x")


def test_what_can_be_keyed_is_what_driving_reads():
    def keyable(kind: type) -> set[str]:
        return {prop.identifier for prop in kind.bl_rna.properties if prop.is_animatable}

    assert keyable(settings.PerformSettings) == {*CURVED, "gaze"}
    assert not keyable(settings.EmotionCueSettings) and not keyable(settings.StripSettings)
