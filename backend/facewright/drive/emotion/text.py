"""Prompt -> what it asks a face to show.

Words that the lexicon has are taken at their word. What it has not is read by a text encoder
and a projection learned on sentences about the same styles (TGDM, section 4.2, takes CLIP's
embedding as it is, and learns the rest from acted footage, which we have none of).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from facewright.checks import Float32
from facewright.drive.emotion.encoders import ClipEncoder, Encoder, SentenceEncoder
from facewright.drive.emotion.lexicon import Kind, Word, lexicon, normalised
from facewright.drive.emotion.projection import WEIGHTS, Projector, anchored, embed, load
from facewright.drive.emotion.reading import compound, named, opposite, told
from facewright.errors import InputError

_LONGEST = 500  # characters; it is a direction, not a script
_SCOPE = 3  # words that a negation reaches over
_FEW = 2  # unknown words that a negation without a known one denies
_SOFTENED = 0.7  # "not very happy" over "not happy"
_FAINT = 0.15  # of the strongest style: less than that is left out
_TOLD = 3  # styles that a guess tells of: one line that can be read
_LENGTH = 1.0  # of a code read by the encoder: being unsure is not being faint
_ARROWS = re.compile(r"\s*(?:->|→|⇒|=>)\s*")
_HIRAGANA = re.compile(r"^[\u3040-\u309f\u30fc]+$")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood of a prompt, or of one step of it.

    Attributes:
        prompt: as given.
        code: (C,) z_emo, 0..1; zeros are neutral.
        degree: -1 ("slightly") .. 0 .. 1 ("extremely"); see ``reading.intensity_with``.
        styles: of the code, the strongest first.
        known: whether words of the lexicon decided; else it is the nearest style.
        explanation: one line for the user.
    """

    prompt: str
    code: Float32
    degree: float
    styles: dict[str, float]
    known: bool
    explanation: str


class Interpreter:
    """Reads prompts; the encoder is started by the first that needs it.

    Args:
        encoder: of texts; None: the one that ships.
        projector: of its embeddings; None: the one that ships, or with an encoder of one's
            own a regression on the lexicon's words.
    """

    def __init__(self, encoder: Encoder | None = None, projector: Projector | None = None) -> None:
        if projector is not None and encoder is None:
            raise InputError("projector: it needs the encoder that it was made for")
        self._encoder, self._projector = encoder, projector

    def read(self, prompt: str) -> Reading:
        """One emotion, simple or compound: "sadly surprised", "not happy", "happy + afraid".

        Raises:
            InputError: an empty prompt, or one that is too long.
        """
        text = _checked(prompt)
        if "+" in text:
            return self.average([part for part in text.split("+") if part.strip()], prompt=prompt)
        words = lexicon().read(text)
        if any(word.kind is Kind.STYLE for word in words):
            return self._by_words(prompt, words)
        return self._by_encoder(prompt, words)

    def sequence(self, prompt: str) -> list[Reading]:
        """The steps of a prompt: "sadly surprised, then relieved" has two.

        Raises:
            InputError: as :meth:`read`, or a step without a word.
        """
        return [self.read(step) for step in steps(prompt)]

    def average(
        self,
        prompts: Sequence[str],
        weights: Sequence[float] | None = None,
        prompt: str | None = None,
    ) -> Reading:
        """The emotion between prompts: their embeddings' mean, projected (TGDM, figure 9).

        Args:
            prompts: at least one.
            weights: one for each, all positive; None: equal.
            prompt: what to call it.

        Raises:
            InputError: no prompts, or weights that do not fit.
        """
        texts = [_checked(text) for text in prompts]
        shares = np.ones(len(texts)) if weights is None else np.asarray(weights, float)
        if not texts or shares.shape != (len(texts),) or not (shares > 0).all():
            raise InputError("weights: expected a positive number for each of some prompts")
        parts = [self.read(text) for text in texts]
        known = all(part.known for part in parts)
        shares = shares / shares.sum()
        encoder, projector = self._engine()
        mean = (shares @ embed(encoder, texts)).astype(np.float32)
        code = _settled(projector.project(mean[None])[0])
        if known:
            # Words of the lexicon may be of a language that the encoder does not know.
            lengths = np.array([max(float(np.linalg.norm(part.code)), 1e-9) for part in parts])
            code = (shares @ np.stack([part.code for part in parts])).astype(np.float32)
            length = max(float(np.linalg.norm(code)), 1e-9)
            code = np.clip(code * np.float32(shares @ lengths / length), 0, 1)
        whole = prompt or " + ".join(texts)
        degree = float(shares @ [part.degree for part in parts])
        styles = named(code)
        between = ", ".join(repr(text.strip()) for text in texts)
        return Reading(
            whole, code, degree, styles, known,
            f"{told(styles, None if known else _TOLD)}, between {between}",
        )  # fmt: skip

    def _by_words(self, prompt: str, words: Sequence[Word]) -> Reading:
        hits = _hits(words)
        affirmed = [hit for hit in hits if not hit.denied]
        if affirmed:
            code = compound([hit.code for hit in affirmed])
            degree = float(np.mean([hit.degree for hit in affirmed]))
        else:
            thorough = any(word.kind is Kind.THOROUGHLY for word in words)
            codes = [opposite(h.code, thorough) * (_SOFTENED if h.degree > 0 else 1) for h in hits]
            code, degree = compound([np.asarray(c, np.float32) for c in codes]), 0.0
        by = ", ".join(("not " if hit.denied else "") + hit.text for hit in hits)
        unknown = _unknown(words)
        why = f"by {by}"
        if affirmed and len(unknown) >= 3 and len(unknown) > 2 * len(hits):
            # A whole sentence around one known word may mean something else.
            code = compound([code, self._projected(normalised(prompt))])
            why += " and by the whole sentence"
        styles = named(code)
        return Reading(prompt, code, degree, styles, True, f"{told(styles)}, {why}")

    def _by_encoder(self, prompt: str, words: Sequence[Word]) -> Reading:
        degrees = [word.degree for word in words if word.kind is Kind.DEGREE]
        denied = any(word.kind in (Kind.NEGATION, Kind.NEGATION_AFTER) for word in words)
        unknown = _unknown(words)
        if denied and 0 < len(unknown) <= _FEW:
            thorough = any(word.kind is Kind.THOROUGHLY for word in words)
            code = opposite(self._projected(" ".join(unknown)), thorough)
        else:
            code = self._projected(normalised(prompt))
        styles = named(code)
        why = f"nearest to {prompt.strip()!r}, of which the lexicon knows no word"
        degree = float(np.mean(degrees)) if degrees else 0.0
        return Reading(prompt, code, degree, styles, False, f"{told(styles, _TOLD)}, {why}")

    def _projected(self, text: str) -> Float32:
        encoder, projector = self._engine()
        return _settled(projector.project(embed(encoder, [text.strip()]))[0])

    def _engine(self) -> tuple[Encoder, Projector]:
        own = self._encoder is not None
        if self._encoder is None:
            self._encoder = SentenceEncoder()
        if self._projector is None:
            encoder = self._encoder
            self._projector = anchored(encoder) if own else load(WEIGHTS, encoder)
        return self._encoder, self._projector


