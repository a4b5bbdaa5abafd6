"""Tracked clips -> windows of head poses and sound, augmented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facewright.checks import Float32
from facewright.drive.heard import Heard, hear
from facewright.drive.neck import about_neck
from facewright.drive.pose.sound import WIDTH, at, sound
from facewright.errors import InputError
from facewright.face.library import load_model
from facewright.face.pose import relative_to
from facewright.train.performance import Performance

#: What a mirrored head does: yaw, roll and what is sideways change sign.
_MIRROR = np.array([1, -1, -1, -1, 1, 1], np.float32)
_SPEEDS = (0.85, 1.2)


@dataclass(frozen=True, slots=True)
class Take:
    """One clip's head.

    Attributes:
        name, identity: of the clip, and of who it shows.
        fps: frames a second.
        poses: (T, 6) rotation vector in radians and the neck's shift in metres, relative
            to the clip's median pose.
        heard: the clip's sound, where it is known to be in sync; else None.
        curves: (F, A) a_t of that sound at 100 Hz; else None.
    """

    name: str
    identity: str
    fps: float
    poses: Float32
    heard: Heard | None
    curves: Float32 | None

    @property
    def seconds(self) -> float:
        """Duration, from the first frame to the last."""
        return (len(self.poses) - 1) / self.fps


def take(clip: Performance) -> Take:
    """A performance's head, beside what it said."""
    rest = np.median(clip.motion.pose, 0)
    poses = about_neck(relative_to(rest, clip.motion.pose), load_model().metres_per_unit)
    heard = hear(clip.speech) if clip.speech is not None and clip.in_sync else None
    curves = None if heard is None else sound(heard)
    return Take(clip.name, clip.identity, clip.fps, poses, heard, curves)


class Sampler:
    """Random windows: any moment, at a changed speed, mirrored or not.

    Args:
        takes: to draw from, by their duration; those shorter than a window are left out.
        rate, window: of the network.
        seed: the same seed draws the same windows.

    Raises:
        InputError: no take is long enough.
    """

    def __init__(self, takes: Sequence[Take], rate: float, window: int, seed: int) -> None:
        self._span = (window - 1) / rate
        self.takes = [t for t in takes if t.seconds >= self._span * _SPEEDS[1]]
        if not self.takes:
            need = self._span * _SPEEDS[1]
            raise InputError(f"takes: expected one of {need:.1f} s or more, got none")
        self._offsets = np.arange(window) / rate
        seconds = np.array([t.seconds for t in self.takes])
        self._share = seconds / seconds.sum()
        self.rng = np.random.default_rng([seed, 0x7A6E])

    def batch(self, count: int) -> tuple[Float32, Float32, Float32, np.ndarray]:
        """Windows (B, T, 6) p, (B, 6) p_0, (B, T, A) a, and (B,) whether a is known.

        p_0 is the pose of any frame of the clip: a portrait is not always taken at the
        beginning, and a long performance has left it far behind.
        """
        drawn = [self._draw() for _ in range(count)]
        poses, references, sounds, known = zip(*drawn, strict=True)
        return np.stack(poses), np.stack(references), np.stack(sounds), np.array(known)

    def _draw(self) -> tuple[Float32, Float32, Float32, bool]:
        rng = self.rng
        source = self.takes[rng.choice(len(self.takes), p=self._share)]
        speed = np.exp(rng.uniform(*np.log(_SPEEDS)))
        begin = rng.uniform(0, source.seconds - self._span * speed)
        times = begin + self._offsets * speed
        poses = between(source.poses, times * source.fps)
        reference = source.poses[rng.integers(len(source.poses))]
        if rng.random() < 0.5:
            poses, reference = poses * _MIRROR, reference * _MIRROR
        if source.curves is None:
            return poses, reference, np.zeros((len(times), WIDTH), np.float32), False
        return poses, reference, at(source.curves, times), True


def between(rows: Float32, places: np.ndarray) -> Float32:
    """(T, C) ``rows`` at fractional ``places``, linearly; the ends are held."""
    places = np.clip(places, 0, len(rows) - 1)
    low = np.floor(places).astype(np.int64)
    share = (places - low)[:, None].astype(np.float32)
    return rows[low] * (1 - share) + rows[np.minimum(low + 1, len(rows) - 1)] * share
