"""What the sound says: computed once, read by every channel of the performance.

All of it lies on a 10 ms grid, so whoever asks for a moment interpolates; no frame rate
ever enters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from facewright.checks import Float32
from facewright.drive import features, lips
from facewright.media.speech import Speech

#: Values a second of ``mfccs``, ``level`` and ``presence``.
GRID = features.RATE / features.HOP

_ACTIVITY_SECONDS = 0.25  # standard deviation of activity's window


@dataclass(frozen=True, slots=True)
class Heard:
    """Speech as drivers read it. F = :func:`features.frame_count` of the samples.

    Attributes:
        samples: (N,) float32 mono at 16 kHz.
        seconds: of the sound.
        mfccs: (F, 32) of the sound brought to one level; row k is centred at k · 10 ms.
        level: (F,) RMS of 10 ms, full scale = 1.
        presence: when somebody speaks, and how loudly relative to the active speech.
        pauses: (P,) seconds, a little into each pause of at least 0.2 s, in order.
        accents: seconds (A,), in order, and weights (A,) in 0..1 of accented syllables.
    """

    samples: Float32
    seconds: float
    mfccs: Float32
    level: Float32
    presence: lips.Presence
    pauses: np.ndarray
    accents: tuple[np.ndarray, np.ndarray]

    def activity(self, times: np.ndarray) -> Float32:
        """(T,) 0..1: how much is being said at ``times`` (seconds), over half a second."""
        from scipy.ndimage import gaussian_filter1d

        smooth = gaussian_filter1d(self.presence.speaking, _ACTIVITY_SECONDS * GRID, mode="nearest")
        return self.at(smooth, times)

    def at(self, curve: Float32, times: np.ndarray) -> Float32:
        """(T,) a curve of the 10 ms grid, (F,), at ``times`` (seconds); the ends are held."""
        places = np.asarray(times, np.float64) * GRID
        return np.interp(places, np.arange(len(curve)), curve).astype(np.float32)


def hear(speech: Speech, tell: Callable[[float], None] | None = None) -> Heard:
    """Listen to the whole of ``speech``.

    Args:
        speech: any length, any sample rate.
        tell: told the share of the work that is done, 0..1.
    """
    tell = tell or (lambda share: None)
    samples = resampled(speech)
    level = features.levels(samples)
    presence = lips.presence(level)
    tell(0.25)
    mfccs = features.mfcc(samples, features.gain_for(features.speech_level(level)))
    tell(1.0)
    return Heard(
        samples=samples,
        seconds=speech.seconds,
        mfccs=mfccs,
        level=level,
        presence=presence,
        pauses=lips.pauses(presence.speaking),
        accents=lips.accents(presence.level),
    )


def resampled(speech: Speech) -> Float32:
    """(N,) the samples at 16 kHz."""
    if speech.rate == features.RATE:
        return speech.samples
    import soxr

    return soxr.resample(speech.samples, speech.rate, features.RATE, quality="HQ")
