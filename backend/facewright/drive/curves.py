"""Controls that change in time: factors as curves, gaze modes that follow each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facewright import checks
from facewright.checks import Float32
from facewright.errors import InputError

#: Controls that a curve can take the place of, and their bounds.
CURVED = {
    "mouth_opening": (0.0, 2.0),
    "brow_motion": (0.0, 3.0),
    "head_motion": (0.0, 3.0),
    "blink_rate": (0.0, 60.0),
    "intensity": (0.0, 3.0),
}
MOST_POINTS = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class ControlCurve:
    """A control's value over time: linear between its points, held before and after.

    Attributes:
        control: one of :data:`CURVED`; "intensity" is η of the emotion cues that do not say
            their own.
        seconds: (N,) strictly increasing.
        values: (N,) within the control's bounds.

    Raises:
        InputError: naming what does not fit.
    """

    control: str
    seconds: NDArray[np.float64]
    values: Float32

    def __post_init__(self) -> None:
        if self.control not in CURVED:
            raise InputError(
                f"control: {str(self.control)[:64]!r} is not one of {', '.join(CURVED)}"
            )
        low, high = CURVED[self.control]
        checks.floats("seconds", self.seconds, ("N",))
        seconds = np.asarray(self.seconds, np.float64)
        if not 1 <= len(seconds) <= MOST_POINTS:
            raise InputError(f"seconds: expected 1 to {MOST_POINTS} of them, got {len(seconds)}")
        if (np.diff(seconds) <= 0).any():
            k = int(np.argmax(np.diff(seconds) <= 0))
            raise InputError(
                f"seconds: expected them to increase, got {seconds[k]:g}, then {seconds[k + 1]:g}"
            )
        values = checks.floats("values", self.values, (len(seconds),), low=low, high=high)
        object.__setattr__(self, "seconds", seconds)
        object.__setattr__(self, "values", values)

    @property
    def constant(self) -> bool:
        """Whether it never changes."""
        return bool((self.values == self.values[0]).all())

    def __call__(self, times: float | NDArray) -> Float32:
        """(T,) values at ``times``, seconds."""
        return np.asarray(np.interp(times, self.seconds, self.values), np.float32)


@dataclass(frozen=True, slots=True)
class GazeMode:
    """From ``seconds`` on the eyes follow ``mode``, one of ``controls.GAZE_MODES``."""

    seconds: float
    mode: str

    def __post_init__(self) -> None:
        checks.number("seconds", self.seconds, low=0.0)


def check_curves(curves: Sequence[ControlCurve]) -> None:
    """Refuse two curves of one control."""
    names = [curve.control for curve in curves]
    for name in names:
        if (count := names.count(name)) > 1:
            raise InputError(f"curves: expected one of a control, got {count} of {name!r}")


def check_modes(modes: Sequence[GazeMode], known: Sequence[str]) -> None:
    """Refuse modes that are not ``known`` or whose times do not increase."""
    last = -1.0
    for k, switch in enumerate(modes):
        if switch.mode not in known:
            raise InputError(
                f"gaze_modes[{k}].mode: {str(switch.mode)[:64]!r} is not one of {', '.join(known)}"
            )
        if switch.seconds <= last:
            raise InputError(
                f"gaze_modes[{k}].seconds: expected them to increase, got {last:g}, then "
                f"{switch.seconds:g}"
            )
        last = switch.seconds


def parse_curve(text: str) -> ControlCurve:
    """A curve as the command line has it: ``head_motion=0:1,4:0``.

    Raises:
        InputError: text of another form, or numbers out of range.
    """
    name, equals, points = text.partition("=")
    try:
        if not equals:
            raise ValueError
        pairs = [tuple(map(float, point.split(":"))) for point in points.split(",")]
        seconds, values = zip(*((at, value) for at, value in pairs), strict=True)
    except ValueError as error:
        raise InputError(
            f"curves: expected CONTROL=SECONDS:VALUE,..., as in 'head_motion=0:1,4:0'; got {text!r}"
        ) from error
    try:
        return ControlCurve(name.strip(), np.array(seconds), np.array(values, np.float32))
    except InputError as error:
        raise InputError(f"curves {text!r}: {error}") from error


def parse_modes(text: str) -> tuple[GazeMode, ...]:
    """Modes as the command line has them: ``0:camera 2.5:natural``; none of empty text.

    Raises:
        InputError: text of another form.
    """
    modes = []
    for part in text.replace(";", " ").split():
        seconds, colon, mode = part.partition(":")
        try:
            if not colon:
                raise ValueError
            modes.append(GazeMode(float(seconds), mode))
        except ValueError as error:
            raise InputError(
                f"gaze_modes: expected SECONDS:MODE ..., as in '0:camera 2.5:natural'; got {part!r}"
            ) from error
    return tuple(modes)
