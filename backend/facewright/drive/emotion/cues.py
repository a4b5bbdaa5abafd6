"""Prompts on a time line: ranges, cross-fades, and a track that is a function of time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from facewright import checks
from facewright.checks import Float32
from facewright.drive.curves import ControlCurve
from facewright.drive.emotion.reading import intensities_with, intensity_with
from facewright.drive.emotion.styles import CODE, HIGHEST, INTENSITY, LOWEST, synthesise
from facewright.drive.emotion.text import Interpreter, Reading, interpreter
from facewright.errors import InputError

#: Seconds of a cross-fade. Onsets of felt expressions take about 0.5 s (Ekman & Friesen,
#: "Felt, false, and miserable smiles", 1982).
FADE = 0.5
_NUMBER = r"\d+(?:\.\d+)?"
_CUE = re.compile(
    rf"^\s*(?:(?P<start>{_NUMBER})\s*(?P<to>-)\s*(?P<end>{_NUMBER})?\s*s?\s*:)?"
    rf"(?P<prompt>[^@:]+?)\s*(?:@\s*(?P<eta>{_NUMBER})\s*)?$"
)
_FORM = "expected [START-[END]:]PROMPT[@INTENSITY], as in '0-2.5:sadly surprised@2'"


@dataclass(frozen=True, slots=True)
class EmotionCue:
    """A prompt over a range of time.

    Attributes:
        prompt: in words; "…, then …" divides the range evenly among its steps.
        start: seconds.
        end: seconds, beyond ``start``; None: the end of the performance.
        intensity: η, 1..3; words like "slightly" and "extremely" go from there.
        keyed: whether an "intensity" curve of the controls, where there is one, takes the
            place of it.
        cross_fade: seconds in which it comes, 0..10 (and goes, where nothing follows); None: the
            performance's cross-fade.

    Raises:
        InputError: control characters in the prompt, or a number out of range.
    """

    prompt: str
    start: float = 0.0
    end: float | None = None
    intensity: float = INTENSITY
    keyed: bool = False
    cross_fade: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.prompt, str) or any(map(_is_control, self.prompt)):
            raise InputError(f"prompt: expected words on one line, got {self.prompt!r}")
        checks.number("start", self.start, low=0.0)
        checks.number("intensity", self.intensity, low=LOWEST, high=HIGHEST)
        if self.end is not None and not checks.number("end", self.end) > self.start:
            raise InputError(f"end: expected more than the start, {self.start:g}, got {self.end:g}")
        if self.cross_fade is not None:
            checks.number("cross_fade", self.cross_fade, low=0.0, high=10.0)


@dataclass(frozen=True, slots=True)
class Span:
    """One step of a cue: what is shown from ``start`` to ``end`` seconds.

    ``start`` is -inf, or ``end`` inf, where nothing comes before or after: no fade there.
    """

    start: float
    end: float
    reading: Reading
    intensity: float
    keyed: bool = False
    fade: float | None = None


@dataclass(frozen=True, slots=True)
class EmotionTrack:
    """Emotion as a function of time; frames of any rate sample the same performance.

    Attributes:
        spans: in any order. Where two meet, one fades into the other; where they overlap,
            both show; where there is none, the face is neutral.
        fade: seconds of a fade, at most as long as the shortest of the spans that meet, where
            the span that comes (or the one that goes, where none comes) has none of its own.
        eta: η over time of the spans that are keyed; None: their own.
    """

    spans: tuple[Span, ...] = ()
    fade: float = FADE
    eta: ControlCurve | None = None

    def weights(self, times: np.ndarray) -> Float32:
        """(T, S) share of each span at (T,) seconds; they sum to 1 or less."""
        times = np.asarray(times, np.float64)
        shares = np.zeros((len(times), len(self.spans)))
        for k, span in enumerate(self.spans):
            rise = self._step(times, span.start)
            shares[:, k] = rise * (1 - self._step(times, span.end))
        return (shares / np.maximum(shares.sum(1, keepdims=True), 1)).astype(np.float32)

    def code(self, times: np.ndarray) -> Float32:
        """(T, C) z_emo, 0..1."""
        if not self.spans:
            return np.zeros((len(times), CODE), np.float32)
        codes = np.stack([span.reading.code for span in self.spans])
        return np.clip(self.weights(times) @ codes, 0, 1)

    def intensity(self, times: np.ndarray) -> Float32:
        """(T,) η, of the paper's 1..3 but for words like "slightly", which may go below.

        Where the face is neutral it is the default: there η does nothing.
        """
        shares = self.weights(times).astype(np.float64)
        rest = np.maximum(1 - shares.sum(1), 0) * 1e-6  # any span outweighs none
        mean = (self._weighed(shares, times) + rest * INTENSITY) / (shares.sum(1) + rest).clip(
            1e-12
        )
        return np.clip(mean, 0, HIGHEST).astype(np.float32)

    def offsets(self, times: np.ndarray) -> Float32:
        """(T, 64) blendshape offsets, by the styles' action units."""
        return synthesise(self.code(times), self.intensity(times))

    def _weighed(self, shares: np.ndarray, times: np.ndarray) -> np.ndarray:
        """(T,) η of every span times its share."""
        etas = np.array([span.intensity for span in self.spans])
        if self.eta is None or not any(span.keyed for span in self.spans):
            return shares @ etas
        curve = self.eta(times).astype(np.float64)
        keyed = [
            intensities_with(curve, span.reading.degree) if span.keyed else np.full(len(curve), eta)
            for span, eta in zip(self.spans, etas, strict=True)
        ]
        return (shares * np.stack(keyed, 1)).sum(1)

    def _step(self, times: np.ndarray, at: float) -> np.ndarray:
        """0 to 1 about a border, smoothly, over a fade that the spans there have time for."""
        if not np.isfinite(at):
            return np.full(len(times), 1.0 if at < 0 else 0.0)
        lengths = [s.end - s.start for s in self.spans if at in (s.start, s.end)]
        coming = [s.fade for s in self.spans if s.start == at]
        own = [f for f in coming or [s.fade for s in self.spans if s.end == at] if f is not None]
        fade = max(min([own[0] if own else self.fade, *lengths]), 1e-6)
        share = np.clip((times - at) / fade + 0.5, 0, 1)
        return share * share * (3 - 2 * share)


