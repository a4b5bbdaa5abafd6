"""What EmoA2E is trained to make small (TGDM, eq. 12-14), and two losses of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from facewright.checks import Float32
from facewright.drive.lips import CLOSE, FUNNELLED, LOWERED, PRESS, RAISED
from facewright.face.names import EXPRESSION_64

if TYPE_CHECKING:
    from facewright.train.emoa2e import Preset

_AT = {name: k for k, name in enumerate(EXPRESSION_64)}
#: Columns that tell how far the lips are shut.
PRESS_COLUMNS = [_AT["mouthPressLeft"], _AT["mouthPressRight"]]
_LOWER = [_AT["mouthLowerDownLeft"], _AT["mouthLowerDownRight"]]
_UPPER = [_AT["mouthUpperUpLeft"], _AT["mouthUpperUpRight"]]


def losses(
    predicted: Tensor, truth: Tensor, preset: Preset, landmark_basis: Tensor | None
) -> dict[str, Tensor]:
    """L_rec (eq. 12), L_lm (eq. 13), the closure loss, and their weighted sum (eq. 14).

    Args:
        predicted, truth: (B, K, 64) β̂ and β.
        landmark_basis: (64, 204) displacement of the 68 landmarks per unit of β, in
            millimetres: the model is linear, so l - l̂ is the basis times β - β̂. Or None.
    """
    error = predicted - truth
    out = {"rec": error.square().sum(-1).mean()}
    total = preset.weight_rec * out["rec"]
    if landmark_basis is not None:
        out["lm"] = (error @ landmark_basis).square().sum(-1).mean()
        total = total + preset.weight_lm * out["lm"]
    shut = truth[..., PRESS_COLUMNS].mean(-1) / PRESS
    said = predicted[..., PRESS_COLUMNS].mean(-1) / PRESS
    out["closure"] = ((said - shut).square() * (1 + 4 * shut)).mean()
    out["total"] = total + preset.weight_closure * out["closure"]
    return out


def landmark_basis() -> Float32:
    """(64, 204) millimetres per unit of β of the default model's 68 landmarks."""
    from facewright.face.library import load_model

    model = load_model()
    points = model.landmark_points(model.expression_basis, model.landmarks68)
    return (1000 * model.metres_per_unit * points).reshape(len(points), -1).astype(np.float32)


def seen_loss(predicted: Tensor, opening: Tensor) -> Tensor:
    """Mean squared error of the lips' opening against real lips'.

    The jaw and the funnel stay the teacher's: it is the lips' edges that learn here.

    Args:
        predicted: (B, K, 64) β̂.
        opening: (B, K) in the unit of ``lips.opening``, NaN where unknown.
    """
    jaw = predicted[..., _AT["jawOpen"]].detach()
    funnel = predicted[..., _AT["mouthFunnel"]].detach()
    made = (jaw - predicted[..., _AT["mouthClose"]] / CLOSE).clamp(min=0) + FUNNELLED * funnel
    made = made + LOWERED * predicted[..., _LOWER].mean(-1)
    made = made + RAISED * predicted[..., _UPPER].mean(-1)
    known = torch.isfinite(opening)
    error = torch.where(known, made - torch.nan_to_num(opening), torch.zeros_like(made))
    return error.square().sum() / known.sum().clamp(min=1)
