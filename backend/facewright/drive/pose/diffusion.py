"""The diffusion process over head poses (GoHD, section 3.1, eq. 1-4).

x_0 is the residual Δp_{1:T} = p_{1:T} - p_0: how the head moves away from the pose p_0
that a picture shows. n counts 0 .. N-1 as diffusers does, so the paper's n is ours + 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from facewright import checks

#: (x_n, (B,) int64 n) -> ε_θ, as large as x_n; its conditions are bound.
Denoise = Callable[[Tensor, Tensor], Tensor]

#: The paper's γ (appendix C).
GUIDANCE = 0.4


@dataclass(frozen=True, slots=True)
class Schedule:
    """A linear noise schedule. The paper tells none; this is that of Ho et al. 2020.

    Attributes:
        length: N.
        first, last: β of the first and of the last n.
    """

    length: int = 1000
    first: float = 1e-4
    last: float = 0.02

    def __post_init__(self) -> None:
        checks.number("length", self.length, low=2, high=10_000)
        checks.number("first", self.first, low=1e-8, high=0.999)
        checks.number("last", self.last, low=self.first, high=0.999)

    def betas(self) -> Tensor:
        """(N,) float64 β_n."""
        return torch.linspace(self.first, self.last, self.length, dtype=torch.float64)

    def alpha_bar(self, step: Tensor) -> Tensor:
        """ᾱ_n = Π_{s≤n} (1 - β_s) of (B,) integer ``step``; (B,) float32."""
        return _table(self)[step]


SCHEDULE = Schedule()


def diffuse(x: Tensor, noise: Tensor, beta: float) -> Tensor:
    """One step of the forward process: x_n = √(1 - β_n) x_{n-1} + √β_n ε (eq. 1)."""
    return (1 - beta) ** 0.5 * x + beta**0.5 * noise


def noised(x: Tensor, noise: Tensor, step: Tensor, schedule: Schedule = SCHEDULE) -> Tensor:
    """All steps of eq. 1 up to n at once: x_n = √ᾱ_n x_0 + √β̄_n ε, β̄_n = 1 - ᾱ_n.

    Args:
        x: (B, …) x_0.
        noise: ε, as large.
        step: (B,) integer n.
        schedule: of the noise.
    """
    kept = _spread(schedule.alpha_bar(step), x)
    return kept.sqrt() * x + (1 - kept).sqrt() * noise


def clean(noisy: Tensor, noise: Tensor, step: Tensor, schedule: Schedule = SCHEDULE) -> Tensor:
    """x̂_0 = (x_n - √β̄_n ε_θ) / √ᾱ_n: what is left when the noise that is seen goes."""
    kept = _spread(schedule.alpha_bar(step), noisy)
    return (noisy - (1 - kept).sqrt() * noise) / kept.sqrt()


def loss(
    denoise: Denoise, x: Tensor, noise: Tensor, step: Tensor, schedule: Schedule = SCHEDULE
) -> Tensor:
    """‖ε - ε_θ(√ᾱ_n x_0 + √β̄_n ε, c, n)‖², the mean over all elements (eq. 2)."""
    return (noise - denoise(noised(x, noise, step, schedule), step)).square().mean()


def guided(conditional: Tensor, unconditional: Tensor, guidance: float) -> Tensor:
    """ε^γ = γ ε_θ(x_n, c_{1:T}, n) + (1 - γ) ε_θ(x_n, a_{1:T}, n) (eq. 3).

    ``guidance`` is γ, the influence of p_0: at 0 the network decides that hears the sound
    alone, at 1 the one that knows p_0 as well.
    """
    return guidance * conditional + (1 - guidance) * unconditional


def posed(reference: Tensor, residual: Tensor) -> Tensor:
    """p̂_{1:T} = p_0 + Δ̂p_{1:T} = p_0 + x̂_0 (eq. 4)."""
    return reference + residual


@lru_cache(maxsize=8)
def _table(schedule: Schedule) -> Tensor:
    # Not an inference tensor, whatever the first caller's mode: training may use it next.
    with torch.inference_mode(False):
        return (1 - schedule.betas()).cumprod(0).float()


def _spread(values: Tensor, like: Tensor) -> Tensor:
    return values.view(-1, *(1,) * (like.ndim - 1))
