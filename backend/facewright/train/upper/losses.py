"""Losses of GoHD's expression predictor (appendix B.2, eq. 18-27)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from facewright.drive.upper.feature import EyeMotion
from facewright.evaluate.gohd_metrics import EYE_POINTS
from facewright.face.model import MorphableModel

if TYPE_CHECKING:
    from facewright.train.upper.experts import LipReader

#: Points of L_lms: jaw and lips. Eq. 20 divides by 31, though its two ranges hold 32.
LIP_POINTS = (*range(3, 15), *range(48, 68))
_INNER, _OPPOSITE = list(range(60, 64)), list(range(64, 68))
MOUTH_POINTS = list(range(48, 68))
_MILLIMETRES = 1000.0
_EPSILON = 1e-8
#: C1 and C2 of eq. 26, for features of some 0.1 to 1.
_C1, _C2 = 0.01**2, 0.03**2


@dataclass(frozen=True, slots=True)
class Weights:
    """λ of eq. 19 and 25 (appendix C)."""

    lms: float = 0.01
    eye: float = 2.0
    shut: float = 1.0
    read: float = 2.0
    one: float = 2.0
    ssim: float = 2.0
    one_eye: float = 2.0  # λ'_1
    ad: float = 1.0
    te: float = 1.0
    tf: float = 1.0
    stage1: float = 1.0


class Face(nn.Module):
    """The morphable model's landmarks, linear in the expression, in millimetres.

    Args:
        model: the morphable model.
        eyes: its eye motion feature.
    """

    rest: Tensor
    moved: Tensor
    basis: Tensor
    neutral: Tensor

    def __init__(self, model: MorphableModel, eyes: EyeMotion) -> None:
        super().__init__()
        scale = np.float32(_MILLIMETRES * model.metres_per_unit)
        rest = scale * model.landmark_points(model.mean, model.landmarks68)
        moved = scale * model.landmark_points(model.expression_basis, model.landmarks68)
        self.register_buffer("rest", torch.from_numpy(rest.astype(np.float32)))
        self.register_buffer("moved", torch.from_numpy(moved.astype(np.float32)))
        self.register_buffer("basis", torch.from_numpy(eyes.basis))
        self.register_buffer("neutral", torch.from_numpy(eyes.neutral))

    def points(self, expression: Tensor, which: list[int]) -> Tensor:
        """(..., N, 3) landmarks ``which`` of (..., E) expressions."""
        moved = self.moved[:, which].flatten(1)
        return self.rest[which] + (expression @ moved).unflatten(-1, (len(which), 3))

    def feature(self, expression: Tensor) -> Tensor:
        """(..., 21) f of (..., E) expressions."""
        return self.neutral + expression @ self.basis

    def eye_points(self, expression: Tensor) -> Tensor:
        """(..., 66) landmarks of eyes and brows for D_eye, in centimetres from rest."""
        which = list(EYE_POINTS)
        return (self.points(expression, which) - self.rest[which]).flatten(-2) / 10


def stage1(
    made: Tensor, truth: Tensor, face: Face, reader: LipReader | None, weights: Weights
) -> dict[str, Tensor]:
    """L_distill (eq. 19) and its parts (eq. 20-24).

    Args:
        made, truth: (B, T, E) ẽ and e.
        face: landmarks and features of expressions.
        reader: Φ_read, or None to leave eq. 23 out.
        weights: λ.
    """
    which = list(LIP_POINTS)
    apart = face.points(truth, which) - face.points(made, which)
    out = {"lms": apart.square().sum(-1).mean()}  # eq. 20
    out["eye"] = (face.feature(truth) - face.feature(made)).abs().sum(-1).mean()  # eq. 21
    gaps = _diagonals(face, truth) - _diagonals(face, made)
    out["shut"] = gaps.square().sum((-1, -2)).mean()  # eq. 22
    out["one"] = (truth - made).abs().sum(-1).mean()  # eq. 24
    total = weights.lms * out["lms"] + weights.eye * out["eye"]
    total = total + weights.shut * out["shut"] + weights.one * out["one"]
    if reader is not None:
        seen = [reader(face.points(e, MOUTH_POINTS)) for e in (truth, made)]
        out["read"] = reading(seen[0], seen[1])
        total = total + weights.read * out["read"]
    out["total"] = total
    return out


def reading(truth: Tensor, made: Tensor) -> Tensor:
    """L_read, eq. 23: one minus the cosine of (..., D) codes of what lips say."""
    lengths = truth.norm(dim=-1) * made.norm(dim=-1)
    return (1 - (truth * made).sum(-1) / lengths.clamp_min(_EPSILON)).mean()


def ssim(truth: Tensor, made: Tensor) -> Tensor:
    """L_ssim, eq. 26, over time, of (B, T, 21) features."""
    mean, other = truth.mean(1), made.mean(1)
    together = ((truth - mean[:, None]) * (made - other[:, None])).mean(1)
    spread = truth.var(1, unbiased=False) + made.var(1, unbiased=False)
    bright = (2 * mean * other + _C1) / (mean.square() + other.square() + _C1)
    alike = (2 * together + _C2) / (spread + _C2)
    return 1 - (bright * alike).mean()


def one_eye(truth: Tensor, made: Tensor) -> Tensor:
    """L'_1, eq. 27, of (B, T, 21) features."""
    return (truth - made).abs().sum(-1).mean()


def judged_real(scores: Tensor) -> Tensor:
    """Least squares (Mao et al. 2017): how far scores are from 1, that of real ones."""
    return (scores - 1).square().mean()


def judged_made(scores: Tensor) -> Tensor:
    """Least squares: how far scores are from 0, that of made ones."""
    return scores.square().mean()


def stage2(parts: dict[str, Tensor], weights: Weights) -> Tensor:
    """L_stage2 (eq. 25) of its parts: ssim, one_eye, ad, te, tf and stage1."""
    return (
        weights.ssim * parts["ssim"]
        + weights.one_eye * parts["one_eye"]
        + weights.ad * parts["ad"]
        + weights.te * parts["te"]
        + weights.tf * parts["tf"]
        + weights.stage1 * parts["stage1"]
    )


def _diagonals(face: Face, expression: Tensor) -> Tensor:
    """(..., 4, 3) d: from each inner lip point to the fourth after it."""
    points = face.points(expression, [*_INNER, *_OPPOSITE])
    return points[..., :4, :] - points[..., 4:, :]
