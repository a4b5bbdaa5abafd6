"""The second stage: trained on the very inputs that 1, 2 and 4 steps come across.

The first stage shows each t a noised truth, or one guess. In sampling, step k is shown
what the steps before it made. So here sampling is followed, as at run time, to a step
drawn at random, and the network learns to give the truth from there: distillation whose
teacher is the truth, on the student's own trajectories. More steps then cannot be worse
than fewer by what they never met in training.
"""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor, nn

from facewright.animate.tgdm.animator import START
from facewright.animate.tgdm.schedule import LINEAR, noise_from_start, noised
from facewright.train.tgdm.objective import Weights, losses

#: Numbers of steps that are trained for.
STEPS = (1, 2, 4)


def moments(steps: int, start: float = START) -> list[int]:
    """The t of each of so many steps from ``start`` down, as the sampler spreads them."""
    first = LINEAR.at(start)
    return [round((first + 1) * (1 - k / steps)) - 1 for k in range(steps)]


class FewStepObjective:
    """x0 from what the network's own steps made (see the module's docstring)."""

    def __init__(self, weights: Weights | None = None, steps: tuple[int, ...] = STEPS) -> None:
        self.weights, self.steps = weights or Weights(), steps

    def __call__(
        self, model: nn.Module, batch: Any, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Losses of a batch of :class:`facewright.train.tgdm.crops.Crops`."""
        planes = batch["planes"]

        def draw(below: int) -> int:
            return int(torch.randint(below, (1,), generator=generator, device=planes.device))

        path = moments(self.steps[draw(len(self.steps))])
        last = draw(len(path))
        told = (planes, batch["source"], batch["rho"], batch["known"])
        noise = torch.randn(planes[:, :3].shape, generator=generator, device=planes.device)
        noisy = noised(planes[:, :3], noise, self._time(planes, path[0]))
        for here, below in itertools.pairwise(path[: last + 1]):
            noisy = self._step(model, noisy, here, below, told)
        parts = losses(model(noisy, self._time(planes, path[last]), *told), batch, self.weights)
        return parts | {"later": torch.tensor(float(last > 0))}

    @torch.no_grad()
    def _step(
        self, model: nn.Module, noisy: Tensor, here: int, below: int, told: tuple[Any, ...]
    ) -> Tensor:
        """One step of DDIM without noise (Song et al. 2021, eq. 12 with sigma 0)."""
        time = self._time(noisy, here)
        guess = model(noisy, time, *told).x0.float().clamp(-1, 1)
        noise = noise_from_start(noisy, guess, time)
        return noised(guess, noise, self._time(noisy, below))

    @staticmethod
    def _time(like: Tensor, moment: int) -> Tensor:
        return torch.full((len(like),), moment, device=like.device)
