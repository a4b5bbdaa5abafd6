"""Runs of frames and the square of a clip."""

from __future__ import annotations

import numpy as np
from facewright.capture.box import head_box
from facewright.train.data.framing import LONGEST, runs, steady_box

RNG = np.random.default_rng(0)
FACE = RNG.uniform((400, 200), (520, 360), (478, 2)).astype(np.float32)


def still(frames: int) -> np.ndarray:
    return np.repeat(FACE[None], frames, axis=0)


def test_runs_end_where_the_face_is_away_or_the_picture_cuts() -> None:
    points = still(60)
    points[10:14] = np.nan
    points[40:] += (70, 0)  # 0.44 of the face's height at once
    points[57:59] = np.nan  # one frame is left alone after it
    assert runs(points) == [(0, 10), (14, 40), (40, 57)]
    assert runs(np.full_like(points, np.nan)) == []


def test_a_moving_head_is_no_cut() -> None:
    points = still(30) + np.arange(30, dtype=np.float32)[:, None, None] * (20, 5)
    assert runs(points) == [(0, 30)]


def test_long_runs_are_cut_evenly() -> None:
    found = runs(still(2 * LONGEST + 1))
    assert [a for a, _ in found] == [0, *(b for _, b in found[:-1])]
    lengths = [b - a for a, b in found]
    assert len(found) == 3 and max(lengths) - min(lengths) <= 1


def test_a_still_head_gets_the_usual_square() -> None:
    assert steady_box(still(9), (1280, 720)) == head_box(FACE, (1280, 720))


def test_a_moving_head_stays_inside() -> None:
    points = still(30) + np.linspace(0, 300, 30, dtype=np.float32)[:, None, None] * (1, 0.2)
    x0, y0, x1, y1 = steady_box(points, (1280, 720))
    skin = points[:, :468]
    assert x1 - x0 == y1 - y0 == round(x1 - x0)
    margin = 0.1 * np.ptp(FACE[:468, 1])
    assert (skin.min((0, 1)) > (x0 + margin, y0 + margin)).all()
    assert (skin.max((0, 1)) < (x1 - margin, y1 - margin)).all()


def test_a_square_around_a_head_is_kept_whole() -> None:
    centred = still(4) - FACE.min(0) + (68, 40)  # 120 x 160 of 256 x 256
    assert steady_box(centred, (256, 256)) == (0, 0, 256, 256)
