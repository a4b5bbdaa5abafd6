"""Where the eyes look: by keys, at a target, as in the photograph, or as people do.

``angles``     omega and degrees; how far eyes turn
``eyes``       where a face's eyes are, how they rest, what they see
``fixations``  fixations, saccades, and eyes that make up for the head
``keys``       gaze by hand: directions and targets on a timeline
``natural``    the statistics of people who talk
``switching``  modes that follow each other

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
from facewright.drive.gaze import natural, switching
from facewright.drive.gaze.angles import Floats
from facewright.drive.gaze.eyes import Eyes
from facewright.drive.gaze.fixations import Fixations
from facewright.drive.gaze.keys import Direction, Key, Target, parse
from facewright.errors import InputError

__all__ = [
    "MODES",
    "Direction",
    "Eyes",
    "GazeTrack",
    "Key",
    "Looking",
    "Target",
    "looking",
    "parse",
    "track",
]

#: natural: at whom the photograph looks at, with looks away; camera: at the camera; photo: at
#: what the photograph looks at; still: eyes that do not move in the head; keys: by hand.
MODES = ("natural", "camera", "photo", "still", "keys")


@dataclass(frozen=True, slots=True)
class Looking:
    """A gaze as a function of time, planned once.

    Attributes:
        eyes: whose.
        seed: of drift and microsaccades.
        plan: what is looked at; None: eyes that do not move in the head.
        calm: (C, 2) seconds from and to which they do not, of a plan that does so at times.
    """

    eyes: Eyes
    seed: int
    plan: Fixations | None
    calm: tuple[tuple[float, float], ...] = ()

    @property
    def shifts(self) -> tuple[Floats, Floats]:
        """(S,) seconds at which saccades start, in order, and (S,) their degrees."""
        if self.plan is None:
            return np.zeros(0), np.zeros(0)
        return fixing.shifts(self.plan, self.eyes)

    def __call__(self, times: np.ndarray, pose: Float32 | None = None) -> Float32:
        """(T, 4) gaze, as in ``Motion.gaze``.

        Args:
            times: (T,) seconds.
            pose: (T, 6) relative head poses at ``times``, for which the eyes make up; None
                for a still head.
        """
        times = np.asarray(times, np.float64)
        if pose is not None:
            pose = checks.floats("pose", pose, (len(times), 6))
        if self.plan is None:
            return np.tile(self.eyes.rest, (len(times), 1)).astype(np.float32)
        gaze = fixing.follow(self.plan, times, self.eyes, pose)
        drift = np.tile(np.radians(natural.restless(times, self.seed)), 2)
        for begin, end in self.calm:
            drift[(times >= begin) & (times < end)] = 0.0
        gaze = gaze + drift
        return np.clip(gaze, -1, 1).astype(np.float32)


def looking(
    mode: str,
    eyes: Eyes,
    seconds: float,
    *,
    keys: Sequence[Key] = (),
    seed: int = 0,
    pauses: np.ndarray | None = None,
    activity: Callable[[np.ndarray], np.ndarray] | None = None,
    aversion: float = 1.0,
    switches: Sequence[tuple[float, str]] = (),
) -> Looking:
    """Plan a gaze.

    Args:
        mode: one of :data:`MODES`; "keys" needs ``keys``.
        switches: seconds, increasing, from which on another mode holds.
        eyes: whose; ``Eyes.of(subject)``.
        seconds: for which "natural" plans; a longer performance begins alike.
        keys: what "keys" follows; see :func:`parse`.
        seed: the same seed gives the same gaze.
        pauses: (P,) seconds at which the speech pauses: looks away prefer them.
        activity: how much is being said (0..1) at given seconds; None: talking throughout.
        aversion: factor on how often "natural" looks away, 0..3.

    Raises:
        InputError: the mode is unknown, keys are missing, or an argument does not fit.
    """
    modes = [(0.0, mode)]
    for begin, switch in switches:
        if switch != modes[-1][1]:
            modes.append((begin, switch))
    for _, name in modes:
        if name not in MODES:
            raise InputError(f"gaze: {name!r} is not one of {', '.join(MODES)}")
        if name == "keys" and not keys:
            raise InputError("keys: mode 'keys' needs at least one")
    checks.number("aversion", aversion, low=0.0, high=3.0)
    checks.number("seconds", seconds, low=0.0)
    if modes == [(0.0, "still")]:
        return Looking(eyes, seed, None)

    def planned(name: str) -> Fixations:
        if name == "still":
            return switching.resting(eyes)
        if name == "natural":
            home = (eyes.resting_point, eyes.residual(eyes.resting_point))
            return natural.fixations(seconds, seed, eyes, home, pauses, activity, aversion)
        return keyed.fixations(keys if name == "keys" else (Key(0.0, name),), eyes)

    if len(modes) == 1:
        return Looking(eyes, seed, planned(mode))
    plans = {name: planned(name) for name in dict.fromkeys(name for _, name in modes)}
    ends = [*(begin for begin, _ in modes[1:]), np.inf]
    calm = tuple((begin, end) for (begin, m), end in zip(modes, ends, strict=True) if m == "still")
    plan = switching.switched([(begin, plans[name]) for begin, name in modes])
    return Looking(eyes, seed, plan, calm)


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
    """Plan a gaze and follow it at ``times``.

    Args:
        times: (T,) seconds, in order.
        pose: (T, 6) relative head poses at ``times``; see :class:`Looking`.
        seconds: for which "natural" plans; default: to the last of ``times``.
        mode, eyes, keys, seed, pauses, activity, aversion: as in :func:`looking`.

    Raises:
        InputError: as :func:`looking`.
    """
    times = np.asarray(times, np.float64)
    last = float(times[-1]) if len(times) else 0.0
    plan = looking(
        mode,
        eyes,
        last if seconds is None else seconds,
        keys=keys,
        seed=seed,
        pauses=pauses,
        activity=activity,
        aversion=aversion,
    )
    return GazeTrack(plan(times, pose), *plan.shifts)
