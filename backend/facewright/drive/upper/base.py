"""What moves brows and lids while a face speaks, and how it is found by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from facewright.checks import Float32
from facewright.drive.heard import Heard
from facewright.errors import InputError


class UpperFace(Protocol):
    """Speech in, brows and lids out; nothing is kept between calls.

    Attributes:
        name: it is found by.
        summary: one line for a user who chooses.
        blinks: whether its lids blink; where not, blinks come from elsewhere.
    """

    name: str
    summary: str
    blinks: bool

    def __call__(
        self,
        times: np.ndarray,
        heard: Heard,
        seed: int = 0,
        amount: float | Float32 = 1.0,
        resting: Float32 | None = None,
    ) -> Float32:
        """What brows and lids do at ``times``, to be added to the resting face.

        Args:
            times: (T,) seconds of the speech, of any spacing.
            heard: the speech.
            seed: the same seed is the same performance, at whatever times it is looked at.
            amount: factor on the motion, 0 (still) to 3, or (T,) of them.
            resting: (64,) weights of the face at rest; None for the neutral face.

        Returns:
            (T, 64) offsets of the default model's blendshapes.
        """
        ...


#: What is used where none is named.
DEFAULT = "prior"

_FACTORIES: dict[str, Callable[[], UpperFace]] = {}


def register(name: str, factory: Callable[[], UpperFace]) -> None:
    """Make one known by name."""
    _FACTORIES[name] = factory


def names() -> tuple[str, ...]:
    """Names of those there are."""
    return tuple(sorted(_FACTORIES))


def create(name: str = DEFAULT) -> UpperFace:
    """The one called ``name``, its weights read."""
    if name not in _FACTORIES:
        raise InputError(f"upper face: {name!r} is not one of {', '.join(names())}")
    return _FACTORIES[name]()
