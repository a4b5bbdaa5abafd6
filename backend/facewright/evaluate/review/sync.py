"""Do lips open with the sound? Opening over level, at every shift.

No network judges here. What is compared is the gap of the inner lips and the level of the
band where open vowels are loud (500 to 2500 Hz). In good clips of real people their
correlation is between 0.2 and 0.6 and best with the lips about 30 ms ahead; in a short or
a quiet clip it may be anything, so an offset is told only where the peak stands out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import butter, sosfiltfilt

from facewright.checks import Float32
from facewright.media.speech import RATE, Speech

_STEPS = 100  # a second, that both curves are compared at
_BAND = (500.0, 2500.0)  # hertz
_SMOOTH, _DRIFT = 0.04, 0.5  # seconds: of the level; of what moves too slowly to count
#: Shifts that are tried, seconds either way.
REACH = 0.4
#: A peak counts from this over the root of the clip's seconds on: the shorter the clip, the
#: higher chance reaches. Of clips with another's sound, 8 % came so far (252 pairs).
_CLEAR = 0.9
_SHORTEST, _TELLING = 1.0, 3.0  # seconds: to compare at all, to tell an offset


@dataclass(frozen=True, slots=True)
class Sync:
    """How lips and sound go together.

    Attributes:
        correlation: of opening and level as they are, -1..1.
        offset: milliseconds that lips come later than the sound, where the correlation is
            highest; None where no peak stands out.
        peak: the correlation there.
    """

    correlation: float
    offset: float | None
    peak: float


def agreement(opening: Float32, fps: float, speech: Speech) -> Sync | None:
    """Compare lips and sound.

    Args:
        opening: (T,) gap of the lips per frame, any unit; NaN where no face was seen.
        fps: frames a second.
        speech: from the first frame on.

    Returns:
        None where there is too little to compare, or nothing moves.
    """
    seen = np.isfinite(opening)
    if seen.sum() < max(2, _SHORTEST * fps):
        return None
    every = np.arange(len(opening))
    filled = np.interp(every, every[seen], opening[seen])
    times = np.arange(int(len(opening) / fps * _STEPS)) / _STEPS
    lips, sound = _moving(np.interp(times, every / fps, filled)), _moving(level(speech))
    count = min(len(lips), len(sound))
    if count < _SHORTEST * _STEPS:
        return None
    lips, sound = lips[:count], sound[:count]
    if min(lips.std(), sound.std()) < 1e-6:
        return None
    reach = min(round(REACH * _STEPS), count // 4)
    shifts = np.arange(-reach, reach + 1)
    found = np.array([_correlation(lips, sound, int(shift)) for shift in shifts])
    best = int(found.argmax())
    clear = found[best] >= _CLEAR / np.sqrt(count / _STEPS) and 0 < best < len(found) - 1
    clear = clear and count >= _TELLING * _STEPS
    offset = 1000.0 / _STEPS * float(shifts[best])
    return Sync(float(found[reach]), offset if clear else None, float(found[best]))


def level(speech: Speech) -> Float32:
    """(N,) root of the amplitude in the band of open vowels, 100 a second."""
    band = butter(4, _BAND, "bandpass", fs=speech.rate, output="sos")
    heard = sosfiltfilt(band, speech.samples) if len(speech.samples) > 64 else speech.samples
    step = speech.rate // _STEPS
    count = len(heard) // step
    power = np.square(heard[: count * step].reshape(count, step)).mean(1)
    return gaussian_filter1d(power**0.25, _SMOOTH * _STEPS).astype(np.float32)


def loud(speech: Speech, fps: float, frames: int) -> np.ndarray:
    """(frames,) bool, in which frames there is sound to speak of."""
    heard = np.abs(speech.samples)
    step = RATE / fps
    edges = np.minimum((np.arange(frames + 1) * step).astype(int), len(heard))
    sums = np.concatenate([[0.0], np.cumsum(np.square(heard, dtype=np.float64))])
    counts = np.maximum(np.diff(edges), 1)
    rms = np.sqrt(np.maximum(np.diff(sums[edges]), 0) / counts)
    return rms > max(0.1 * float(np.percentile(rms, 95)), 1e-4)


def _moving(curve: np.ndarray) -> np.ndarray:
    return curve - gaussian_filter1d(curve, _DRIFT * _STEPS) if len(curve) else curve


def _correlation(lips: np.ndarray, sound: np.ndarray, shift: int) -> float:
    """Pearson's, with the lips read ``shift`` steps later than the sound."""
    if shift >= 0:
        a, b = lips[shift:], sound[: len(sound) - shift]
    else:
        a, b = lips[:shift], sound[-shift:]
    if min(a.std(), b.std()) < 1e-9:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
