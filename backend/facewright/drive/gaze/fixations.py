"""Fixations and the saccades between them, as a function of time.

A saccade of A degrees lasts 25 ms + 2.4 ms/deg · A (the main sequence: Bahill, Clark &
Stark 1975, "The main sequence, a tool for studying human eye movements"; these constants:
Lee, Badler & Badler 2002, "Eyes Alive"). Between saccades the eyes stay on what they look
at, whatever the head does (the vestibulo-ocular reflex).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facewright.checks import Float32
from facewright.drive.gaze import angles
from facewright.drive.gaze.angles import Floats
from facewright.drive.gaze.eyes import Eyes

_SHORTEST, _PER_DEGREE = 0.025, 0.0024  # seconds


@dataclass(frozen=True, slots=True)
class Fixations:
    """What is looked at, from when on.

    Attributes:
        starts: (K,) seconds at which the eyes set out, in order; before ``starts[1]`` they
            are on the first.
        points: (K, 3) what they look at, model units.
        with_head: (K,) whether a point moves with the head (its frame is the head's) or
            stays in the scene.
        residuals: (K, 4) added to omega; see :meth:`Eyes.residual`.
    """

    starts: Floats
    points: Floats
    with_head: np.ndarray
    residuals: Floats

    def __len__(self) -> int:
        return len(self.starts)


def duration(degrees: np.ndarray) -> Floats:
    """(…) seconds of saccades of ``degrees``: the main sequence."""
    return _SHORTEST + _PER_DEGREE * np.asarray(degrees, np.float64)


def profile(share: np.ndarray) -> Floats:
    """(…) of the way done at ``share`` of the time: of least jerk, so velocity is a bell."""
    s = np.clip(np.asarray(share, np.float64), 0, 1)
    return s**3 * (10 - 15 * s + 6 * s**2)


def shifts(fixations: Fixations, eyes: Eyes) -> tuple[Floats, Floats]:
    """(K - 1,) seconds at which saccades start and their degrees, for a head at rest."""
    return fixations.starts[1:], _amplitudes(_at_rest(fixations, eyes))


def follow(
    fixations: Fixations, times: np.ndarray, eyes: Eyes, pose: Float32 | None = None
) -> Floats:
    """(T, 4) omega at ``times``.

    Args:
        fixations: at least one.
        times: (T,) seconds.
        eyes: whose.
        pose: (T, 6) relative head poses, or None for a head at rest.
    """
    times = np.asarray(times, np.float64)
    now = np.clip(np.searchsorted(fixations.starts, times, side="right") - 1, 0, None)
    head = np.zeros((len(times), 6)) if pose is None else np.asarray(pose, np.float64)
    looks = _looks(fixations, now, eyes, head)
    # How long a saccade lasts is settled with the head at rest: it must not depend on
    # which frames are asked for. The next saccade waits for none.
    lasts = np.concatenate([[1.0], duration(_amplitudes(_at_rest(fixations, eyes)))])
    gaps = np.diff(fixations.starts, append=np.inf)
    lasts = np.minimum(lasts, np.maximum(gaps, 1e-6))
    share = profile((times - fixations.starts[now]) / lasts[now])
    moving = np.flatnonzero((share < 1) & (now > 0))
    left = _looks(fixations, now[moving] - 1, eyes, head[moving])
    looks[moving] = left + share[moving, None] * (looks[moving] - left)
    return looks


def _looks(fixations: Fixations, rows: np.ndarray, eyes: Eyes, pose: Floats) -> Floats:
    points = fixations.points[rows]
    # What moves with the head is seen as by a head at rest.
    still = fixations.with_head[rows, None]
    looks = eyes.gaze(points, np.where(still, 0.0, pose))
    return angles.limited(looks + fixations.residuals[rows]).astype(np.float64)


def _at_rest(fixations: Fixations, eyes: Eyes) -> Floats:
    return angles.limited(eyes.gaze(fixations.points) + fixations.residuals).astype(np.float64)


def _amplitudes(looks: Floats) -> Floats:
    """(K - 1,) degrees between (K, 4) looks, both eyes' mean."""
    way = looks.reshape(-1, 2, 2).mean(1)
    way = np.concatenate([way, np.sqrt(np.clip(1 - (way**2).sum(1, keepdims=True), 0, 1))], 1)
    cosine = (way[1:] * way[:-1]).sum(1)
    sine = np.linalg.norm(np.cross(way[1:], way[:-1]), axis=1)
    return np.degrees(np.arctan2(sine, cosine))
