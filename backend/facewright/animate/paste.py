"""Frames back into the full picture.

A frame covers the subject's box and has fewer pixels than a good photograph. So only the
person is taken from it, by the matte grown by as far as heads move, and what stands still
keeps the photograph's own sharpness. Where the box ends inside the picture the frame
fades out, since shoulders cross it; animators let everything come to rest there.
"""

from __future__ import annotations

import cv2
import numpy as np

from facewright import checks
from facewright.capture.subject import Subject
from facewright.checks import Float32, UInt8

# In crop sides: how far the matte is grown, then feathered, and the width of the fade
# along the box's edges.
_GROWN, _FEATHER, _FADE = 0.07, 0.03, 0.06
_WORK = 256  # side at which the matte is grown; it is smooth


class Paster:
    """Pastes frames of one subject; worked out once.

    Args:
        subject: whose photo, box and matte count.
    """

    def __init__(self, subject: Subject) -> None:
        height, width = subject.photo.shape[:2]
        x0, y0, x1, y1 = (round(edge) for edge in subject.box)
        self._photo = subject.photo
        self._side = x1 - x0
        # The box's part that lies in the photo: there, and in the frame's own pixels.
        inside = (max(y0, 0), min(y1, height), max(x0, 0), min(x1, width))
        self._place = (slice(*inside[:2]), slice(*inside[2:]))
        self._cut = tuple(
            slice(part.start - origin, part.stop - origin)
            for part, origin in zip(self._place, (y0, x0), strict=True)
        )
        weight = _grown(subject.matte) * _fade(_WORK, (x0, y0, x1, y1), (width, height))
        weight = cv2.resize(weight, (self._side,) * 2, interpolation=cv2.INTER_LINEAR)
        self._weight = np.ascontiguousarray(weight[self._cut])
        self._under = self._photo[self._place].astype(np.float32) * (1 - self._weight[..., None])

    def __call__(self, frame: UInt8) -> UInt8:
        """The photo with a frame in its place.

        Args:
            frame: (S, S, 3) uint8 sRGB of the crop, any S.

        Returns:
            (H, W, 3) uint8, the photo's size; a new array.
        """
        frame = checks.picture("frame", frame)
        shrinks = frame.shape[0] > self._side
        method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
        scaled = cv2.resize(frame, (self._side,) * 2, interpolation=method)[self._cut]
        picture = self._photo.copy()
        mixed = self._under + scaled * self._weight[..., None]
        picture[self._place] = np.round(mixed, out=mixed)
        return picture


def paste(subject: Subject, frame: UInt8) -> UInt8:
    """One frame pasted into the subject's photo; see :class:`Paster` for many."""
    return Paster(subject)(frame)


def _grown(matte: Float32) -> Float32:
    small = cv2.resize(matte, (_WORK, _WORK), interpolation=cv2.INTER_AREA)
    reach = 2 * round(_GROWN * _WORK) + 1
    ball = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    grown = cv2.dilate(np.clip(2 * small - 0.2, 0, 1), ball)
    return cv2.GaussianBlur(grown, (0, 0), _FEATHER * _WORK / 2)


def _fade(size: int, box: tuple[int, int, int, int], photo: tuple[int, int]) -> Float32:
    """(size, size) 1 inside, falling to 0 at those edges of the box that the photo passes."""
    at = (np.arange(size, dtype=np.float32) + 0.5) / size
    ramps = []
    for low, high, length in ((box[1], box[3], photo[1]), (box[0], box[2], photo[0])):
        ramp = np.ones(size, np.float32)
        if low > 0:
            ramp = np.minimum(ramp, at / _FADE)
        if high < length:
            ramp = np.minimum(ramp, (1 - at) / _FADE)
        ramps.append(ramp * ramp * (3 - 2 * ramp))
    return ramps[0][:, None] * ramps[1][None, :]
