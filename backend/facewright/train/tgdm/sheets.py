"""Samples of a network in training, to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from facewright.animate.tgdm.animator import START
from facewright.animate.tgdm.embedded import Prediction, normalised
from facewright.animate.tgdm.schedule import LINEAR, noised
from facewright.checks import UInt8
from facewright.media.picture import encode_picture
from facewright.media.sheet import Tile, contact_sheet
from facewright.train.tgdm import pairs as pairing

_ROWS = 6


def guessed(model: nn.Module, pairs: pairing.Pairs, row: int, seed: int = 0) -> Prediction:
    """What a network makes of one pair in one step, whole frames at a time."""
    device = next(model.parameters()).device

    def ready(array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.array(array[None])).to(device)

    planes = normalised(ready(pairs.planes[row]).movedim(-1, 1))
    source = ready(pairs.source).movedim(-1, 1).float() / 127.5 - 1
    rho = ready(np.concatenate([np.ravel(pairs.rho[row]), pairs.source_rho]))
    time = torch.full((1,), LINEAR.at(START), device=device)
    noise = torch.randn(planes[:, :3].shape, generator=torch.Generator().manual_seed(seed))
    known = torch.ones(1, dtype=torch.bool, device=device)
    with torch.inference_mode():
        noisy = noised(planes[:, :3], noise.to(device), time)
        return model(noisy, time, planes, source, rho, known)


def picture(values: Tensor) -> UInt8:
    """(C, H, W) of -1..1 as (H, W, 3) uint8."""
    shown = ((values.float() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return shown.movedim(0, -1).cpu().numpy()


def sheet_of(model: nn.Module, folders: Sequence[Path], path: Path) -> None:
    """Write a contact sheet: photo, reprojection, output, truth, what was generated."""
    tiles = []
    for folder in list(folders)[:: max(1, len(folders) // _ROWS)][:_ROWS]:
        pairs = pairing.load(folder)
        told = guessed(model, pairs, 0)
        gate = (told.gate[0, 0].float().cpu().numpy() * 255).astype(np.uint8)
        tiles += [
            Tile(np.array(pairs.source[..., :3]), folder.name),
            Tile(np.array(pairs.planes[0, ..., :3]), "reprojection"),
            Tile(picture(told.x0[0]), "output"),
            Tile(np.array(pairs.truth[0]), "truth"),
            Tile(np.repeat(gate[..., None], 3, -1), "generated"),
        ]
    sheet = contact_sheet(tiles, columns=5, title="training samples, one step")
    path.write_bytes(encode_picture(sheet, "png"))
