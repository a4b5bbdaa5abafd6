"""The boxes that metrics are taken over, from a truth frame's iBUG-68 landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facewright import checks
from facewright.checks import Float32


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of whole pixels: rows top..bottom - 1, columns left..right - 1."""

    left: int
    top: int
    right: int
    bottom: int

    def cut(self, picture: np.ndarray) -> np.ndarray:
        """The box's part of an (H, W, …) picture."""
        return picture[self.top : self.bottom, self.left : self.right]

    def scaled(self, across: float, down: float) -> Box:
        """The box in a picture that was scaled: at least one pixel, in the same place."""
        left, top = int(self.left * across), int(self.top * down)
        right, bottom = int(np.ceil(self.right * across)), int(np.ceil(self.bottom * down))
        return Box(left, top, max(right, left + 1), max(bottom, top + 1))


#: Points of each box and by what share of its sides it grows (half of it on each side).
_REGIONS = {
    "face": (range(68), 0.10),
    "mouth": (range(48, 68), 0.25),
    "eye_right": (range(36, 42), 0.40),
    "eye_left": (range(42, 48), 0.40),
}


def boxes(landmarks68: Float32, size: tuple[int, int]) -> dict[str, Box]:
    """The face, mouth and eye boxes of a frame.

    Args:
        landmarks68: (68, 2) in pixels, corners at integers.
        size: (width, height) of the frame, to which boxes are clipped.
    """
    points = checks.floats("landmarks68", landmarks68, (68, 2))
    return {
        name: _around(points[list(rows)], grow, size) for name, (rows, grow) in _REGIONS.items()
    }


def _around(points: Float32, grow: float, size: tuple[int, int]) -> Box:
    low, high = points.min(0), points.max(0)
    margin = (high - low) * grow / 2
    left, top = np.clip(np.floor(low - margin), 0, np.array(size) - 2).astype(int).tolist()
    right, bottom = np.ceil(high + margin).astype(int).tolist()
    return Box(left, top, int(np.clip(right, left + 2, size[0])),
               int(np.clip(bottom, top + 2, size[1])))  # fmt: skip
