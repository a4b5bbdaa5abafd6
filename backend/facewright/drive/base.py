"""What a driver takes and gives, and how one is found by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from facewright.drive.controls import DriveControls as DriveControls
from facewright.drive.controls import Sources as Sources
from facewright.errors import InputError

if TYPE_CHECKING:  # not at run time: `facewright --help` shows these controls' defaults
    from facewright.capture.subject import Subject
    from facewright.face.motion import Motion
    from facewright.media.speech import Speech

#: Told the share of the work that is done, 0..1. It may raise to call the work off.
Progress = Callable[[float], None]


class Driver(Protocol):
    """Speech in, Motion out; nothing is kept between calls."""

    name: str
    #: One line for a user who chooses.
    summary: str
    #: SPDX expression of the weights.
    licence: str

    def __call__(
        self,
        speech: Speech,
        subject: Subject | None,
        controls: DriveControls,
        progress: Progress | None = None,
    ) -> Motion:
        """The performance of ``speech``: ``speech.frames(controls.fps)`` frames.

        Args:
            speech: mono samples, any length; 16 kHz, or resampled to it.
            subject: whose resting face the motion starts from and returns to; None for
                the default model's mean face, looking straight ahead.
            controls: what the user set.
            progress: told how far the work is.
        """
        ...


_FACTORIES: dict[str, Callable[[], Driver]] = {}


def register(name: str, factory: Callable[[], Driver]) -> None:
    """Make a driver known by name."""
    _FACTORIES[name] = factory


def names() -> tuple[str, ...]:
    """Names of the drivers there are."""
    return tuple(sorted(_FACTORIES))


def create(name: str) -> Driver:
    """The driver called ``name``, its weights read."""
    if name not in _FACTORIES:
        raise InputError(f"driver: {name!r} is not one of {', '.join(names())}")
    return _FACTORIES[name]()
