"""MFCCs as SyncNet was trained on: those of the package python_speech_features' defaults.

Frames of 25 ms every 10 ms without a window, 26 mel filters, 13 cepstra with a lifter of
22, the first replaced by the log energy; samples count in 16-bit steps.
"""

from __future__ import annotations

import numpy as np

from facewright.checks import Float32

_FRAME, _HOP, _FFT = 0.025, 0.010, 512
_FILTERS, _CEPSTRA, _LIFTER, _EMPHASIS = 26, 13, 22, 0.97
_FULL_SCALE = 32768.0


def mfcc(samples: Float32, rate: int) -> Float32:
    """(T, 13) cepstra of mono samples in -1..1, one every 10 ms."""
    from scipy.fft import dct

    sound = np.asarray(samples, np.float64) * _FULL_SCALE
    sound = np.concatenate([sound[:1], sound[1:] - _EMPHASIS * sound[:-1]])
    length, hop = round(_FRAME * rate), round(_HOP * rate)
    count = 1 + max(0, -(-(len(sound) - length) // hop))
    sound = np.pad(sound, (0, max(0, (count - 1) * hop + length - len(sound))))
    frames = np.lib.stride_tricks.sliding_window_view(sound, length)[::hop][:count]
    power = np.square(np.abs(np.fft.rfft(frames, _FFT))) / _FFT
    tiny = np.finfo(float).eps
    energy = np.log(np.maximum(power.sum(1), tiny))
    mel = np.log(np.maximum(power @ _filters(rate).T, tiny))
    cepstra = dct(mel, type=2, axis=1, norm="ortho")[:, :_CEPSTRA]
    cepstra *= 1 + _LIFTER / 2 * np.sin(np.pi * np.arange(_CEPSTRA) / _LIFTER)
    cepstra[:, 0] = energy
    return cepstra.astype(np.float32)


def _filters(rate: int) -> Float32:
    """(26, 257) triangles, evenly spaced in mel from 0 to half the rate."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    hertz = 700 * (10 ** (np.linspace(0, top, _FILTERS + 2) / 2595) - 1)
    bins = np.floor((_FFT + 1) * hertz / rate)
    at = np.arange(_FFT // 2 + 1)
    rows = []
    for low, middle, high in zip(bins[:-2], bins[1:-1], bins[2:], strict=True):
        rise = (at - low) / max(middle - low, 1)
        fall = (high - at) / max(high - middle, 1)
        # A bin at the middle belongs to the falling side, where it is 1.
        rows.append(np.where(at < middle, np.maximum(rise, 0), np.maximum(fall, 0)))
    return np.array(rows)
