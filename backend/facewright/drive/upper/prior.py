"""Brows that speak: a seeded prior.

Of the seven things that brows can do, two serve conversation: raising (AU 1+2) and
lowering (AU 4), as batons on a word that counts (Ekman 1979, "About brows: emotional and
conversational signals"). Rapid rises of the brows come with rises of the voice's pitch in
71 % of cases (Cavé et al. 1996, "About the relationship between eyebrow movements and F0
variations"), and beside the beginnings of a turn (Guaïtella et al. 2009, "Are eyebrow
movements linked to voice variations and turn-taking in dialogue?"). They are much rarer
than accents: on 6.8 % of words in news readings, where heads moved on 23 % (Ambrazaitis,
Svensson Lundmark & House 2015, "Multimodal levels of prominence"): here every accent lifts
the brows, but few of them far enough to be seen. Lids widen a little
with them; lids that widen stress a word by themselves, too (Walker & Trimboli 1983, "The
expressive function of the eye flash").

How far brows go, and that they arrive 0.3 s before the loudest moment of the accent, was
measured on seven speakers: see docs/eyes.md. Each event draws its lot from the seed and its
own moment, so what happens does not depend on how much of the speech is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facewright import checks
from facewright.checks import Float32
from facewright.drive.heard import GRID, Heard
from facewright.face.names import EXPRESSION_64

_SALT = 0xB405
_ON_START = 0.35  # chance of a raise at a phrase's beginning
_PAUSE = 0.2  # seconds of silence that a phrase begins after
_LOWERED = 0.08  # share of the events that lower the brows
# Median weight of a raise on an accent of weight 1 and deviation of its logarithm: most are
# too slight to be seen, and about ten a minute are not.
_SIZE, _SPREAD = 0.3, 0.5
_LEAD = 0.30  # seconds from the brows' apex to the loudest moment of an accent
_AFTER_START = 0.08  # and from a phrase's beginning to the apex
_RISE, _FALL = 0.22, 0.40  # seconds
_HOLD = (0.04, 0.28)
_OUTER, _WIDE, _DOWN = 0.75, 0.25, 0.9  # of the inner brows' raise
_ASYMMETRY = 0.12


@dataclass(frozen=True, slots=True)
class Event:
    """One movement of the brows.

    Attributes:
        apex: seconds, when the brows arrive.
        hold: seconds that they stay.
        size: weight of the blendshape at the apex.
        lowered: whether they come down rather than up.
        lean: -1..1, how much more the left one moves than the right one.
    """

    apex: float
    hold: float
    size: float
    lowered: bool
    lean: float


class Prior:
    """Brow raises on accents and at phrases' beginnings."""

    name = "prior"
    summary = "brows raised on some accents and phrase starts, by the literature"
    blinks = False

    def __call__(
        self,
        times: np.ndarray,
        heard: Heard,
        seed: int = 0,
        amount: float | Float32 = 1.0,
        resting: Float32 | None = None,
    ) -> Float32:
        """See :class:`facewright.drive.upper.base.UpperFace`."""
        times = np.asarray(times, np.float64)
        amount = checks.amount("amount", amount, len(times), low=0.0, high=3.0)
        out = np.zeros((len(times), len(EXPRESSION_64)), np.float32)
        for name, curve in curves(times, events(heard, seed)).items():
            out[:, EXPRESSION_64.index(name)] = np.clip(amount * curve, 0, 1)
        return out


def events(heard: Heard, seed: int) -> list[Event]:
    """What the brows do in a speech, in no particular order."""
    moments, weights = heard.accents
    found = [
        _draw(float(moment) - _LEAD, float(weight), _lot(moment - _LEAD, seed))
        for moment, weight in zip(moments, weights, strict=True)
    ]
    for start in phrase_starts(heard.presence.speaking) + _AFTER_START:
        lot = _lot(start, seed)
        if lot.random() < _ON_START:
            found.append(_draw(float(start), 1.0, lot))
    return found


def phrase_starts(speaking: Float32) -> np.ndarray:
    """(S,) seconds at which speech begins after 0.2 s of silence or more.

    Args:
        speaking: (F,) 0..1 on the 10 ms grid.
    """
    heard = np.concatenate([[False], speaking >= 0.5, [False]]).astype(np.int8)
    begins, ends = np.flatnonzero(np.diff(heard) > 0), np.flatnonzero(np.diff(heard) < 0)
    before = np.concatenate([[-np.inf], ends[:-1]])
    return begins[begins - before >= _PAUSE * GRID] / GRID


def curves(times: np.ndarray, found: list[Event]) -> dict[str, np.ndarray]:
    """Weights (T,) of each blendshape that the events move, at ``times`` in any order."""
    order = np.argsort(times, kind="stable")
    ordered = np.asarray(times, np.float64)[order]
    # What events leave undone is multiplied: two that overlap never add up to more than 1.
    left: dict[str, np.ndarray] = {}
    for event in found:
        span = (event.apex - _RISE, event.apex + event.hold + _FALL)
        first, last = np.searchsorted(ordered, span)
        shape = event.size * _profile(ordered[first:last] - event.apex, event.hold)
        for name, share in _shares(event):
            rest = left.setdefault(name, np.ones(len(ordered)))
            rest[first:last] *= 1 - np.clip(share * shape, 0, 1)
    placed = {name: np.empty(len(ordered)) for name in left}
    for name, rest in left.items():
        placed[name][order] = 1 - rest
    return placed


def _shares(event: Event) -> list[tuple[str, float]]:
    left, right = 1 + event.lean, 1 - event.lean
    if event.lowered:
        return [("browDownLeft", _DOWN * left), ("browDownRight", _DOWN * right)]
    return [
        ("browInnerUp", 1.0),
        ("browOuterUpLeft", _OUTER * left),
        ("browOuterUpRight", _OUTER * right),
        ("eyeWideLeft", _WIDE),
        ("eyeWideRight", _WIDE),
    ]


def _lot(moment: float, seed: int) -> np.random.Generator:
    """Chance that depends on the seed and the moment alone."""
    return np.random.default_rng([seed, _SALT, round((moment + 60) * 100)])


def _draw(apex: float, stress: float, lot: np.random.Generator) -> Event:
    return Event(
        apex=apex,
        hold=float(lot.uniform(*_HOLD)),
        size=float(min(_SIZE * stress * np.exp(lot.normal(0, _SPREAD)), 0.9)),
        lowered=bool(lot.random() < _LOWERED),
        lean=float(np.clip(lot.normal(0, _ASYMMETRY), -1, 1)),
    )


def _profile(since: np.ndarray, hold: float) -> np.ndarray:
    """0..1: up along a raised cosine to time 0, held, and more slowly down."""
    rising = np.clip(since / _RISE + 1, 0, 1)
    falling = np.clip((since - hold) / _FALL, 0, 1)
    return (0.5 - 0.5 * np.cos(np.pi * rising)) * (0.5 + 0.5 * np.cos(np.pi * falling))
