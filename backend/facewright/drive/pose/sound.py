"""a_t: what the head hears, on the grid of its positions.

The paper gives its network mel spectra. Their first cosine coefficients, which keep the
spectrum's smooth shape, are what drivers have at hand; beside them stands how loudly
somebody speaks, which heads move with (Hadar et al. 1983).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from facewright.checks import Float32
from facewright.drive.lips import Presence

COEFFICIENTS = 13
#: Size of a_t: MFCCs, speaking, loudness, and how fast it rises.
WIDTH = COEFFICIENTS + 3

_GRID = 100  # values a second of what is heard
_BRIEF, _SYLLABLE = 4.0, 7.0  # values, standard deviations of the smoothing


class Sound(Protocol):
    """The part of :class:`facewright.drive.heard.Heard` that heads listen to."""

    @property
    def mfccs(self) -> Float32:
        """(F, 32) at 100 Hz."""
        ...

    @property
    def presence(self) -> Presence:
        """When somebody speaks, at 100 Hz."""
        ...

    @property
    def accents(self) -> tuple[np.ndarray, np.ndarray]:
        """Seconds and weights of accented syllables."""
        ...

    def activity(self, times: np.ndarray) -> Float32:
        """(T,) 0..1 how much is being said."""
        ...


def sound(heard: Sound) -> Float32:
    """(F, A) a of a whole recording at 100 Hz, to be sampled where it is needed."""
    from scipy.ndimage import gaussian_filter1d

    loud = gaussian_filter1d(heard.presence.level, _SYLLABLE, mode="nearest")
    rising = np.gradient(loud) * _GRID if len(loud) > 1 else np.zeros_like(loud)
    columns = [
        gaussian_filter1d(heard.mfccs[:, :COEFFICIENTS], _BRIEF, axis=0, mode="nearest"),
        heard.presence.speaking[:, None],
        loud[:, None],
        rising[:, None],
    ]
    return np.concatenate(columns, 1).astype(np.float32)


def at(curves: Float32, times: np.ndarray) -> Float32:
    """(T, A) rows of (F, A) curves at ``times`` (seconds); the ends are held."""
    places = np.clip(np.asarray(times, np.float64) * _GRID, 0, len(curves) - 1)
    low = np.floor(places).astype(np.int64)
    share = (places - low)[:, None].astype(np.float32)
    return curves[low] * (1 - share) + curves[np.minimum(low + 1, len(curves) - 1)] * share
