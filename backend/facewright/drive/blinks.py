"""Blinks: a seeded prior.

People blink about 17 times a minute at rest and 26 while talking (Bentivoglio et al.
1997, "Analysis of blink rate patterns in normal subjects"), at intervals that are roughly
log-normal, and rather in the pauses of speech (Nakano & Kitazawa 2010, "Eyeblink
entrainment at breakpoints of speech"). Large gaze shifts carry a blink, nearly all of them
beyond 33 degrees (Evinger et al. 1994, "Not looking while leaping"). A lid closes in about
90 ms and takes almost twice as long to open; some blinks do not close it wholly.

Blinks are events in seconds; frames of any rate sample the same events. Pauses and gaze
shifts move blinks in time and make none, so that the rate is the one that was asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from facewright.checks import Float32
from facewright.drive.curves import ControlCurve

# Seconds; as long in all as the blinks of the training clips, which are quicker than those
# of the literature (opening two to three times as long as closing).
_CLOSING, _SHUT, _OPENING = 0.09, 0.02, 0.16
_STEP = 0.01  # seconds between which a rate that changes is looked at
_SHORTEST = 0.4  # between the beginnings of two blinks
_SPREAD = 0.5  # standard deviation of the logarithm of the rest of an interval
_PULL = 0.35  # how far, in seconds, a blink moves to reach a pause in the speech
# Gaze shifts reach further, the larger they are: to nothing at the first number of degrees,
# to the number of seconds at the second.
_SHIFT_DEGREES, _SHIFT_PULL = (10.0, 33.0), 1.5
_TEMPO = 0.12  # spread of the logarithm of a blink's duration
_PARTIAL, _PARTIAL_DEPTH = 0.1, (0.45, 0.7)  # share of incomplete blinks; how far they shut


@dataclass(frozen=True, slots=True)
class Blinks:
    """Blinks of one performance.

    Attributes:
        starts: (B,) seconds at which lids begin to fall, in order.
        depth: (B,) how far they shut, 1 being wholly.
        tempo: (B,) factor on the duration.
    """

    starts: np.ndarray
    depth: np.ndarray
    tempo: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)

    def shut(self, times: np.ndarray) -> Float32:
        """(T,) how far the lids are shut, 0..1, at ``times`` (seconds)."""
        if not len(self.starts):
            return np.zeros(len(times), np.float32)
        # Blinks are further apart than one lasts, but for the rare crowded pair: the two
        # latest are enough.
        latest = np.searchsorted(self.starts, times, side="right") - 1
        shut = np.zeros(len(times))
        for back in (0, 1):
            k = np.maximum(latest - back, 0)
            since = (np.asarray(times) - self.starts[k]) / self.tempo[k]
            since = np.where(latest - back >= 0, since, np.inf)
            shut = np.maximum(shut, self.depth[k] * _profile(since))
        return shut.astype(np.float32)


def plan(
    seconds: float,
    rate: float | ControlCurve,
    seed: int,
    pauses: np.ndarray | None = None,
    shifts: tuple[np.ndarray, np.ndarray] | None = None,
) -> Blinks:
    """Blinks of a performance, each with a depth and a tempo of its own.

    Args:
        seconds, rate, seed, pauses, shifts: as in :func:`events`.
    """
    starts = events(seconds, rate, seed, pauses, shifts)
    draws = np.random.default_rng([seed, 0x11D5]).random((len(starts), 3))
    low, high = _PARTIAL_DEPTH
    partial = low + (high - low) * draws[:, 1]
    depth = np.where(draws[:, 0] < _PARTIAL, partial, 1.0)
    # A uniform draw with the spread of _TEMPO keeps every blink's length within bounds.
    tempo = np.exp(_TEMPO * math.sqrt(12) * (draws[:, 2] - 0.5))
    return Blinks(starts, depth, tempo)


def events(
    seconds: float,
    rate: float | ControlCurve,
    seed: int,
    pauses: np.ndarray | None = None,
    shifts: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """When blinks begin.

    Args:
        seconds: length of the performance.
        rate: blinks a minute, 0..60, or a curve of them; where it is 0 none begins.
        seed: the same seed gives the same blinks.
        pauses: (P,) seconds at which speech pauses, in order; blinks near one move to it.
        shifts: seconds (S,), in order, and degrees (S,) of gaze shifts; blinks move to
            large ones, also from further off.

    Returns:
        (B,) float64 seconds, in order; on average ``rate`` a minute.
    """
    if seconds <= 0 or (not isinstance(rate, ControlCurve) and rate <= 0):
        return np.zeros(0)
    rng = np.random.default_rng([seed, 0xB11])
    if isinstance(rate, ControlCurve):
        times = _varying(seconds, rate, rng)
        blinking = rate(pauses) > 0 if pauses is not None else None
        pauses = None if pauses is None else np.asarray(pauses)[blinking]
        if shifts is not None:
            kept = rate(shifts[0]) > 0
            shifts = (np.asarray(shifts[0])[kept], np.asarray(shifts[1])[kept])
    else:
        times = _steady(seconds, rate, rng)
    if pauses is not None and len(pauses):
        times = _drawn(times, np.asarray(pauses), np.full(len(pauses), _PULL))
    if shifts is not None and len(shifts[0]):
        times = _drawn(times, np.asarray(shifts[0]), _shift_pull(np.asarray(shifts[1])))
    return times


def _steady(seconds: float, rate: float, rng: np.random.Generator) -> np.ndarray:
    """(B,) seconds of blinks at one rate."""
    mean = 60.0 / rate - _SHORTEST
    # E[exp(N(m, s))] = exp(m + s^2 / 2)
    location = math.log(mean) - _SPREAD**2 / 2
    first = rng.uniform(0.0, 60.0 / rate)
    count = int(3 * seconds * rate / 60) + 20
    gaps = _SHORTEST + rng.lognormal(location, _SPREAD, count)
    times = first + np.concatenate([[0.0], np.cumsum(gaps)])
    return times[times < seconds]


def _varying(seconds: float, rate: ControlCurve, rng: np.random.Generator) -> np.ndarray:
    """(B,) seconds of blinks at a rate that changes.

    What an interval has beyond the shortest one is drawn as a multiple of its mean, 60 / rate
    - shortest, and used up at the rate that then holds: a rate that rises shortens the interval
    that it finds begun.
    """
    grid = np.arange(0.0, seconds + 2 * _STEP, _STEP)
    hertz = rate(grid).astype(np.float64) / 60
    used = _integral(hertz / np.maximum(1 - _SHORTEST * hertz, 1e-6))
    time = _reached(_integral(hertz), grid, rng.uniform())
    excess = rng.lognormal(-(_SPREAD**2) / 2, _SPREAD, int(seconds / _SHORTEST) + 2)
    found: list[float] = []
    while time < seconds:
        found.append(time)
        so_far = float(np.interp(time + _SHORTEST, grid, used))
        time = _reached(used, grid, so_far + excess[len(found) - 1])
    return np.array(found)


def _integral(values: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum((values[1:] + values[:-1]) / 2 * _STEP)])


def _reached(total: np.ndarray, grid: np.ndarray, amount: float) -> float:
    """When a growing ``total`` exceeds ``amount``; inf where it never does."""
    k = int(np.searchsorted(total, amount, side="right"))
    if k >= len(total):
        return math.inf
    share = (amount - total[k - 1]) / (total[k] - total[k - 1])
    return float(grid[k - 1] + share * _STEP)


def lids(times: np.ndarray, blinks: np.ndarray) -> Float32:
    """(T,) how far the lids are shut, 0..1, at ``times``, for blinks that begin at ``blinks``.

    They fall along a raised cosine and rise along a squared one, which is slower.
    """
    whole = np.ones(len(blinks))
    return Blinks(np.asarray(blinks), whole, whole).shut(times)


def _shift_pull(degrees: np.ndarray) -> np.ndarray:
    low, high = _SHIFT_DEGREES
    return _SHIFT_PULL * np.clip((degrees - low) / (high - low), 0, 1)


def _drawn(times: np.ndarray, places: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Blinks at ``times`` moved to the places that reach them, the strongest first.

    None comes nearer to its neighbours than the shortest interval, so none is lost and
    their order stays.
    """
    times = times.copy()
    moved = np.zeros(len(times), bool)
    for k in np.argsort(-reach, kind="stable"):
        if reach[k] <= 0 or not len(times):
            break
        after = int(np.searchsorted(times, places[k]))
        near = [j for j in (after - 1, after) if 0 <= j < len(times) and not moved[j]]
        near.sort(key=lambda j: abs(times[j] - places[k]))
        for j in near:
            before = times[j - 1] if j else -np.inf
            behind = times[j + 1] if j + 1 < len(times) else np.inf
            free = before + _SHORTEST <= places[k] <= behind - _SHORTEST
            if free and abs(times[j] - places[k]) < reach[k]:
                times[j], moved[j] = places[k], True
                break
    return times


def _profile(since: np.ndarray) -> np.ndarray:
    falling = np.clip(since / _CLOSING, 0, 1)
    rising = np.clip((since - _CLOSING - _SHUT) / _OPENING, 0, 1)
    return (0.5 - 0.5 * np.cos(np.pi * falling)) * (0.5 + 0.5 * np.cos(np.pi * rising)) ** 1.5
