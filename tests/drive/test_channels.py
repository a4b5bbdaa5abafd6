"""Channels with sources of their own, the lips' offset, smoothing; as GoHD's figure 9 mixes."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from facewright import drive
from facewright.drive import DriveControls, channels, emoa2e, gaze, lips
from facewright.drive.controls import CHANNELS, GAZE_MODES, Sources
from facewright.drive.emotion import CODE
from facewright.drive.emotion.cues import EmotionCue
from facewright.drive.gaze import parse
from facewright.drive.live import Live
from facewright.drive.speaker import EMOTION_WEIGHTS, Speaker
from facewright.errors import InputError
from facewright.face.library import load_model
from facewright.face.motion import Motion
from facewright.face.names import EXPRESSION_64
from facewright.media.speech import Speech, read_speech
from facewright.train.speech.score import closure_of

#: Eyes make up for the head, lids follow the eyes, and eyes flash with brows.
FOLLOW = {"head": ("gaze", "lids"), "gaze": ("lids",), "brows": ("lids",)}
PLAIN = DriveControls(seed=3)


@pytest.fixture(scope="module")
def driver() -> drive.Driver:
    return drive.create("emoa2e")


@pytest.fixture(scope="module")
def speech(examples) -> Speech:
    return read_speech(examples / "speech.wav")


@pytest.fixture(scope="module")
def tracked(speech) -> Motion:
    """A motion at another frame rate in which every channel waves in its own rhythm."""
    count = int(speech.seconds * 30) + 10
    times = np.arange(count)[:, None] / 30
    wave = 0.5 + 0.4 * np.sin(times * (1 + np.arange(64) / 16))
    pose = 0.05 * np.sin(times * np.arange(1, 7))
    gaze = 0.1 * np.sin(times * np.arange(1, 5))
    return Motion(30.0, load_model().name, EXPRESSION_64, wave, pose, gaze, {"expression": "video"})


def test_every_blendshape_belongs_to_one_channel():
    every = sorted(k for columns in channels.COLUMNS.values() for k in columns)
    assert every == list(range(64))
    assert tuple(f.name for f in fields(Sources)) == CHANNELS


def at(motion: Motion, columns: np.ndarray, times: np.ndarray) -> np.ndarray:
    return np.stack([np.interp(times, motion.times, c) for c in columns.T], 1)


@pytest.mark.parametrize("channel", CHANNELS)
def test_one_channel_comes_from_a_motion_and_the_others_stay(driver, speech, tracked, channel):
    plain = driver(speech, None, PLAIN)
    mixed = driver(speech, None, replace(PLAIN, sources=Sources(**{channel: tracked})))
    pairs = {name: (plain.expression[:, k], mixed.expression[:, k], tracked.expression[:, k])
             for name, k in channels.COLUMNS.items()}  # fmt: skip
    pairs |= {"head": (plain.pose, mixed.pose, tracked.pose)}
    pairs |= {"gaze": (plain.gaze, mixed.gaze, tracked.gaze)}
    for name, (before, after, given) in pairs.items():
        if name == channel:
            np.testing.assert_allclose(after, at(tracked, given, plain.times), atol=1e-5)
            assert np.abs(after - before).max() > 0.02
        elif name not in FOLLOW.get(channel, ()):
            np.testing.assert_allclose(after, before, atol=1e-6)
    assert mixed.sources[channel].startswith("motion: ")
    assert {**mixed.sources, channel: ""} == {**plain.sources, channel: ""}


def test_a_channel_at_rest(driver, speech):
    resting = Sources(*["photo"] * 5)
    motion = driver(speech, None, replace(PLAIN, sources=resting))
    assert not motion.expression.any()
    assert not motion.gaze.any()
    assert not motion.pose.any()
    assert set(motion.sources.values()) == {"neutral"}


def test_the_heads_amount_scales_a_given_head(driver, speech, tracked):
    full = driver(speech, None, replace(PLAIN, sources=Sources(head=tracked)))
    half = driver(speech, None, replace(PLAIN, head_motion=0.5, sources=Sources(head=tracked)))
    np.testing.assert_allclose(half.pose, 0.5 * full.pose, atol=1e-6)


def test_a_motion_that_cannot_serve_is_refused(driver, speech, tracked):
    short = replace(
        tracked, expression=tracked.expression[:60], pose=tracked.pose[:60], gaze=tracked.gaze[:60]
    )
    with pytest.raises(InputError, match=r"sources\.lips: the motion lasts 2\.00 s, the speech"):
        driver(speech, None, replace(PLAIN, sources=Sources(lips=short)))
    other = replace(tracked, model="other")
    with pytest.raises(InputError, match=r"sources\.head: .*'other'.*retarget"):
        driver(speech, None, replace(PLAIN, sources=Sources(head=other)))
    names = tuple(f"expression_{k:03d}" for k in range(64))
    with pytest.raises(InputError, match=r"sources\.brows: .*retarget"):
        driver(speech, None, replace(PLAIN, sources=Sources(brows=replace(other, names=names))))
    with pytest.raises(InputError, match=r"sources\.gaze: expected 'speech', 'photo' or a motion"):
        Sources(gaze="video")


def test_blendshapes_of_another_model_are_taken_by_name(driver, speech, tracked):
    arkit = replace(
        tracked, model="arkit", names=EXPRESSION_64[:52], expression=tracked.expression[:, :52]
    )
    motion = driver(speech, None, replace(PLAIN, sources=Sources(brows=arkit)))
    given = tracked.column("browInnerUp")[:, None]
    np.testing.assert_allclose(
        motion.column("browInnerUp")[:, None], at(tracked, given, motion.times), atol=1e-5
    )
    assert not motion.column("browRaise").any()  # which ARKit lacks


def test_brows_rise_by_their_amount(driver, speech):
    def raised(amount: float) -> float:
        return float(driver(speech, None, replace(PLAIN, brow_motion=amount)).column(
            "browInnerUp").mean())  # fmt: skip

    low, mid, high = (raised(amount) for amount in (0.0, 1.0, 2.0))
    assert low == 0 < mid < high


def test_the_head_moves_by_its_amount_and_model(driver, speech):
    spread = [
        driver(speech, None, replace(PLAIN, head_motion=amount)).pose[:, :3].std()
        for amount in (0.0, 0.5, 1.0, 2.0)
    ]
    assert spread[0] == 0
    assert spread == sorted(spread)
    with pytest.raises(InputError, match="'nod' is not one of"):
        driver(speech, None, replace(PLAIN, head_model="nod"))
    with pytest.raises(InputError, match="'frown' is not one of"):
        driver(speech, None, replace(PLAIN, brow_model="frown"))


@pytest.mark.parametrize("offset", [-200.0, 120.0])
def test_lips_come_later_by_the_offset(driver, speech, offset):
    dense = replace(PLAIN, fps=100.0)
    plain = driver(speech, None, dense).column("jawOpen")
    moved = driver(speech, None, replace(dense, lip_offset=offset))
    shift = round(offset / 10)
    lag = moved.column("jawOpen")
    if shift > 0:
        np.testing.assert_allclose(lag[shift:], plain[:-shift], atol=1e-5)
    else:
        np.testing.assert_allclose(lag[:shift], plain[-shift:], atol=1e-5)
    np.testing.assert_array_equal(moved.pose, driver(speech, None, dense).pose)


def test_smoothing_calms_and_keeps_lips_and_lids_shut(driver, speech):
    dense = replace(PLAIN, fps=100.0, blink_rate=60.0)
    plain = driver(speech, None, dense)
    smooth = driver(speech, None, replace(dense, smoothing=60.0))

    def jitter(values: np.ndarray) -> float:
        return float(np.abs(np.diff(values, 2, axis=0)).mean())

    assert jitter(smooth.column("jawOpen")) < 0.3 * jitter(plain.column("jawOpen"))
    assert jitter(smooth.expression) < 0.8 * jitter(plain.expression)
    assert jitter(smooth.pose) < jitter(plain.pose)
    shut = closure_of(plain.expression) > 0.99
    assert shut.any()
    np.testing.assert_allclose(closure_of(smooth.expression)[shut], 1.0, atol=0.01)
    assert lips.opening(smooth.expression)[shut].max() < 0.01
    blinked = plain.column("eyeBlinkLeft") > 0.99
    assert blinked.any()
    assert smooth.column("eyeBlinkLeft")[blinked].min() > 0.98
    jaw = plain.column("jawOpen")
    lags = [np.corrcoef(np.roll(smooth.column("jawOpen"), k), jaw)[0, 1] for k in range(-5, 6)]
    assert int(np.argmax(lags)) == 5  # zero phase


def test_smoothing_is_a_function_of_time(driver, speech):
    controls = replace(PLAIN, smoothing=40.0)
    dense = driver(speech, None, replace(controls, fps=100.0))
    sparse = driver(speech, None, replace(controls, fps=25.0))
    np.testing.assert_allclose(sparse.expression, dense.expression[::4][: len(sparse)], atol=1e-5)
    np.testing.assert_allclose(sparse.pose, dense.pose[::4][: len(sparse)], atol=1e-5)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lip_offset", 501.0),
        ("lip_offset", float("nan")),
        ("smoothing", -1.0),
        ("cross_fade", -0.1),
        ("emotion", "happy"),
        ("guidance", 1.1),
        ("brow_motion", 4.0),
    ],
)
def test_controls_out_of_range_are_named(field, value):
    with pytest.raises(InputError, match=field):
        DriveControls(**{field: value})


def test_the_gaze_goes_where_it_was_asked_to(driver, speech):
    keys = parse("0:camera 2:25,-10 4:-20,8")
    controls = replace(PLAIN, head_motion=0.0, blink_rate=0.0, gaze="keys", gaze_keys=keys)
    motion = driver(speech, None, controls)
    degrees = np.degrees(np.arcsin(motion.gaze[:, :2]))
    np.testing.assert_allclose(degrees[(motion.times > 2.1) & (motion.times < 3.8)].mean(0),
                               (25, -10), atol=3)  # fmt: skip
    np.testing.assert_allclose(degrees[motion.times > 4.1].mean(0), (-20, 8), atol=3)
    down = motion.column("eyeLookDownLeft")
    assert down[75] > 0.3  # the lid goes with the eye
    assert down[140] < 0.05


@pytest.mark.parametrize("mode", GAZE_MODES)
def test_every_mode_of_gaze_performs(driver, speech, mode):
    keys = parse("0:camera") if mode == "keys" else ()
    motion = driver(speech, None, replace(PLAIN, gaze=mode, gaze_keys=keys))
    jitter = np.abs(motion.gaze).max()
    assert (jitter == 0) == (mode == "still")


def test_the_modes_of_gaze_are_those_there_are():
    assert GAZE_MODES == gaze.MODES


def test_keys_belong_to_their_mode():
    with pytest.raises(InputError, match="gaze_keys: they belong to gaze 'keys'"):
        DriveControls(gaze_keys=parse("0:camera"))
    with pytest.raises(InputError, match=r"gaze_keys: .* got 0 with gaze 'keys'"):
        DriveControls(gaze="keys")
    with pytest.raises(InputError, match="gaze: 'away' is not one of natural"):
        DriveControls(gaze="away")


def test_emotion_is_layered_over_speech(driver, speech):
    def felt(*cues: EmotionCue) -> Motion:
        return driver(speech, None, replace(PLAIN, fps=50.0, emotion=cues, cross_fade=0.2))

    calm = felt()
    angry, later = felt(EmotionCue("angry")), felt(EmotionCue("angry", 3.0))
    raised = [
        felt(EmotionCue("surprised", intensity=eta)).column("browInnerUp").mean()
        for eta in (1.0, 2.0, 3.0)
    ]
    assert raised == sorted(raised)
    assert angry.column("browDownLeft").mean() > calm.column("browDownLeft").mean() + 0.2
    start = int(2.8 * 50)
    np.testing.assert_allclose(later.expression[:start], calm.expression[:start], atol=1e-5)
    shut = closure_of(calm.expression) > 0.99
    np.testing.assert_allclose(closure_of(angry.expression)[shut], 1.0, atol=0.01)
    assert lips.opening(angry.expression)[shut].max() < 0.02
    np.testing.assert_array_equal(angry.pose, calm.pose)
    assert angry.sources["emotion"] == "angry"


def test_emotion_leaves_given_channels_alone(driver, speech, tracked):
    controls = replace(PLAIN, emotion=(EmotionCue("happy", intensity=3.0),))
    mixed = driver(speech, None, replace(controls, sources=Sources(lips=tracked)))
    lips_given = tracked.expression[:, channels.LIPS]
    np.testing.assert_allclose(
        mixed.expression[:, channels.LIPS], at(tracked, lips_given, mixed.times), atol=1e-5
    )
    assert mixed.column("eyeSquintLeft").mean() > 0.05


@pytest.fixture(scope="module")
def untaught(tmp_path_factory) -> Speaker:
    """A driver whose network takes emotion, with weights at random."""
    torch.manual_seed(0)
    config = emoa2e.Config(width=16, layers=1, heads=2, hidden=32, emotion=CODE)
    path = tmp_path_factory.mktemp("weights") / "emotional.safetensors"
    emoa2e.save(path, emoa2e.EmoA2E(config), {"licence": "CC0-1.0"})
    return Speaker(path)


def test_what_a_network_learned_of_emotion_is_layered_too(untaught, speech):
    cues = (EmotionCue("angry", intensity=3.0),)
    calm, rules, learned = (
        untaught(speech, None, replace(PLAIN, emotion=e, emotion_model=m))
        for e, m in (((), "emoa2e"), (cues, "rules"), (cues, "emoa2e"))
    )
    assert rules.column("browDownLeft").mean() > calm.column("browDownLeft").mean() + 0.2
    assert np.abs(learned.expression - calm.expression).max() > 1e-3
    assert np.abs(learned.expression - rules.expression).max() > 0.1


def test_a_network_with_emotion_is_driven_live(untaught, speech):
    controls = replace(PLAIN, emotion=(EmotionCue("angry"),))
    live = Live(untaught, None, controls)
    frames = live.feed(speech.samples[:16000])
    assert frames.expression[-1, EXPRESSION_64.index("browDownLeft")] > 0.1
    with pytest.raises(InputError, match="emotion_model: 'emoa2e' needs the whole speech"):
        Live(untaught, None, replace(controls, emotion_model="emoa2e"))


@pytest.mark.skipif(not EMOTION_WEIGHTS.is_file(), reason="needs EmoA2E's weights with emotion")
def test_the_weights_that_ship_show_emotions_near_the_rules(driver, speech):
    cues = (EmotionCue("angry", intensity=2.0),)
    calm, rules, learned = (
        driver(speech, None, replace(PLAIN, emotion=e, emotion_model=m))
        for e, m in (((), ""), (cues, "rules"), (cues, "emoa2e"))
    )
    by_rule, by_net = ((m.expression - calm.expression).mean(0) for m in (rules, learned))
    assert np.corrcoef(by_rule, by_net)[0, 1] > 0.8
    shut = closure_of(calm.expression) > 0.99
    assert lips.opening(learned.expression)[shut].max() < 0.02
