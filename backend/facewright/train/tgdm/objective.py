"""What the small network is trained for: x0 from any noise, and from its own guesses.

Three kinds of Z_t are shown. Noised beyond ``START``, of the reprojection or the truth:
where sampling begins. Noised less, of the truth: a denoiser for any number of steps. And
noised less, of what the network itself guessed from ``START`` (the rollout): what later
steps are given in truth. Without the last kind, more steps make frames worse, since a
guess is taken for as sharp as the truth it was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from facewright.animate.tgdm.animator import START
from facewright.animate.tgdm.embedded import BLOCK, Prediction
from facewright.animate.tgdm.schedule import LINEAR, noised

#: The t at which sampling begins from the noised reprojection.
FIRST = LINEAR.at(START)


@dataclass(frozen=True, slots=True)
class Weights:
    """Of the parts of the loss.

    Attributes:
        square: of the squared error beside the absolute.
        structure: of 1 - SSIM, which a blur that hedges between two sharp pictures costs
            more than either.
        edges: of errors between neighbouring pixels.
        flow, smooth: of the flow's distance to optical flow in the face, and of the
            smooth parts' unevenness.
        gate: of what is generated outside of eyes and mouth: nothing without need, for
            blurring what is out of place by a pixel would pay, and look worse.
    """

    square: float = 2.0
    structure: float = 0.0
    edges: float = 0.7
    flow: float = 0.015
    smooth: float = 0.02
    gate: float = 0.03


class EmbeddedObjective:
    """x0 prediction with mended reprojections; see the module's docstring.

    Args:
        weights: of the loss's parts.
        rollout: share of a batch whose Z_t comes from the network's own guess.
        clean: share whose Z_t is the truth, little noised.
    """

    def __init__(
        self, weights: Weights | None = None, *, rollout: float = 0.25, clean: float = 0.25
    ) -> None:
        self.weights = weights or Weights()
        self.rollout, self.clean = rollout, clean

    def __call__(
        self, model: nn.Module, batch: Any, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Losses of a batch of :class:`facewright.train.tgdm.crops.Crops`."""
        noisy, time = self._shown(model, batch, generator)
        told = model(noisy, time, batch["planes"], batch["source"], batch["rho"], batch["known"])
        return losses(told, batch, self.weights)

    def _shown(
        self, model: nn.Module, batch: Any, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        planes, truth = batch["planes"], batch["truth"]
        count, device = len(truth), truth.device
        pick = torch.rand(count, 1, 1, 1, generator=generator, device=device)
        high = torch.randint(FIRST, LINEAR.length, (count,), generator=generator, device=device)
        low = torch.randint(0, FIRST, (count,), generator=generator, device=device)
        half = torch.rand(count, 1, 1, 1, generator=generator, device=device) < 0.5
        early = (pick >= self.rollout + self.clean)[:, 0, 0, 0]
        base = torch.where(early[:, None, None, None] & half, planes[:, :3], truth)
        own = (pick < self.rollout)[:, 0, 0, 0]
        if self.rollout > 0:
            base = self._rolled(model, batch, base, own, generator)
        time = torch.where(early, high, low)
        return _noised(base, time, generator), time

    @torch.no_grad()
    def _rolled(
        self, model: nn.Module, batch: Any, base: Tensor, own: Tensor, generator: torch.Generator
    ) -> Tensor:
        """``base`` with the network's guess from ``START`` in the rows ``own``.

        Whole sources are guessed, for their features are shared by rows.
        """
        sources = len(batch["source"])
        rows = own.reshape(sources, -1).any(0).nonzero()[:, 0]
        if not len(rows):
            return base
        size = base.shape[1:]

        def some(values: Tensor) -> Tensor:
            return values.reshape(sources, -1, *values.shape[1:])[:, rows].flatten(0, 1)

        planes = some(batch["planes"]).contiguous(memory_format=torch.channels_last)
        time = torch.full((len(planes),), FIRST, device=base.device)
        noisy = _noised(planes[:, :3], time, generator)
        known = some(batch["known"])
        guess = model(noisy, time, planes, batch["source"], some(batch["rho"]), known).x0
        guess = guess.float().clamp(-1, 1)
        rolled = base.clone().reshape(sources, -1, *size)
        rolled[:, rows] = guess.reshape(sources, -1, *size)
        return torch.where(own[:, None, None, None], rolled.flatten(0, 1), base)


def _noised(x: Tensor, time: Tensor, generator: torch.Generator) -> Tensor:
    return noised(x, torch.randn(x.shape, generator=generator, device=x.device), time)


def losses(told: Prediction, batch: Any, weights: Weights) -> dict[str, Tensor]:
    """The parts of the loss, and their sum as ``loss``."""
    coarse = batch["weight"]
    weight = F.interpolate(coarse, scale_factor=BLOCK, mode="bilinear", align_corners=False)
    total = weight.mean()
    error = told.x0 - batch["truth"]
    size = (error.square() + 4e-4).sqrt()
    pixel = (weight * size).mean() / total
    square = (weight * error.square()).mean() / total
    across = error[..., 1:] - error[..., :-1]
    down = error[..., 1:, :] - error[..., :-1, :]
    edges = (weight[..., 1:] * across.abs()).mean() + (weight[..., 1:, :] * down.abs()).mean()
    edges = edges / total
    structure = (weight * (1 - similarity(told.x0, batch["truth"]))).mean() / total
    face = (coarse > 2).float()
    away = (told.flow - batch["flow"]).abs().clamp(max=4.0)
    flow = (face * away).sum() / (2 * face.sum() + 1)
    smooth = _uneven(told.flow) + 10 * _uneven(told.colour)
    openings = F.max_pool2d((batch["planes"][:, 5:7].amax(1, keepdim=True) + 1) / 2, 7, 1, 3)
    gate = ((1 - openings) * told.gate).mean()
    loss = pixel + weights.square * square + weights.edges * edges
    loss = loss + weights.structure * structure
    loss = loss + weights.flow * flow + weights.smooth * smooth + weights.gate * gate
    with torch.no_grad():
        before = (batch["planes"][:, :3] - batch["truth"]).square()
        gain = -10 * torch.log10(square / ((weight * before).mean() / total))
    return {
        "loss": loss,
        "pixel": pixel,
        "square": square,
        "edges": edges,
        "structure": structure,
        "flow": flow,
        "gate": gate,
        "gain_db": gain,
    }


def similarity(picture: Tensor, truth: Tensor) -> Tensor:
    """(B, 1, H, W) SSIM of the mean over colours of pictures in -1..1, in boxes of 7 pixels.

    Wang et al., "Image quality assessment: from error visibility to structural
    similarity" (2004), eq. 13; contrast and structure count here, and brightness.
    """
    both = (torch.cat([picture, truth]).mean(1, keepdim=True) + 1) / 2
    a, b = both.chunk(2)

    def local(values: Tensor) -> Tensor:
        return F.avg_pool2d(values, 7, 1, 3, count_include_pad=False)

    mean_a, mean_b = local(a), local(b)
    var_a, var_b = local(a * a) - mean_a**2, local(b * b) - mean_b**2
    joint = local(a * b) - mean_a * mean_b
    same = (2 * mean_a * mean_b + 1e-4) * (2 * joint + 9e-4)
    return same / ((mean_a**2 + mean_b**2 + 1e-4) * (var_a + var_b + 9e-4))


def _uneven(values: Tensor) -> Tensor:
    across = values[..., 1:] - values[..., :-1]
    down = values[..., 1:, :] - values[..., :-1, :]
    return across.abs().mean() + down.abs().mean()
