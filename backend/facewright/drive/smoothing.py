"""Zero-phase smoothing of a performance, which keeps what must stay: lips and lids shut.

A performance is a function of time; it is sampled a hundred times a second, smoothed there,
and what comes out is a function of time again.
"""

from __future__ import annotations

import numpy as np

from facewright.checks import Float32
from facewright.drive import lips
from facewright.face.names import EXPRESSION_64

#: Times a second at which a performance is sampled to be smoothed.
RATE = 100.0
_SHUT = 0.95  # of a lid, that stays
_REACH, _FADE = 0.03, 0.02  # seconds around it that stay too, and that lead over to the rest

_AT = {name: k for k, name in enumerate(EXPRESSION_64)}
_JAW, _CLOSE = _AT["jawOpen"], _AT["mouthClose"]
_PRESS = [_AT["mouthPressLeft"], _AT["mouthPressRight"]]
_SHUTTING = [*_PRESS, _AT["mouthRollLower"], _AT["mouthRollUpper"]]
_BLINK = [_AT["eyeBlinkLeft"], _AT["eyeBlinkRight"]]


def grid(seconds: float) -> np.ndarray:
    """(G,) times from 0 that cover ``seconds``."""
    return np.arange(int(np.ceil(seconds * RATE)) + 2) / RATE


def gaussian(curves: Float32, deviation: float) -> Float32:
    """(G, C) smoothed along the grid; ``deviation`` in seconds."""
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(curves, deviation * RATE, axis=0, mode="nearest")


def expression(weights: Float32, deviation: float, mouth: list[int], lids: list[int]) -> Float32:
    """(G, 64) smoothed weights; lips meet when and as long as they did, and so do lids.

    Args:
        weights: (G, 64) on the grid.
        deviation: seconds.
        mouth, lids: the columns of lips and jaw, and of the lids.
    """
    out = gaussian(weights, deviation)
    closed = np.clip(weights[:, _PRESS].mean(1) / lips.PRESS, 0, 1)
    parting = [k for k in mouth if k not in (_JAW, _CLOSE)]
    out[:, parting] += closed[:, None] * (weights[:, parting] - out[:, parting])
    out[:, _SHUTTING] = weights[:, _SHUTTING]
    # The lips meet over the jaw as it is now.
    out[:, _CLOSE] += closed * (np.clip(lips.CLOSE * out[:, _JAW], 0, 1) - out[:, _CLOSE])
    blinking = _held(weights[:, _BLINK].max(1))[:, None]
    out[:, lids] += blinking * (weights[:, lids] - out[:, lids])
    return out


def _held(closure: Float32) -> Float32:
    """(G,) 1 where something is shut, fading over a little around it."""
    from scipy.ndimage import maximum_filter1d

    wide = 2 * round((_REACH + 2 * _FADE) * RATE) + 1
    near = maximum_filter1d((closure > _SHUT).astype(np.float32), wide)
    return gaussian(near[:, None], _FADE)[:, 0]


def at(curves: Float32, times: np.ndarray) -> Float32:
    """(T, C) of curves on the grid."""
    return lips.sampled(curves, times * RATE)
