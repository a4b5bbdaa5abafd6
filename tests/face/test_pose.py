"""Head poses against OpenCV and against themselves."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from facewright.face import pose as poses


def _random_poses(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.7, (count, 6)).astype(np.float32)


def test_matrices_equal_opencv() -> None:
    vectors = _random_poses(50)[:, :3]
    expected = np.stack([cv2.Rodrigues(v.astype(np.float64))[0] for v in vectors])
    np.testing.assert_allclose(poses.rotation_matrix(vectors), expected, atol=1e-6)


@pytest.mark.parametrize("angle", [0.0, 1e-9, 1e-4, 1.0, np.pi - 1e-3, np.pi])
def test_vector_inverts_matrix_at_any_angle(angle: float) -> None:
    axes = _random_poses(20)[:, :3].astype(np.float64)
    axes /= np.linalg.norm(axes, axis=-1, keepdims=True)
    matrices = poses._matrix(axes * angle)
    back = poses._matrix(poses.rotation_vector(matrices).astype(np.float64))
    np.testing.assert_allclose(back, matrices, atol=1e-6)
    lengths = np.linalg.norm(poses.rotation_vector(matrices), axis=-1)
    np.testing.assert_allclose(lengths, angle, atol=1e-6)


def test_compose_acts_in_the_heads_frame() -> None:
    neutral, relative = _random_poses(8, 1), _random_poses(8, 2)
    points = np.random.default_rng(3).normal(size=(8, 30, 3)).astype(np.float32)
    expected = poses.transform(neutral, poses.transform(relative, points))
    got = poses.transform(poses.compose(neutral, relative), points)
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_no_relative_pose_keeps_the_neutral_one() -> None:
    neutral = _random_poses(5, 4)
    np.testing.assert_allclose(poses.compose(neutral, np.zeros((5, 6))), neutral, atol=1e-6)


def test_relative_to_inverts_compose() -> None:
    neutral, relative = _random_poses(1, 5)[0], _random_poses(9, 6)
    relative[:, :3] *= 0.8  # below pi, where a rotation vector is unique
    back = poses.relative_to(neutral, poses.compose(neutral, relative))
    np.testing.assert_allclose(back, relative, atol=2e-6)
