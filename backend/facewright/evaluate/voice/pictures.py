"""A performance to look at: curves above rendered frames, and frames where lips must meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facewright import animate
from facewright.animate.base import CoefficientGeometry
from facewright.capture import Subject
from facewright.capture.landmarks import FaceFinder
from facewright.checks import UInt8
from facewright.drive.base import DriveControls
from facewright.drive.heard import hear
from facewright.evaluate.voice import chart
from facewright.evaluate.voice.points import Points
from facewright.evaluate.voice.tables import Picture
from facewright.face.motion import Motion
from facewright.media.picture import encode_picture
from facewright.media.sheet import Tile, contact_sheet
from facewright.media.speech import Speech
from facewright.train.speech.score import closure_events, closure_of
from facewright.train.speech.seen import opening_of

_EVERY = 0.5  # seconds between key frames
_SCALE = 320.0  # pixels a second of the chart
_TILES = 12  # of each kind on a sheet


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown.

    Attributes:
        name: of the files.
        about: for the title: voice, portrait, prompt.
        subject: the portrait, captured at the frames' size.
        speech: the voice.
        controls: of the performance.
    """

    name: str
    about: str
    subject: Subject
    speech: Speech
    controls: DriveControls


@dataclass(frozen=True, slots=True)
class Closures:
    """Whether lips meet where p, b and m are said.

    Attributes:
        count: of closures.
        gap: millimetres between the lips there on the mean face, median.
        shut, wide: opening of the inner lips over the eyes' distance, medians, seen in frames
            of closures, and of the widest open mouths.
    """

    count: int
    gap: float
    shut: float
    wide: float


def closures(
    motion: Motion, subject: Subject, points: Points, finder: FaceFinder
) -> Closures | None:
    """How far lips are apart at closures, on the model and in rendered frames; None: no closure."""
    chosen = moments(motion, points)
    rows = {label: [k for k, said in chosen if said == label] for label in ("shut", "open")}
    if not rows["shut"] or not rows["open"]:
        return None
    seen = {}
    for label, frames in rows.items():
        made = _frames(subject, motion, np.array(frames, int))
        seen[label] = float(np.median(opening_of(np.stack([finder.track(f) for f in made]))))
    gap = points.lip_gap(motion.expression[rows["shut"]])
    count = len(closure_events(closure_of(motion.expression), motion.fps))
    return Closures(count, float(np.median(gap)), seen["shut"], seen["open"])


def pictures(shown: Shown, motion: Motion, points: Points) -> list[Picture]:
    """Two pictures of a performance: the chart, and its closures, vowels and blinks."""
    heard = hear(shown.speech)
    times = np.arange(_EVERY / 2, shown.speech.seconds, _EVERY)
    keys = _frames(shown.subject, motion, np.round(times * motion.fps).astype(int))
    rows = chart.rows(shown.speech, heard, motion, points)
    marked = list(zip(times.tolist(), keys, strict=True))
    strip = chart.draw(rows, shown.speech.seconds, marked, _SCALE, shown.about)
    chosen = moments(motion, points)
    frames = _frames(shown.subject, motion, np.array([k for k, _ in chosen], int))
    tiles = [
        Tile(frame, f"{label} {k / motion.fps:.2f} s")
        for frame, (k, label) in zip(frames, chosen, strict=True)
    ]
    sheet = contact_sheet(tiles, columns=6, side=256, title=shown.about)
    return [
        Picture(f"{shown.name}-chart", f"{shown.about}: curves and key frames", _png(strip)),
        Picture(f"{shown.name}-moments", f"{shown.about}: closures, vowels, lids", _png(sheet)),
    ]


def moments(motion: Motion, points: Points) -> list[tuple[int, str]]:
    """Frames where something must be seen: lips shut, lips far apart, lids shut, brows up."""
    found = []
    middles = closure_events(closure_of(motion.expression), motion.fps)
    for middle in _spread(middles, _TILES):
        found.append((min(round(middle * motion.fps), len(motion) - 1), "shut"))
    gap = points.lip_gap(motion.expression)
    found += [(k, "open") for k in _peaks(gap, 0.25 * motion.fps)[:_TILES]]
    lids = 0.5 * (motion.column("eyeBlinkLeft") + motion.column("eyeBlinkRight"))
    shut = [k for k in _peaks(lids, 0.3 * motion.fps) if lids[k] > 0.6]
    found += [(k, "lids") for k in shut[: _TILES // 2]]
    brows = points.brow_height(motion.expression)
    found += [(k, "brows") for k in _peaks(brows, 0.5 * motion.fps)[: _TILES // 2]]
    return found


def _frames(subject: Subject, motion: Motion, rows: np.ndarray) -> UInt8:
    rows = np.clip(rows, 0, len(motion) - 1)
    animator = animate.create("reproject")
    geometry = CoefficientGeometry(
        np.arange(len(rows)), motion.expression[rows], motion.pose[rows], motion.gaze[rows]
    )
    return animator(geometry, animator.prepare(subject, subject.camera.size[0]))


def _peaks(curve: np.ndarray, apart: float) -> list[int]:
    """Frames of the highest peaks, the highest first."""
    from scipy.signal import find_peaks

    found, _ = find_peaks(np.concatenate([[-np.inf], curve, [-np.inf]]), distance=max(apart, 1))
    return sorted((found - 1).tolist(), key=lambda k: -curve[k])


def _spread(values: list[float], most: int) -> list[float]:
    if len(values) <= most:
        return values
    return [values[k] for k in np.linspace(0, len(values) - 1, most).round().astype(int)]


def _png(pixels: UInt8) -> bytes:
    return encode_picture(pixels, "png")
