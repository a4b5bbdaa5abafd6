"""What lips are compared with: free phone recognition with rules, and loudness alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewright.checks import Float32
from facewright.drive import features
from facewright.train.speech import teacher
from facewright.train.speech.align import letters_of
from facewright.train.speech.phones import RATE, Phone, split

_FRAME = 0.01  # seconds, pocketsphinx's
_PAUSE = 0.2  # seconds put before and after


class Allphone:
    """Free phone recognition, then the teacher's rules: Rhubarb Lip Sync's phonetic way.

    pocketsphinx with its bundled English model and phone bigrams, and the options of its
    documentation of phone recognition. It shares model and rules with the reference that
    :mod:`facewright.train.speech.score` compares with, so it is favoured there.
    """

    def __init__(self) -> None:
        import pocketsphinx

        model = Path(pocketsphinx.get_model_path()) / "en-us"
        self._decoder = pocketsphinx.Decoder(
            hmm=str(model / "en-us"),
            allphone=str(model / "en-us-phone.lm.bin"),
            lm=None,
            lw=2.0,
            beam=1e-20,
            pbeam=1e-20,
            loglevel="FATAL",
        )

    def phones(self, samples: NDArray[np.int16]) -> list[Phone]:
        """Phones of (N,) mono samples at 16 kHz."""
        decoder, end = self._decoder, len(samples) / RATE
        padded = np.pad(samples, round(_PAUSE * RATE))
        padded = padded + np.random.default_rng(0).integers(-3, 4, len(padded)).astype(np.int16)
        decoder.start_utt()
        decoder.process_raw(padded.astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        found: list[Phone] = []
        for segment in decoder.seg() or ():
            start = min(max(segment.start_frame * _FRAME - _PAUSE, 0.0), end)
            stop = min(max((segment.end_frame + 1) * _FRAME - _PAUSE, 0.0), end)
            if stop > start:
                found += split(letters_of(segment.word, stop - start), start, stop)
        return found

    def __call__(self, samples: NDArray[np.int16], fps: float) -> Float32:
        """(T, 64) weights at ``fps`` for (N,) mono samples at 16 kHz."""
        seconds = len(samples) / RATE
        curves = teacher.curves(self.phones(samples), seconds)
        times = np.arange(int(seconds * fps + 0.5)) / fps * teacher.RATE
        return np.stack([np.interp(times, np.arange(len(curves)), c) for c in curves.T], 1)


def loudness(samples: Float32, frames: int, fps: float) -> Float32:
    """(T,) RMS of the 40 ms around each frame, of mono samples at 16 kHz."""
    level = np.convolve(np.square(features.levels(samples)), np.ones(4) / 4, "same")
    places = np.arange(frames) / fps * (features.RATE / features.HOP)
    return np.sqrt(np.interp(places, np.arange(len(level)), level)).astype(np.float32)
