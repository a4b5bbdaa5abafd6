"""Sums over sentences, lips' gaps on the model, mouths in pixels, and the lips' timing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from facewright.drive import lips
from facewright.drive.base import DriveControls
from facewright.evaluate.voice import phones, timing
from facewright.evaluate.voice.points import Points, lid_opening
from facewright.evaluate.voice.real import Mouth, judged, simple_mouths
from facewright.face.library import load_model
from facewright.face.motion import Motion
from facewright.face.names import EXPRESSION_64
from facewright.media.speech import Speech
from facewright.train.performance import Performance
from facewright.train.speech import teacher
from facewright.train.speech.phones import Phone
from facewright.train.speech.score import Sentence, score

AT = {name: k for k, name in enumerate(EXPRESSION_64)}
FPS = 25.0


@pytest.fixture(scope="module")
def points() -> Points:
    return Points(load_model())


def face(**weights: float) -> np.ndarray:
    row = np.zeros((1, 64), np.float32)
    for name, weight in weights.items():
        row[0, AT[name]] = weight
    return row


def sentence(shift: float = 0.0) -> Sentence:
    spoken = "mɑmibɑpupɑ"
    said = tuple(
        Phone(symbol, 0.2 + 0.12 * k + shift, 0.32 + 0.12 * k + shift)
        for k, symbol in enumerate(spoken)
    )
    rng = np.random.default_rng(int(100 * shift))
    return Sentence("one", rng.integers(-999, 999, 32000).astype(np.int16), said, 2.0)


def true_curves(one: Sentence) -> np.ndarray:
    curves = teacher.curves(one.phones, one.seconds)
    places = np.arange(int(one.seconds * FPS)) / FPS * teacher.RATE
    return np.stack([np.interp(places, np.arange(len(curves)), c) for c in curves.T], 1).astype(
        np.float32
    )


def test_sums_pool_as_the_score_does():
    said = [sentence(), sentence(0.1), sentence(0.3)]
    rng = np.random.default_rng(0)
    made = [true_curves(s) + 0.1 * rng.random((50, 64)).astype(np.float32) for s in said]
    pooled = score(made, FPS, [(s.phones, s.seconds) for s in said])
    found = phones.sums(made, FPS, said).measures()
    wanted = [pooled.jaw, pooled.closure, pooled.rounding, pooled.bilabial_f]
    assert found == pytest.approx(wanted, abs=1e-5)


def test_intervals_hold_the_value_and_gains_are_paired():
    said = [sentence(0.01 * k) for k in range(8)]
    rng = np.random.default_rng(1)
    good = [true_curves(s) + 0.05 * rng.random((50, 64)).astype(np.float32) for s in said]
    bad = [0.3 * g + 0.5 * rng.random((50, 64)).astype(np.float32) for g in good]
    better, worse = phones.sums(good, FPS, said), phones.sums(bad, FPS, said)
    value, low, high = phones.intervals(better)[0]
    assert low < value < high
    assert phones.gains(better, worse)[0, 1] > 0
    assert (phones.gains(better, better) == 0).all()


def test_loudness_opens_what_is_loud():
    loud = np.concatenate([np.zeros(16000), np.tile([8000, -8000], 8000)]).astype(np.int16)
    made = phones.loudness_way(Sentence("s", loud, (), 2.0), FPS)
    assert made.shape == (50, 64)
    assert made[40, AT["jawOpen"]] > 0.9 > 0.1 > made[5, AT["jawOpen"]]
    assert made[5, AT["mouthPressLeft"]] == pytest.approx(lips.PRESS, abs=0.01)


def test_gaps_of_the_model(points):
    assert points.lip_gap(face()) == pytest.approx(0, abs=0.3)
    jaws = [float(points.lip_gap(face(jawOpen=w))[0]) for w in (0.1, 0.3, 0.6)]
    assert 1 < jaws[0] < jaws[1] < jaws[2]
    shut = face(jawOpen=0.3, mouthClose=0.3 * lips.CLOSE)
    assert points.lip_gap(shut) == pytest.approx(0, abs=0.3)
    still, blinked = (points.lid_opening(face(eyeBlinkLeft=w, eyeBlinkRight=w))[0] for w in (0, 1))
    assert blinked < 0.5 * still
    assert points.brow_height(face(browInnerUp=1.0))[0] > 1
    assert lid_opening(points.of(face())) == pytest.approx(still)


@pytest.fixture(scope="module")
def clip(points) -> Performance:
    """A face that opens and shuts its mouth in front of the camera of a 256-pixel crop."""
    from facewright.capture import box
    from facewright.face import pose as poses

    count = 150
    expression = np.zeros((count, 64), np.float32)
    expression[:, AT["jawOpen"]] = 0.25 + 0.2 * np.sin(np.arange(count) / 3)
    pose = np.zeros((count, 6), np.float32)
    neutral = np.array([0, 0, 0, 0, 0, -1.1], np.float32) / points.model.metres_per_unit
    neutral[:3] = 0
    solid = [poses.transform(neutral, row) for row in points.of(expression)]
    seen = np.stack([box.camera(256).project(row)[:, :2] for row in solid])
    motion = Motion(25.0, points.model.name, EXPRESSION_64, expression, pose,
                    np.zeros((count, 4), np.float32))  # fmt: skip
    sound = Speech(np.random.default_rng(0).normal(0, 0.1, 96000).astype(np.float32))
    return Performance("c", "c", 25.0, motion, seen, np.ones(count), (256, 256),
                       np.zeros(80, np.float32), neutral, sound, True)  # fmt: skip


def test_mouths_are_apart_by_pixels(clip):
    mouth = Mouth(clip)
    own = mouth.distance(clip.motion.expression)
    assert own.mouth == pytest.approx(0, abs=1e-4) and own.motion == pytest.approx(0, abs=1e-4)
    found = {k: mouth.distance(v) for k, v in simple_mouths(clip, clip.speech).items()}
    assert found["mean face"].mouth > found["clip's mean (oracle)"].mouth > 0.5
    assert found["mean face"].motion == pytest.approx(
        found["clip's mean (oracle)"].motion, abs=1e-3
    )
    # Brows, head and eyes do not count.
    raised = clip.motion.expression.copy()
    raised[:, AT["browInnerUp"]] = 1
    assert mouth.distance(raised).mouth == pytest.approx(0, abs=1e-4)


def test_the_scale_is_the_pictures(clip):
    twice = replace(clip, landmarks=2 * clip.landmarks, size=(512, 512))
    still = np.zeros_like(clip.motion.expression)
    once, again = (Mouth(c).distance(still).mouth for c in (clip, twice))
    assert once == pytest.approx(again, rel=1e-3)


def test_only_clips_in_sync_and_long_enough_count(clip):
    short = replace(clip.motion, expression=clip.motion.expression[:50], pose=clip.motion.pose[:50],
                    gaze=clip.motion.gaze[:50])  # fmt: skip
    late, brief = replace(clip, in_sync=False), replace(clip, motion=short)
    assert judged([clip, late, brief, replace(clip, speech=None)]) == [clip]


class Mumbling:
    """Closes its lips every half a second; with a prompt, a little later and not wholly."""

    name = "mumbling"
    licence = summary = ""

    def __init__(self, kept: float, late: int) -> None:
        self.kept, self.late = kept, late

    def __call__(self, speech, subject, controls, progress=None) -> Motion:
        felt = bool(controls.emotion)
        times = np.arange(speech.frames(controls.fps))
        phase = (times - (self.late if felt else 0)) % 25
        closed = (phase < 4).astype(np.float32)
        made = np.zeros((len(times), 64), np.float32)
        made[:, AT["jawOpen"]] = 0.3 * (1 - closed * (self.kept if felt else 1))
        for side in ("Left", "Right"):
            made[:, AT[f"mouthPress{side}"]] = lips.PRESS * closed
        zeros = np.zeros((len(times), 6), np.float32)
        return Motion(controls.fps, "default", EXPRESSION_64, made, zeros, zeros[:, :4])


@pytest.mark.parametrize(("kept", "late"), [(1.0, 0), (0.2, 0), (1.0, 5)])
def test_prompts_that_part_or_shift_lips_are_found(points, kept, late):
    speech = Speech(np.zeros(48000, np.float32))
    (found,) = timing.measure(
        Mumbling(kept, late), [speech], ["angry"], points, (2.0,), DriveControls()
    )
    assert found.closures == 6 and found.without == pytest.approx(0, abs=0.3)
    assert (found.kept == 1) == (kept == 1 and late == 0)
    assert found.lag == pytest.approx(-late / timing.FPS) or found.lag == pytest.approx(
        late / timing.FPS
    )
    assert (found.lag != 0) == (late != 0)
