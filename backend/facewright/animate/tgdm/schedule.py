"""How noise grows with t, and the closed forms between x_0, x_t and the noise.

TGDM, section 3.1; t counts 0 .. T-1 as diffusers does, so the paper's t is ours + 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from facewright import checks
from facewright.errors import InputError


@dataclass(frozen=True, slots=True)
class Schedule:
    """A linear noise schedule.

    Attributes:
        length: T.
        first, last: β of the first and of the last t.
    """

    length: int = 1000
    first: float = 1e-4
    last: float = 0.02

    def __post_init__(self) -> None:
        checks.number("length", self.length, low=1, high=100_000)
        checks.number("first", self.first, low=1e-8, high=0.999)
        checks.number("last", self.last, low=self.first, high=0.999)

    def betas(self) -> Tensor:
        """(T,) float64 β_t."""
        return torch.linspace(self.first, self.last, self.length, dtype=torch.float64)

    def alpha_bar(self, time: Tensor) -> Tensor:
        """ᾱ_t = Π_{s≤t} (1 - β_s) of (B,) integer ``time``; (B,) float32."""
        return _table(self, time.device)[time]

    def at(self, start: float) -> int:
        """The t that ``start``, a share of the way from picture to noise, stands for.

        Raises:
            InputError: for a share outside (0, 1].
        """
        checks.number("start", start, low=0, high=1)
        if start * self.length < 0.5:
            raise InputError(f"start: expected at least {0.5 / self.length:g}, got {start:g}")
        return round(start * self.length) - 1


#: As published: T = 1000, linear (section 5.1); the ends are those of Ho et al. 2020.
LINEAR = Schedule()


def noised(picture: Tensor, noise: Tensor, time: Tensor, schedule: Schedule = LINEAR) -> Tensor:
    """x_t = √ᾱ_t x_0 + √(1 - ᾱ_t) ε (eq. 2).

    Args:
        picture: (B, …) x_0.
        noise: ε, as large.
        time: (B,) integer t.
        schedule: of the noise.
    """
    kept = _spread(schedule.alpha_bar(time), picture)
    return kept.sqrt() * picture + (1 - kept).sqrt() * noise


def start_from_noise(
    noisy: Tensor, noise: Tensor, time: Tensor, schedule: Schedule = LINEAR
) -> Tensor:
    """x̂_0 = (x_t - √(1 - ᾱ_t) ε_θ) / √ᾱ_t (eq. 5, whose print has lost ᾱ's bar)."""
    kept = _spread(schedule.alpha_bar(time), noisy)
    return (noisy - (1 - kept).sqrt() * noise) / kept.sqrt()


def noise_from_start(
    noisy: Tensor, picture: Tensor, time: Tensor, schedule: Schedule = LINEAR
) -> Tensor:
    """ε = (x_t - √ᾱ_t x̂_0) / √(1 - ᾱ_t), eq. 5 the other way round."""
    kept = _spread(schedule.alpha_bar(time), noisy)
    return (noisy - kept.sqrt() * picture) / (1 - kept).sqrt()


@lru_cache(maxsize=16)
def _table(schedule: Schedule, device: torch.device) -> Tensor:
    # Not an inference tensor, whatever the first caller's mode: training may use it next.
    with torch.inference_mode(False):
        return (1 - schedule.betas()).cumprod(0).float().to(device)


def _spread(values: Tensor, like: Tensor) -> Tensor:
    return values.view(-1, *(1,) * (like.ndim - 1))
