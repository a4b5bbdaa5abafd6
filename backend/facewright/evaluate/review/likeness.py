"""How much a clip's face is a portrait's, by what the capture sees in both.

The captured shape (alpha) and skin colour (delta) of the portrait and of frames are
compared by the cosine of each; the mean of both is the score. That is what can be said
without a recognition network: it tells another person's face from the right one where
they differ in proportions or complexion, not twins, and light has a part in it. With a
folder of weights, ``facewright evaluate`` has a network judge identity.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from facewright.capture import CaptureSession
from facewright.checks import Float32, UInt8
from facewright.errors import InputError, NoFaceError
from facewright.face.coefficients import Coefficients

#: Side of the crops that are captured, pixels.
_SIZE = 256


def likeness(portrait: Coefficients, frames: Sequence[Coefficients]) -> float | None:
    """0..1: the mean over frames of how alike shape and skin colour are; None without any."""
    if not frames:
        return None
    return float(np.clip(np.mean([_alike(portrait, frame) for frame in frames]), 0.0, 1.0))


def captured(session: CaptureSession, picture: UInt8) -> Coefficients | None:
    """What is seen of the largest face of a (H, W, 3) picture; None without one."""
    try:
        return session.capture(picture, size=_SIZE).coefficients
    except (NoFaceError, InputError):
        return None


def _alike(a: Coefficients, b: Coefficients) -> float:
    return 0.5 * (_cosine(a.identity, b.identity) + _cosine(a.texture, b.texture))


def _cosine(a: Float32, b: Float32) -> float:
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / length if length > 1e-9 else 0.0
