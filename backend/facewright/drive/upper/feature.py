"""The eye motion feature (GoHD, section 3.2 and figure 4), and its inverse.

21 numbers say what brows and lids do: bl, the eyes' height over that of the neutral face
(1 open, 0 shut), and fr, how far each of the ten brow points went from there, x and y, in
the frontal view without pose and identity. The default model is linear in its blendshapes,
so the feature is too, and blendshapes are found from it by least squares.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from facewright import checks
from facewright.checks import Float32
from facewright.errors import InputError
from facewright.face.model import MorphableModel

#: Size of f.
SIZE = 21
#: Centimetres a metre: brows move by some 0.1 cm and lids by some 0.1 of their height, so
#: that losses need no weights between them.
_UNITS = 100.0
#: iBUG's points: the brows; upper and lower lids above each other.
BROW_POINTS = tuple(range(17, 27))
UPPER_LIDS, LOWER_LIDS = (37, 38, 43, 44), (41, 40, 47, 46)
#: Blendshapes that the inverse moves. bl does not tell left from right, so lids move
#: together.
BROWS = ("browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft",
         "browOuterUpRight", "browRaise")  # fmt: skip
LIDS = (("eyeBlinkLeft", "eyeBlinkRight"), ("eyeWideLeft", "eyeWideRight"))
#: Of least squares, in units of f per unit of weight: browRaise is nearly the sum of the
#: other raising shapes, and of equal fits the one with the smaller weights is wanted.
_RIDGE = 0.02


@dataclass(frozen=True, slots=True)
class EyeMotion:
    """Blendshapes -> feature and back, for one morphable model.

    Attributes:
        names: the model's E blendshapes.
        basis: (E, 21) f per unit of each weight.
        neutral: (21,) f of the face at rest: 1, then zeros.
    """

    names: tuple[str, ...]
    basis: Float32
    neutral: Float32

    def feature(self, expression: Float32) -> Float32:
        """(T, 21) f of (T, E) weights, or (21,) of (E,)."""
        return (self.neutral + np.asarray(expression, np.float32) @ self.basis).astype(np.float32)

    def expression(self, feature: Float32) -> Float32:
        """(T, E) weights whose feature is nearest to (T, 21) ``feature``.

        Only :data:`BROWS` and :data:`LIDS` move; each weight is 0 or more, as blendshapes
        that pull against each other would otherwise be found; and 1 at the most.
        """
        from scipy.optimize import nnls

        feature = checks.floats("feature", feature, ("T", SIZE))
        groups = self._groups()
        moved = np.stack([self.basis[rows].sum(0) for rows in groups], axis=1).astype(np.float64)
        ridge = _RIDGE * np.eye(len(groups))
        matrix = np.concatenate([moved, ridge])
        sought = np.zeros(len(matrix))
        out = np.zeros((len(feature), len(self.names)), np.float32)
        for row, offset in zip(out, feature - self.neutral, strict=True):
            sought[:SIZE] = offset
            for rows, weight in zip(groups, nnls(matrix, sought)[0], strict=True):
                row[rows] = min(weight, 1.0)
        return out

    @property
    def columns(self) -> list[int]:
        """The columns that :meth:`expression` moves."""
        return [k for rows in self._groups() for k in rows]

    def _groups(self) -> list[list[int]]:
        groups = [(name,) for name in BROWS] + list(LIDS)
        return [[self.names.index(name) for name in group] for group in groups]


def of_points(points: Float32, neutral: Float32) -> Float32:
    """f of landmarks (figure 4): fr = flat(l_t - l_r) on 17-26, bl = he_t / he_r.

    Args:
        points: (T, 68, D) with D of 2 or 3, without pose; x, then y upwards, in metres.
        neutral: (68, D) of the face at rest.

    Returns:
        (T, 21): bl, then x and y of each brow point in centimetres.
    """
    points = checks.floats("points", points, ("T", 68, None))
    neutral = checks.floats("neutral", neutral, (68, points.shape[2]))
    if points.shape[2] not in (2, 3):
        raise InputError(f"points: expected 2 or 3 coordinates, got {points.shape[2]}")
    ratio = _height(points) / _height(neutral[None])
    brows = (points - neutral)[:, list(BROW_POINTS), :2] * _UNITS
    return np.concatenate([ratio[:, None], brows.reshape(len(points), -1)], axis=1)


def eye_motion(model: MorphableModel) -> EyeMotion:
    """Feature and inverse of a model. Raises InputError where it lacks the blendshapes."""
    for name in (*BROWS, *(name for group in LIDS for name in group)):
        model.expression_index(name)
    neutral = model.metres_per_unit * model.landmark_points(model.mean, model.landmarks68)
    moved = model.metres_per_unit * model.landmark_points(model.expression_basis, model.landmarks68)
    rest = of_points(neutral[None], neutral)[0]
    basis = of_points(neutral + moved, neutral) - rest
    return EyeMotion(tuple(model.expression_names), basis.astype(np.float32), rest)


@lru_cache(maxsize=1)
def default_eye_motion() -> EyeMotion:
    """:func:`eye_motion` of the default model."""
    from facewright.face.library import load_model

    return eye_motion(load_model())


def _height(points: Float32) -> Float32:
    """(T,) he: mean height of both eyes."""
    upper, lower = points[:, list(UPPER_LIDS), 1], points[:, list(LOWER_LIDS), 1]
    return (upper - lower).mean(1)
