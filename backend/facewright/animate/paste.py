"""Frames of the head's square back into the full picture, without a seam."""

from __future__ import annotations

import cv2
import numpy as np

from facewright import checks
from facewright.animate.texture import smoothstep
from facewright.capture.subject import Subject
from facewright.checks import Float32, UInt8

#: Width of the feather inside the square, in its sides; frames hardly move there.
FEATHER = 0.03


class Paster:
    """Pastes frames of a subject's square back into its photo.

    The frame replaces the photo inside the square and fades into it along the square's
    borders, except where the photo itself ends there.
    """

    def __init__(self, subject: Subject) -> None:
        """Work out the feathered matte for the photo of ``subject``."""
        self._photo = subject.photo
        height, width = subject.photo.shape[:2]
        x0, y0, x1, y1 = (round(float(v)) for v in subject.box)
        self._side = x1 - x0
        rows, columns = slice(max(0, y0), min(height, y1)), slice(max(0, x0), min(width, x1))
        self._place = (rows, columns)
        self._window = (
            slice(rows.start - y0, rows.stop - y0),
            slice(columns.start - x0, columns.stop - x0),
        )
        across = (np.arange(self._side, dtype=np.float32) + 0.5) / self._side
        down = _fades(across, y0 > 0, y1 < height)
        along = _fades(across, x0 > 0, x1 < width)
        self._matte = (down[:, None] * along)[self._window][..., None]

    def __call__(self, frame: UInt8) -> UInt8:
        """The (H, W, 3) full picture with an (S, S, 3) frame of the square in it."""
        frame = checks.picture("frame", frame)
        grows = self._side >= frame.shape[0]
        method = cv2.INTER_CUBIC if grows else cv2.INTER_AREA
        square = cv2.resize(frame, (self._side, self._side), interpolation=method)[self._window]
        picture = self._photo.copy()
        under = picture[self._place].astype(np.float32)
        blended = under + (square.astype(np.float32) - under) * self._matte
        picture[self._place] = np.round(blended).astype(np.uint8)
        return picture


def _fades(across: Float32, at_start: bool, at_end: bool) -> Float32:
    """(S,) 0..1 along a side that fades at the ends where the photo goes on."""
    fade = np.ones_like(across)
    if at_start:
        fade = fade * smoothstep(0.0, FEATHER, across)
    if at_end:
        fade = fade * smoothstep(0.0, FEATHER, 1 - across)
    return fade
