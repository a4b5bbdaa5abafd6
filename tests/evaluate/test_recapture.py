"""What made frames show, against what they should."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.capture import CaptureSession
from facewright.evaluate import recapture
from facewright.evaluate.recapture import LIPS, angle, differences, look, similar, similarity
from moving import shifted


@pytest.fixture(scope="module")
def session():
    session = CaptureSession()
    yield session
    session.close()


def test_a_shift_is_seen_in_landmarks_and_in_nothing_else(portrait, session) -> None:
    subject = session.capture(portrait, size=256, box=(0, 0, 256, 256))
    truth = look(session, subject, portrait)
    made = look(session, subject, shifted(portrait, 4.0), truth)
    assert truth is not None and made is not None
    found = differences(made, truth)
    assert found["lmd_face"] == pytest.approx(4, abs=0.5)
    assert found["lmd_mouth"] == pytest.approx(4, abs=0.5)
    assert found["lmd_mouth_aligned"] < 0.6
    assert found["pose_degrees"] < 2.5 and found["gaze_degrees"] < 2
    assert made.opening == pytest.approx(truth.opening, abs=0.02)
    same = differences(truth, truth)
    assert max(same.values()) < 1e-3
    assert "lmd_mouth" not in differences(made, truth, same_face=False)


def test_a_picture_without_a_face_is_lost(portrait, session) -> None:
    subject = session.capture(portrait, size=256, box=(0, 0, 256, 256))
    assert look(session, subject, np.full((256, 256, 3), 128, np.uint8)) is None


def test_lips_alone_moving_survive_the_alignment() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(50, 200, (478, 2)).astype(np.float32)
    turn = np.deg2rad(20)
    matrix = 1.3 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    moved = (points @ matrix.T + [10, -5]).astype(np.float32)
    assert similar(moved, points) == pytest.approx(points, abs=1e-2)
    open_lips = points.copy()
    open_lips[list(LIPS), 1] += 3
    again = (open_lips @ matrix.T + [10, -5]).astype(np.float32)
    gap = recapture.distance(similar(again, points)[list(LIPS)], points[list(LIPS)])
    assert gap == pytest.approx(3, abs=1e-2)


def test_similarity_and_angle_by_hand() -> None:
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    turned = np.array([[5, 7], [5, 9], [3, 9], [3, 7]], np.float32)
    assert similarity(square, turned) == pytest.approx(np.array([[0, -2, 5], [2, 0, 7]]))
    assert angle(np.zeros(3), np.array([0, np.deg2rad(30), 0])) == pytest.approx(30, abs=1e-3)
