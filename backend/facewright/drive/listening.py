"""What a sound says while it comes in: :class:`Heard`'s contents, as far as they are known.

Everything is worked out up to a moment that the caller chooses, by steps that depend on
that moment alone: in which chunks the sound came changes nothing.
"""

from __future__ import annotations

import numpy as np

from facewright.checks import Float32
from facewright.drive import features, lips
from facewright.drive.heard import GRID

#: Seconds of sound after an MFCC frame's centre that the frame needs.
AHEAD = features.FFT / 2 / features.RATE

_HALF = features.FFT // 2
_MEMORY = 20 * round(GRID)  # frames by which the speech's level is told
_KEPT = 3 * round(GRID)  # MFCC frames that are remembered
_LEAST = 0.01  # RMS: before anybody spoke, and for whispers, speech is taken to be this loud
_LEVEL_EVERY = 10  # frames
_WINDOW = 2 * round(GRID)  # frames that presence and activity look back on
_REACTION_SPACING = 0.45  # seconds between two accents, as in lips.accents


class Listening:
    """Sound up to now.

    Attributes:
        frames: MFCC frames worked out so far, F.
        accents: (seconds, weight) of accented syllables noticed lately, and when (frames).
    """

    def __init__(self) -> None:
        self._samples = np.zeros(_HALF, np.float32)  # silence before the beginning
        self._first = -_HALF  # sample number of _samples[0]
        self._mfccs = np.zeros((0, features.COEFFICIENTS), np.float32)
        self._mfcc_first = 0
        self._levels = np.zeros(0, np.float32)
        self._active = _LEAST
        self.frames = 0
        self.accents: list[tuple[float, float]] = []

    @property
    def samples(self) -> int:
        """How many came so far."""
        return self._first + len(self._samples)

    def add(self, samples: Float32) -> None:
        """Take (N,) samples at 16 kHz."""
        self._samples = np.concatenate([self._samples, samples])

    def advance(self, seconds: float) -> None:
        """Work out all frames that the first ``seconds`` of the sound suffice for."""
        until = int(np.floor((seconds - AHEAD) * GRID + 1e-6)) + 1
        if until <= self.frames:
            return
        first, count = self.frames, until - self.frames
        begin = first * features.HOP - _HALF - self._first
        block = self._samples[begin : begin + (count - 1) * features.HOP + features.FFT]
        self._levels = np.concatenate([self._levels, _levels(block, count)])[-_MEMORY:]
        self.frames = until
        if first // _LEVEL_EVERY != until // _LEVEL_EVERY or not first:
            self._active = max(features.speech_level(self._levels), _LEAST)
        rows = features.mfcc_of_frames(block * np.float32(features.gain_for(self._active)))
        self._mfccs = np.concatenate([self._mfccs, rows])[-_KEPT:]
        self._mfcc_first = until - len(self._mfccs)
        self._notice()
        spent = until * features.HOP - 2 * _HALF - self._first
        if spent > 0:
            self._samples, self._first = self._samples[spent:], self._first + spent

    def clips(self, times: np.ndarray) -> Float32:
        """(T, 19, 32) MFCC clips around ``times``; what is not known yet holds the last."""
        return features.clips(self._mfccs, times - self._mfcc_first / GRID)

    def speaking(self, start: int) -> Float32:
        """(n,) presence of speech from frame ``start`` on, of the last two seconds."""
        recent = self._levels[-_WINDOW:]
        told = lips.presence(recent, self._active).speaking
        first = self.frames - len(recent)
        return np.concatenate(
            [np.full(max(first - start, 0), told[0]), told[max(start - first, 0) :]]
        )

    def activity(self, times: np.ndarray) -> Float32:
        """(T,) how much is being said at ``times`` of the last second or so."""
        from scipy.ndimage import gaussian_filter1d

        recent = self._levels[-_WINDOW:]
        told = lips.presence(recent, self._active).speaking
        smooth = gaussian_filter1d(told, 0.25 * GRID, mode="nearest")
        places = times * GRID - (self.frames - len(recent))
        return np.interp(places, np.arange(len(smooth)), smooth).astype(np.float32)

    def _notice(self) -> None:
        """Add accents whose peak has passed."""
        recent = self._levels[-_WINDOW:]
        first = self.frames - len(recent)
        when, weight = lips.accents(recent / np.float32(self._active))
        latest = self.accents[-1][0] if self.accents else -np.inf
        for at, size in zip(when + first / GRID, weight, strict=True):
            if at > latest + _REACTION_SPACING:
                self.accents.append((float(at), float(size)))
                latest = at
        now = self.frames / GRID
        self.accents = [accent for accent in self.accents if accent[0] > now - 5.0]


def _levels(block: Float32, count: int) -> Float32:
    """(count,) RMS of the 10 ms around the centre of each frame in a block."""
    start = _HALF - features.HOP // 2
    rows = block[start : start + count * features.HOP].reshape(count, features.HOP)
    return np.sqrt(np.mean(np.square(rows), 1, dtype=np.float64)).astype(np.float32)
