"""Two consecutive frames: what changed that motion does not explain, and whether any did."""

from __future__ import annotations

import cv2
import numpy as np

from facewright.checks import Float32, UInt8
from facewright.evaluate import flicker

_SIDE = 256  # flow is followed at this size, pixels
_GROWN = 0.25  # of the face's bounds, on every side
_LEVELS, _SHARE = 4, 0.001  # a pixel that changed by more; a frame of which fewer did


def around(points: Float32, width: int, height: int) -> tuple[slice, slice]:
    """Rows and columns around a face of (478, 2) points, within the picture."""
    low, high = points[:468].min(0), points[:468].max(0)
    room = _GROWN * (high - low)
    x0, y0 = np.clip(np.floor(low - room), 0, [width - 2, height - 2]).astype(int)
    x1, y1 = np.clip(np.ceil(high + room), [x0 + 2, y0 + 2], [width, height]).astype(int)
    return slice(int(y0), int(y1)), slice(int(x0), int(x1))


def unexplained(before: UInt8, after: UInt8) -> float | None:
    """Mean absolute change, 8-bit levels, after the first is moved onto the second.

    Args:
        before, after: (h, w, 3) of the same place. The flow is their own; where it does not
            hold both ways nothing is compared. None where it holds nowhere.
    """
    before, after = _small(before), _small(after)
    moved = flicker.flow(before, after)
    change = np.abs(moved.aligned(before).astype(np.int16) - after).mean(-1)
    return float(change[moved.trusted].mean()) if moved.trusted.any() else None


def frozen(before: UInt8, after: UInt8) -> bool:
    """Whether next to no pixel of two (h, w, 3) pictures differs by more than coding does."""
    change = np.abs(before.astype(np.int16) - after).max(-1) > _LEVELS
    return float(change.mean()) < _SHARE


def _small(picture: UInt8) -> UInt8:
    scale = _SIDE / max(picture.shape[:2])
    if scale >= 1:
        return np.ascontiguousarray(picture)
    width, height = (max(16, round(scale * side)) for side in picture.shape[1::-1])
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
