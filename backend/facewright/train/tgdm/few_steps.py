"""The second stage: trained on the very inputs that 1, 2 and 4 steps come across.

The first stage shows each t a noised truth, or one guess. In sampling, step k is shown
what the steps before it made. So here sampling is followed, as at run time, to a step
drawn at random, and the network learns to give the truth from there: distillation whose
teacher is the truth, on the student's own trajectories. More steps then cannot be worse
than fewer by what they never met in training.

Here outlines begin to count as well (SSIM, and the openings that ``parser`` sees): early
they would hinder a network that does not know yet where anything is.
"""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor, nn

from facewright.animate.tgdm.animator import START
from facewright.animate.tgdm.schedule import LINEAR, noise_from_start, noised
from facewright.train.tgdm.objective import Weights, losses
from facewright.train.tgdm.parser import Parser, disagreement

#: Numbers of steps that are followed; the first of all of them is the only one of 1.
STEPS = (2, 4)


def moments(steps: int, start: float = START) -> list[int]:
    """The t of each of so many steps from ``start`` down, as the sampler spreads them."""
    first = LINEAR.at(start)
    return [round((first + 1) * (1 - k / steps)) - 1 for k in range(steps)]


#: Outlines count, and averages less.
SHARP = Weights(square=0.5, structure=0.25, edges=1.0)


class FewStepObjective(nn.Module):
    """x0 from what the network's own steps made (see the module's docstring).

    Args:
        parser: trained, of openings; they do not count if None.
        weights: of the loss's parts.
        steps: numbers of steps to train for.
        openings: weight of the parser's disagreement.
    """

    def __init__(
        self,
        parser: Parser | None = None,
        weights: Weights = SHARP,
        steps: tuple[int, ...] = STEPS,
        openings: float = 0.2,
    ) -> None:
        super().__init__()
        self.parser = None if parser is None else parser.eval().requires_grad_(False)
        self.weights, self.steps, self.openings = weights, steps, openings

    def forward(
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
        made = model(noisy, self._time(planes, path[last]), *told)
        parts = losses(made, batch, self.weights)
        if self.parser is not None:
            apart = disagreement(self.parser, made.x0, batch["truth"])
            parts |= {"openings": apart, "loss": parts["loss"] + self.openings * apart}
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
