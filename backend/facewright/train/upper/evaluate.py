"""The expression predictor on speakers left out, beside a still face and the prior.

Each clip is performed again from its own sound and its own resting face (brows and lids of
its first open-eyed frame), and compared with what its speaker did, frame by frame. Blinks
of all ways but a predictor's own are the same, so that brows decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from facewright.checks import Float32
from facewright.drive import blinks
from facewright.drive.heard import Heard, hear
from facewright.drive.upper.base import UpperFace
from facewright.drive.upper.feature import EyeMotion
from facewright.evaluate import gohd_metrics as gohd
from facewright.evaluate.statistics import interval
from facewright.face.model import MorphableModel
from facewright.face.names import EXPRESSION_64
from facewright.train.performance import Performance
from facewright.train.upper.data import first_frame, rest_of

#: Clips that last less say little about rhythm; seconds.
SHORTEST = 4.0
_RATE = 20.0  # blinks a minute, the driver's default
_SHUT = [EXPRESSION_64.index(f"eyeBlink{side}") for side in ("Left", "Right")]
_EYES = [k for k, name in enumerate(EXPRESSION_64) if name.startswith("eye")]
_BROWS = [k for k, name in enumerate(EXPRESSION_64) if name.startswith("brow")]
_UPPER = _BROWS + _EYES

#: A way's brows and lids for a clip: (T, 64), absolute.
Way = Callable[[Performance, Heard, Float32, int], Float32]


@dataclass(frozen=True, slots=True)
class Score:
    """One way on one speaker, means over clips and seeds.

    Attributes:
        ssim_e: GoHD's measure over eyes and brows.
        brows: structure (``gohd_metrics.structure``) of the brows' landmarks.
        rhythm: correlation of the brows' mean height with the real one.
        spread: deviation of that height over the real one's.
        jitter: mean second difference of the brows' landmarks over the real one's.
    """

    ssim_e: float
    brows: float
    rhythm: float
    spread: float
    jitter: float


@dataclass(slots=True)
class Table:
    """Scores of ways by speaker.

    Attributes:
        scores: way -> speaker -> score.
    """

    scores: dict[str, dict[str, Score]] = field(default_factory=dict)

    def mean(self, way: str, measure: str) -> tuple[float, float, float]:
        """Mean over speakers and its 95 % bootstrap interval."""
        values = [getattr(score, measure) for score in self.scores[way].values()]
        return (float(np.mean(values)), *interval(values))

    def gain(self, way: str, other: str, measure: str) -> tuple[float, float, float]:
        """Mean over speakers of ``way`` minus ``other``, and its interval."""
        gaps = [
            getattr(score, measure) - getattr(self.scores[other][who], measure)
            for who, score in self.scores[way].items()
        ]
        return (float(np.mean(gaps)), *interval(gaps))

    def lines(self) -> list[str]:
        """For a reader."""
        measures = tuple(Score.__dataclass_fields__)
        out = []
        for way in self.scores:
            shown = "  ".join(
                f"{m} {v:.3f} [{low:.3f}, {high:.3f}]"
                for m in measures
                for v, low, high in (self.mean(way, m),)
            )
            out.append(f"{way}: {shown}")
        return out


def tested(clips: Sequence[Performance]) -> list[Performance]:
    """The clips that count: with sound, and long enough."""
    return [clip for clip in clips if clip.speech is not None and clip.seconds >= SHORTEST]


def still(clip: Performance, heard: Heard, resting: Float32, seed: int) -> Float32:
    """The resting face throughout: the mean face of GoHD's tables, and this person's own."""
    return np.tile(resting, (len(clip), 1))


def mean_face(clip: Performance, heard: Heard, resting: Float32, seed: int) -> Float32:
    """The default model's neutral face throughout."""
    return np.zeros((len(clip), len(resting)), np.float32)


def blinking(clip: Performance, heard: Heard, resting: Float32, seed: int) -> Float32:
    """The resting face with seeded blinks."""
    face = still(clip, heard, resting, seed)
    shut = blinks.lids(clip.motion.times, blinks.events(clip.seconds, _RATE, seed, heard.pauses))
    face[:, _SHUT] += shut[:, None] * (1 - np.clip(face[:, _SHUT], 0, 1))
    return face


def performed(upper: UpperFace) -> Way:
    """A way of moving brows and lids; with seeded blinks where it has none."""

    def way(clip: Performance, heard: Heard, resting: Float32, seed: int) -> Float32:
        base = still if upper.blinks else blinking
        moved = upper(clip.motion.times, heard, seed, 1.0, resting)
        return np.clip(base(clip, heard, resting, seed) + moved, 0, 1)

    return way


def brows_of(upper: UpperFace) -> Way:
    """The brows of a way, and seeded blinks in place of its lids."""

    def way(clip: Performance, heard: Heard, resting: Float32, seed: int) -> Float32:
        face = blinking(clip, heard, resting, seed)
        moved = upper(clip.motion.times, heard, seed, 1.0, resting)
        face[:, _BROWS] = np.clip(face[:, _BROWS] + moved[:, _BROWS], 0, 1)
        return face

    return way


def score(
    way: Way, clips: Sequence[Performance], model: MorphableModel, eyes: EyeMotion, seeds: int
) -> Score:
    """The mean score of a way over clips of one speaker."""
    rows = [
        _compare(_real(clip), way(clip, heard, resting, seed), model, eyes)
        for clip in clips
        for heard, resting in (_given(clip, eyes),)
        for seed in range(seeds)
    ]
    return Score(*(float(np.mean(column)) for column in zip(*rows, strict=True)))


def _given(clip: Performance, eyes: EyeMotion) -> tuple[Heard, Float32]:
    assert clip.speech is not None
    expression = clip.motion.expression
    resting = np.zeros(expression.shape[1], np.float32)
    seen = rest_of(expression, first_frame(expression, eyes))
    resting[_UPPER] = seen[_UPPER]
    return hear(clip.speech), resting


def _real(clip: Performance) -> Float32:
    real = np.zeros_like(clip.motion.expression)
    real[:, _UPPER] = clip.motion.expression[:, _UPPER]
    return real


def _compare(
    real: Float32, made: Float32, model: MorphableModel, eyes: EyeMotion
) -> tuple[float, float, float, float, float]:
    points = [gohd.eye_landmarks(model, e)[:, :20] for e in (real, made)]
    height = [eyes.feature(e)[:, 2::2].mean(1) for e in (real, made)]
    spread = [float(h.std()) for h in height]
    rhythm = 0.0
    if min(spread) > 1e-6:
        rhythm = float(np.corrcoef(height[0], height[1])[0, 1])
    jitter = [float(np.abs(np.diff(p, 2, axis=0)).mean()) for p in points]
    return (
        gohd.ssim_e(real, made, model),
        gohd.structure(points[0], points[1]),
        rhythm,
        spread[1] / max(spread[0], 1e-6),
        jitter[1] / max(jitter[0], 1e-9),
    )
