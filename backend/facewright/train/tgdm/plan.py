"""What a training run is made of, apart from network, data and losses."""

from __future__ import annotations

import math
from dataclasses import dataclass

from facewright import checks
from facewright.errors import InputError

PRECISIONS = ("auto", "no", "bf16")


@dataclass(frozen=True, slots=True)
class Plan:
    """How a network is trained.

    Attributes:
        iterations: steps of the optimizer in the whole run.
        rate: of AdamW, at its highest.
        warm_up: steps over which the rate rises to that.
        scalar_rate: what the rate of single numbers is multiplied by. Adam moves each by
            the rate at most, and a gate that starts at zero (τ, eq. 16) keeps the gradients
            of all behind it near zero until it has opened.
        last_rate: share of ``rate`` that the cosine falls to at the end.
        weight_decay, betas: of AdamW.
        clip: largest norm of the gradient.
        ema: decay of the averaged weights; their average starts quickly and slows to it.
        precision: "bf16" where matrices are multiplied, "no", or "auto": bf16 on a GPU.
        channels_last: keep pictures as (B, H, W, C) in memory, which convolutions like.
        compile: let ``torch.compile`` fuse the network; its weights are the same.
        workers: processes that make batches; 0 makes them between steps.
        log_every, checkpoint_every, sheet_every: steps between lines of the log,
            checkpoints and contact sheets; 0 for no sheets.
    """

    iterations: int
    rate: float = 2e-4
    warm_up: int = 100
    scalar_rate: float = 1.0
    last_rate: float = 0.02
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    clip: float = 1.0
    ema: float = 0.999
    precision: str = "auto"
    channels_last: bool = False
    compile: bool = False
    workers: int = 0
    log_every: int = 50
    checkpoint_every: int = 500
    sheet_every: int = 0

    def __post_init__(self) -> None:
        checks.number("iterations", self.iterations, low=1)
        checks.number("rate", self.rate, low=0)
        checks.number("warm_up", self.warm_up, low=0)
        checks.number("scalar_rate", self.scalar_rate, low=0)
        checks.number("last_rate", self.last_rate, low=0, high=1)
        checks.number("weight_decay", self.weight_decay, low=0)
        checks.floats("betas", self.betas, (2,), low=0, high=1)
        checks.number("clip", self.clip, low=1e-6)
        checks.number("ema", self.ema, low=0, high=1)
        checks.number("workers", self.workers, low=0, high=256)
        checks.number("log_every", self.log_every, low=1)
        checks.number("checkpoint_every", self.checkpoint_every, low=1)
        checks.number("sheet_every", self.sheet_every, low=0)
        if self.precision not in PRECISIONS:
            names = ", ".join(PRECISIONS)
            raise InputError(f"precision: {self.precision!r} is not one of {names}")

    def rate_at(self, step: int) -> float:
        """The rate of step 0.. : a linear rise, then half a cosine."""
        progress = min(1.0, step / self.iterations)
        cosine = 0.5 * (1 + math.cos(math.pi * progress))
        rise = min(1.0, (step + 1) / max(self.warm_up, 1))
        return self.rate * rise * (self.last_rate + (1 - self.last_rate) * cosine)

    def decay_at(self, step: int) -> float:
        """The averaged weights' decay in step 0.. ."""
        return min(self.ema, (1 + step) / (10 + step))
