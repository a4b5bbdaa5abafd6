"""Noise that sticks to the face.

Noise that is drawn anew for each frame makes skin boil; noise that stands still in the
picture makes it swim. Here each pixel takes the noise of the photo's point that it shows,
which is a point of the mesh's texture (and of the background, where that stands still).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from facewright.animate.tgdm.conditions import SIDE
from facewright.checks import Float32

_GOLDEN = 0x9E3779B97F4A7C15  # spreads seeds that are close


def photo_noise(seed: int) -> Float32:
    """(SIDE, SIDE, 3) normal noise, one value for each of the photo's pixels."""
    generator = torch.Generator().manual_seed((seed * _GOLDEN) % (1 << 63))
    return torch.randn(SIDE, SIDE, 3, generator=generator).numpy()


def carried(noise: Float32, points: Float32) -> Tensor:
    """(1, 3, SIDE, SIDE) the noise as a frame shows it.

    Args:
        noise: of :func:`photo_noise`.
        points: (S, S, 2) the photo's point at each pixel, in pixels of S.
    """
    size = len(points)
    middles = ((np.arange(SIDE) + 0.5) * (size / SIDE)).astype(np.intp)
    at = points[middles[:, None], middles[None]] * np.float32(SIDE / size)
    # The nearest value, and not a mean of four, whose deviation would not be 1.
    place = np.floor(at).astype(np.intp) % SIDE
    return torch.from_numpy(noise[place[..., 1], place[..., 0]]).movedim(-1, 0)[None]
