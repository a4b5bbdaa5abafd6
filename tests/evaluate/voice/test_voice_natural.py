"""How motions move, from motions that move in a known way."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.evaluate.voice import natural
from facewright.evaluate.voice.natural import Eyes, blinks_of, gaze_of, of_motion, within
from facewright.evaluate.voice.points import Points
from facewright.face.library import load_model
from facewright.face.motion import Motion
from facewright.face.names import EXPRESSION_64

FPS, COUNT = 25.0, 500


@pytest.fixture(scope="module")
def points() -> Points:
    return Points(load_model())


def motion(blinks: tuple[int, ...] = (), amplitude: float = 3.0) -> Motion:
    """A yaw at 0.5 Hz, blinks of five frames, one look aside."""
    face = np.zeros((COUNT, 64), np.float32)
    for at in blinks:
        for side in ("Left", "Right"):
            face[at : at + 5, EXPRESSION_64.index(f"eyeBlink{side}")] = (0.5, 1, 1, 0.6, 0.3)
    pose = np.zeros((COUNT, 6), np.float32)
    pose[:, 1] = np.radians(amplitude * np.sqrt(2) * np.sin(np.pi * np.arange(COUNT) / FPS))
    gaze = np.zeros((COUNT, 4), np.float32)
    gaze[200:, [0, 2]] = np.sin(np.radians(8))
    return Motion(FPS, "default", EXPRESSION_64, face, pose, gaze)


def test_measures_say_how_a_motion_moves(points):
    found = of_motion(motion((50, 200, 400)), points)
    assert set(found) == set(natural.UNITS)
    assert found["yaw"] == pytest.approx(3, abs=0.05) and found["pitch"] < 1e-3
    assert found["blinks"] == pytest.approx(3 * 60 * FPS / COUNT)
    assert found["closing"] < found["reopening"]
    assert found["saccades"] == pytest.approx(FPS / COUNT)
    assert found["brows"] == 0 == found["lip jitter"]


def test_a_shaking_head_jitters_more(points):
    calm, shaken = motion(), motion()
    shaken.pose[::2, 0] += np.radians(0.5)
    assert of_motion(shaken, points)["head jitter"] > of_motion(calm, points)["head jitter"]


def test_no_blink_has_no_time_course():
    rate, closing, reopening = blinks_of(Eyes(np.full(100, 0.3, np.float32), FPS))
    assert rate == 0 and np.isnan(closing) and np.isnan(reopening)


def test_gaze_that_drifts_makes_no_saccade():
    drift = np.linspace(0, 20, COUNT)[:, None] * np.ones(2)
    aside, up, saccades = gaze_of(drift.astype(np.float32), FPS)
    assert aside == up and aside > 5 and saccades == 0


def test_ranges():
    assert within([1, 2, 9], [0, 3])
    assert not within([4, 5], [0, 3])
    assert within([np.nan, 2], [np.nan, 3, 1])
