"""Codes put together: compounds, opposites, degrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from facewright import checks
from facewright.checks import Float32
from facewright.drive.emotion.styles import HIGHEST, STYLES, code_of

#: What "not ..." leaves of each style. English means the opposite by "not happy", but only
#: rest by "not angry"; these are ours.
_OPPOSITES = {
    "happy": {"sad": 0.6}, "angry": {"calm": 0.7}, "sad": {"calm": 0.6, "happy": 0.25},
    "afraid": {"calm": 0.8}, "disgusted": {"calm": 0.5}, "contemptuous": {"calm": 0.5},
    "surprised": {"calm": 0.4}, "calm": {"afraid": 0.4, "angry": 0.3},
    "weary": {"happy": 0.3}, "thoughtful": {"calm": 0.3},
}  # fmt: skip
_OPPOSITE = np.stack([code_of(_OPPOSITES[style]) for style in STYLES])
_THOROUGHLY = 1.4  # "not happy at all" over "not happy"


def compound(codes: Sequence[Float32]) -> Float32:
    """(C,) of several emotions at once: their sum, as long as the longest of them.

    "sadly surprised" is 0.71 of each; "glad and happy" is happy, not twice so.
    """
    stacked = np.stack(codes)
    lengths = np.linalg.norm(stacked, axis=1)
    total = stacked.sum(0)
    length = float(np.linalg.norm(total))
    return np.clip(total * (lengths.max() / length) if length else total, 0, 1).astype(np.float32)


def opposite(code: Float32, thorough: bool = False) -> Float32:
    """(C,) what denying an emotion shows.

    Args:
        code: (C,) of the emotion.
        thorough: "at all".
    """
    factor = _THOROUGHLY if thorough else 1.0
    return np.clip(factor * (code @ _OPPOSITE), 0, 1).astype(np.float32)


def intensity_with(intensity: float, degree: float) -> float:
    """η with the prompt's own degree: strictly monotone in both, and never above 3.

    Args:
        intensity: η that was asked for, 0..3.
        degree: -1 ("slightly") .. 0 .. 1 ("extremely").
    """
    intensity = checks.number("intensity", intensity, low=0.0, high=HIGHEST)
    degree = checks.number("degree", degree, low=-1.0, high=1.0)
    if degree < 0:
        return intensity * (1 + 0.7 * degree)
    return intensity + 0.7 * degree * (HIGHEST - intensity)


def intensities_with(intensity: np.ndarray, degree: float) -> np.ndarray:
    """(T,) :func:`intensity_with` of η over time."""
    if degree < 0:
        return intensity * (1 + 0.7 * degree)
    return intensity + 0.7 * degree * (HIGHEST - intensity)


def named(code: Float32, least: float = 0.1) -> dict[str, float]:
    """Styles of a (C,) code from ``least`` on, the strongest first."""
    order = np.argsort(-code, kind="stable")
    return {STYLES[k]: round(float(code[k]), 2) for k in order if code[k] >= least}


def told(styles: Mapping[str, float], most: int | None = None) -> str:
    """As "sad 0.71 + surprised 0.71", or "neutral".

    Args:
        styles: the strongest first, as of :func:`named`.
        most: how many of them; None: all.
    """
    first = list(styles.items())[:most]
    return " + ".join(f"{name} {weight:.2f}" for name, weight in first) or "neutral"
