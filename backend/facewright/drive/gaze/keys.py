"""Gaze by hand: keys that say from when on what is looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facewright import checks
from facewright.drive.gaze.eyes import Eyes
from facewright.drive.gaze.fixations import Fixations, duration, shifts
from facewright.errors import InputError

#: What a key can name: the camera, or what the photograph looks at.
NAMED = ("camera", "photo")
FRAMES = ("head", "camera")
MOST_KEYS = 100_000
_FORM = "TIME:LEFT,UP (degrees), TIME:camera, TIME:photo, TIME:head@X,Y,Z or TIME:camera@X,Y,Z"


@dataclass(frozen=True, slots=True)
class Direction:
    """A direction in the head's frame: it turns with the head.

    Attributes:
        left: degrees towards the subject's left (the picture's right), -90..90.
        up: degrees upwards, -90..90.
    """

    left: float
    up: float

    def __post_init__(self) -> None:
        checks.number("left", self.left, low=-90, high=90)
        checks.number("up", self.up, low=-90, high=90)


@dataclass(frozen=True, slots=True)
class Target:
    """A point that both eyes converge on.

    Attributes:
        point: (x, y, z) in metres.
        frame: "head": x to the subject's left, y up, z out of the face, from the pivot
            between the ears, and it moves with the head; "camera": x right, y up, the face
            at negative z, and it stays where it is while the head moves.
    """

    point: tuple[float, float, float]
    frame: str = "camera"

    def __post_init__(self) -> None:
        checks.floats("point", self.point, (3,), low=-1e6, high=1e6)
        if self.frame not in FRAMES:
            raise InputError(f"frame: {self.frame!r} is not one of {', '.join(FRAMES)}")


@dataclass(frozen=True, slots=True)
class Key:
    """At ``time`` (seconds) the eyes have arrived at ``look`` and stay until the next key.

    Attributes:
        time: seconds, 0 or more. Before the first key the eyes are where it says.
        look: a :class:`Direction`, a :class:`Target`, "camera" or "photo".
    """

    time: float
    look: Direction | Target | str

    def __post_init__(self) -> None:
        checks.number("time", self.time, low=0.0)
        if isinstance(self.look, str) and self.look not in NAMED:
            raise InputError(f"look: {self.look!r} is not one of {', '.join(NAMED)}")


def fixations(keys: Sequence[Key], eyes: Eyes) -> Fixations:
    """The keys as what is looked at, each saccade ending at its key's time.

    Raises:
        InputError: there is no key, there are too many, or two share a time.
    """
    if not 1 <= len(keys) <= MOST_KEYS:
        raise InputError(f"keys: expected 1 to {MOST_KEYS}, got {len(keys)}")
    ordered = sorted(keys, key=lambda key: key.time)
    times = np.array([key.time for key in ordered], np.float64)
    if (np.diff(times) <= 0).any():
        twice = times[1:][np.diff(times) <= 0][0]
        raise InputError(f"keys: expected one at a time, got two at {twice:g} s")
    placed = [_placed(key.look, eyes) for key in ordered]
    found = Fixations(
        starts=times,
        points=np.array([point for point, _, _ in placed]),
        with_head=np.array([with_head for _, with_head, _ in placed]),
        residuals=np.array([residual for _, _, residual in placed]),
    )
    # Set out early enough to be there in time, but not before the last saccade has ended.
    ahead = duration(shifts(found, eyes)[1])
    starts = times.copy()
    starts[1:] = np.maximum(times[1:] - ahead, times[:-1])
    return Fixations(starts, found.points, found.with_head, found.residuals)


def _placed(look: Direction | Target | str, eyes: Eyes) -> tuple[np.ndarray, bool, np.ndarray]:
    """A look's point, whether it moves with the head, and its residual."""
    zero = np.zeros(4)
    if isinstance(look, Direction):
        return eyes.towards(look.left, look.up), True, zero
    if isinstance(look, Target):
        point = np.array(look.point, np.float64) * eyes.metre
        in_head = look.frame == "head"
        return (point if in_head else eyes.from_camera(point)), in_head, zero
    if look == "camera":
        return eyes.camera, False, eyes.camera_residual
    return eyes.resting_point, False, eyes.residual(eyes.resting_point)


def parse(text: str) -> tuple[Key, ...]:
    """Keys from text, separated by spaces or semicolons.

    ``0:camera 1.5:20,-5 2:head@0.3,0,1 4:photo`` looks at the camera, is 20 degrees left
    and 5 down at 1.5 s, looks at a point before the face at 2 s, and as photographed at 4 s.

    Raises:
        InputError: naming the part that is none.
    """
    keys = tuple(_parsed(part) for part in text.replace(";", " ").split())
    if not keys:
        raise InputError(f"keys: expected {_FORM}; got none")
    return keys


def _parsed(part: str) -> Key:
    when, colon, what = part.partition(":")
    frame, at, place = what.partition("@")
    try:
        time = float(when)
        if not colon or not what or not math.isfinite(time):
            raise ValueError
        if at:
            return Key(time, Target(_three(place), frame))
        if what[0].isalpha():
            return Key(time, what)
        left, up = (float(number) for number in what.split(","))
        return Key(time, Direction(left, up))
    except InputError as error:
        raise InputError(f"keys: {part!r}: {error}") from error
    except ValueError as error:
        raise InputError(f"keys: expected {_FORM}; got {part!r}") from error


def _three(text: str) -> tuple[float, float, float]:
    x, y, z = (float(number) for number in text.split(","))
    return x, y, z
