"""A small network that sees where a mouth and eyes are open, for a loss that cares.

Pixels alone make lips soft: a blur between two places costs less than a sharp edge a
pixel off. What people, and landmark finders, look at is the opening's outline. So a
parser is trained first, on the true frames, to tell each pixel's share in the mouth's and
the eyes' openings; then frames whose openings it sees elsewhere than in the truth cost.
Its targets are the openings of the fitted mesh (``conditions.planes``), so it takes no
annotation and no weights from elsewhere.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

#: Openings are a small part of a picture: what they count beside the rest.
_RARE = 6.0
_NOISE, _BLUR = 0.03, 0.5  # deviation of grain, and share of batches that are blurred


class Parser(nn.Module):
    """(B, 3, H, W) of -1..1 -> (B, 2, H / 2, W / 2) logits of mouth's and eyes' openings."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.Conv2d(3, width, 3, stride=2, padding=1), nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1), nn.SiLU(),
        )  # fmt: skip
        wide = 2 * width
        self.around = nn.Sequential(
            nn.Conv2d(width, wide, 3, stride=2, padding=1), nn.SiLU(),
            nn.Conv2d(wide, wide, 3, padding=1), nn.SiLU(),
            nn.Conv2d(wide, wide, 3, padding=2, dilation=2), nn.SiLU(),
            nn.Conv2d(wide, wide, 3, padding=4, dilation=4), nn.SiLU(),
            nn.Conv2d(wide, wide, 3, padding=1), nn.SiLU(),
        )  # fmt: skip
        self.join = nn.Sequential(nn.Conv2d(width + wide, width, 3, padding=1), nn.SiLU())
        self.out = nn.Conv2d(width, 2, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        near = self.first(pictures)
        far = F.interpolate(self.around(near), scale_factor=2, mode="bilinear")
        return self.out(self.join(torch.cat([near, far], 1)))


class ParserObjective:
    """Cross-entropy of a batch of ``crops.Crops``: true frames and the mesh's openings."""

    def __call__(
        self, model: nn.Module, batch: Any, generator: torch.Generator
    ) -> dict[str, Tensor]:
        truth = batch["truth"]
        openings = F.avg_pool2d((batch["planes"][:, 5:7] + 1) / 2, 2)
        shown = truth
        if float(torch.rand((), generator=generator, device=truth.device)) < _BLUR:
            shown = F.avg_pool2d(shown, 3, 1, 1, count_include_pad=False)
        noise = torch.randn(truth.shape, generator=generator, device=truth.device)
        logits = model(shown + _NOISE * noise).float()
        weight = 1 + (_RARE - 1) * openings
        loss = F.binary_cross_entropy_with_logits(logits, openings, weight)
        with torch.no_grad():
            seen = logits.sigmoid()
            both = torch.minimum(seen, openings).sum((0, 2, 3))
            overlap = both / torch.maximum(seen, openings).sum((0, 2, 3)).clamp_min(1)
        return {"loss": loss, "mouth": overlap[0], "eyes": overlap[1]}


def disagreement(parser: Parser, pictures: Tensor, truth: Tensor) -> Tensor:
    """Mean difference between the openings seen in pictures and in the truth.

    In units of the openings seen in the truth, so that a crop of cheeks counts nothing.
    """
    with torch.no_grad():
        expected = parser(truth).float().sigmoid()
    seen = parser(pictures).float().sigmoid()
    return (seen - expected).abs().sum() / (expected.sum() + 0.002 * expected.numel())
