"""Agreement with aligned phones as sums over sentences, so that intervals are cheap.

:func:`facewright.train.speech.score.score` pools correlations over sentences; so does this,
from sums of each sentence, which a bootstrap over sentences adds up anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facewright.checks import Float32
from facewright.drive.lips import PRESS
from facewright.face.names import EXPRESSION_64
from facewright.train.speech import teacher
from facewright.train.speech.rivals import Allphone, loudness
from facewright.train.speech.score import Sentence, closure_events, closure_of, score

MEASURES = ("jaw", "closure", "rounding", "bilabial F")
_DRAWS = 2000
_TAIL = 2.5  # per cent
_AT = {name: k for k, name in enumerate(EXPRESSION_64)}

#: A sentence and frames a second -> (T, 64) weights.
Way = Callable[[Sentence, float], Float32]


@dataclass(frozen=True, slots=True)
class Sums:
    """What pooled measures need of S sentences.

    Attributes:
        moments: (S, 3, 6) of jaw, closure and rounding: count, sums of made, of wanted, of
            their squares and of their product.
        events: (S, 3) closures found in the right place, made, and wanted.
    """

    moments: NDArray[np.float64]
    events: NDArray[np.float64]

    def measures(self, draws: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
        """(4,) :data:`MEASURES` pooled over all sentences, or (B, 4) over (B, S) draws."""
        rows = np.arange(len(self.moments))[None] if draws is None else draws
        n, a, b, aa, bb, ab = np.moveaxis(self.moments[rows].sum(1), -1, 0)
        spread = (n * aa - a * a) * (n * bb - b * b)
        alike = (n * ab - a * b) / np.sqrt(np.maximum(spread, 1e-18))
        hits, made, wanted = np.moveaxis(self.events[rows].sum(1), -1, 0)
        closures = 2 * hits / np.maximum(made + wanted, 1)
        found = np.concatenate([np.where(spread > 1e-12, alike, 0), closures[:, None]], 1)
        return found[0] if draws is None else found


def sums(made: Sequence[Float32], fps: float, sentences: Sequence[Sentence]) -> Sums:
    """Of (T, 64) weights for each sentence, frame k at k / fps seconds."""
    rows, events = [], []
    for curve, sentence in zip(made, sentences, strict=True):
        truth = teacher.curves(sentence.phones, sentence.seconds)
        times = np.arange(min(len(curve), int(sentence.seconds * fps) + 1)) / fps
        places = times * teacher.RATE
        wanted = np.stack([np.interp(places, np.arange(len(truth)), c) for c in truth.T], 1)
        curve = curve[: len(times)]
        rows.append([_moments(a, b) for a, b in zip(_curves(curve), _curves(wanted), strict=True)])
        count = len(closure_events(closure_of(curve), fps))
        one = score([curve], fps, [(sentence.phones, sentence.seconds)])
        hits = round(one.bilabial_f * max(count + one.bilabials, 1) / 2)
        events.append((hits, count, one.bilabials))
    return Sums(np.array(rows, np.float64), np.array(events, np.float64))


def intervals(one: Sums, seed: int = 0) -> NDArray[np.float64]:
    """(4, 3) each measure, and its 95 % bootstrap interval over sentences."""
    return _with_bounds(one.measures(), one.measures(_draws(len(one.moments), seed)))


def gains(one: Sums, other: Sums, seed: int = 0) -> NDArray[np.float64]:
    """(4, 3) how much larger the measures of ``one`` are, paired by sentence."""
    draws = _draws(len(one.moments), seed)
    return _with_bounds(
        one.measures() - other.measures(), one.measures(draws) - other.measures(draws)
    )


def allphone_way(rules: Allphone) -> Way:
    """Free phone recognition with rules."""
    return lambda sentence, fps: rules(sentence.samples, fps)


def loudness_way(sentence: Sentence, fps: float) -> Float32:
    """A mouth as open as the sound is loud, and as shut as it is quiet."""
    frames = int(sentence.seconds * fps + 0.5)
    level = loudness(sentence.speech.samples, frames, fps)
    level = np.clip(level / max(float(np.percentile(level, 95)), 1e-6), 0, 1)
    face = np.zeros((frames, len(EXPRESSION_64)), np.float32)
    face[:, _AT["jawOpen"]] = level
    for side in ("Left", "Right"):
        face[:, _AT[f"mouthPress{side}"]] = PRESS * (1 - level)
    return face


def _curves(face: Float32) -> tuple[Float32, Float32, Float32]:
    rounding = face[:, _AT["mouthPucker"]] + face[:, _AT["mouthFunnel"]]
    return face[:, _AT["jawOpen"]], closure_of(face), rounding


def _moments(made: Float32, wanted: Float32) -> tuple[float, ...]:
    a, b = made.astype(np.float64), wanted.astype(np.float64)
    return tuple(float(v) for v in (len(a), a.sum(), b.sum(), a @ a, b @ b, a @ b))


def _draws(sentences: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(sentences, size=(_DRAWS, sentences))


def _with_bounds(value: NDArray[np.float64], drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = np.percentile(drawn, [_TAIL, 100 - _TAIL], axis=0)
    return np.stack([value, low, high], 1)
