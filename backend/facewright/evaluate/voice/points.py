"""Where MediaPipe's points of expressions lie on the model: gaps of lips and lids."""

from __future__ import annotations

import numpy as np

from facewright import checks
from facewright.checks import Float32
from facewright.face.model import MorphableModel

# Points of the upper and lower lip from the inside out, at the middle and beside it: where a
# lip is rolled in, it meets the other with points that are further out.
_LIPS = (
    ((82, 38, 72), (87, 86, 85)),
    ((13, 12, 11), (14, 15, 16)),
    ((312, 268, 302), (317, 316, 315)),
)
_LIDS = (((159, 145), (33, 133)), ((386, 374), (362, 263)))  # upper and lower, corners
_BROWS = (107, 55, 336, 285, 105, 334, 70, 300)
_MILLIMETRES = 1000.0


class Points:
    """Points of one face as linear functions of its expression, head still.

    Args:
        model: with landmarks of MediaPipe.
        identity: (K,) alpha; None for the mean face.
    """

    def __init__(self, model: MorphableModel, identity: Float32 | None = None) -> None:
        assert model.landmarks478 is not None
        self.model = model
        shape = model.mean
        if identity is not None:
            shape = shape + np.tensordot(identity, model.identity_basis, 1)
        self._rest = model.landmark_points(shape.astype(np.float32), model.landmarks478)
        self._moves = model.landmark_points(model.expression_basis, model.landmarks478)

    def of(self, expression: Float32) -> Float32:
        """(T, 478, 3) points of (T, E) weights, model units."""
        weights = checks.floats("expression", expression, ("T", len(self._moves)))
        return self._rest + np.tensordot(weights, self._moves, 1)

    def lip_gap(self, expression: Float32) -> Float32:
        """(T,) millimetres between the lips, 0 where they meet or overlap."""
        height = self.of(expression)[:, :, 1]
        gaps = [
            np.maximum(height[:, list(upper)].min(1) - height[:, list(lower)].max(1), 0)
            for upper, lower in _LIPS
        ]
        return _MILLIMETRES * self.model.metres_per_unit * np.mean(gaps, 0)

    def lid_opening(self, expression: Float32) -> Float32:
        """(T,) opening of the lids over the width of the eyes, both eyes' mean."""
        return lid_opening(self.of(expression))

    def brow_height(self, expression: Float32) -> Float32:
        """(T,) millimetres that the brows are above their place at rest."""
        points = self.of(expression)[:, list(_BROWS), 1] - self._rest[list(_BROWS), 1]
        return _MILLIMETRES * self.model.metres_per_unit * points.mean(1)


def lid_opening(points: Float32) -> Float32:
    """(T,) opening of the lids over the width of the eyes of (T, 478, 2 or 3) points."""
    shares = [
        np.linalg.norm(points[:, up] - points[:, low], axis=1)
        / np.linalg.norm(points[:, a] - points[:, b], axis=1)
        for (up, low), (a, b) in _LIDS
    ]
    return np.mean(shares, 0).astype(np.float32)
