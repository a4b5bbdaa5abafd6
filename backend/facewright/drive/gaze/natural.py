"""Eyes of somebody who talks: the statistics of Lee, Badler & Badler 2002, "Eyes Alive".

They look at whom they talk to for 3.1 s on average, then away for 0.9 s (while listening:
7.9 s and 0.4 s), by A = -6.9 ln(P / 15.7) degrees, P uniform in 0..15 percent: an
exponential distribution with a mean of 7 degrees. To the sides and straight up and down
rather than aslant. Speakers look away where they begin or hesitate (Kendon 1967, "Some
functions of gaze-direction in social interaction"), so a look away that is due near a
pause moves to it. While they look at somebody, the eyes still wander about the face.

Every cycle draws from its own seeded numbers, so that a pause which moves one look away
does not deal other looks to all that follow.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from facewright.drive.gaze import angles
from facewright.drive.gaze.angles import Floats
from facewright.drive.gaze.eyes import Eyes
from facewright.drive.gaze.fixations import Fixations, profile

_TOWARDS = {"talking": 3.13, "listening": 7.92}  # seconds on average, as is
_AWAY = {"talking": 0.93, "listening": 0.43}  # this
_LARGEST = {"talking": 27.5, "listening": 22.7}  # degrees
_LEAST_TOWARDS, _LEAST_AWAY, _MOST_AWAY = 0.5, 0.2, 4.0  # seconds
#: Percent of looks away at 0, 45, … 315 degrees, counted from the right, upwards.
DIRECTIONS = (15.54, 6.46, 17.69, 7.44, 16.80, 7.89, 20.38, 7.79)
_PULL = 0.8  # seconds by which a look away moves to reach a pause
_LISTENING = 0.25  # activity below which somebody listens
_STEP = 0.1  # seconds between which activity is looked at
_WANDER_SECONDS, _WANDER = 0.9, (0.7, 0.6)  # between small shifts; their spread, degrees
_LANDING = 0.06  # error of a return, as a share of its way
_DRIFT, _MICRO = 0.08, 0.15  # degrees of fixations' slow drift and of microsaccades
_MICRO_SECONDS = 0.8
_WAVES = 8


def fixations(
    seconds: float,
    seed: int,
    eyes: Eyes,
    home: tuple[Floats, Floats],
    pauses: np.ndarray | None = None,
    activity: Callable[[np.ndarray], np.ndarray] | None = None,
    aversion: float = 1.0,
) -> Fixations:
    """What is looked at over ``seconds``.

    Args:
        seconds: at least so much is planned.
        seed: the same seed gives the same looks.
        eyes: whose.
        home: point of the scene (3,) and residual (4,) that is looked at but for looks away.
        pauses: (P,) seconds at which speech pauses, in order.
        activity: how much is being said (0..1) at times (N,); None: talking throughout.
        aversion: factor on how often eyes look away; 0 is never.
    """
    point, residual = home
    # Asked for once: it may be costly. Beyond ``seconds`` nothing is decided.
    grid = np.arange(0, seconds + _STEP, _STEP)
    saying = np.ones(len(grid)) if activity is None else np.asarray(activity(grid))
    looks: list[tuple[float, Floats]] = [(0.0, np.zeros(2))]
    time, cycle = 0.0, 0
    while time < seconds:
        rng = np.random.default_rng([seed, 0x6A5E, cycle])
        said = saying[min(int(time / _STEP), len(saying) - 1)]
        role = "talking" if said >= _LISTENING else "listening"
        draws = rng.random(5)
        leave = seconds
        if aversion > 0:
            mean = (_TOWARDS[role] - _LEAST_TOWARDS) / aversion
            due = time + _LEAST_TOWARDS + _exponential(draws[0]) * mean
            leave = _to_pause(due, pauses, time + _LEAST_TOWARDS)
        # A second more, so that the end of what is planned changes nothing before it.
        looks += _wandering(time, min(leave, seconds + 1), rng)
        if leave >= seconds:
            break
        away = _look_away(draws[1:4], _LARGEST[role])
        back = leave + min(
            _LEAST_AWAY + _exponential(draws[4]) * (_AWAY[role] - _LEAST_AWAY), _MOST_AWAY
        )
        looks += [(leave, away), (back, away * rng.normal(0, _LANDING, 2))]
        time, cycle = back, cycle + 1
    way = np.asarray(point, np.float64) - eyes.middle
    length = np.linalg.norm(way)
    where = np.degrees(np.arcsin(way[:2] / length)) + np.array([look for _, look in looks])
    return Fixations(
        starts=np.array([start for start, _ in looks]),
        points=eyes.middle + length * angles.direction(where[:, 0], where[:, 1]),
        with_head=np.zeros(len(looks), bool),
        residuals=np.tile(residual, (len(looks), 1)),
    )


def restless(times: np.ndarray, seed: int) -> Floats:
    """(T, 2) degrees, left and up: the drift and microsaccades of eyes that fixate.

    A tenth and a fifth of a degree (Martinez-Conde, Macknik & Hubel 2004, "The role of
    fixational eye movements in visual perception").
    """
    times = np.asarray(times, np.float64)
    rng = np.random.default_rng([seed, 0xD41F])
    hertz = rng.uniform(0.1, 1.2, (2, _WAVES))
    phase = rng.uniform(0, 2 * np.pi, (2, _WAVES))
    waves = np.sin(2 * np.pi * times[:, None, None] * hertz + phase).sum(-1)
    drift = _DRIFT * np.sqrt(2 / _WAVES) * waves
    last = float(times.max(initial=0.0))
    count = int(last / _MICRO_SECONDS) + 2
    # A grid with a jitter: event k is the same however long the performance is.
    when = np.arange(count) * _MICRO_SECONDS
    draws = np.random.default_rng([seed, 0x51CC]).random((count, 3))
    when = when + 0.6 * _MICRO_SECONDS * draws[:, 0]
    size = _MICRO * 2 * (draws[:, 1:] - 0.5)
    now = np.searchsorted(when, times, side="right") - 1
    here = np.where(now[:, None] >= 0, size[np.maximum(now, 0)], 0.0)
    before = np.where(now[:, None] >= 1, size[np.maximum(now - 1, 0)], 0.0)
    since = (times - when[np.maximum(now, 0)]) / 0.025
    return drift + before + profile(since)[:, None] * (here - before)


def _exponential(uniform: float) -> float:
    return float(-np.log(max(1 - uniform, 1e-9)))


def _look_away(draws: np.ndarray, largest: float) -> Floats:
    """(2,) degrees left and up; ``draws`` are three numbers in 0..1."""
    percent = max(15.0 * (1 - draws[0]), 1e-6)
    amplitude = min(-6.9 * np.log(percent / 15.7), largest)
    share = np.cumsum(DIRECTIONS) / np.sum(DIRECTIONS)
    octant = min(int(np.searchsorted(share, draws[1])), len(DIRECTIONS) - 1)
    angle = np.radians(45 * octant + 45 * (draws[2] - 0.5))
    return amplitude * np.array([np.cos(angle), np.sin(angle)])


def _to_pause(time: float, pauses: np.ndarray | None, earliest: float) -> float:
    """``time``, moved to the nearest pause where one is near and not too early."""
    if pauses is None or not len(pauses):
        return time
    nearest = float(pauses[np.abs(np.asarray(pauses) - time).argmin()])
    return nearest if abs(nearest - time) < _PULL and nearest >= earliest else time


def _wandering(start: float, end: float, rng: np.random.Generator) -> list[tuple[float, Floats]]:
    """Small shifts about what is looked at, from ``start`` to ``end``."""
    out = []
    time = start + 0.25 + _WANDER_SECONDS * rng.exponential()
    while time < end - 0.3:
        out.append((time, rng.normal(0, _WANDER, 2)))
        time += 0.25 + _WANDER_SECONDS * rng.exponential()
    return out
