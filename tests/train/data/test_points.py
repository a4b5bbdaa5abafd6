"""Landmarks as fixed-point numbers: precision, what is missing, what is refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
from facewright.errors import InputError
from facewright.train.data import points

RNG = np.random.default_rng(0)


def walk(frames: int) -> np.ndarray:
    """A face that drifts and trembles, in pixels."""
    start = RNG.uniform(20, 230, (1, points.POINTS, 2))
    drift = np.cumsum(RNG.normal(0, 0.5, (frames, 1, 2)), axis=0)
    return (start + drift + RNG.normal(0, 0.1, (frames, points.POINTS, 2))).astype(np.float32)


def test_points_come_back_to_half_a_step() -> None:
    told = walk(40)
    back = points.decode(points.encode(told))
    assert back.dtype == np.float32 and back.shape == told.shape
    assert np.abs(back - told).max() <= 0.5 / points.STEPS + 1e-5
    assert np.array_equal(points.decode(points.encode(back)), back)


def test_missing_frames_stay_missing_and_alone() -> None:
    told = walk(6)
    told[0] = told[3, 5, 1] = np.nan  # one coordinate is a frame that cannot be used
    back = points.decode(points.encode(told))
    assert np.isnan(back).all((1, 2)).tolist() == [True, False, False, True, False, False]
    assert np.abs(back[[1, 2, 4, 5]] - told[[1, 2, 4, 5]]).max() <= 0.01


def test_what_lies_far_outside_is_moved_to_the_margin() -> None:
    told = np.zeros((2, points.POINTS, 2), np.float32)
    told[0, 0], told[1, 0] = (-9000, 9000), (-255, 766)
    back = points.decode(points.encode(told))
    assert back[0, 0].tolist() == [-256, 65534 / 64 - 256]
    assert back[1, 0].tolist() == [-255, 766]


def test_differences_compress() -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, points.encode(walk(200)))
    assert len(buffer.getvalue()) < 0.3 * walk(200).nbytes


def test_any_bytes_of_the_right_shape_are_points() -> None:
    wild = RNG.integers(0, 256, (2, points.POINTS * 2, 5), dtype=np.uint8)
    back = points.decode(wild)
    known = back[np.isfinite(back)]
    assert back.shape == (5, points.POINTS, 2) and (np.abs(known) <= 768).all()


@pytest.mark.parametrize(
    ("planes", "message"),
    [
        (np.zeros((2, 956), np.uint8), "planes: expected uint8"),
        (np.zeros((2, 955, 3), np.uint8), "planes: expected uint8"),
        (np.zeros((2, 956, 3), np.uint16), "got uint16"),
    ],
)
def test_other_planes_are_refused(planes: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        points.decode(planes)


def test_other_points_are_refused() -> None:
    with pytest.raises(InputError, match="points: expected shape"):
        points.encode(np.zeros((3, 468, 2), np.float32))
    with pytest.raises(InputError, match="infinite"):
        points.encode(np.full((1, points.POINTS, 2), np.inf, np.float32))


def test_shares() -> None:
    told = np.array([0, 0.3, 1], np.float32)
    assert np.abs(points.decode_share(points.encode_share(told)) - told).max() <= 0.5 / 255
    with pytest.raises(InputError, match="<= 1"):
        points.encode_share(np.array([1.5], np.float32))
