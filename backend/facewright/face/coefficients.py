"""The 3DMM coefficients of one face, rho in R^261 (TGDM, eq. 6)."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from facewright import checks
from facewright.checks import Float32

IDENTITY, EXPRESSION, TEXTURE, ILLUMINATION, POSE, GAZE = 80, 64, 80, 27, 6, 4
TOTAL = IDENTITY + EXPRESSION + TEXTURE + ILLUMINATION + POSE + GAZE  # 261


@dataclass(frozen=True, slots=True)
class Coefficients:
    """rho = {alpha, beta, delta, gamma, p, omega} (TGDM, eq. 6), all float32.

    Attributes:
        identity: (80,) alpha, in standard deviations of the model's components.
        expression: (64,) beta, blendshape weights, nominally 0..1.
        texture: (80,) delta, in standard deviations.
        illumination: (27,) gamma, 9 spherical-harmonic weights for R, then G, then B.
        pose: (6,) p, absolute head pose in the camera's frame: rotation vector in
            radians, then translation in model units (metres for the default model).
        gaze: (4,) omega, x and y of the unit vector from eye centre to pupil in the
            head's frame (x to the subject's left, y up): subject's left eye, then right.
    """

    identity: Float32
    expression: Float32
    texture: Float32
    illumination: Float32
    pose: Float32
    gaze: Float32

    def __post_init__(self) -> None:
        sizes = (IDENTITY, EXPRESSION, TEXTURE, ILLUMINATION, POSE, GAZE)
        for field, size in zip(fields(self), sizes, strict=True):
            value = checks.floats(field.name, getattr(self, field.name), (size,))
            object.__setattr__(self, field.name, value)

    def to_vector(self) -> Float32:
        """The (261,) concatenation, in the order of the attributes."""
        return np.concatenate([getattr(self, field.name) for field in fields(self)])

    @classmethod
    def from_vector(cls, vector: Float32) -> Coefficients:
        """Split a (261,) vector; the inverse of :meth:`to_vector`."""
        vector = checks.floats("vector", vector, (TOTAL,))
        sizes = (IDENTITY, EXPRESSION, TEXTURE, ILLUMINATION, POSE, GAZE)
        return cls(*np.split(vector, np.cumsum(sizes)[:-1]))
