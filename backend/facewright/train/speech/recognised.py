"""Speech without a transcript: words by pocketsphinx' recogniser, then aligned.

Many words are wrong, but wrong words sound like the right ones, and so move lips like them:
good enough to learn from beside speech whose words are known, not to be measured against.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewright.errors import InputError
from facewright.train.speech.align import Aligner, seconds_per_phone
from facewright.train.speech.phones import RATE, Utterance

_PEAK = 0.7  # that samples are brought to, full scale = 1
_PAUSE = 0.2  # seconds put before and after


class Recogniser:
    """pocketsphinx with its bundled English models."""

    def __init__(self) -> None:
        import pocketsphinx

        model = Path(pocketsphinx.get_model_path()) / "en-us"
        self._decoder = pocketsphinx.Decoder(
            hmm=str(model / "en-us"),
            dict=str(model / "cmudict-en-us.dict"),
            lm=str(model / "en-us.lm.bin"),
            loglevel="FATAL",
        )

    def words(self, samples: NDArray[np.int16]) -> str:
        """What is said in (N,) mono samples at 16 kHz; empty where nothing is understood."""
        decoder = self._decoder
        decoder.start_utt()
        padded = np.pad(samples, round(_PAUSE * RATE))
        decoder.process_raw(padded.astype("<i2").tobytes(), full_utt=True)
        decoder.end_utt()
        found = decoder.hyp()
        return found.hypstr if found else ""


def utterance(
    samples: NDArray[np.float32], source: str, recogniser: Recogniser, aligner: Aligner
) -> Utterance | None:
    """An utterance of English speech, or None where its words do not fit it.

    Args:
        samples: (N,) mono at 16 kHz.
        source: as of :class:`Utterance`; "prompts/…" counts as recorded speech.
        recogniser, aligner: made once.
    """
    peak = max(float(np.abs(samples).max()), 1e-6)
    integers = (samples * (_PEAK / peak) * 32767).clip(-32768, 32767).astype(np.int16)
    try:
        phones = aligner.english(integers, recogniser.words(integers))
    except InputError:
        return None
    mean, longest = seconds_per_phone(phones)
    if not phones or not 0.04 < mean < 0.16 or longest > 0.5:
        return None
    return Utterance(integers, tuple(phones), "en-us", source)
