"""Head poses p = (r, t): rotation vectors, matrices, and poses relative to another.

A pose moves a model point X to R(r) X + t. Rotation vectors have the axis as direction and
the angle in radians as length (Rodrigues); translations are in model units. Everything is
batched over leading axes, computed in float64 and returned as float32.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facewright.checks import Float32

_Float64 = NDArray[np.float64]


def rotation_matrix(vectors: ArrayLike) -> Float32:
    """(…, 3) rotation vectors -> (…, 3, 3) matrices R."""
    return _matrix(np.asarray(vectors, np.float64)).astype(np.float32)


def rotation_vector(matrices: ArrayLike) -> Float32:
    """(…, 3, 3) rotation matrices -> (…, 3) rotation vectors of length 0..pi."""
    return _vector(np.asarray(matrices, np.float64)).astype(np.float32)


def compose(neutral: ArrayLike, relative: ArrayLike) -> Float32:
    """Absolute pose of a head that moved by ``relative`` from its ``neutral`` pose.

    The relative pose acts first, in the head's own frame:
    X_cam = R_n (R_rel X + t_rel) + t_n.

    Args:
        neutral: (…, 6) absolute pose of the neutral head.
        relative: (…, 6) as in ``Motion.pose``; zeros give ``neutral`` back.

    Returns:
        (…, 6) absolute poses.
    """
    neutral, relative = np.asarray(neutral, np.float64), np.asarray(relative, np.float64)
    R_n = _matrix(neutral[..., :3])
    rotation = R_n @ _matrix(relative[..., :3])
    translation = _apply(R_n, relative[..., 3:]) + neutral[..., 3:]
    return np.concatenate([_vector(rotation), translation], -1).astype(np.float32)


def relative_to(neutral: ArrayLike, absolute: ArrayLike) -> Float32:
    """The (…, 6) relative pose that :func:`compose` takes from ``neutral`` to ``absolute``."""
    neutral, absolute = np.asarray(neutral, np.float64), np.asarray(absolute, np.float64)
    back = np.swapaxes(_matrix(neutral[..., :3]), -1, -2)
    rotation = back @ _matrix(absolute[..., :3])
    translation = _apply(back, absolute[..., 3:] - neutral[..., 3:])
    return np.concatenate([_vector(rotation), translation], -1).astype(np.float32)


def transform(pose: ArrayLike, points: Float32) -> Float32:
    """(…, V, 3) model points moved to R X + t by (…, 6) poses; leading axes broadcast."""
    pose = np.asarray(pose, np.float32)
    rotation = rotation_matrix(pose[..., :3])
    return points @ np.swapaxes(rotation, -1, -2) + pose[..., None, 3:]


def _apply(matrices: _Float64, vectors: _Float64) -> _Float64:
    return (matrices @ vectors[..., None])[..., 0]


def _matrix(vectors: _Float64) -> _Float64:
    """Rodrigues' formula through the quaternion, which is smooth at zero."""
    angle = np.linalg.norm(vectors, axis=-1, keepdims=True)
    # sin(angle / 2) / angle by sinc, so that zero needs no case of its own.
    x, y, z = np.moveaxis(vectors * (0.5 * np.sinc(angle / (2 * np.pi))), -1, 0)
    w = np.cos(angle[..., 0] / 2)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def _vector(matrices: _Float64) -> _Float64:
    """The matrix's logarithm through its quaternion, stable at 0 and at pi.

    Each of the four components can be found first from the diagonal and the others from
    it; the largest is taken (Shepperd 1978), so nothing is divided by almost zero.
    """
    m = matrices
    trace = m[..., 0, 0] + m[..., 1, 1] + m[..., 2, 2]
    diagonal = np.stack([m[..., i, i] for i in range(3)], -1)
    squares = np.concatenate([1 + trace[..., None], 1 - trace[..., None] + 2 * diagonal], -1)
    odd = [m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]]
    even = [m[..., 0, 1] + m[..., 1, 0], m[..., 0, 2] + m[..., 2, 0], m[..., 1, 2] + m[..., 2, 1]]
    # Row k is 4 q_k times the quaternion (w, x, y, z).
    candidates = np.stack(
        [
            np.stack([squares[..., 0], odd[0], odd[1], odd[2]], -1),
            np.stack([odd[0], squares[..., 1], even[0], even[1]], -1),
            np.stack([odd[1], even[0], squares[..., 2], even[2]], -1),
            np.stack([odd[2], even[1], even[2], squares[..., 3]], -1),
        ],
        -2,
    )
    best = squares.argmax(-1)[..., None, None]
    quaternion = np.take_along_axis(candidates, best, -2)[..., 0, :]
    quaternion /= np.linalg.norm(quaternion, axis=-1, keepdims=True)
    quaternion *= np.where(quaternion[..., :1] < 0, -1.0, 1.0)
    sine = np.linalg.norm(quaternion[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, quaternion[..., :1])
    return quaternion[..., 1:] * np.where(sine > 1e-12, angle / np.maximum(sine, 1e-12), 2.0)
