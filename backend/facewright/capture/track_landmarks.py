"""Frames -> one face's landmarks over time, with what is known of each frame."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facewright import checks
from facewright.capture.landmarks import POINTS, Face, FaceFinder
from facewright.capture.smooth import runs, smooth_points
from facewright.checks import Float32, UInt8
from facewright.errors import InputError, NoFaceError

#: Seconds without a face that are bridged by interpolation.
_BRIDGED = 0.2
#: Looks this far apart (over the face's height) halve the confidence, ...
_UNSURE = 0.01
#: ... and this far apart they do not see a face.
_LOST = 0.05
#: Seconds between searches that turn and brighten the picture, while no face is found.
_FORGIVING_EVERY = 1.0


@dataclass(frozen=True, slots=True)
class LandmarkTrack:
    """One face's landmarks in every frame of a clip.

    Attributes:
        points: (T, 478, 2) as found, in pixels of the frames; interpolated in short gaps,
            NaN in long ones.
        smooth: (T, 478, 2) the same smoothed over time (``smooth.smooth_points``).
        found: (T,) bool, whether the frame showed the face.
        confidence: (T,) 0..1: how well several looks at the frame agree, 1/2 where they
            are 1 % of the face's height apart; lower in interpolated frames the farther
            they are from a found one, 0 where points are NaN.
    """

    points: Float32
    smooth: Float32
    found: NDArray[np.bool_]
    confidence: Float32

    def __len__(self) -> int:
        return len(self.found)

    @property
    def known(self) -> NDArray[np.bool_]:
        """(T,) bool, whether the frame has points, found or interpolated."""
        return self.confidence > 0


def track_landmarks(
    frames: Iterable[UInt8],
    finder: FaceFinder,
    *,
    fps: float = 25.0,
    face: int = 0,
    seen: Callable[[int, UInt8, Float32 | None, float], None] = lambda *_: None,
) -> LandmarkTrack:
    """Follow one face through a clip. Frames are let go of as they come.

    Args:
        frames: (H, W, 3) uint8 sRGB, all of one size.
        finder: finds faces and points.
        fps: frames a second, by which gaps and smoothing are measured.
        face: which face of the first frame that shows any, 0 = the largest. Where the
            face was lost it is looked for where it was.
        seen: called for every frame with its number, its pixels, its points as found (None
            without) and its confidence.

    Raises:
        NoFaceError: where no frame shows a face.
        InputError: no frames, frames of several sizes, or ``face`` is not there.
    """
    checks.number("fps", fps, low=1.0, high=240.0)
    follower = _Follower(finder, face, max(1, round(_FORGIVING_EVERY * fps)))
    found: list[Float32 | None] = []
    sure: list[float] = []
    shape: tuple[int, ...] | None = None
    for number, frame in enumerate(frames):
        frame = checks.picture("frames", frame)
        if shape not in (None, frame.shape):
            raise InputError(f"frames: expected all of {shape}, got {frame.shape} at {number}")
        shape = frame.shape
        points, confidence = follower.look(frame)
        seen(number, frame, points, confidence)
        found.append(points)
        sure.append(confidence)
    if not found:
        raise InputError("frames: expected at least one")
    if all(points is None for points in found):
        raise NoFaceError(f"frames: no face was found in any of {len(found)}")
    missing = np.full((POINTS, 2), np.nan, np.float32)
    points = np.stack([missing if p is None else p for p in found])
    flags = np.array([p is not None for p in found])
    points, known = _bridged(points, np.array(sure, np.float32), round(_BRIDGED * fps))
    return LandmarkTrack(points, smooth_points(points, fps), flags, known)


class _Follower:
    """Looks for one face, frame after frame."""

    def __init__(self, finder: FaceFinder, face: int, forgiving_every: int) -> None:
        self._finder, self._face, self._every = finder, face, forgiving_every
        self._last: Float32 | None = None
        self._without = 0  # frames since a face was seen
        self._lost = True

    def look(self, frame: UInt8) -> tuple[Float32 | None, float]:
        """Points of the face, or None, and the confidence."""
        again = None
        if self._last is not None and not self._lost:
            again = self._finder.look_again(frame, self._last)
        if again is None or again[1] > _LOST:
            forgiving = self._without % self._every == 0
            faces = self._finder.find(frame, forgiving=forgiving)
            chosen = self._choose(faces)
            again = None if chosen is None else self._finder.look_again(frame, chosen.points)
        if again is None or again[1] > _LOST:
            self._without += 1
            self._lost = True
            return None, 0.0
        self._last, apart = again
        self._without, self._lost = 0, False
        return self._last, 1.0 / (1.0 + (apart / _UNSURE) ** 2)

    def _choose(self, faces: list[Face]) -> Face | None:
        if not faces:
            return None
        if self._last is None:
            if not 0 <= self._face < len(faces):
                count = "one face was" if len(faces) == 1 else f"{len(faces)} faces were"
                raise InputError(
                    f"face: {count} found, so expected 0..{len(faces) - 1}, got {self._face}"
                )
            return faces[self._face]
        middle, height = self._last[:468].mean(0), np.ptp(self._last[:468, 1])

        def far(face: Face) -> float:
            moved = np.linalg.norm(face.points[:468].mean(0) - middle) / height
            grown = abs(np.log(np.ptp(face.points[:468, 1]) / height))
            return float(moved + grown)

        return min(faces, key=far)


def _bridged(points: Float32, sure: Float32, longest: int) -> tuple[Float32, Float32]:
    """Short gaps filled by straight lines; their confidence falls to the middle."""
    points, sure = points.copy(), sure.copy()
    for first, last in runs(sure == 0):
        if first == 0 or last == len(points) or last - first > longest:
            continue
        before, after = first - 1, last
        share = (np.arange(first, last, dtype=np.float32) - before) / (after - before)
        points[first:last] = points[before] + share[:, None, None] * (
            points[after] - points[before]
        )
        away = np.minimum(np.arange(1, last - first + 1), np.arange(last - first, 0, -1))
        sure[first:last] = min(sure[before], sure[after]) * 0.5**away
    return points, sure
