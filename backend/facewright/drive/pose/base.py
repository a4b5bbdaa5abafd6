"""What makes a head move, and how one is found by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from facewright import checks
from facewright.checks import Float32
from facewright.drive.pose.diffusion import GUIDANCE
from facewright.drive.pose.sound import Sound
from facewright.errors import InputError


class HeadDriver(Protocol):
    """Sound in, head poses out; a function of time, so any frame rate samples one motion."""

    name: str
    #: One line for a user who chooses.
    summary: str
    #: SPDX expression of the weights.
    licence: str

    def __call__(
        self,
        times: np.ndarray,
        amount: float | Float32,
        seed: int,
        heard: Sound,
        guidance: float = GUIDANCE,
        metres_per_unit: float = 1.0,
    ) -> Float32:
        """Relative head poses at ``times``, as in ``Motion.pose``.

        Args:
            times: (T,) seconds, in order.
            amount: factor on the motion, 0 (still) .. 3, or (T,) of them.
            seed: other seeds are other motions, as plausible; 0..2^63 - 1.
            heard: the whole sound.
            guidance: γ of eq. 3, 0..1; see :class:`facewright.drive.pose.generate.Diffusion`.
            metres_per_unit: of the model whose head moves.

        Returns:
            (T, 6).

        Raises:
            InputError: for numbers out of range, or times that are not finite or in order.
        """
        ...


_FACTORIES: dict[str, Callable[[Path | None], HeadDriver]] = {}


def register(name: str, factory: Callable[[Path | None], HeadDriver]) -> None:
    """Make a head driver known by name; the factory takes weights of one's own, or None."""
    _FACTORIES[name] = factory


def names() -> tuple[str, ...]:
    """Names of the head drivers there are."""
    return tuple(sorted(_FACTORIES))


def create(name: str, weights: Path | None = None) -> HeadDriver:
    """The head driver called ``name``, its weights read.

    Args:
        name: one of :func:`names`.
        weights: a file that ``facewright train pose`` wrote, in place of those that ship.

    Raises:
        InputError: no such driver, or no such weights.
    """
    if name not in _FACTORIES:
        raise InputError(f"head: {name!r} is not one of {', '.join(names())}")
    return _FACTORIES[name](weights)


def checked(times: np.ndarray, amount: float | Float32, seed: int, guidance: float) -> np.ndarray:
    """(T,) float64 of ``times``. Raises InputError where an argument cannot be."""
    checks.number("guidance", guidance, low=0.0, high=1.0)
    if not 0 <= seed < 2**63:
        raise InputError(f"seed: expected 0 to 2^63 - 1, got {seed}")
    times = np.asarray(times, np.float64)
    if times.ndim != 1 or not np.isfinite(times).all() or (np.diff(times) < 0).any():
        raise InputError(f"times: expected (T,) finite seconds in order, got {times.shape}")
    checks.amount("amount", amount, len(times), low=0.0, high=3.0)
    return times
