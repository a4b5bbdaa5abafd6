"""Blinks: a seeded prior.

People blink about 17 times a minute at rest and 26 while talking (Bentivoglio et al.
1997, "Analysis of blink rate patterns in normal subjects"), at intervals that are roughly
log-normal, and rather in the pauses of speech (Nakano & Kitazawa 2010, "Eyeblink
entrainment at breakpoints of speech"). A lid closes in about 90 ms and takes more than
twice as long to open.

Blinks are events in seconds; frames of any rate sample the same events.
"""

from __future__ import annotations

import math

import numpy as np

from facewright.checks import Float32

_CLOSING, _SHUT, _OPENING = 0.09, 0.03, 0.21  # seconds
_SHORTEST = 0.4  # between the beginnings of two blinks
_SPREAD = 0.5  # standard deviation of the logarithm of the rest of an interval
_PULL = 0.35  # how far, in seconds, a blink moves to reach a pause in the speech


def events(seconds: float, rate: float, seed: int, pauses: np.ndarray | None = None) -> np.ndarray:
    """When blinks begin.

    Args:
        seconds: length of the performance.
        rate: blinks a minute, 0..60.
        seed: the same seed gives the same blinks.
        pauses: (P,) seconds at which speech pauses, in order; blinks near one move to it.

    Returns:
        (B,) float64 seconds, in order; on average ``rate`` a minute.
    """
    if rate <= 0 or seconds <= 0:
        return np.zeros(0)
    rng = np.random.default_rng([seed, 0xB11])
    mean = 60.0 / rate - _SHORTEST
    # E[exp(N(m, s))] = exp(m + s^2 / 2)
    location = math.log(mean) - _SPREAD**2 / 2
    first = rng.uniform(0.0, 60.0 / rate)
    count = int(3 * seconds * rate / 60) + 20
    gaps = _SHORTEST + rng.lognormal(location, _SPREAD, count)
    times = first + np.concatenate([[0.0], np.cumsum(gaps)])
    times = times[times < seconds]
    if pauses is None or not len(pauses) or not len(times):
        return times
    after = np.clip(np.searchsorted(pauses, times), 1, max(len(pauses) - 1, 1))
    near = np.stack([pauses[after - 1], pauses[np.minimum(after, len(pauses) - 1)]])
    nearest = np.take_along_axis(near, np.abs(near - times).argmin(0)[None], 0)[0]
    moved = np.where(np.abs(nearest - times) < _PULL, nearest, times)
    # Two blinks that a pause would draw together stay where they were.
    crowded = np.diff(moved, prepend=-np.inf) < _SHORTEST
    return np.sort(np.where(crowded, times, moved))


def lids(times: np.ndarray, blinks: np.ndarray) -> Float32:
    """(T,) how far the lids are shut, 0..1, at ``times``, for blinks that begin at ``blinks``.

    They fall along a raised cosine and rise along a squared one, which is slower.
    """
    if not len(blinks):
        return np.zeros(len(times), np.float32)
    # Blinks are further apart than one lasts, but for the rare crowded pair: the two
    # latest are enough.
    latest = np.searchsorted(blinks, times, side="right") - 1
    shut = np.zeros(len(times))
    for back in (0, 1):
        k = latest - back
        since = np.where(k >= 0, times - blinks[np.maximum(k, 0)], np.inf)
        shut = np.maximum(shut, _profile(since))
    return shut.astype(np.float32)


def _profile(since: np.ndarray) -> np.ndarray:
    falling = np.clip(since / _CLOSING, 0, 1)
    rising = np.clip((since - _CLOSING - _SHUT) / _OPENING, 0, 1)
    return (0.5 - 0.5 * np.cos(np.pi * falling)) * (0.5 + 0.5 * np.cos(np.pi * rising)) ** 1.5
