"""Rendered pairs as batches: crops of a few sources' frames, changed together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from facewright.animate.tgdm import conditions
from facewright.animate.tgdm.embedded import normalised
from facewright.errors import InputError
from facewright.train.tgdm import pairs as pairing
from facewright.train.tgdm.augment import Colours, Mirror, grain, noisy_rho

_CELL = pairing.SIDE // pairing.COARSE


@dataclass(frozen=True, slots=True)
class Crops(Dataset[dict[str, Tensor]]):
    """Batch k, a function of the seed and k alone.

    Attributes:
        folders: of pairs, see ``pairs.Pairs.save``.
        names: blendshapes, for mirroring.
        length: batches there are.
        sources, targets: of a batch: S sources with K targets each.
        crop: side of the crops, a multiple of 16.
        seed: of what is chosen and changed.
        augmented: whether colours, sides and coefficients are changed.
        unknown_rho: share of sources whose frames come without rho.
    """

    folders: tuple[Path, ...]
    names: tuple[str, ...]
    length: int
    sources: int = 2
    targets: int = 8
    crop: int = 128
    seed: int = 0
    augmented: bool = True
    unknown_rho: float = 0.15

    def __post_init__(self) -> None:
        if not self.folders:
            raise InputError("folders: expected rendered pairs, got none")
        if self.crop % 16 or not 16 <= self.crop <= pairing.SIDE:
            raise InputError(f"crop: expected a multiple of 16 in 16..256, got {self.crop}")

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        """``planes``, ``truth``, ``source``, ``rho``, ``known``, ``flow``, ``weight``.

        Pictures are -1..1; flow is in pixels and, as the weight, at a quarter of the crop.
        """
        rng = np.random.default_rng([self.seed, number])
        generator = torch.Generator().manual_seed(int(rng.integers(1 << 62)))
        chosen = rng.choice(len(self.folders), self.sources, replace=True)
        parts = [self._of_source(self.folders[k], rng) for k in chosen]
        raw = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
        # NumPy's maps are read-only: a copy is made above.
        batch = {key: torch.from_numpy(value) for key, value in raw.items()}
        flips = rng.random(self.sources) < 0.5 if self.augmented else np.zeros(self.sources, bool)
        return self._finished(batch, torch.from_numpy(flips), rng, generator)

    def _of_source(self, folder: Path, rng: np.random.Generator) -> dict[str, np.ndarray]:
        pairs = pairing.load(folder)
        count = len(pairs.rho)
        rows = rng.choice(count, self.targets, replace=count < self.targets)
        cut = [self._cut(pairs, int(row), rng) for row in rows]
        planes, truth, flow, weight, corner = (np.stack(a) for a in zip(*cut, strict=True))
        return {
            "source": np.array(pairs.source[None]),
            "source_rho": np.array(pairs.source_rho[None]),
            "rho": np.array(pairs.rho[np.sort(rows)])[np.argsort(np.argsort(rows))],
            "planes": planes,
            "truth": truth,
            "flow": flow,
            "weight": weight,
            "corner": corner,
        }

    def _cut(
        self, pairs: pairing.Pairs, row: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, ...]:
        """One crop, placed where errors count."""
        weight = np.asarray(pairs.weight[row])
        cells = self.crop // _CELL
        x, y = self._corner(weight, cells, rng)
        coarse = (slice(y, y + cells), slice(x, x + cells))
        fine = tuple(slice(part.start * _CELL, part.stop * _CELL) for part in coarse)
        return (
            np.array(pairs.planes[row][fine]),
            np.array(pairs.truth[row][fine]),
            np.array(pairs.flow[row][coarse]),
            weight[coarse],
            np.array([x, y], np.float32) * _CELL,
        )

    @staticmethod
    def _corner(weight: NDArray[np.uint8], cells: int, rng: np.random.Generator) -> tuple[int, int]:
        side = len(weight)
        share = weight.astype(np.float64).ravel() ** 2
        at = int(rng.choice(share.size, p=share / share.sum()))
        place = np.array([at % side, at // side]) - rng.integers(0, cells, 2)
        x, y = np.clip(place, 0, side - cells).tolist()
        return x, y

    def _finished(
        self,
        batch: dict[str, Tensor],
        flips: Tensor,
        rng: np.random.Generator,
        generator: torch.Generator,
    ) -> dict[str, Tensor]:
        planes = normalised(batch["planes"].movedim(-1, 1))
        truth = batch["truth"].movedim(-1, 1).float() / 255
        source = batch["source"].movedim(-1, 1).float() / 255
        rho, source_rho = batch["rho"], batch["source_rho"]
        flow = batch["flow"].movedim(-1, 1).float() / pairing.FLOW_STEPS
        if self.augmented:
            colours = Colours.drawn(self.sources, generator)
            points = _points(planes, batch["corner"])
            seen = (planes[:, :3] + 1) / 2
            both = colours.frames(torch.cat([seen, truth], 1).reshape(-1, 3, *truth.shape[-2:]),
                                  points.repeat_interleave(2, 0))  # fmt: skip
            both = both.reshape(-1, 6, *truth.shape[-2:])
            planes = torch.cat([grain(both[:, :3], generator) * 2 - 1, planes[:, 3:]], 1)
            truth = both[:, 3:]
            source = torch.cat([colours.source(source[:, :3]), source[:, 3:]], 1)
            rho, source_rho = noisy_rho(rho, generator), noisy_rho(source_rho, generator)
        weight = batch["weight"][:, None].float() / pairing.WEIGHT_STEPS
        each = flips.repeat_interleave(self.targets)
        if flips.any():
            mirror = Mirror.of(self.names)
            planes[each] = planes[each].flip(-1)
            planes[each, 7] *= -1
            truth[each] = truth[each].flip(-1)
            flow[each] = flow[each].flip(-1)
            flow[each, 0] *= -1
            weight[each] = weight[each].flip(-1)
            source[flips] = source[flips].flip(-1)
            rho[each] = mirror.frames(rho[each])
            source_rho[flips] = mirror.source(source_rho[flips])
        known = torch.from_numpy(rng.random(self.sources) >= self.unknown_rho)
        told = torch.cat([rho.flatten(1), source_rho.repeat_interleave(self.targets, 0)], 1)
        return {
            "planes": planes.contiguous(memory_format=torch.channels_last),
            "truth": truth * 2 - 1,
            "source": source * 2 - 1,
            "rho": told,
            "known": known.repeat_interleave(self.targets),
            "flow": flow,
            "weight": weight,
        }


def _points(planes: Tensor, corner: Tensor) -> Tensor:
    """(B, 2, H, W) the photo's point that each pixel of a crop shows."""
    height, width = planes.shape[-2:]
    y = torch.arange(height) + 0.5
    x = torch.arange(width) + 0.5
    at = torch.stack(torch.meshgrid(x, y, indexing="xy"))
    shift = planes[:, 7:] * (32 / conditions.SHIFT_STEPS)
    return at + corner[..., None, None] + shift
