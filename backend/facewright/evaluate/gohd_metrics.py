"""GoHD's measures of spontaneous motion (section 4.1): SSIM_e, SSIM_p, Var_e, Var_p.

SSIM_e compares two sequences of the landmarks of eyes and brows, SSIM_p two of head poses,
dimension by dimension over time, as eq. 26 does. The paper does not say in which unit, and
its two constants decide how much a still face scores: landmarks are in decimetres here (the
unit of the Basel face model that it uses) and poses in radians, with the usual constants
for a range of 1. ``structure`` is the same without constants: what is left when a still
face is worth nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from facewright import checks
from facewright.checks import Float32
from facewright.face.model import MorphableModel

#: C1 and C2 of a range of 1 (Wang et al. 2004).
C1, C2 = 0.01**2, 0.03**2
#: iBUG's points that SSIM_e is of (eq. 26 and figure 11): brows, then eyes.
EYE_POINTS = (*range(17, 27), *range(36, 48))
#: Columns of a pose that SSIM_p is of: the rotation; detectors of heads give no more.
ROTATION = slice(0, 3)
_DECIMETRES = 10.0


def structural_similarity(
    real: ArrayLike, made: ArrayLike, c1: float = C1, c2: float = C2
) -> float:
    """Mean over dimensions of eq. 26's quotient, in -1..1; 1 for equal sequences.

    Args:
        real, made: (T, D) sequences.
        c1, c2: the constants; where both sequences hold still and c2 is 0, a dimension
            counts as 0.
    """
    first = checks.floats("real", real, ("T", "D")).astype(np.float64)
    second = checks.floats("made", made, first.shape).astype(np.float64)
    mean, other = first.mean(0), second.mean(0)
    together = ((first - mean) * (second - other)).mean(0)
    spread = first.var(0) + second.var(0) + c2
    bright = (2 * mean * other + c1) / np.maximum(mean**2 + other**2 + c1, 1e-12)
    alike = np.where(spread > 1e-12, (2 * together + c2) / np.maximum(spread, 1e-12), 0.0)
    return float((bright * alike).mean())


def structure(real: ArrayLike, made: ArrayLike) -> float:
    """Mean over dimensions of 2 cov / (var + var): eq. 26 without means and constants.

    1 for equal motion, 0 where one of the two holds still or both have nothing in common.
    """
    first = checks.floats("real", real, ("T", "D")).astype(np.float64)
    second = checks.floats("made", made, first.shape).astype(np.float64)
    return structural_similarity(first - first.mean(0), second - second.mean(0), 1.0, 0.0)


def eye_landmarks(model: MorphableModel, expression: Float32) -> Float32:
    """(T, 44) x and y in decimetres of the eyes' and brows' landmarks, frontal.

    Args:
        model: that the weights belong to.
        expression: (T, E) blendshape weights; identity and pose are left out, as in 4.1.
    """
    weights = checks.floats("expression", expression, ("T", len(model.expression_names)))
    points = model.landmark_points(model.expression_basis, model.landmarks68)
    rest = model.landmark_points(model.mean, model.landmarks68)
    chosen = list(EYE_POINTS)
    moved = rest[chosen, :2] + np.tensordot(weights, points[:, chosen, :2], 1)
    return (_DECIMETRES * model.metres_per_unit * moved).reshape(len(weights), -1)


def ssim_e(real: Float32, made: Float32, model: MorphableModel) -> float:
    """SSIM_e of two performances, (T, E) blendshape weights each."""
    return structural_similarity(eye_landmarks(model, real), eye_landmarks(model, made))


def var_e(made: Float32, model: MorphableModel) -> float:
    """Var_e: mean variance over time of the eyes' and brows' landmarks, in dm²."""
    return float(eye_landmarks(model, made).var(0).mean())


def ssim_p(real: Float32, made: Float32) -> float:
    """SSIM_p of two (T, 6) poses (``Motion.pose``): of their rotations, in radians."""
    return structural_similarity(_rotation("real", real), _rotation("made", made))


def var_p(made: Float32) -> float:
    """Var_p: mean variance over time of the rotation of (T, 6) poses, in rad²."""
    return float(_rotation("made", made).var(0).mean())


def _rotation(name: str, pose: Float32) -> Float32:
    return checks.floats(name, pose, ("T", 6))[:, ROTATION]
