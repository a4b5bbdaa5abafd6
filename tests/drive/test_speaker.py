"""The driver `emoa2e` with the weights that ship, on a sentence it never heard."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from facewright import drive
from facewright.capture.subject import Subject
from facewright.drive import DriveControls
from facewright.errors import CancelledError, InputError
from facewright.face.coefficients import Coefficients
from facewright.face.library import load_model
from facewright.face.names import EXPRESSION_64
from facewright.media.speech import Speech, read_speech
from facewright.render.camera import Camera
from facewright.train.speech.phones import Phone
from facewright.train.speech.score import closure_of, score

STILL = DriveControls(head_motion=0.0, brow_motion=0.0, blink_rate=0.0, gaze="still")
MOUTH = ("jaw", "mouth", "lip", "tongue", "smileOpen", "snarlOpen")


@pytest.fixture(scope="module")
def driver() -> drive.Driver:
    return drive.create("emoa2e")


@pytest.fixture(scope="module")
def speech(examples) -> Speech:
    return read_speech(examples / "speech.wav")


@pytest.fixture(scope="module")
def sentence() -> tuple[list[Phone], float]:
    """The example's phones, aligned by pocketsphinx."""
    data = json.loads(Path(__file__).with_name("speech_phones.json").read_text())
    return [Phone(*p) for p in data["phones"]], data["seconds"]


@pytest.fixture(scope="module")
def laughing() -> Subject:
    """A subject whose photo shows an open smile, raised brows and a look aside."""
    model = load_model()
    expression = np.zeros(64, np.float32)
    seen = {"jawOpen": 0.3, "smileOpen": 0.5, "mouthSmileLeft": 0.6, "mouthSmileRight": 0.6,
            "browInnerUp": 0.4, "eyeSquintLeft": 0.3, "eyeBlinkLeft": 0.1}  # fmt: skip
    for name, value in seen.items():
        expression[EXPRESSION_64.index(name)] = value
    gaze = np.float32([0.1, -0.05, 0.08, -0.05])
    flat = np.zeros((8, 8, 3), np.uint8)
    coefficients = Coefficients(
        np.zeros(80), expression, np.zeros(80), np.zeros(27), np.float32([0, 0, 0, 0, 0, -1]), gaze
    )
    return Subject(
        model, coefficients, Camera(10.0, (4.0, 4.0), (8, 8)), flat, (0.0, 0.0, 8.0, 8.0), flat,
        np.ones((8, 8), np.float32), np.zeros((478, 2), np.float32),
    )  # fmt: skip


@pytest.mark.parametrize("fps", [25.0, 50.0])
def test_lips_follow_speech_never_heard(driver, speech, sentence, fps):
    motion = driver(speech, None, replace(STILL, fps=fps))
    found = score([motion.expression], fps, [sentence])
    assert found.jaw >= 0.72
    assert found.closure >= 0.5
    assert found.bilabial_f >= 0.6
    assert found.bilabials == 11


def test_speech_really_opens_and_closes_the_mouth(driver, speech):
    motion = driver(speech, None, STILL)
    jaw = motion.column("jawOpen")
    assert jaw.max() > 0.25
    assert jaw[:4].max() < 0.1
    assert closure_of(motion.expression).max() == pytest.approx(1.0)
    assert {n for n in EXPRESSION_64 if motion.column(n).max() > 0.02} > {
        "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthStretchLeft", "tongueUp",
        "mouthPressLeft", "mouthPressRight",
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["digital", "hiss", "hum"])
def test_silence_is_a_closed_resting_mouth(driver, laughing, kind):
    t = np.arange(3 * 16000) / 16000
    samples = {
        "digital": np.zeros(len(t)),
        "hiss": 5e-4 * np.random.default_rng(0).standard_normal(len(t)),
        "hum": 5e-4 * np.sin(2 * np.pi * 50 * t),
    }[kind]
    motion = driver(Speech(samples.astype(np.float32)), laughing, STILL)
    parting = [n for n in EXPRESSION_64 if n.startswith(MOUTH) and "Smile" not in n]
    assert max(motion.column(n).max() for n in parting) == 0
    assert motion.column("mouthSmileLeft").min() > 0.25
    assert np.ptp(motion.expression, axis=0).max() < 1e-6


@pytest.mark.parametrize("fps", [10.0, 23.976, 24.0, 29.97, 30.0, 60.0, 120.0])
def test_any_frame_rate_sees_the_same_motion(driver, speech, fps):
    controls = DriveControls(seed=5)
    dense = driver(speech, None, replace(controls, fps=200.0))
    motion = driver(speech, None, replace(controls, fps=fps))
    assert len(motion) == speech.frames(fps)
    for a, b in ((dense.expression, motion.expression), (dense.pose, motion.pose)):
        near = np.stack([np.interp(motion.times, dense.times, c) for c in a.T], 1)
        # Between its frames the dense motion is a chord: allow for the curvature of blinks.
        np.testing.assert_allclose(b[:-1], near[:-1], atol=0.02)


