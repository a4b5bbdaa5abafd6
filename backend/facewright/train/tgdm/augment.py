"""Changes that a pair's photo and frames undergo together.

A handful of speakers would teach the network their faces. So that they teach it how
textures move, every pair is seen in another light, with another skin and mirrored: always
the same for photo, reprojection and truth, so that what is to be learned stays true.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from facewright.animate.tgdm import conditions

#: Luma of R, G and B, for saturation.
_LUMA = (0.299, 0.587, 0.114)
_GAIN, _GAMMA, _CONTRAST, _SATURATION, _OFFSET = 0.15, 0.25, 0.2, 0.35, 0.06
#: Deviation of the logarithm of what is painted onto skins, at 8 and at 32 cells a side.
_PAINT = ((8, 0.12), (32, 0.05))
_RHO_NOISE = 0.02


@dataclass(frozen=True, slots=True)
class Mirror:
    """How coefficients change when the picture is mirrored.

    Attributes:
        order: (K_exp,) where each blendshape's partner is.
    """

    order: Tensor

    @classmethod
    def of(cls, names: tuple[str, ...]) -> Mirror:
        """By the names: Left and Right change places."""
        place = {name: k for k, name in enumerate(names)}
        swaps = str.maketrans({"<": "Left", ">": "Right"})
        partners = [
            name.replace("Left", ">").replace("Right", "<").translate(swaps) for name in names
        ]
        return cls(torch.tensor([place.get(p, k) for k, p in enumerate(partners)]))

    def frames(self, rho: Tensor) -> Tensor:
        """(…, K_exp + 10) mirrored ``conditions.frame_rho``."""
        count = len(self.order)
        pose = rho[..., count : count + 6] * rho.new_tensor([1, -1, -1, -1, 1, 1])
        return torch.cat([rho[..., self.order], pose, self._gaze(rho[..., count + 6 :])], -1)

    def source(self, rho: Tensor) -> Tensor:
        """(…, K_exp + 7) mirrored ``conditions.source_rho``."""
        count = len(self.order)
        turn = rho[..., count : count + 3] * rho.new_tensor([1, -1, -1])
        return torch.cat([rho[..., self.order], turn, self._gaze(rho[..., count + 3 :])], -1)

    @staticmethod
    def _gaze(gaze: Tensor) -> Tensor:
        """(…, 4): the eyes change places, and x its sign."""
        return gaze[..., [2, 3, 0, 1]] * gaze.new_tensor([-1, 1, -1, 1])


@dataclass(frozen=True, slots=True)
class Colours:
    """Joint changes of colour, one for each of S sources.

    Attributes:
        gain, offset: (S, 3, 1, 1).
        gamma, contrast, saturation: (S, 1, 1, 1).
        paint: (S, 3, 256, 256) logarithm of what the photo's skin is multiplied by.
    """

    gain: Tensor
    offset: Tensor
    gamma: Tensor
    contrast: Tensor
    saturation: Tensor
    paint: Tensor

    @classmethod
    def drawn(cls, sources: int, generator: torch.Generator) -> Colours:
        """Draw changes for S sources."""
        normal = _normal(generator)
        side = conditions.SIDE
        paint = torch.zeros(sources, 3, side, side, device=generator.device)
        strength = torch.rand(sources, 1, 1, 1, generator=generator, device=generator.device)
        for cells, deviation in _PAINT:
            coarse = normal(sources, 3, cells, cells) * deviation * strength
            paint += F.interpolate(coarse, size=(side, side), mode="bicubic")
        return cls(
            gain=torch.exp(_GAIN * (normal(sources, 1, 1, 1) + 0.5 * normal(sources, 3, 1, 1))),
            offset=_OFFSET * (normal(sources, 1, 1, 1) + 0.3 * normal(sources, 3, 1, 1)),
            gamma=torch.exp(_GAMMA * normal(sources, 1, 1, 1)),
            contrast=torch.exp(_CONTRAST * normal(sources, 1, 1, 1)),
            saturation=torch.exp(_SATURATION * normal(sources, 1, 1, 1)),
            paint=paint,
        )  # fmt: skip

    def source(self, pictures: Tensor) -> Tensor:
        """(S, 3, 256, 256) photos in 0..1, changed."""
        return self._changed(pictures, self.paint, slice(None))

    def frames(self, pictures: Tensor, points: Tensor) -> Tensor:
        """(S K, 3, H, W) frames in 0..1, changed as their photos are.

        Args:
            pictures: K frames of each source in a row.
            points: (S K, 2, H, W) the photo's point that each pixel shows, in pixels.
        """
        each = len(pictures) // len(self.paint)
        grid = (points * (2 / conditions.SIDE) - 1).movedim(1, -1)
        rows = torch.arange(len(self.paint), device=points.device).repeat_interleave(each)
        paint = F.grid_sample(self.paint[rows], grid, padding_mode="border", align_corners=False)
        return self._changed(pictures, paint, rows)

    def _changed(self, pictures: Tensor, paint: Tensor, rows: Tensor | slice) -> Tensor:
        x = pictures.clamp_min(1e-4).pow(self.gamma[rows]) * torch.exp(paint) * self.gain[rows]
        x = (x - 0.5) * self.contrast[rows] + 0.5 + self.offset[rows]
        grey = (x * x.new_tensor(_LUMA)[:, None, None]).sum(1, keepdim=True)
        return (grey + (x - grey) * self.saturation[rows]).clamp(0, 1)


def noisy_rho(rho: Tensor, generator: torch.Generator) -> Tensor:
    """Coefficients as another fit might have found them."""
    return rho + _RHO_NOISE * _normal(generator)(*rho.shape)


def grain(pictures: Tensor, generator: torch.Generator, most: float = 0.012) -> Tensor:
    """Pictures (0..1) with sensor noise of a strength drawn for each."""
    normal = _normal(generator)
    strength = most * torch.rand(
        len(pictures), 1, 1, 1, generator=generator, device=generator.device
    )
    return pictures + strength * normal(*pictures.shape)


def _normal(generator: torch.Generator) -> Callable[..., Tensor]:
    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, device=generator.device)

    return draw
