"""The corpus: utterances made or aligned once, stored, and read back as training pairs."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewright.errors import InputError
from facewright.train.speech import flite, prompts, texts
from facewright.train.speech.espeak import Espeak
from facewright.train.speech.phones import SILENCE, TO_ARPABET, Phone, Utterance
from facewright.train.speech.teacher import curves

_SYMBOLS = (SILENCE, *sorted(TO_ARPABET))
#: espeak-ng voice variants that sound like people.
_VARIANTS = ("", "+f1", "+f2", "+f3", "+f4", "+f5", "+m1", "+m2", "+m3", "+m4", "+m5", "+m6",
             "+m7", "+m8", "+Annie", "+steph", "+linda", "+adam", "+david", "+max")  # fmt: skip
_ENGLISH_SHARE = 0.3  # of espeak-ng's sentences
_FAILURES = 20  # sentences a synthesiser may fail at before we give up


class Corpus:
    """Training pairs in memory.

    Attributes:
        samples: one (N,) int16 array per utterance.
        curves: one (T, 64) float16 array per utterance, the teacher's, at 100 Hz.
        sources: "espeak/…", "flite/…" or "prompts/…" per utterance.
    """

    def __init__(self, utterances: Sequence[Utterance]) -> None:
        if not utterances:
            raise InputError("utterances: the corpus is empty")
        self.samples = [u.samples for u in utterances]
        self.curves = [curves(u.phones, u.seconds).astype(np.float16) for u in utterances]
        self.sources = [u.source for u in utterances]
        self.languages = [u.language for u in utterances]

    def __len__(self) -> int:
        return len(self.samples)

    def seconds(self, source: str = "") -> float:
        """Length of all utterances whose source begins with ``source``."""
        pairs = zip(self.samples, self.sources, strict=True)
        return sum(len(s) for s, name in pairs if name.startswith(source)) / 16000

    def draw(self, rng: np.random.Generator, human_share: float) -> int:
        """The index of an utterance: recorded speech with the given probability, drawn
        in proportion to length."""
        if not hasattr(self, "_groups"):
            human = np.array([s.startswith("prompts") for s in self.sources])
            length = np.array([len(s) for s in self.samples], float)
            self._groups = [
                (np.flatnonzero(m), np.cumsum(length[m]) / max(length[m].sum(), 1))
                for m in (human, ~human)
            ]
        wanted = 0 if rng.random() < human_share else 1
        members, cumulative = self._groups[wanted]
        if not len(members):
            members, cumulative = self._groups[1 - wanted]
        return int(members[np.searchsorted(cumulative, rng.random(), side="right")])


def make(
    espeak_hours: float,
    flite_hours: float,
    prompt_languages: Sequence[str],
    seed: int,
    log: Callable[[str], None] = print,
) -> list[Utterance]:
    """Speak and align everything. The same seed makes the same corpus."""
    made: list[Utterance] = []
    for language in prompt_languages:
        before = len(made)
        made += prompts.read(language)
        log(f"prompts/{language}: {_minutes(made[before:]):.1f} min aligned")
    before = len(made)
    made += _until(_espeak(seed), 3600 * espeak_hours)
    log(f"espeak-ng: {_minutes(made[before:]):.1f} min in {len(texts.LOCALES)} voices")
    before = len(made)
    made += _until(_flite(seed + 1), 3600 * flite_hours)
    log(f"flite: {_minutes(made[before:]):.1f} min")
    return made


def save(path: Path, utterances: Sequence[Utterance]) -> None:
    """Write utterances as one .npz of plain arrays."""
    index = {s: k for k, s in enumerate(_SYMBOLS)}
    phones = [(k, p) for k, u in enumerate(utterances) for p in u.phones]
    path.parent.mkdir(parents=True, exist_ok=True)
    about = [(u.language, u.source) for u in utterances]
    with path.open("wb") as file:
        np.savez(
            file,
            samples=np.concatenate([u.samples for u in utterances]),
            lengths=np.array([len(u.samples) for u in utterances], np.int64),
            phone_utterance=np.array([k for k, _ in phones], np.int32),
            phone_symbol=np.array([index[p.symbol] for _, p in phones], np.uint8),
            phone_time=np.array([(p.start, p.end) for _, p in phones], np.float32),
            about=np.frombuffer(json.dumps(about).encode(), np.uint8),
        )


def load(path: Path) -> list[Utterance]:
    """Read what :func:`save` wrote."""
    if not path.is_file():
        raise InputError(f"corpus: {path} does not exist; `facewright train emoa2e` makes it")
    with np.load(path, allow_pickle=False) as data:
        about = json.loads(data["about"].tobytes())
        edges = np.concatenate([[0], np.cumsum(data["lengths"])])
        samples = data["samples"]
        owner, symbol, time = data["phone_utterance"], data["phone_symbol"], data["phone_time"]
    first = np.searchsorted(owner, np.arange(len(about) + 1))
    return [
        Utterance(
            samples[edges[k] : edges[k + 1]],
            tuple(
                Phone(_SYMBOLS[symbol[j]], float(time[j, 0]), float(time[j, 1]))
                for j in range(first[k], first[k + 1])
            ),
            language,
            source,
        )
        for k, (language, source) in enumerate(about)
    ]


def _espeak(seed: int) -> Iterator[Utterance]:
    rng = random.Random(seed)
    sources = {v: texts.sentences(v, seed + k) for k, v in enumerate(texts.LOCALES)}
    english = [v for v in sources if v.startswith("en")]
    failures = 0
    with Espeak() as speaker:
        while True:
            among = english if rng.random() < _ENGLISH_SHARE else list(sources)
            voice = rng.choice(among)
            utterance = speaker.speak(
                next(sources[voice]),
                voice + rng.choice(_VARIANTS),
                rate=rng.randint(110, 220),
                pitch=rng.randint(20, 80),
                range=rng.randint(30, 80),
            )
            if utterance.phones and 0.6 < utterance.seconds < 20:
                yield utterance
                continue
            failures += 1
            if failures > _FAILURES:
                raise RuntimeError(f"espeak-ng: no usable speech from voice {voice!r}")


def _flite(seed: int) -> Iterator[Utterance]:
    rng = random.Random(seed)
    source = texts.sentences("en-us", seed)
    while True:
        voice = rng.choice(flite.VOICES)
        utterance = flite.speak(next(source), voice, round(rng.uniform(0.75, 1.3), 2))
        if utterance.phones and utterance.seconds < 20:
            yield utterance


def _until(source: Iterator[Utterance], seconds: float) -> list[Utterance]:
    taken: list[Utterance] = []
    total = 0.0
    while total < seconds:
        taken.append(next(source))
        total += taken[-1].seconds
    return taken


def _minutes(utterances: Sequence[Utterance]) -> float:
    return sum(u.seconds for u in utterances) / 60


def int16_to_float(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Samples in -1..1."""
    return samples.astype(np.float32) / 32768.0
