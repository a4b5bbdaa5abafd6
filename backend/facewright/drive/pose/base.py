"""What makes a head move, how one is found by name, and the neck it turns about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from facewright import checks
from facewright.checks import Float32
from facewright.drive.pose.diffusion import GUIDANCE
from facewright.drive.pose.sound import Sound
from facewright.errors import InputError

#: The head turns about a point in the neck, below and behind the pivot; metres.
NECK = np.array([0.0, -0.09, -0.02])

_LIMIT = 12.0  # degrees that a head turns, softly
_FADE_IN = 0.8  # seconds from the photographed pose


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
        amount: float,
        seed: int,
        heard: Sound,
        guidance: float = GUIDANCE,
        metres_per_unit: float = 1.0,
    ) -> Float32:
        """Relative head poses at ``times``, as in ``Motion.pose``.

        Args:
            times: (T,) seconds, in order.
            amount: factor on the motion, 0 (still) .. 3.
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


_FACTORIES: dict[str, Callable[[], HeadDriver]] = {}


def register(name: str, factory: Callable[[], HeadDriver]) -> None:
    """Make a head driver known by name."""
    _FACTORIES[name] = factory


def names() -> tuple[str, ...]:
    """Names of the head drivers there are."""
    return tuple(sorted(_FACTORIES))


def create(name: str) -> HeadDriver:
    """The head driver called ``name``, its weights read."""
    if name not in _FACTORIES:
        raise InputError(f"head: {name!r} is not one of {', '.join(names())}")
    return _FACTORIES[name]()


def checked(times: np.ndarray, amount: float, seed: int, guidance: float) -> np.ndarray:
    """(T,) float64 of ``times``. Raises InputError where an argument cannot be."""
    checks.number("amount", amount, low=0.0, high=3.0)
    checks.number("guidance", guidance, low=0.0, high=1.0)
    if not 0 <= seed < 2**63:
        raise InputError(f"seed: expected 0 to 2^63 - 1, got {seed}")
    times = np.asarray(times, np.float64)
    if times.ndim != 1 or not np.isfinite(times).all() or (np.diff(times) < 0).any():
        raise InputError(f"times: expected (T,) finite seconds in order, got {times.shape}")
    return times


def performed(
    times: np.ndarray,
    degrees: np.ndarray,
    shift: np.ndarray,
    amount: float,
    metres_per_unit: float,
) -> Float32:
    """(T, 6) poses of a head that turns about the neck, from the photographed pose on.

    Args:
        times: (T,) seconds.
        degrees: (T, 3) pitch (positive nods down), yaw and roll.
        shift: (T, 3) metres that the neck itself moves.
        amount: factor on both; the turn is softly kept within 12° in each.
        metres_per_unit: of the model.
    """
    from facewright.face.pose import rotation_matrix

    fade = np.clip(times / _FADE_IN, 0, 1)
    fade = (amount * fade * fade * (3 - 2 * fade))[:, None]
    pose = np.zeros((len(times), 6), np.float32)
    pose[:, :3] = np.radians(_LIMIT * np.tanh(fade * degrees / _LIMIT))
    neck = NECK / metres_per_unit
    moved = neck - rotation_matrix(pose[:, :3]) @ neck.astype(np.float32)
    pose[:, 3:] = moved + fade * shift / metres_per_unit
    return pose


def about_neck(pose: Float32, metres_per_unit: float) -> Float32:
    """(T, 6) poses as a turn and what the neck moves, the inverse of :func:`performed`.

    Args:
        pose: (T, 6) as in ``Motion.pose``.
        metres_per_unit: of the model.

    Returns:
        (T, 6) rotation vector in radians, then the neck's shift in metres.
    """
    from facewright.face.pose import rotation_matrix

    neck = (NECK / metres_per_unit).astype(np.float32)
    shift = pose[:, 3:] - (neck - rotation_matrix(pose[:, :3]) @ neck)
    return np.concatenate([pose[:, :3], shift * metres_per_unit], 1).astype(np.float32)
