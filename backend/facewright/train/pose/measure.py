"""What head motion is like: amplitude, spectrum, jitter, nods on accents, stillness.

All functions take (T, 6) poses as in ``Motion.pose`` at a constant rate, and look at their
rotation in degrees: pitch, yaw and roll.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from facewright import checks
from facewright.checks import Float32

#: Edges of the bands that :func:`bands` compares, in Hz, an octave wide.
BANDS = (0.15, 0.3, 0.6, 1.2, 2.4, 4.8)
_BEAT = 0.12  # seconds; how far from an accent a beat counts for 0.6
_SHIFTS = 37  # of the sound, for what alignment is without any relation


def spread(poses: Float32) -> Float32:
    """(3,) standard deviation over time, degrees."""
    return _degrees(poses).std(0).astype(np.float32)


def jitter(poses: Float32) -> Float32:
    """(3,) mean absolute second difference, degrees a frame squared."""
    return np.abs(np.diff(_degrees(poses), 2, axis=0)).mean(0).astype(np.float32)


def power_below(poses: Float32, fps: float, share: float) -> Float32:
    """(3,) frequency, Hz, below which ``share`` of the power lies; the mean is left out."""
    hertz, power = _spectrum(poses, fps)
    sums = np.cumsum(power, 0) / np.maximum(power.sum(0), 1e-12)
    return hertz[(sums < share).sum(0).clip(0, len(hertz) - 1)].astype(np.float32)


def bands(poses: Float32, fps: float) -> Float32:
    """(5, 3) power in the octaves of :data:`BANDS`, dB of squared degrees."""
    hertz, power = _spectrum(poses, fps)
    found = [power[(hertz >= low) & (hertz < high)].sum(0) for low, high in pairwise(BANDS)]
    return (10 * np.log10(np.array(found) + 1e-6)).astype(np.float32)


def beats(poses: Float32, fps: float) -> np.ndarray:
    """Seconds at which the head comes to rest between two strokes: minima of its speed."""
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks

    moved = gaussian_filter1d(_degrees(poses), 0.06 * fps, axis=0, mode="nearest")
    speed = np.linalg.norm(np.gradient(moved, axis=0), axis=1)
    found, _ = find_peaks(-speed, distance=max(round(0.2 * fps), 1))
    return found / fps


def beat_alignment(poses: Float32, fps: float, accents: np.ndarray) -> tuple[float, float]:
    """How close accents lie to the head's beats, and how much of it is no coincidence.

    After the beat alignment score of Li et al. 2021 (AIST++), from the accents' side: the
    mean over accents of exp(-d² / 2σ²), d seconds to the nearest beat, σ 0.12.

    Args:
        poses: (T, 6).
        fps: frames a second.
        accents: (A,) seconds.

    Returns:
        The score, 0..1, and how far it is above the mean of that of the same accents
        shifted in time, circularly; both 0 without accents or beats.
    """
    head = beats(poses, fps)
    if not len(head) or not len(accents):
        return 0.0, 0.0
    seconds = len(poses) / fps
    score = _aligned(head, accents)
    shifts = (np.arange(_SHIFTS) + 0.5) / _SHIFTS * seconds
    chance = np.mean([_aligned(head, (accents + shift) % seconds) for shift in shifts])
    return score, float(score - chance)


def nod(poses: Float32, fps: float, accents: np.ndarray) -> float:
    """Degrees that the head comes down around accents, more than around any moment.

    From the mean pitch 0.5 to 0.25 s before them to that from 0.2 s before to 0.1 s after,
    with the slow sway (below about 0.3 Hz) taken out.
    """
    from scipy.ndimage import gaussian_filter1d

    pitch = _degrees(poses)[:, 0]
    pitch = pitch - gaussian_filter1d(pitch, 0.6 * fps, mode="nearest")
    times = np.arange(len(pitch)) / fps

    def swing(moments: np.ndarray) -> float:
        around = [
            np.interp(moments[:, None] + np.linspace(*span, 8), times, pitch).mean()
            for span in ((-0.5, -0.25), (-0.2, 0.1))
        ]
        return float(around[1] - around[0])

    return swing(accents) - swing(times) if len(accents) else 0.0


def stillness(poses: Float32, fps: float, activity: Float32) -> float:
    """Mean speed while nothing is said, as a share of that while something is.

    Args:
        poses: (T, 6).
        fps: frames a second.
        activity: (T,) 0..1, how much is being said; below 0.2 is nothing, above 0.8 is
            something.

    Returns:
        The share; NaN where one of the two never happens.
    """
    speed = np.linalg.norm(np.gradient(_degrees(poses), axis=0), axis=1)
    quiet, loud = activity < 0.2, activity > 0.8
    if not quiet.any() or not loud.any():
        return float("nan")
    return float(speed[quiet].mean() / max(speed[loud].mean(), 1e-9))


def _aligned(head: np.ndarray, accents: np.ndarray) -> float:
    apart = np.abs(accents[:, None] - head).min(1)
    return float(np.exp(-0.5 * np.square(apart / _BEAT)).mean())


def _degrees(poses: Float32) -> np.ndarray:
    return np.degrees(checks.floats("poses", poses, ("T", 6))[:, :3].astype(np.float64))


def _spectrum(poses: Float32, fps: float) -> tuple[np.ndarray, np.ndarray]:
    """(F,) Hz and (F, 3) power: together the variance, by Hann's window."""
    turned = _degrees(poses)
    window = np.hanning(len(turned))[:, None]
    turned = (turned - turned.mean(0)) * window
    power = np.square(np.abs(np.fft.rfft(turned, axis=0)))
    power *= 2 / len(turned) / np.square(window).sum()
    return np.fft.rfftfreq(len(turned), 1 / fps), power
