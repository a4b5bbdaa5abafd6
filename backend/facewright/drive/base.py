"""What a driver takes and gives, and how one is found by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from facewright import checks
from facewright.errors import InputError

if TYPE_CHECKING:  # not at run time: `facewright --help` shows these controls' defaults
    from facewright.capture.subject import Subject
    from facewright.face.motion import Motion
    from facewright.media.speech import Speech

#: Told the share of the work that is done, 0..1. It may raise to call the work off.
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class DriveControls:
    """What a user sets.

    Attributes:
        fps: frames per second, 1..240; frame k is at k / fps seconds of the speech.
        seed: of head motion and blinks, 0..2^63 - 1. The same seed is the same motion,
            seen at whatever fps.
        mouth_opening: factor on the motion of the lips, 0..2.
        head_motion: factor on the motion of the head, 0 (still) .. 3.
        blink_rate: blinks a minute, 0..60.
    """

    fps: float = 25.0
    seed: int = 0
    mouth_opening: float = 1.0
    head_motion: float = 1.0
    blink_rate: float = 20.0

    def __post_init__(self) -> None:
        checks.number("fps", self.fps, low=1.0, high=240.0)
        checks.number("mouth_opening", self.mouth_opening, low=0.0, high=2.0)
        checks.number("head_motion", self.head_motion, low=0.0, high=3.0)
        checks.number("blink_rate", self.blink_rate, low=0.0, high=60.0)
        if not 0 <= self.seed < 2**63:
            raise InputError(f"seed: expected 0 to 2^63 - 1, got {self.seed}")


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
