"""A head turns about a point in the neck: turns and shifts as poses, and back."""

from __future__ import annotations

import numpy as np

from facewright.checks import Float32

#: Below and behind the pivot; metres.
NECK = np.array([0.0, -0.09, -0.02])

_LIMIT = 12.0  # degrees that a head turns, softly
_FADE_IN = 0.8  # seconds from the photographed pose


def performed(
    times: np.ndarray,
    degrees: np.ndarray,
    shift: np.ndarray,
    amount: float | Float32,
    metres_per_unit: float,
) -> Float32:
    """(T, 6) poses, as in ``Motion.pose``, of a head that starts as it was photographed.

    Args:
        times: (T,) seconds.
        degrees: (T, 3) pitch (positive nods down), yaw and roll.
        shift: (T, 3) metres that the neck itself moves.
        amount: factor on both, or (T,) of them; each turn is softly kept within 12°.
        metres_per_unit: of the model.
    """
    fade = np.clip(times / _FADE_IN, 0, 1)
    fade = (amount * fade * fade * (3 - 2 * fade))[:, None]
    turn = np.radians(_LIMIT * np.tanh(fade * degrees / _LIMIT)).astype(np.float32)
    moved = _carried(turn, metres_per_unit) + fade * shift / metres_per_unit
    return np.concatenate([turn, moved], 1).astype(np.float32)


def about_neck(pose: Float32, metres_per_unit: float) -> Float32:
    """(T, 6) of (T, 6) poses: the turn, radians, and what the neck itself moves, metres."""
    shift = pose[:, 3:] - _carried(pose[:, :3], metres_per_unit)
    return np.concatenate([pose[:, :3], shift * metres_per_unit], 1).astype(np.float32)


def _carried(turn: Float32, metres_per_unit: float) -> Float32:
    """(T, 3) translation that keeps the neck where it is while the head turns."""
    from facewright.face.pose import rotation_matrix

    neck = (NECK / metres_per_unit).astype(np.float32)
    return neck - rotation_matrix(turn) @ neck
