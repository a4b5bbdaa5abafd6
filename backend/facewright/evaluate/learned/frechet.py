"""FID: the Fréchet distance of image features (Heusel et al. 2017, section 1)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facewright.checks import Float32
from facewright.evaluate.judges import Found, Judge, View
from facewright.evaluate.learned.embedding import Intake
from facewright.evaluate.learned.onnx import Network


class Frechet(Judge):
    """FID of all of a row's frames to all frames of the clips.

    With fewer frames than features the covariances are not of full rank: such values
    compare rows of one report, and are no match for those of papers.
    """

    def __init__(self, weights: Path) -> None:
        self._network = Network(weights)
        self._intake = Intake.beside(weights, Intake(size=299, aligned=False))
        self._features: dict[str, list[Float32]] = {}

    def frame(self, view: View) -> Found:
        """Keep the frame's features."""
        taken = self._intake.take(view.frame, view.points)
        if taken is not None:
            self._features.setdefault(view.row, []).append(self._network(taken[None])[0])
        return {}

    def total(self) -> dict[str, Found]:
        """``fid`` by row."""
        from facewright.evaluate.compare import TRUTH

        real = self._features.get(TRUTH, [])
        return {
            row: {"fid": frechet(np.stack(features), np.stack(real))}
            for row, features in self._features.items()
            if row != TRUTH and min(len(features), len(real)) > 1
        }


def frechet(a: Float32, b: Float32) -> float:
    """|m_a - m_b|^2 + Tr(C_a + C_b - 2 (C_a C_b)^(1/2)) of (N, D) and (M, D) features.

    With C = X'X / (N - 1) of centred features, the root's trace is the sum of the singular
    values of X_a X_b', which needs no root of a matrix that may be singular.
    """
    means = np.asarray(a, np.float64).mean(0), np.asarray(b, np.float64).mean(0)
    spread_a, spread_b = (
        _short((np.asarray(x, np.float64) - m) / np.sqrt(len(x) - 1))
        for x, m in zip((a, b), means, strict=True)
    )
    traces = float(np.square(spread_a).sum() + np.square(spread_b).sum())
    common = float(np.linalg.svd(spread_a @ spread_b.T, compute_uv=False).sum())
    return max(0.0, float(np.square(means[0] - means[1]).sum()) + traces - 2 * common)


def _short(rows: np.ndarray) -> np.ndarray:
    """At most D rows with the same X'X."""
    return np.asarray(np.linalg.qr(rows, mode="r")) if len(rows) > rows.shape[1] else rows
