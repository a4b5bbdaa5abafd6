"""Heads, brows, gaze and blinks: how they move, made or real, in the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facewright.checks import Float32
from facewright.drive.gaze import angles
from facewright.evaluate.voice.points import Points, lid_opening
from facewright.face.motion import Motion
from facewright.train.performance import Performance
from facewright.train.pose import measure

#: What :func:`measures` gives, by name: its unit and digits, for a table.
UNITS: dict[str, tuple[str, int]] = {
    "pitch": ("° std", 2), "yaw": ("° std", 2), "roll": ("° std", 2),
    "half power": ("Hz", 2), "90 % power": ("Hz", 2), "head jitter": ("°/frame²", 3),
    "brows": ("mm std", 2), "brow jitter": ("mm/frame²", 3), "lip jitter": ("mm/frame²", 2),
    "gaze aside": ("° std", 2), "gaze up": ("° std", 2), "saccades": ("/s", 2),
    "blinks": ("/min", 1), "closing": ("s", 2), "reopening": ("s", 2),
}  # fmt: skip
_SACCADE, _OVER, _APART = 4.0, 0.12, 0.24  # degrees, within seconds, seconds apart
_SHUT, _STILL = 0.6, 0.85  # of the median opening


@dataclass(frozen=True, slots=True)
class Eyes:
    """(T,) openings of the lids over the eyes' width at a frame rate."""

    opening: Float32
    fps: float


def of_motion(motion: Motion, points: Points, eyes: Eyes | None = None) -> dict[str, float]:
    """How a motion moves.

    Args:
        motion: of the default model.
        points: of the model.
        eyes: the lids, where they were seen; None: as the weights have them.

    Returns:
        :data:`UNITS`; NaN where there is nothing to measure (no blink, say).
    """
    fps, pose = motion.fps, motion.pose - motion.pose.mean(0)
    if eyes is None:
        eyes = Eyes(points.lid_opening(motion.expression), fps)
    spread = measure.spread(pose)
    brows, lips = points.brow_height(motion.expression), points.lip_gap(motion.expression)
    aside, up, saccades = gaze_of(angles.common(motion.gaze).astype(np.float32), fps)
    blinks, closing, reopening = blinks_of(eyes)
    values = (
        *spread.tolist(),
        float(measure.power_below(pose, fps, 0.5).mean()),
        float(measure.power_below(pose, fps, 0.9).mean()),
        float(measure.jitter(pose).mean()),
        float(brows.std()), bent(brows), bent(lips),
        aside, up, saccades, blinks, closing, reopening,
    )  # fmt: skip
    return dict(zip(UNITS, values, strict=True))


def of_clip(clip: Performance, points: Points) -> dict[str, float]:
    """How a tracked clip moves; blinks are counted in its landmarks."""
    known = clip.landmarks[clip.known]
    return of_motion(clip.motion, points, Eyes(lid_opening(known), clip.fps))


def bent(curve: Float32) -> float:
    """Mean absolute second difference of (T,) values."""
    return float(np.abs(np.diff(curve, 2)).mean())


def gaze_of(way: Float32, fps: float) -> tuple[float, float, float]:
    """Spread aside and up (degrees) and large saccades a second, of (T, 2) degrees."""
    from scipy.signal import find_peaks

    over = max(round(_OVER * fps), 1)
    jumps = np.linalg.norm(way[over:] - way[:-over], axis=1)
    found, _ = find_peaks(jumps, height=_SACCADE, distance=max(round(_APART * fps), 1))
    aside, up = way.std(0).tolist()
    return aside, up, len(found) * fps / len(way)


def blinks_of(eyes: Eyes) -> tuple[float, float, float]:
    """Blinks a minute; median seconds from still to shut, and from shut to still (NaN: none)."""
    opening = eyes.opening / max(float(np.median(eyes.opening)), 1e-6)
    shut = opening < _SHUT
    starts = np.flatnonzero(shut[1:] & ~shut[:-1]) + 1
    courses = []
    for k in starts:
        before = np.flatnonzero(opening[:k] >= _STILL)
        after = np.flatnonzero(opening[k:] >= _STILL)
        if len(before) and len(after):
            first, last = int(before[-1]), int(k + after[0])
            least = first + int(opening[first : last + 1].argmin())
            courses.append(((least - first) / eyes.fps, (last - least) / eyes.fps))
    closing, reopening = np.median(courses, axis=0) if courses else (np.nan, np.nan)
    return len(starts) * 60 * eyes.fps / len(opening), float(closing), float(reopening)


def within(made: Sequence[float], real: Sequence[float]) -> bool:
    """Whether the median of what was made lies in the range of what is real."""
    return bool(np.nanmin(real) <= np.nanmedian(made) <= np.nanmax(real))
