"""pocketsphinx: a recording and its words -> phones in time, in any language.

The English acoustic model that pocketsphinx bundles also aligns other languages, where
each word is given as the ARPABET phones nearest to its own: the mean bias is below 10 ms.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewright.errors import InputError
from facewright.train.speech.phones import ARPABET, RATE, TO_ARPABET, Phone, split

_FRAME = 0.01  # seconds, pocketsphinx's
_SCHWA = 0.07  # seconds: shorter vowels written AH are reduced
_PAUSE = 0.2  # seconds put before and after: sentences cut short fail without


class Aligner:
    """Forced alignment with pocketsphinx's bundled English model."""

    def __init__(self) -> None:
        import pocketsphinx

        model = Path(pocketsphinx.get_model_path()) / "en-us"
        # The default beams: wider ones lose the silences, and then the alignment fails.
        self._decoder = pocketsphinx.Decoder(
            hmm=str(model / "en-us"),
            dict=str(model / "cmudict-en-us.dict"),
            lm=None,
            loglevel="FATAL",
        )
        self._words = 0

    def english(self, samples: NDArray[np.int16], text: str) -> list[Phone]:
        """Phones of an English sentence whose words the CMU dictionary knows.

        Raises:
            InputError: a word is not in the dictionary, or the text does not fit.
        """
        words = re.findall(r"[a-z']+", text.lower())
        unknown = [w for w in words if self._decoder.lookup_word(w) is None]
        if unknown:
            raise InputError(f"text: {unknown[0]!r} is not in the CMU dictionary")
        found = self._align(samples, " ".join(words))
        return [
            phone
            for segments in found
            for name, start, end in segments
            for phone in split(letters_of(name, end - start), start, end)
        ]

    def spelled(self, samples: NDArray[np.int16], words: Sequence[Sequence[str]]) -> list[Phone]:
        """Phones of a sentence in any language.

        Args:
            samples: (N,) int16 mono 16 kHz.
            words: for each word, the letters of our alphabet that it is spoken with.

        Raises:
            InputError: the words do not fit the recording.
        """
        words = [w for w in words if w]
        names = []
        for letters in words:
            name = f"w{self._words}"
            self._words += 1
            self._decoder.add_word(name, " ".join(TO_ARPABET[c] for c in letters), True)
            names.append(name)
        found = self._align(samples, " ".join(names))
        phones: list[Phone] = []
        for letters, segments in zip(words, found, strict=True):
            phones += [
                Phone(c, start, end) for c, (_, start, end) in zip(letters, segments, strict=True)
            ]
        return phones

    def _align(self, samples: NDArray[np.int16], text: str) -> list[list[tuple[str, float, float]]]:
        """(ARPABET name, start, end) of each phone, a list for each word."""
        decoder = self._decoder
        decoder.set_align_text(text)
        end = len(samples) / RATE
        pause = round(_PAUSE * RATE)
        padded = np.pad(samples, pause)
        # Digital silence is unlike any that the model has heard: the last bits are noise.
        padded = padded + np.random.default_rng(0).integers(-3, 4, len(padded)).astype(np.int16)
        try:
            self._decode(padded)
            decoder.set_alignment()
            self._decode(padded)
            alignment = decoder.get_alignment()
        except RuntimeError as error:
            raise InputError(f"text: does not fit the recording ({text[:60]!r})") from error
        if alignment is None:
            raise InputError(f"text: does not fit the recording ({text[:60]!r})")
        found = []
        for word in alignment:
            if word.name.startswith("<") or word.name.startswith("["):
                continue
            found.append(
                [
                    (
                        phone.name,
                        min(max(phone.start * _FRAME - _PAUSE, 0.0), end),
                        min(max((phone.start + phone.duration) * _FRAME - _PAUSE, 0.0), end),
                    )
                    for phone in word
                ]
            )
        if len(found) != len(text.split()):
            raise InputError(f"text: only part of it fits the recording ({text[:60]!r})")
        return found

    def _decode(self, samples: NDArray[np.int16]) -> None:
        self._decoder.start_utt()
        self._decoder.process_raw(samples.astype("<i2").tobytes(), full_utt=True)
        self._decoder.end_utt()


def letters_of(name: str, seconds: float) -> tuple[str, ...]:
    """Letters of an aligned ARPABET phone, none of a noise.

    The dictionary writes both "but" and "sofa" with AH: the short ones are reduced.
    """
    if name == "AH" and seconds < _SCHWA:
        return ("ə",)
    return ARPABET.get(name, ())


def seconds_per_phone(phones: Sequence[Phone]) -> tuple[float, float]:
    """Mean and longest length of the phones: what tells a failed alignment.

    (The acoustic score does not: it is low for any foreign voice.)
    """
    lengths = np.array([p.end - p.start for p in phones])
    return float(lengths.mean()), float(lengths.max())
