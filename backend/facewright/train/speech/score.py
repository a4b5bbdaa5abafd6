"""Agreement of predicted curves with the teacher's over aligned phones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewright.checks import Float32
from facewright.drive.lips import PRESS
from facewright.errors import InputError
from facewright.face.names import EXPRESSION_64
from facewright.media.speech import Speech
from facewright.train.speech import teacher
from facewright.train.speech.phones import RATE, Phone

#: A closure is found if its middle lies this near to the reference's, seconds.
TOLERANCE = 0.040


@dataclass(frozen=True, slots=True)
class Score:
    """Pooled over sentences.

    Attributes:
        jaw, closure, rounding: Pearson correlations of jawOpen, of the lips' closure for
            p, b, m, and of mouthPucker + mouthFunnel.
        bilabial_f: F1 of closures of the lips, found within ±40 ms.
        bilabials: closures in the reference.
    """

    jaw: float
    closure: float
    rounding: float
    bilabial_f: float
    bilabials: int

    def __str__(self) -> str:
        return (
            f"jaw {self.jaw:.3f}  closure {self.closure:.3f}  rounding {self.rounding:.3f}  "
            f"bilabial F {self.bilabial_f:.3f} ({self.bilabials} bilabials)"
        )


@dataclass(frozen=True, slots=True)
class Sentence:
    """A recording (N,) int16 at 16 kHz, its aligned phones and its length."""

    name: str
    samples: NDArray[np.int16]
    phones: tuple[Phone, ...]
    seconds: float

    @property
    def speech(self) -> Speech:
        """As drivers take it."""
        return Speech(self.samples.astype(np.float32) / 32768)


def aligned_sentences(folder: Path) -> Iterator[Sentence]:
    """The recordings of pocketsphinx' test data, English, aligned.

    Args:
        folder: with ``transcription``, lines of "<s> words </s> (name)", and name.wav.
    """
    import soundfile

    from facewright.train.speech.align import Aligner

    listing = folder / "transcription"
    if not listing.is_file():
        raise InputError(
            f"sentences: {listing} is missing; install pocketsphinx-testdata or name a folder"
        )
    aligner = Aligner()
    for line in listing.read_text().splitlines():
        found = re.fullmatch(r"<s> (.*) </s> \((.*)\)", line.strip())
        if not found:
            raise InputError(f"sentences: {listing} has a line of another form: {line[:60]!r}")
        path = folder / f"{found[2]}.wav"
        samples, rate = soundfile.read(path, dtype="int16")
        if rate != RATE:
            raise InputError(f"sentences: {path} is at {rate} Hz, expected {RATE}")
        phones = tuple(aligner.english(samples, found[1]))
        yield Sentence(path.stem, samples, phones, len(samples) / RATE)


def aligned_prompts(count: int = 100) -> list[Sentence]:
    """English telephone prompts (Debian's asterisk-core-sounds-en), which train nothing.

    Of those in which at least four words are spoken, all of them in the CMU dictionary, and
    that align as a recording of its words does, ``count`` at even steps through the list.

    Raises:
        InputError: the prompts are not installed.
    """
    from facewright.train.speech import prompts
    from facewright.train.speech.align import Aligner, seconds_per_phone

    aligner, found = Aligner(), []
    for path, text in prompts.listing("en"):
        samples = prompts.decode(path)
        if len(re.findall(r"[a-z']+", text.lower())) < 4 or not 0.4 < len(samples) / RATE < 20:
            continue
        try:
            phones = tuple(aligner.english(samples, text))
        except InputError:
            continue
        mean, longest = seconds_per_phone(phones)
        if 0.04 < mean < 0.16 and longest < 0.5:
            found.append(Sentence(path.stem, samples, phones, len(samples) / RATE))
    chosen = np.linspace(0, len(found) - 1, min(count, len(found))).round().astype(int)
    return [found[k] for k in chosen]


def closure_of(expression: Float32) -> Float32:
    """(T,) how far the lips are pressed shut, 0..1, of (T, 64) blendshape weights."""
    columns = [EXPRESSION_64.index("mouthPressLeft"), EXPRESSION_64.index("mouthPressRight")]
    return np.clip(expression[:, columns].mean(1) / PRESS, 0, 1)


def score(
    predicted: Sequence[Float32], rate: float, sentences: Sequence[tuple[Sequence[Phone], float]]
) -> Score:
    """Compare curves with the teacher's.

    Args:
        predicted: (T, 64) per sentence, frame k at k / rate seconds.
        rate: of the predicted curves.
        sentences: phones and length in seconds, per sentence.
    """
    columns: dict[str, list[tuple[Float32, Float32]]] = {"jaw": [], "closure": [], "rounding": []}
    hits = found = wanted = 0
    for curve, (phones, seconds) in zip(predicted, sentences, strict=True):
        truth = teacher.curves(phones, seconds)
        times = np.arange(min(len(curve), int(seconds * rate) + 1)) / rate
        truth = np.stack([np.interp(times * teacher.RATE, np.arange(len(truth)), c)
                          for c in truth.T], 1)  # fmt: skip
        curve = curve[: len(times)]
        columns["jaw"].append((_column(curve, "jawOpen"), _column(truth, "jawOpen")))
        columns["closure"].append((closure_of(curve), closure_of(truth)))
        columns["rounding"].append((_rounding(curve), _rounding(truth)))
        spans = teacher.closures(phones)
        middles = [(a + b) / 2 for a, b in spans]
        events = closure_events(closure_of(curve), rate)
        hits += _matches(events, middles)
        found += len(events)
        wanted += len(middles)
    correlations = {k: _correlation(v) for k, v in columns.items()}
    return Score(**correlations, bilabial_f=2 * hits / max(found + wanted, 1), bilabials=wanted)


def closure_events(closure: Float32, rate: float, threshold: float = 0.5) -> list[float]:
    """Middles, in seconds, of the runs in which the lips are more shut than open."""
    shut = np.concatenate([[False], closure > threshold, [False]])
    edges = np.flatnonzero(np.diff(shut.astype(np.int8)))
    return [float(a + b - 1) / 2 / rate for a, b in edges.reshape(-1, 2)]


def _matches(events: Sequence[float], middles: Sequence[float]) -> int:
    """One-to-one matches within the tolerance, in order of time."""
    hits, k = 0, 0
    for middle in middles:
        while k < len(events) and events[k] < middle - TOLERANCE:
            k += 1
        if k < len(events) and events[k] <= middle + TOLERANCE:
            hits, k = hits + 1, k + 1
    return hits


def _column(curve: Float32, name: str) -> Float32:
    return curve[:, EXPRESSION_64.index(name)]


def _rounding(curve: Float32) -> Float32:
    return _column(curve, "mouthPucker") + _column(curve, "mouthFunnel")


def _correlation(pairs: Sequence[tuple[Float32, Float32]]) -> float:
    a, b = (np.concatenate([p[k] for p in pairs]) for k in (0, 1))
    if a.std() < 1e-6 or b.std() < 1e-6:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
