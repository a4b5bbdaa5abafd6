"""Where the eyes look: by keys, at a target, as in the photograph, or as people do.

``angles``     omega and degrees; how far eyes turn
``eyes``       where a face's eyes are, how they rest, what they see
``fixations``  fixations, saccades, and eyes that make up for the head
``keys``       gaze by hand: directions and targets on a timeline
``natural``    the statistics of people who talk

Everything is a function of time: frames of any rate show the same looks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from facewright import checks
from facewright.checks import Float32
from facewright.drive.gaze import fixations as fixing
from facewright.drive.gaze import keys as keyed
from facewright.drive.gaze import natural
from facewright.drive.gaze.angles import Floats
from facewright.drive.gaze.eyes import Eyes
from facewright.drive.gaze.keys import Direction, Key, Target, parse
from facewright.errors import InputError

__all__ = ["MODES", "Direction", "Eyes", "GazeTrack", "Key", "Target", "parse", "track"]

#: natural: at whom the photograph looks at, with looks away; camera: at the camera; photo: at
#: what the photograph looks at; still: eyes that do not move in the head; keys: by hand.
MODES = ("natural", "camera", "photo", "still", "keys")


@dataclass(frozen=True, slots=True)
class GazeTrack:
    """A gaze and the saccades in it.

    Attributes:
        gaze: (T, 4) as in ``Motion.gaze``.
        shifts: (S,) seconds at which saccades start, in order.
        degrees: (S,) their amplitudes.
    """

    gaze: Float32
    shifts: Floats
    degrees: Floats


def track(
    times: np.ndarray,
    mode: str,
    eyes: Eyes,
    pose: Float32 | None = None,
    *,
    keys: Sequence[Key] = (),
    seed: int = 0,
    pauses: np.ndarray | None = None,
    activity: Callable[[np.ndarray], np.ndarray] | None = None,
    aversion: float = 1.0,
    seconds: float | None = None,
) -> GazeTrack:
    """The gaze at ``times``.

    Args:
        times: (T,) seconds, in order.
        mode: one of :data:`MODES`; "keys" needs ``keys``.
        eyes: whose; ``Eyes.of(subject)``.
        pose: (T, 6) relative head poses at ``times``, for which the eyes make up; None for
            a still head.
        keys: what "keys" follows; see :func:`parse`.
        seed: the same seed gives the same gaze.
        pauses: (P,) seconds at which the speech pauses: looks away prefer them.
        activity: how much is being said (0..1) at given seconds; None: talking throughout.
        aversion: factor on how often "natural" looks away, 0..3.
        seconds: for which "natural" plans; default: to the last of ``times``.

    Raises:
        InputError: the mode is unknown, keys are missing, or an argument does not fit.
    """
    times = np.asarray(times, np.float64)
    if mode not in MODES:
        raise InputError(f"gaze: {mode!r} is not one of {', '.join(MODES)}")
    if mode == "keys" and not keys:
        raise InputError("keys: mode 'keys' needs at least one")
    checks.number("aversion", aversion, low=0.0, high=3.0)
    if pose is not None:
        pose = checks.floats("pose", pose, (len(times), 6))
    if mode == "still":
        still = np.tile(eyes.rest, (len(times), 1)).astype(np.float32)
        return GazeTrack(still, np.zeros(0), np.zeros(0))
    if mode == "natural":
        home = (eyes.resting_point, eyes.residual(eyes.resting_point))
        end = float(times[-1]) if seconds is None and len(times) else float(seconds or 0.0)
        plan = natural.fixations(end, seed, eyes, home, pauses, activity, aversion)
    else:
        given = keys if mode == "keys" else (Key(0.0, mode),)
        plan = keyed.fixations(given, eyes)
    starts, amplitudes = fixing.shifts(plan, eyes)
    gaze = fixing.follow(plan, times, eyes, pose)
    gaze = gaze + np.tile(np.radians(natural.restless(times, seed)), 2)
    return GazeTrack(np.clip(gaze, -1, 1).astype(np.float32), starts, amplitudes)