@pytest.mark.parametrize("samples", [1, 1600])
def test_the_shortest_sounds_work(driver, speech, samples):
    motion = driver(Speech(speech.samples[16000 : 16000 + samples]), None, DriveControls())
    assert len(motion) == max(1, round(samples / 16000 * 25 + 1e-9))
    assert motion.expression.shape == (len(motion), 64)


def test_the_seed_decides_and_repeats(driver, speech):
    first = driver(speech, None, DriveControls(seed=1))
    again = driver(speech, None, DriveControls(seed=1))
    other = driver(speech, None, DriveControls(seed=2))
    for a, b in ((first.expression, again.expression), (first.pose, again.pose)):
        np.testing.assert_array_equal(a, b)
    assert np.abs(first.pose - other.pose).max() > 0.005
    lips = EXPRESSION_64.index("jawOpen")
    np.testing.assert_array_equal(first.expression[:, lips], other.expression[:, lips])


def test_controls_act(driver, speech):
    def jaw(opening: float) -> float:
        return float(driver(speech, None, replace(STILL, mouth_opening=opening)).column(
            "jawOpen").mean())  # fmt: skip

    plain = jaw(1.0)
    assert jaw(0.0) == 0
    assert jaw(0.5) == pytest.approx(0.5 * plain, rel=0.01)
    assert jaw(2.0) > 1.8 * plain
    still = driver(speech, None, STILL)
    assert not still.pose.any()
    assert not still.column("eyeBlinkLeft").any()
    often = driver(speech, None, replace(STILL, blink_rate=60.0)).column("eyeBlinkLeft")
    assert 4 <= np.count_nonzero(np.diff((often > 0.5).astype(int)) == 1) <= 8


def test_the_rest_of_the_face_stays_as_photographed(driver, speech, laughing):
    motion = driver(speech, laughing, STILL)
    photo = laughing.coefficients
    for name in ("browInnerUp", "eyeSquintLeft", "eyeBlinkLeft", "noseSneerLeft"):
        seen = photo.expression[EXPRESSION_64.index(name)]
        np.testing.assert_allclose(motion.column(name), seen, atol=1e-6)
    np.testing.assert_array_equal(motion.gaze, np.tile(photo.gaze, (len(motion), 1)))
    blinking = driver(speech, laughing, DriveControls(blink_rate=60.0, gaze="camera"))
    assert blinking.column("eyeBlinkLeft").max() > 0.9
    assert blinking.column("eyeBlinkLeft").max() <= 1.0
    assert blinking.sources == {
        "lips": "speech", "brows": "prior", "lids": "prior", "head": "prior", "gaze": "camera",
    }  # fmt: skip
    assert motion.sources["head"] == motion.sources["gaze"] == "photo"
    assert motion.model == laughing.model.name


def test_loudness_and_sample_rate_hardly_matter(driver, speech):
    import soxr

    plain = driver(speech, None, STILL).column("jawOpen")
    quiet = driver(Speech(speech.samples * 0.1), None, STILL).column("jawOpen")
    np.testing.assert_allclose(quiet, plain, atol=0.02)
    dense = soxr.resample(speech.samples, 16000, 44100)
    other = driver(Speech(dense, 44100), None, STILL).column("jawOpen")
    assert np.corrcoef(other, plain)[0, 1] > 0.98


def test_progress_grows_and_may_call_off(driver, speech):
    told: list[float] = []
    driver(speech, None, STILL, told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0

    def stop(share: float) -> None:
        raise CancelledError("enough")

    with pytest.raises(CancelledError):
        driver(speech, None, STILL, stop)


@pytest.mark.parametrize(
    ("field", "value"),
    [("fps", 0.5), ("fps", float("nan")), ("mouth_opening", 2.1), ("head_motion", -1.0),
     ("blink_rate", 61.0), ("seed", -1), ("seed", 2**63)],
)  # fmt: skip
def test_controls_out_of_range_are_named(field, value):
    with pytest.raises(InputError, match=field):
        DriveControls(**{field: value})


def test_drivers_are_found_by_name():
    assert "emoa2e" in drive.names()
    with pytest.raises(InputError, match=r"driver: 'emo' is not one of .*emoa2e"):
        drive.create("emo")


def test_a_subject_of_another_model_is_refused(driver, speech, laughing):
    other = replace(laughing.model, expression_names=("a",) * 64)
    with pytest.raises(InputError, match="retarget"):
        driver(speech, replace(laughing, model=other), STILL)
