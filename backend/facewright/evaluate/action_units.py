"""Action units seen in a frame: how far points of the face moved from the same face at rest.

Geometric measures, one per AU, of MediaPipe's points (after Tian, Kanade & Cohn, "Recognizing
action units for facial expression analysis", 2001, who measure the same features). They know
nothing of the model that was rendered, its blendshapes or any prototype. Each is signed:
positive is the AU, in distances of the outer eye corners.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from facewright import checks
from facewright.capture.landmarks import EYE_CORNERS, POINTS
from facewright.checks import Float32
from facewright.evaluate.recapture import similarity

#: What landmarks tremble by between two looks at one face: less is no motion.
NOISE = 0.002

# Eye corners, bridge of the nose, temples: what no action unit moves much. (The forehead goes
# with the brows.)
_STEADY = (*EYE_CORNERS, 133, 362, 6, 197, 195, 127, 356, 234, 454)
_INNER_BROWS = (107, 55, 336, 285)
_OUTER_BROWS = (70, 46, 300, 276, 63, 293)
_LOWER_BROWS = (55, 285, 65, 295)
_UPPER_LIDS = (159, 386, 158, 385, 160, 387)
_LOWER_LIDS = (145, 374, 144, 373, 153, 380)
_CHEEKS = (117, 346, 50, 280, 205, 425)
_NOSE_WINGS = (129, 358, 64, 294, 48, 278)
_UPPER_LIP, _LOWER_LIP = (0, 37, 267), (17, 84, 314)
_CHIN = (152, 148, 377)
_CORNERS = (61, 291)  # of the mouth: the subject's right, left


class _Moved:
    """A face's points beside those of the same face at rest."""

    def __init__(self, points: Float32, rest: Float32) -> None:
        self._rest = rest
        matrix = similarity(points[list(_STEADY)], rest[list(_STEADY)])
        self._points = (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
        self._unit = float(np.linalg.norm(np.subtract(*rest[list(EYE_CORNERS)])))

    def up(self, points: Sequence[int]) -> float:
        """How far points rose, on average."""
        rows = list(points)
        return float((self._rest[rows, 1] - self._points[rows, 1]).mean()) / self._unit

    def wider(self, a: int, b: int) -> float:
        """How much two points went apart."""
        now, then = (
            float(np.linalg.norm(points[a] - points[b])) for points in (self._points, self._rest)
        )
        return (now - then) / self._unit

    def outward(self, corner: int) -> float:
        """How far a corner of the mouth went to its side."""
        moved = float(self._points[corner, 0] - self._rest[corner, 0]) / self._unit
        return -moved if corner == _CORNERS[0] else moved


_MEASURES: dict[str, Callable[[_Moved], float]] = {
    "1": lambda f: f.up(_INNER_BROWS),
    "2": lambda f: f.up(_OUTER_BROWS),
    "4": lambda f: -f.up(_LOWER_BROWS),
    "5": lambda f: f.up(_UPPER_LIDS),
    "6": lambda f: 0.5 * (f.up(_CHEEKS) + f.up(_LOWER_LIDS)),
    "7": lambda f: 0.5 * (f.up(_LOWER_LIDS) + _narrowed(f)),
    "9": lambda f: f.up(_NOSE_WINGS),
    "10": lambda f: f.up(_UPPER_LIP),
    "12": lambda f: f.up(_CORNERS) + 0.5 * f.wider(*_CORNERS),
    "14R": lambda f: _pull(f, 0) - _pull(f, 1),
    "15": lambda f: f.up((13, 14)) - f.up(_CORNERS),
    "20": lambda f: f.wider(*_CORNERS),
    "24": lambda f: -(f.wider(0, 13) + f.wider(14, 17)),
    "25": lambda f: f.wider(13, 14),
    "26": lambda f: -f.up(_LOWER_LIP + _CHIN),
    "43": lambda f: _narrowed(f),
}
#: AUs that can be seen.
SEEN: tuple[str, ...] = tuple(_MEASURES)


def seen(points: Float32, rest: Float32) -> dict[str, float]:
    """AU -> how much of it a face shows.

    Args:
        points: (478, 2) MediaPipe's of the face.
        rest: (478, 2) of the same face at rest, seen from the same side.

    Raises:
        InputError: arrays of another shape.
    """
    points = checks.floats("points", points, (POINTS, 2))
    moved = _Moved(points, checks.floats("rest", rest, (POINTS, 2)))
    return {unit: measure(moved) for unit, measure in _MEASURES.items()}


def _narrowed(face: _Moved) -> float:
    """How much the lids came together."""
    return -0.5 * (face.wider(159, 145) + face.wider(386, 374))


def _pull(face: _Moved, side: int) -> float:
    corner = _CORNERS[side]
    return face.up((corner,)) + face.outward(corner)
