"""Controls that change in time: what they move, and that what never changes changes nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from facewright import drive
from facewright.drive import DriveControls, blinks, gaze, lips
from facewright.drive.curves import ControlCurve, GazeMode, parse_curve, parse_modes
from facewright.drive.emotion.cues import EmotionCue, track
from facewright.drive.live import Live
from facewright.errors import InputError
from facewright.face.motion import Motion
from facewright.media.speech import Speech, read_speech

PLAIN = DriveControls(seed=3)


def curve(control: str, *points: tuple[float, float]) -> ControlCurve:
    seconds, values = zip(*points, strict=True)
    return ControlCurve(control, np.array(seconds), np.array(values, np.float32))


@pytest.fixture(scope="module")
def driver() -> drive.Driver:
    return drive.create("emoa2e")


@pytest.fixture(scope="module")
def speech(examples) -> Speech:
    return read_speech(examples / "speech.wav")


def same(a: Motion, b: Motion) -> bool:
    names = ("expression", "pose", "gaze")
    return all((getattr(a, name) == getattr(b, name)).all() for name in names)


def halves(motion: Motion, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    late = motion.times >= seconds
    return ~late, late


@pytest.mark.parametrize(
    ("name", "value"),
    [("mouth_opening", 0.7), ("brow_motion", 2.0), ("head_motion", 0.0), ("blink_rate", 45.0)],
)
def test_a_constant_curve_is_the_number_to_the_bit(driver, speech, name, value):
    value = float(np.float32(value))
    number = driver(speech, None, replace(PLAIN, **{name: value}))
    flat = curve(name, (0, value), (1.5, value), (9, value))
    assert same(driver(speech, None, replace(PLAIN, curves=(flat,))), number)


def test_a_constant_intensity_is_that_of_cues_that_say_none(driver, speech):
    own, keyed = EmotionCue("angry", 0, 2, 1.5), EmotionCue("happy", 2, keyed=True)
    told = replace(PLAIN, emotion=(own, replace(keyed, intensity=3.0)))
    flat = curve("intensity", (0, 3.0))
    both = replace(PLAIN, emotion=(own, keyed), curves=(flat,))
    assert same(driver(speech, None, both), driver(speech, None, told))


def test_intensity_keyed_from_nothing_to_full():
    cues = [EmotionCue("happy", keyed=True)]
    made = track(cues, 4.0, eta=curve("intensity", (1, 0.0), (3, 3.0)))
    times = np.array([0.5, 2.0, 3.5])
    np.testing.assert_allclose(made.intensity(times), [0, 1.5, 3.0], atol=1e-6)
    shown = made.offsets(times).max(1)
    assert shown[0] == 0 and shown[0] < shown[1] < shown[2]
    still = track([EmotionCue("happy", intensity=2.0)], 4.0, eta=made.eta)
    np.testing.assert_allclose(still.intensity(times), 2.0, atol=1e-6)


def test_a_cue_fades_in_its_own_time():
    cues = [EmotionCue("sad", 0, 4), EmotionCue("happy", 4, 8, cross_fade=2.0)]
    made = track(cues, 8.0, fade=0.2)
    sad = made.weights(np.array([3.1, 3.5, 4.0, 4.9]))[:, 0]
    assert 0.9 < sad[0] < 1 and 0.7 < sad[1] < 0.95
    assert sad[2] == pytest.approx(0.5) and sad[3] < 0.1


def test_mouth_opening_keyed_from_0_to_2(driver, speech):
    half = speech.seconds / 2
    opening = curve("mouth_opening", (half - 0.01, 0.0), (half, 2.0))
    moved = driver(speech, None, replace(PLAIN, curves=(opening,)))
    plain, wide = (driver(speech, None, replace(PLAIN, mouth_opening=x)) for x in (0.0, 2.0))
    early, late = halves(moved, half)
    jaw = moved.column("jawOpen")
    assert np.ptp(jaw[early]) < 0.02 and np.ptp(jaw[late]) > 0.3
    columns = lips.SPOKEN
    np.testing.assert_allclose(moved.expression[early][:-2, columns],
                               plain.expression[early][:-2, columns], atol=1e-6)  # fmt: skip
    np.testing.assert_allclose(moved.expression[late][2:, columns],
                               wide.expression[late][2:, columns], atol=1e-6)  # fmt: skip


def test_a_curve_keeps_its_time_where_lips_come_late(driver, speech):
    half = speech.seconds / 2
    opening = curve("mouth_opening", (half - 0.01, 0.0), (half, 2.0))
    controls = replace(PLAIN, curves=(opening,), lip_offset=400.0)
    jaw = driver(speech, None, controls).column("jawOpen")
    assert np.abs(jaw[: int(half * 25) - 1] - jaw[0]).max() < 0.02
    assert np.ptp(jaw[int(half * 25) + 1 :]) > 0.3


@pytest.mark.parametrize(("name", "part"), [("head_motion", "pose"), ("brow_motion", "brows")])
def test_motion_keyed_to_0_is_still_there(driver, speech, name, part):
    half = speech.seconds / 2
    faded = curve(name, (0, 2.0), (half - 0.01, 2.0), (half, 0.0))
    moved = driver(speech, None, replace(PLAIN, curves=(faded,), blink_rate=0.0))
    early, late = halves(moved, half)
    columns = [k for k, n in enumerate(moved.names) if n.startswith("brow")]
    values = moved.pose if part == "pose" else moved.expression[:, columns]
    assert np.ptp(values[early], axis=0).max() > 0.02
    assert np.ptp(values[late], axis=0).max() == 0


def test_blinks_come_at_the_rate_that_holds():
    rate = curve(
        "blink_rate", (0, 0.0), (1000, 0.0), (1000.01, 60.0), (2000, 60.0), (2000.01, 15.0)
    )
    counts = np.zeros(3)
    for seed in range(8):
        starts = blinks.events(3000.0, rate, seed)
        assert (np.diff(starts) >= 0.4 - 1e-6).all()
        counts += np.histogram(starts, [0, 1000, 2000, 3000])[0] / 8
    assert counts[0] == 0
    np.testing.assert_allclose(counts[1:], [1000.0, 250.0], rtol=0.03)
    # Neither pauses nor saccades pull one to where none may be.
    pulled = blinks.events(
        1100.0, rate, 1, np.array([999.8]), (np.array([999.0]), np.array([40.0]))
    )
    assert pulled.min() >= 1000


def test_a_longer_performance_blinks_as_a_shorter_one_does():
    rate = curve("blink_rate", (0, 10.0), (60, 60.0))
    short, long = (blinks.events(seconds, rate, 5) for seconds in (40.0, 80.0))
    np.testing.assert_allclose(long[: len(short)], short)


def test_blink_rate_keyed_from_0_to_60(driver, speech):
    half = speech.seconds / 2
    rate = curve("blink_rate", (half - 0.01, 0.0), (half, 60.0))
    moved = driver(speech, None, replace(PLAIN, curves=(rate,), gaze="still"))
    early, late = halves(moved, half)
    lids = moved.column("eyeBlinkLeft")
    assert np.ptp(lids[early]) < 0.05 and lids[late].max() > 0.9


def test_gaze_modes_follow_each_other(driver, speech):
    modes = (GazeMode(0, "natural"), GazeMode(1.5, "still"), GazeMode(3, "camera"))
    both = driver(speech, None, replace(PLAIN, gaze_modes=modes, head_motion=2.0))
    alone = {
        mode: driver(speech, None, replace(PLAIN, gaze=mode, head_motion=2.0)).gaze
        for mode in ("natural", "still", "camera")
    }
    for mode, first, last in (("natural", 0, 37), ("still", 42, 75), ("camera", 80, len(both))):
        np.testing.assert_allclose(both.gaze[first:last], alone[mode][first:last], atol=1e-6)
    assert both.sources["gaze"] == "natural, then neutral, then camera"


def test_one_mode_throughout_is_that_mode(driver, speech):
    for modes in ((GazeMode(0, "camera"),), (GazeMode(0, "camera"), GazeMode(2, "camera"))):
        switched = driver(speech, None, replace(PLAIN, gaze_modes=modes))
        assert same(switched, driver(speech, None, replace(PLAIN, gaze="camera")))


def test_keys_hold_from_their_turn_on():
    eyes = gaze.Eyes.of(None)
    keys = gaze.parse("0:10,0 2:-10,0 3:10,0")
    look = gaze.looking("still", eyes, 4.0, keys=keys, switches=[(1.0, "keys"), (2.5, "still")])
    degrees = gaze.angles.degrees(look(np.array([0.5, 1.5, 2.2, 3.5])))[:, 0, 0]
    np.testing.assert_allclose(degrees, [0, 10, -10, 0], atol=1.0)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (("volume", [0], [1]), "control: 'volume' is not one of mouth_opening"),
        (("head_motion", [], []), "seconds: expected 1 to"),
        (("head_motion", [0, 0], [1, 1]), "seconds: expected them to increase"),
        (("head_motion", [0, 1], [1]), "values: expected shape"),
        (("head_motion", [0], [3.5]), "values: expected values <= 3"),
        (("head_motion", [np.nan], [1]), "seconds: expected finite"),
    ],
)
def test_curves_that_cannot_be_are_refused(arguments, match):
    name, seconds, values = arguments
    with pytest.raises(InputError, match=match):
        ControlCurve(name, np.array(seconds, float), np.array(values, np.float32))


def test_controls_that_cannot_be_are_refused():
    twice = (curve("head_motion", (0, 1)), curve("head_motion", (0, 1)))
    for wrong, match in (
        ({"curves": twice}, "curves: expected one of a control, got 2 of 'head_motion'"),
        ({"gaze_modes": (GazeMode(0, "up"),)}, r"gaze_modes\[0\].mode: 'up' is not one of"),
        ({"gaze_modes": (GazeMode(0, "keys"),)}, "gaze_keys"),
        (
            {"gaze_modes": (GazeMode(1, "photo"), GazeMode(1, "camera"))},
            r"gaze_modes\[1\].seconds: expected them to increase",
        ),
    ):
        with pytest.raises(InputError, match=match):
            DriveControls(**wrong)
    with pytest.raises(InputError, match="curves: live driving has none"):
        Live(drive.create("emoa2e"), None, DriveControls(curves=twice[:1]))


def test_the_command_line_says_curves_and_modes():
    made = parse_curve("blink_rate=0:0,2.5:40")
    assert made.control == "blink_rate" and made(1.25) == 20
    assert parse_modes("0:camera 2.5:natural") == (GazeMode(0, "camera"), GazeMode(2.5, "natural"))
    assert parse_modes("") == ()
    for text in ("blink_rate", "blink_rate=", "blink_rate=0", "blink_rate=a:1"):
        with pytest.raises(InputError, match="expected CONTROL=SECONDS:VALUE"):
            parse_curve(text)
    with pytest.raises(InputError, match="curves 'volume=0:1': control"):
        parse_curve("volume=0:1")
    with pytest.raises(InputError, match="gaze_modes: expected SECONDS:MODE"):
        parse_modes("camera")
