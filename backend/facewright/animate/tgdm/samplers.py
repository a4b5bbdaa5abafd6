"""From noise to a picture: diffusers' schedulers behind one pure function.

Whatever a network predicts is turned into x̂_0 first (eq. 5), where it can be kept within
the range that pictures have, and the scheduler is told x̂_0. Early steps need that: there
eq. 5 divides by √ᾱ, about 1/160.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from facewright import checks
from facewright.animate.tgdm.schedule import LINEAR, Schedule, start_from_noise
from facewright.errors import InputError

PREDICTIONS = ("epsilon", "sample")

# Left out on purpose: samplers of diffusers that keep another quantity than x_t (Euler's
# deterministic one is DDIM), and those that end with noise still in the picture (DEIS).

#: (x_t, (B,) int64 t) -> the prediction, as large as x_t.
Denoise = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class _Sampler:
    """A diffusers scheduler and how it is set up.

    ``stochastic``: it draws noise in its steps.
    """

    scheduler: str
    options: tuple[tuple[str, Any], ...] = ()
    stochastic: bool = False


_SAMPLERS = {
    "ddpm": _Sampler("DDPMScheduler", (("clip_sample", False),), stochastic=True),  # eq. 4
    "ddim": _Sampler("DDIMScheduler", (("clip_sample", False),)),
    "dpm++": _Sampler("DPMSolverMultistepScheduler"),
    "dpm++3": _Sampler("DPMSolverMultistepScheduler", (("solver_order", 3),)),
    "unipc": _Sampler("UniPCMultistepScheduler"),
}


def names() -> tuple[str, ...]:
    """Names of the samplers there are."""
    return tuple(sorted(_SAMPLERS))


def sample(
    denoise: Denoise,
    x: Tensor,
    steps: int,
    *,
    sampler: str = "ddim",
    prediction: str = "epsilon",
    start: float = 1.0,
    schedule: Schedule = LINEAR,
    limit: float | None = 1.0,
    generator: torch.Generator | list[torch.Generator] | None = None,
    check: Callable[[], None] | None = None,
) -> Tensor:
    """Denoise ``x`` in ``steps`` steps; a pure function of its arguments.

    Args:
        denoise: the network, its conditions bound: (x_t, t) -> prediction. t is (B,).
        x: (B, …) pure noise, or, for ``start`` below 1, a picture noised to that t by
            :func:`~facewright.animate.tgdm.schedule.noised`.
        steps: calls of the network; the t it sees are spread evenly from the start down.
        sampler: one of :func:`names`.
        prediction: what the network predicts: "epsilon", the noise, or "sample", x̂_0.
        start: share of the schedule at which ``x`` is, 1 for pure noise.
        schedule: of the noise that the network was trained with.
        limit: x̂_0 is kept within -limit .. limit; None leaves it.
        generator: of the noise that stochastic samplers add. A list, one for each row of
            ``x``, keeps rows independent of who shares their batch.
        check: called before each step; raises to call the work off.

    Returns:
        x̂_0, as large as ``x``.

    Raises:
        InputError: for steps, a name, a start or numbers that cannot be.
    """
    first = schedule.at(start)
    if sampler not in _SAMPLERS:
        raise InputError(f"sampler: {sampler!r} is not one of {', '.join(names())}")
    if prediction not in PREDICTIONS:
        raise InputError(f"prediction: {prediction!r} is not one of {', '.join(PREDICTIONS)}")
    steps = _checked_steps(steps, first + 1)
    if not bool(torch.isfinite(x).all()):
        raise InputError("x: expected finite numbers, got NaN or infinity")
    kind = _SAMPLERS[sampler]
    if kind.stochastic and generator is None:
        raise InputError(f"generator: sampler {sampler!r} draws noise, so it needs one")
    scheduler = _scheduler(kind, schedule, first, steps)
    drawn = {"generator": generator} if kind.stochastic else {}
    for moment in scheduler.timesteps:
        if check is not None:
            check()
        time = torch.full((len(x),), int(moment), dtype=torch.int64, device=x.device)
        found = denoise(x, time)
        if prediction == "epsilon":
            found = start_from_noise(x, found, time, schedule)
        if limit is not None:
            found = found.clamp(-limit, limit)
        x = scheduler.step(found, moment, x, return_dict=False, **drawn)[0]
    return x


def _checked_steps(steps: int, most: int) -> int:
    whole = not isinstance(steps, bool) and float(checks.number("steps", steps)).is_integer()
    if not whole or not 1 <= steps <= most:
        raise InputError(f"steps: expected a whole number from 1 to {most}, got {steps}")
    return int(steps)


def _scheduler(kind: _Sampler, schedule: Schedule, first: int, steps: int) -> Any:
    """A scheduler whose first step is at ``first``.

    It is made for the part of the schedule up to there, whose ᾱ are the same: so any
    scheduler starts anywhere, in exactly as many steps as asked for.
    """
    import diffusers

    scheduler = getattr(diffusers, kind.scheduler)(
        num_train_timesteps=first + 1,
        trained_betas=schedule.betas()[: first + 1].numpy(),
        prediction_type="sample",
        timestep_spacing="trailing",
        **dict(kind.options),
    )
    scheduler.set_timesteps(steps)
    return scheduler
