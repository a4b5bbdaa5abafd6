"""A driver's lips judged: against phones, against real lips, and beside simpler ways."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facewright.checks import Float32
from facewright.drive import lips
from facewright.media.speech import Speech, read_speech
from facewright.train.speech.rivals import Allphone, loudness
from facewright.train.speech.score import Score, Sentence, score
from facewright.train.speech.seen import lagged_correlation, lip_opening

#: A speech and frames a second -> (T, 64) weights.
Lips = Callable[[Speech, float], Float32]
_FPS = 25.0  # of the videos


@dataclass(frozen=True, slots=True)
class Seen:
    """Correlation of the lips' opening with a video's.

    Attributes:
        name: of the clip.
        driver, loudness, allphone: at zero lag, of the driver, of the sound's RMS, and of
            free phone recognition with rules.
        best, lag: the driver's highest within ±200 ms, and at how many seconds; negative
            where the real lips are ahead.
    """

    name: str
    driver: float
    loudness: float
    allphone: float
    best: float
    lag: float

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.driver:.2f} (best {self.best:.2f} at {1000 * self.lag:+.0f} ms)  "
            f"loudness {self.loudness:.2f}  allphone {self.allphone:.2f}"
        )


def against_phones(driver: Lips, sentences: Sequence[Sentence], fps: float) -> dict[str, Score]:
    """Scores of the driver and of free phone recognition with rules, in one run."""
    aligned = [(s.phones, s.seconds) for s in sentences]
    allphone = Allphone()
    return {
        "driver": score([driver(s.speech, fps) for s in sentences], fps, aligned),
        "allphone + rules": score([allphone(s.samples, fps) for s in sentences], fps, aligned),
    }


def against_lips(driver: Lips, video: Path, allphone: Allphone | None = None) -> Seen:
    """The driver beside the lips of a video whose sound is in sync."""
    speech, real = read_speech(video), lip_opening(video)
    made = lips.opening(driver(speech, _FPS))
    zero, lag, best = lagged_correlation(made, real)
    loud = loudness(speech.samples, len(real), _FPS)
    peak = max(float(np.abs(speech.samples).max()), 1e-6)
    integers = (speech.samples / peak * 0.7 * 32767).astype(np.int16)
    phones = lips.opening((allphone or Allphone())(integers, _FPS))
    return Seen(
        video.stem,
        zero,
        lagged_correlation(loud, real)[0],
        lagged_correlation(phones, real)[0],
        best,
        lag / _FPS,
    )
