"""Debian's Italian and Russian telephone prompts: recorded, with their words.

Packages ``asterisk-core-sounds-{it,ru}-g722`` (sound) and ``asterisk-core-sounds-{it,ru}``
(words), CC-BY-3.0:

- Italian: copyright 2012 Carlo Flora (segreterietelefoniche.it), text translated by
  Silvia Petrin.
- Russian: copyright 2010 Maxim Topal (ivrvoice.ru).

The other languages of that set are CC-BY-SA-3.0 and are left out.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from facewright.errors import InputError
from facewright.train.speech.align import Aligner, seconds_per_phone
from facewright.train.speech.espeak import Espeak
from facewright.train.speech.phones import RATE, Utterance

SOUNDS = Path("/usr/share/asterisk/sounds")
WORDS = Path("/usr/share/doc")


def listing(language: str) -> Iterator[tuple[Path, str]]:
    """(sound file, its words) of every prompt that is speech and fully transcribed."""
    path = WORDS / f"asterisk-core-sounds-{language}" / f"core-sounds-{language}.txt.gz"
    if not path.is_file():
        raise InputError(
            f"language: no prompts in {language!r}; install asterisk-core-sounds-{language}-g722 "
            f"and asterisk-core-sounds-{language}"
        )
    with gzip.open(path, "rt", encoding="utf-8-sig") as lines:
        for line in lines:
            name, colon, text = line.strip().partition(":")
            # [tones], <sounds>, and letters lost to "?" in the list's own encoding
            if not colon or name.startswith(";") or re.search(r"[\[<?]|\d", text):
                continue
            text = re.sub(r"\(.*?\)", " ", text).strip(" .\t")
            sound = SOUNDS / language / f"{name.strip()}.g722"
            if text and sound.is_file():
                yield sound, text


def read(language: str) -> Iterator[Utterance]:
    """The prompts with their phones; those that do not align well are left out."""
    aligner = Aligner()
    with Espeak() as espeak:
        for sound, text in listing(language):
            samples = decode(sound)
            words = re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)*['’]?", text)
            spelled = [w for w in espeak.words(words, language) if w]
            if not spelled or not 0.4 < len(samples) / RATE < 20:
                continue
            try:
                phones = aligner.spelled(samples, spelled)
            except InputError:
                continue
            mean, longest = seconds_per_phone(phones)
            if 0.04 < mean < 0.16 and longest < 0.5:
                yield Utterance(samples, tuple(phones), language, "prompts/" + language)


def decode(path: Path) -> np.ndarray:
    """(N,) int16 at 16 kHz of a raw G.722 file."""
    import av

    with av.open(str(path), format="g722") as container:
        frames = [f.to_ndarray().reshape(-1) for f in container.decode(audio=0)]
    return np.concatenate(frames).astype(np.int16) if frames else np.zeros(0, np.int16)
