"""The losses that TGDM is trained with (TGDM, section 4.3, eq. 18-21)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from facewright import checks
from facewright.animate.tgdm.schedule import LINEAR, Schedule, start_from_noise


@dataclass(frozen=True, slots=True)
class Weights:
    """How the losses are weighed.

    Attributes:
        simple, reconstruction, perceptual: λ_simple, λ_rec, λ_p (eq. 21).
        switch: the running noise loss under which the image losses start (section 5.1).
        memory: of the running mean; each step counts 1 - memory.
    """

    simple: float = 10.0
    reconstruction: float = 1.0
    perceptual: float = 1.0
    switch: float = 0.05
    memory: float = 0.98

    def __post_init__(self) -> None:
        for name in ("simple", "reconstruction", "perceptual", "switch"):
            checks.number(name, getattr(self, name), low=0)
        checks.number("memory", self.memory, low=0, high=1)


class DenoisingLosses(nn.Module):
    """L = λ_simple L_simple + λ_rec L_rec + λ_p L_p (eq. 21).

    The image losses start when the running noise loss first falls under the switch, "to
    [stabilise] the training procedure", and stay on: a loss that comes and goes with the
    noise of the noise loss would be no help.
    """

    running: Tensor
    switched: Tensor

    def __init__(
        self,
        perceptual: Callable[[Tensor, Tensor], Tensor],
        weights: Weights | None = None,
        schedule: Schedule = LINEAR,
        *,
        limit: float | None = 1.0,
    ) -> None:
        """Set up.

        Args:
            perceptual: (B,) of two (B, 3, H, W) pictures in -1 .. 1 (eq. 20).
            weights: the paper's by default.
            schedule: of the noise.
            limit: Ẑ_0 is kept within -limit .. limit before it is compared, as a sampler
                keeps it; None leaves it. Where x_t is nearly all noise eq. 5 multiplies the
                network's error by up to 160, and the image losses would be of that alone.
        """
        super().__init__()
        self.weights = Weights() if weights is None else weights
        self.schedule, self.limit = schedule, limit
        self.perceptual = perceptual
        self.register_buffer("running", torch.ones(()))  # what predicting no noise costs
        self.register_buffer("switched", torch.zeros((), dtype=torch.bool))

    def forward(
        self, predicted: Tensor, noise: Tensor, noisy: Tensor, picture: Tensor, time: Tensor
    ) -> dict[str, Tensor]:
        """The losses of one batch.

        Args:
            predicted: (B, 3, H, W) ε_θ.
            noise: ε.
            noisy: Z_t.
            picture: I_d, in -1 .. 1.
            time: (B,) integer t.

        Returns:
            "loss" (eq. 21), "simple" (eq. 18), "running" and, once switched on,
            "reconstruction" (eq. 19) and "perceptual" (eq. 20). Squares are means over
            pixels: a sum would make the λ depend on the picture's size.
        """
        simple = (predicted - noise).square().mean()
        if self.training:
            self._remember(simple.detach())
        loss = self.weights.simple * simple
        parts = {"simple": simple, "running": self.running.clone()}
        zero = simple.new_zeros(())
        parts["reconstruction"], parts["perceptual"] = zero, zero
        if self.switched:
            made = start_from_noise(noisy, predicted, time, self.schedule)
            if self.limit is not None:
                made = made.clamp(-self.limit, self.limit)
            parts["reconstruction"] = (made - picture).square().mean()
            parts["perceptual"] = self.perceptual(made, picture).mean()
            loss = loss + self.weights.reconstruction * parts["reconstruction"]
            loss = loss + self.weights.perceptual * parts["perceptual"]
        return {"loss": loss, **parts}

    @torch.no_grad()
    def _remember(self, simple: Tensor) -> None:
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            # All processes switch at the same step.
            simple = simple.clone()
            torch.distributed.all_reduce(simple)
            simple /= torch.distributed.get_world_size()
        self.running.lerp_(simple.to(self.running), 1 - self.weights.memory)
        self.switched |= self.running < self.weights.switch
