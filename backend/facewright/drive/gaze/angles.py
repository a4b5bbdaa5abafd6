"""Gaze omega and angles; how far eyes turn."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facewright.checks import Float32

Floats = NDArray[np.float64]

#: Degrees that eyes turn by at most: aside, up, down. They could turn some ten degrees
#: further, but people turn their heads before that.
ASIDE, UP, DOWN = 35.0, 25.0, 30.0
_SOFT = 0.85  # share of the largest turn from which on a turn is held back


def degrees(gaze: ArrayLike) -> Floats:
    """(…, 4) omega -> (…, 2, 2): each eye's degrees to the subject's left, and up."""
    plane = np.asarray(gaze, np.float64)
    return np.degrees(np.arcsin(np.clip(plane, -1, 1))).reshape(*plane.shape[:-1], 2, 2)


def common(gaze: ArrayLike) -> Floats:
    """(…, 4) omega -> (…, 2): degrees to the left and up that both eyes share."""
    return degrees(gaze).mean(-2)


def direction(left: ArrayLike, up: ArrayLike) -> Floats:
    """(…, 3) unit direction of which x and y are the sines of ``left`` and ``up`` (degrees)."""
    x, y = np.sin(np.radians(left)), np.sin(np.radians(up))
    x, y = np.broadcast_arrays(x, y)
    length = np.maximum(np.hypot(x, y), 1.0)
    x, y = x / length, y / length
    return np.stack([x, y, np.sqrt(np.clip(1 - x**2 - y**2, 0, 1))], -1)


def limited(gaze: ArrayLike) -> Float32:
    """(…, 4) omega within what eyes can do; what both eyes share is held back, softly.

    Their difference, the vergence, stays.
    """
    gaze = np.asarray(gaze, np.float64)
    shared = (gaze[..., :2] + gaze[..., 2:]) / 2
    reach = np.sin(np.radians([ASIDE, UP, DOWN]))
    vertical = np.where(shared[..., 1] > 0, reach[1], reach[2])
    turned = np.hypot(shared[..., 0] / reach[0], shared[..., 1] / vertical)
    rest = 1 - _SOFT
    held = np.where(turned > _SOFT, _SOFT + rest * np.tanh((turned - _SOFT) / rest), turned)
    moved = shared * (held / np.maximum(turned, 1e-9))[..., None] - shared
    return np.clip(gaze + np.tile(moved, 2), -1, 1).astype(np.float32)
