"""Emotions to train EmoA2E with: drawn codes, and what they make of the teacher's curves.

No footage here shows emotions, so the network learns the rules of
:mod:`facewright.drive.emotion`: action units for each style and η, and how speech and
emotion share a mouth.
"""

from __future__ import annotations

import numpy as np

from facewright.checks import Float32
from facewright.drive import lips
from facewright.drive.emotion import CODE, combine, synthesise
from facewright.drive.emotion.styles import HIGHEST, LOWEST

_MIXED, _FADED = 0.35, 0.25  # shares of windows with an emotion: of two styles, and fainter
_SMOOTH = 0.25  # seconds, as drivers smooth the presence of speech


def draw(rng: np.random.Generator, count: int, neutral: float) -> tuple[Float32, Float32]:
    """Codes (count, C) and η (count,), the latter continuous in 1..3.

    Args:
        rng: what they are drawn with.
        count: of windows.
        neutral: share of windows without emotion, whose code is zero.
    """
    codes = np.zeros((count, CODE), np.float32)
    for k in np.flatnonzero(rng.random(count) >= neutral):
        first, second = rng.choice(CODE, 2, replace=False)
        share = rng.uniform(0.2, 0.8) if rng.random() < _MIXED else 1.0
        codes[k, first], codes[k, second] = share, 1 - share
        if rng.random() < _FADED:
            codes[k] *= rng.random()
    return codes, rng.uniform(LOWEST, HIGHEST, count).astype(np.float32)


def targets(beta: Float32, codes: Float32, intensity: Float32, rate: int) -> Float32:
    """β of windows that are spoken with an emotion.

    Args:
        beta: (B, K, 64) the teacher's.
        codes, intensity: (B, C) and (B,) of :func:`draw`.
        rate: positions per second.
    """
    from scipy.ndimage import gaussian_filter1d

    count, length, size = beta.shape
    flat = beta.reshape(-1, size)
    moving = (beta[..., lips.SPOKEN].max(-1) > 0.01).astype(np.float32)
    activity = gaussian_filter1d(moving, _SMOOTH * rate, axis=1, mode="nearest")
    offsets = synthesise(codes, intensity).repeat(length, 0)
    together = combine(flat, offsets, activity=np.clip(activity, 0, 1).reshape(-1))
    return together.reshape(count, length, size)
