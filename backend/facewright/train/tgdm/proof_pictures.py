"""What a proof shows: samples side by side, and where TexAtt looks (fig. 7)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from facewright.animate.tgdm.insight import listening, picture
from facewright.animate.tgdm.schedule import LINEAR, noised
from facewright.checks import UInt8
from facewright.evaluate.metrics import psnr
from facewright.media.sheet import Tile, contact_sheet
from facewright.train.tgdm.paper_pairs import Shot, pair, signed, stacked
from facewright.train.tgdm.paper_recipe import Learner


def bound(learner: Learner, batch: dict[str, Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """The network with its conditions; a few frames at a time, to spare memory."""
    network: nn.Module = learner.network
    render, rho = signed(batch["render"]), batch["rho"]
    features = learner.network.encode(signed(batch["source"]))

    def denoise(x: Tensor, time: Tensor) -> Tensor:
        parts = [
            network(x[at], time[at], render[at], tuple(f[at] for f in features), rho[at])
            for at in torch.arange(len(x)).split(8)
        ]
        return torch.cat(parts)

    return denoise


def pictures(values: Tensor) -> UInt8:
    """(B, 3, H, W) in -1 .. 1 -> (B, H, W, 3) uint8."""
    scaled = (values.clamp(-1, 1) + 1) * 127.5
    return scaled.round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


def sheet(
    shot: Shot, rows: NDArray[np.intp], made: dict[str, UInt8], coloured: dict[str, Tensor]
) -> UInt8:
    """Source, I3d, truth and what was made, told the truth and told another frame's."""
    recoloured = pictures(signed(coloured["target"]))
    tiles = []
    for number in np.linspace(0, len(rows) - 1, min(6, len(rows))).round().astype(int):
        truth = shot.frames[rows[number]]
        tiles += [
            Tile(shot.frames[0], "source"),
            Tile(shot.renders[rows[number]], "I3d"),
            Tile(truth, f"truth, frame {rows[number]}"),
            Tile(made["truth"][number], f"made: {psnr(made['truth'][number], truth):.1f} dB"),
            Tile(made["rho"][number], "another's rho"),
            Tile(made["render"][number], "another's I3d"),
            Tile(recoloured[number], "recoloured truth"),
            Tile(made["recoloured"][number], "made"),
            Tile(made["source"][number], "another's source"),
        ]
    return contact_sheet(tiles, columns=9, side=128, title="from pure noise, held-out frames")


@torch.no_grad()
def attention(learner: Learner, shot: Shot, row: int, seed: int = 0, time: int = 300) -> UInt8:
    """Fig. 7 for one frame, the first being the source.

    Where a point of the face, one above it and one of the background look in the source, in
    the layer that adds most of what it finds.
    """
    batch = stacked([pair(shot, row, 0)])
    truth, moment = signed(batch["target"]), torch.tensor([time])
    noise = torch.randn(truth.shape, generator=torch.Generator().manual_seed(seed))
    with listening(learner) as looks:
        bound(learner, batch)(noised(truth, noise, moment, LINEAR), moment)
    chosen = max(looks, key=lambda look: abs(look.tau))
    covered = (shot.renders[row] > 0).any(-1)
    rows, columns = np.nonzero(covered)
    middle, top = float(np.median(columns)), float(rows.min())
    points = [(middle, float(np.median(rows))), (middle, max(top - 1, 0.0)), (2.0, 2.0)]
    return picture(chosen, points, shot.frames[row], shot.frames[0])