def track(
    cues: Sequence[EmotionCue],
    seconds: float,
    reader: Interpreter | None = None,
    fade: float = FADE,
    eta: ControlCurve | None = None,
) -> EmotionTrack:
    """Read cues.

    Args:
        cues: in any order.
        seconds: of the performance: where cues without an end do end. A last cue that
            reaches it holds its emotion, whatever is sampled beyond.
        reader: of prompts; None: the one that ships.
        fade: seconds of a cross-fade, 0..10, of cues that do not say theirs.
        eta: η over time of keyed cues; None: their own.

    Raises:
        InputError: a prompt that cannot be read, or a cue that starts after the end.
    """
    checks.number("seconds", seconds, low=0.0)
    checks.number("fade", fade, low=0.0, high=10.0)
    reader = interpreter() if reader is None else reader
    spans: list[Span] = []
    for cue in cues:
        end = seconds if cue.end is None else cue.end
        if end <= cue.start:
            raise InputError(
                f"emotion {cue.prompt!r}: start: it starts at {cue.start:g} s, but there are "
                f"{seconds:g} s"
            )
        readings = reader.sequence(cue.prompt)
        edges = np.linspace(cue.start, end, len(readings) + 1).tolist()
        for (first, last), reading in zip(pairwise(edges), readings, strict=True):
            spans.append(
                Span(
                    -np.inf if first <= 0 else first,
                    np.inf if last >= seconds else last,
                    reading,
                    intensity_with(cue.intensity, reading.degree),
                    cue.keyed,
                    cue.cross_fade,
                )
            )
    return EmotionTrack(tuple(spans), fade, eta)


def guessed(cues: Sequence[EmotionCue], reader: Interpreter | None = None) -> tuple[str, ...]:
    """One line for each prompt, or step of one, whose words are not known: what is shown instead.

    Args:
        cues: in any order.
        reader: of prompts; None: the one that ships.
    """
    reader = interpreter() if reader is None else reader
    readings = [reading for cue in cues for reading in reader.sequence(cue.prompt)]
    lines = (f"emotion {r.prompt!r}: {r.explanation}" for r in readings if not r.known)
    return tuple(dict.fromkeys(lines))


def parse(text: str) -> EmotionCue:
    """A cue as the command line has it: ``0-2.5:sadly surprised@2``, ``2.5-:relieved``, ``happy``.

    Raises:
        InputError: text of another form, or numbers out of range.
    """
    found = _CUE.match(text)
    if found is None or not any(c.isalpha() for c in found["prompt"]):
        raise InputError(f"emotion: {_FORM}; got {text!r}")
    prompt = found["prompt"].strip()
    try:
        return EmotionCue(
            prompt,
            float(found["start"] or 0),
            None if found["end"] is None else float(found["end"]),
            INTENSITY if found["eta"] is None else float(found["eta"]),
        )
    except InputError as error:
        raise InputError(f"emotion {prompt!r}: {error}") from error


def _is_control(character: str) -> bool:
    return unicodedata.category(character) == "Cc"