@cache
def interpreter(clip: Path | None = None, projection: Path | None = None) -> Interpreter:
    """The interpreter that ships, or one that reads by CLIP.

    Args:
        clip: weights of open_clip's ViT-B-32, a .safetensors; None: the sentence encoder.
        projection: weights that ``facewright train emotion`` made for that encoder; None:
            those that ship, or for CLIP a regression on the lexicon's words.

    Raises:
        InputError: a file is missing or does not fit.
    """
    if clip is None and projection is None:
        return Interpreter()
    encoder: Encoder = SentenceEncoder() if clip is None else ClipEncoder(clip)
    return Interpreter(encoder, None if projection is None else load(projection, encoder))


def steps(prompt: str) -> list[str]:
    """Split at "then", its like in other languages, and arrows.

    Raises:
        InputError: a step has no word.
    """
    found = []
    for part in _ARROWS.split(_checked(prompt)):
        cut = [0]
        for word in lexicon().read(part):
            if word.kind is Kind.THEN:
                cut += [word.start, word.end]
        text = normalised(part)
        found += [text[a:b] for a, b in zip(cut[::2], [*cut[1::2], len(text)], strict=True)]
    stripped = [re.sub(r"^(and|und|et|y|e)\s+$", "", step).strip(" ,;.。，、") for step in found]
    stripped = [re.sub(r"[,\s]+(and|und|et|y|e|en|i|och|og)$", "", step) for step in stripped]
    if not all(stripped):
        raise InputError(f"prompt: expected words before and after each 'then', got {prompt!r}")
    return stripped


@dataclass(slots=True)
class _Hit:
    text: str
    code: Float32
    degree: float
    denied: bool


def _hits(words: Sequence[Word]) -> list[_Hit]:
    """Style words with the degree and the negation that reach them."""
    hits: list[_Hit] = []
    degree, reach = 0.0, 0
    for word in words:
        if word.kind is Kind.STYLE and word.code is not None:
            hits.append(_Hit(word.text, word.code, degree, reach > 0))
            degree = 0.0
            reach = _SCOPE if reach else 0  # "not happy or glad"
        elif word.kind is Kind.NEGATION:
            reach = _SCOPE
        elif word.kind is Kind.NEGATION_AFTER and hits:
            hits[-1].denied = True
        elif word.kind is Kind.DEGREE:
            degree = word.degree
        elif word.kind is Kind.BREAK:
            degree, reach = 0.0, 0
        elif word.kind is Kind.UNKNOWN:
            reach = max(reach - 1, 0)
    return hits


def _unknown(words: Sequence[Word]) -> list[str]:
    """Words with a meaning that the lexicon does not know; Japanese endings are none."""
    return [w.text for w in words if w.kind is Kind.UNKNOWN and not _HIRAGANA.match(w.text)]


def _settled(code: Float32) -> Float32:
    """A code from the projection without its uncertainty."""
    top = float(code.max())
    if top == 0:
        return code
    code = np.where(code < _FAINT * top, 0, code).astype(np.float32)
    return np.clip(code * np.float32(max(_LENGTH / float(np.linalg.norm(code)), 1.0)), 0, 1)


def _checked(prompt: str) -> str:
    if not isinstance(prompt, str) or not any(c.isalpha() for c in prompt):
        raise InputError(f"prompt: expected words, got {prompt!r}")
    if len(prompt) > _LONGEST:
        raise InputError(f"prompt: expected up to {_LONGEST} characters, got {len(prompt)}")
    return prompt
