"""MFCCs on a 10 ms grid, and clips of them around any moment.

Frame k is centred at k · 160 samples of 16 kHz audio, so 10 ms · k exactly: no frame rate
ever rounds to a hop, and nothing drifts (30 fps would need a hop of 533.33). Clips for
arbitrary times are interpolated between those frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from facewright.checks import Float32

RATE = 16000
HOP = 160
WINDOW = 400  # 25 ms, Hann
FFT = 512
MELS = 64
COEFFICIENTS = 32
#: Frames either side of a clip's centre: a clip spans ±90 ms.
REACH = 9
CLIP = 2 * REACH + 1

#: Level that active speech is brought to before the MFCCs (full scale = 1).
SPEECH_RMS = 0.1
_MAX_GAIN = 100.0  # +40 dB: quieter recordings than -60 dBFS are not speech
_FLOOR = 1e-6  # mel power below which nothing is told apart, 50 dB under loud speech
_BLOCK = 2000  # MFCC frames computed at a time, 20 s


def resampled(samples: Float32, rate: int) -> Float32:
    """(N,) mono samples at ``rate``, brought to 16 kHz."""
    if rate == RATE:
        return samples
    import soxr

    return soxr.resample(samples, rate, RATE, quality="HQ")


def frame_count(samples: int) -> int:
    """MFCC frames of so many samples: centres at 0, 160, … up to and including the end."""
    return samples // HOP + 1


def levels(samples: Float32) -> Float32:
    """(frame_count,) RMS of the 10 ms around each frame's centre, full scale = 1."""
    frames = frame_count(len(samples))
    out = np.empty(frames, np.float32)
    for first, block in _blocks(samples, frames, HOP):
        rows = block[: len(block) // HOP * HOP].reshape(-1, HOP)
        out[first : first + len(rows)] = np.sqrt(np.mean(np.square(rows), 1, dtype=np.float64))
    return out


def speech_level(level: Float32) -> float:
    """RMS of the active part of a recording, given its :func:`levels`.

    Active is what lies within 25 dB of the loud end (95th percentile), so that pauses do
    not count; 0 for digital silence.
    """
    loud = float(np.percentile(level, 95)) if len(level) else 0.0
    if loud <= 0.0:
        return 0.0
    active = level[level > loud * 10 ** (-25 / 20)]
    return float(np.sqrt(np.mean(np.square(active, dtype=np.float64))))


def gain_for(level: float) -> float:
    """What to multiply samples with, to bring speech of RMS ``level`` to SPEECH_RMS."""
    return min(SPEECH_RMS / level, _MAX_GAIN) if level > 0 else 1.0


@cache
def mel_basis(warp: float = 1.0) -> Float32:
    """(64, 257) mel filters whose frequencies are multiplied by ``warp``.

    A warp other than 1 imitates a longer or shorter vocal tract; training uses it.
    """
    from librosa.filters import mel

    basis = mel(sr=RATE, n_fft=FFT, n_mels=MELS, fmin=50, fmax=7600)
    if warp == 1.0:
        return basis.astype(np.float32)
    bins = np.arange(basis.shape[1])
    rows = [np.interp(bins / warp, bins, row, right=0.0) for row in basis]
    return np.asarray(rows, np.float32)


def mfcc_of_frames(padded: Float32, warp: float = 1.0) -> Float32:
    """(F, 32) MFCCs of samples that already hold half a window either side.

    Args:
        padded: ((F - 1) · 160 + 512,) samples; frame k is centred at sample 160 k + 256.
        warp: see :func:`mel_basis`.
    """
    import librosa

    spectrum = librosa.stft(
        padded, n_fft=FFT, hop_length=HOP, win_length=WINDOW, window="hann", center=False
    )
    power = np.square(np.abs(spectrum))
    mel = np.maximum(mel_basis(warp) @ power, _FLOOR)
    decibel = 10.0 * np.log10(mel)
    return librosa.feature.mfcc(S=decibel, n_mfcc=COEFFICIENTS).T.astype(np.float32)


def mfcc(samples: Float32, gain: float = 1.0) -> Float32:
    """(F, 32) MFCCs of a whole recording, computed 20 s at a time.

    Args:
        samples: (N,) mono 16 kHz.
        gain: samples are multiplied by this first.
    """
    frames = frame_count(len(samples))
    out = np.empty((frames, COEFFICIENTS), np.float32)
    for first, block in _blocks(samples, frames, FFT):
        part = mfcc_of_frames(block * np.float32(gain))
        out[first : first + len(part)] = part
    return out


def clips(mfccs: Float32, times: np.ndarray) -> Float32:
    """(T, 19, 32) MFCC clips A_1 … A_T centred at any ``times`` (seconds).

    The ends are held. Times on the 10 ms grid give the frames themselves.
    """
    grid = np.asarray(times, np.float64)[:, None] * (RATE / HOP) + np.arange(-REACH, REACH + 1)
    grid = np.clip(grid, 0, len(mfccs) - 1)
    low = np.floor(grid + 1e-6).astype(np.int64)
    share = np.maximum(grid - low, 0)[..., None].astype(np.float32)
    high = np.minimum(low + 1, len(mfccs) - 1)
    return mfccs[low] * (1 - share) + mfccs[high] * share


def _blocks(samples: Float32, frames: int, width: int) -> Iterator[tuple[int, Float32]]:
    """(first frame, samples) of blocks of frames, each ``width`` samples wide, zero-padded."""
    half = width // 2
    for first in range(0, frames, _BLOCK):
        count = min(_BLOCK, frames - first)
        begin = first * HOP - half
        end = begin + (count - 1) * HOP + width
        block = np.asarray(samples[max(begin, 0) : max(end, 0)], np.float32)
        missing = (max(-begin, 0), end - begin - len(block) - max(-begin, 0))
        yield first, np.pad(block, missing)
