# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotations as NumPy arrays, time first; no bpy. Angles in radians."""

from __future__ import annotations

import numpy as np

#: Blender's name for the order of :func:`euler_from_matrix`: roll, then pitch, then yaw.
#: Pitch is the middle angle, so the order only degenerates for a face turned straight
#: up or down.
EULER_ORDER = "ZXY"


def matrix_from_vector(vector: np.ndarray) -> np.ndarray:
    """(…, 3) rotation vectors -> (…, 3, 3) matrices, by Rodrigues' formula."""
    vector = np.asarray(vector, dtype=np.float64)
    angle = np.linalg.norm(vector, axis=-1)[..., None, None]
    x, y, z = np.moveaxis(vector, -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1)
    cross = cross.reshape(*vector.shape[:-1], 3, 3)
    half = np.sinc(angle / (2 * np.pi))  # sin(a / 2) / (a / 2), also at a = 0
    return np.eye(3) + np.sinc(angle / np.pi) * cross + 0.5 * half**2 * (cross @ cross)


def euler_from_matrix(matrix: np.ndarray) -> np.ndarray:
    """(…, 3, 3) matrices -> (…, 3) angles about x, y, z in :data:`EULER_ORDER`.

    The matrix is R_y R_x R_z, so its middle row is (c_x s_z, c_x c_z, -s_x).
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    x = np.arcsin(np.clip(-matrix[..., 1, 2], -1.0, 1.0))
    locked = np.abs(matrix[..., 1, 2]) > 1.0 - 1e-9  # only y + z or y - z is defined
    y = np.where(
        locked,
        np.arctan2(-matrix[..., 2, 0], matrix[..., 0, 0]),
        np.arctan2(matrix[..., 0, 2], matrix[..., 2, 2]),
    )
    z = np.where(locked, 0.0, np.arctan2(matrix[..., 1, 0], matrix[..., 1, 1]))
    return np.stack([x, y, z], axis=-1)


def euler_curves(vectors: np.ndarray) -> np.ndarray:
    """(T, 3) rotation vectors -> (T, 3) Euler angles without jumps of a full turn."""
    return np.unwrap(euler_from_matrix(matrix_from_vector(vectors)), axis=0)


def pose_matrix(pose: np.ndarray) -> np.ndarray:
    """(6,) rotation vector and translation -> (4, 4) matrix of X' = R X + t."""
    matrix = np.eye(4)
    matrix[:3, :3] = matrix_from_vector(np.asarray(pose[:3]))
    matrix[:3, 3] = pose[3:6]
    return matrix


def vectors_from_euler(angles: np.ndarray) -> np.ndarray:
    """(…, 3) angles about x, y, z in :data:`EULER_ORDER` -> (…, 3) rotation vectors.

    The quaternion is q_y q_x q_z.
    """
    half = np.asarray(angles, dtype=np.float64) / 2
    (cx, cy, cz), (sx, sy, sz) = np.moveaxis(np.cos(half), -1, 0), np.moveaxis(np.sin(half), -1, 0)
    w = cy * cx * cz + sy * sx * sz
    axis = np.stack(
        [
            cy * sx * cz + sy * cx * sz,
            sy * cx * cz - cy * sx * sz,
            cy * cx * sz - sy * sx * cz,
        ],
        axis=-1,
    )
    axis = np.where(w[..., None] < 0, -axis, axis)  # the shorter way round
    sine = np.linalg.norm(axis, axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, np.abs(w)[..., None])
    return axis * np.where(sine > 1e-12, angle / np.maximum(sine, 1e-12), 2.0)


def quaternions(matrices: np.ndarray) -> np.ndarray:
    """(T, 3, 3) matrices -> (T, 4) quaternions w, x, y, z, each on the side of the one before."""
    m = np.asarray(matrices, dtype=np.float64)
    xx, yy, zz = m[:, 0, 0], m[:, 1, 1], m[:, 2, 2]
    # Four ways to the same quaternion, each times its largest part; the longest is the surest.
    yz, zx, xy = m[:, 2, 1] - m[:, 1, 2], m[:, 0, 2] - m[:, 2, 0], m[:, 1, 0] - m[:, 0, 1]
    y_z, z_x, x_y = m[:, 2, 1] + m[:, 1, 2], m[:, 0, 2] + m[:, 2, 0], m[:, 1, 0] + m[:, 0, 1]
    ways = np.stack(
        [
            np.stack([1 + xx + yy + zz, yz, zx, xy], -1),
            np.stack([yz, 1 + xx - yy - zz, x_y, z_x], -1),
            np.stack([zx, x_y, 1 - xx + yy - zz, y_z], -1),
            np.stack([xy, z_x, y_z, 1 - xx - yy + zz], -1),
        ],
        axis=1,
    )
    lengths = np.linalg.norm(ways, axis=-1)
    best = np.take_along_axis(ways, lengths.argmax(1)[:, None, None], 1)[:, 0]
    best /= np.linalg.norm(best, axis=-1, keepdims=True)
    turned = np.einsum("ti,ti->t", best[1:], best[:-1]) < 0
    return best * np.where(np.cumsum(np.r_[False, turned]) % 2, -1.0, 1.0)[:, None]
