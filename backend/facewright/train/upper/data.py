"""Batches for both stages of the expression predictor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from facewright.checks import Float32
from facewright.drive import features
from facewright.drive.heard import hear
from facewright.drive.rest import resting
from facewright.drive.upper.feature import BROWS, LIDS, EyeMotion
from facewright.errors import InputError
from facewright.face.names import EXPRESSION_64
from facewright.train.performance import Performance
from facewright.train.upper.experts import LipExpert

#: Eyes open: not under this share of how far the clip's are, mostly.
_OPEN = 0.85
_MOODS = ("mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight")


@dataclass(frozen=True, slots=True)
class Batch:
    """Sequences for either stage.

    Attributes:
        clips: (B, T, 19, 32) MFCC clips a.
        initial: (B, 64) e_0: a resting mouth, brows and lids of the first frame.
        feature: (B, T, 21) f.
        expression: (B, T, 64) e.
    """

    clips: Tensor
    initial: Tensor
    feature: Tensor
    expression: Tensor


class MappedLips:
    """Stage 1's batches: an expert's lips under brows and lids made up at random.

    Nothing of a real face is in them, so that stage 1 knows no speaker.

    Args:
        expert: shows the lips.
        eyes: feature of expressions.
        rate: frames a second.
        seed: of brows, lids and moods.
    """

    def __init__(self, expert: LipExpert, eyes: EyeMotion, rate: int, seed: int) -> None:
        self.expert, self.eyes, self.rate = expert, eyes, rate
        self.rng = np.random.default_rng([seed, 0x57A6E])

    def batch(self, size: int) -> Batch:
        """``size`` sequences, as long as the expert's."""
        clips, lips = self.expert.batch(size)
        upper = np.stack([random_upper(self.rng, lips.shape[1], self.rate) for _ in lips])
        mood = np.zeros((size, lips.shape[2]), np.float32)
        for name in _MOODS:
            strength = self.rng.uniform(0, 0.5, size) * (self.rng.random(size) < 0.3)
            mood[:, EXPRESSION_64.index(name)] = strength
        whole = np.clip(lips + upper + mood[:, None], 0, 1).astype(np.float32)
        return Batch(
            torch.from_numpy(clips),
            torch.from_numpy(mood + upper[:, 0]),
            torch.from_numpy(self.eyes.feature(whole)),
            torch.from_numpy(whole),
        )


def random_upper(rng: np.random.Generator, count: int, rate: int) -> Float32:
    """(T, 64) brows that wander and lids that blink."""
    from scipy.ndimage import gaussian_filter1d

    out = np.zeros((count, len(EXPRESSION_64)), np.float32)
    for group in [(name,) for name in BROWS] + list(LIDS):
        noise = gaussian_filter1d(rng.standard_normal(count + 4 * rate), 0.2 * rate)
        wander = noise[2 * rate : 2 * rate + count] / max(float(noise.std()), 1e-6)
        curve = np.clip(rng.uniform(-0.2, 0.3) + 0.15 * wander, 0, 1)
        for name in group:
            out[:, EXPRESSION_64.index(name)] = curve
    if rng.random() < 0.5:  # a blink somewhere
        since = np.arange(count) / rate - rng.uniform(0, count / rate)
        shut = np.clip(1 - np.abs(since) / 0.12, 0, 1)
        for name in LIDS[0]:
            k = EXPRESSION_64.index(name)
            out[:, k] = np.maximum(out[:, k], shut)
    return out


@dataclass(frozen=True, slots=True)
class _Take:
    """One clip at the network's rate; ``clips`` is None where it is silent."""

    clips: Float32 | None
    expression: Float32
    feature: Float32
    mood: Float32
    starts: np.ndarray


class Takes:
    """Stage 2's batches: sequences of tracked clips.

    Args:
        performances: clips; those without sound serve :meth:`silent` alone.
        eyes: feature of expressions.
        rate, window: frames a second and in a sequence; shorter clips are left out.
        seed: of what is drawn.
    """

    def __init__(
        self,
        performances: Sequence[Performance],
        eyes: EyeMotion,
        rate: int,
        window: int,
        seed: int,
    ) -> None:
        self.window = window
        self.rng = np.random.default_rng([seed, 0x7A4E])
        takes = [_take(p, eyes, rate, window) for p in performances]
        self.takes = [take for take in takes if take is not None]
        self.heard = [take for take in self.takes if take.clips is not None]
        if not self.heard:
            raise InputError(
                f"performances: expected a clip with sound of {window / rate:g} s or more"
            )

    def batch(self, size: int) -> Batch:
        """``size`` sequences with their sound, drawn in proportion to length."""
        parts = [self._draw(self.heard) for _ in range(size)]
        stacked = [
            np.stack(
                [take.clips[k : k + self.window] for take, k in parts if take.clips is not None]
            ),
            np.stack([initial(take, k) for take, k in parts]),
            np.stack([take.feature[k : k + self.window] for take, k in parts]),
            np.stack([take.expression[k : k + self.window] for take, k in parts]),
        ]
        return Batch(*(torch.from_numpy(part) for part in stacked))

    def silent(self, size: int) -> Tensor:
        """(B, T, 21) real features from any clip, heard or not, for D_te."""
        parts = [self._draw(self.takes) for _ in range(size)]
        return torch.from_numpy(np.stack([t.feature[k : k + self.window] for t, k in parts]))

    def _draw(self, among: list[_Take]) -> tuple[_Take, int]:
        lengths = np.array([len(take.starts) for take in among], float)
        take = among[int(self.rng.choice(len(among), p=lengths / lengths.sum()))]
        return take, int(self.rng.choice(take.starts))


def _sound(take: _Take) -> Float32:
    assert take.clips is not None
    return take.clips


def initial(take: _Take, start: int) -> Float32:
    """(64,) e_0: brows and lids at ``start``, the clip's mood, and a resting mouth."""
    return (take.mood + _upper_only(take.expression[start : start + 1])[0]).astype(np.float32)


def first_frame(expression: Float32, eyes: EyeMotion) -> int:
    """The first frame of a (T, 64) clip whose eyes are open."""
    return int(_open_frames(eyes.feature(expression))[0])


def rest_of(expression: Float32, start: int) -> Float32:
    """(64,) the resting face of a (T, 64) clip: its mood, brows and lids at ``start``."""
    return _mood(expression) + _upper_only(expression[start : start + 1])[0]


def _take(clip: Performance, eyes: EyeMotion, rate: int, window: int) -> _Take | None:
    count = int(clip.seconds * rate)
    if count < window:
        return None
    times = np.arange(count) / rate
    expression = np.stack(
        [np.interp(times, clip.motion.times, row) for row in clip.motion.expression.T], axis=1
    ).astype(np.float32)
    clips = None
    if clip.speech is not None:
        clips = features.clips(hear(clip.speech).mfccs, times)
    # What brows and lids do is said again by the columns that the inverse uses.
    feature = eyes.feature(expression)
    expression[:, _UPPER] = eyes.expression(feature)[:, _UPPER]
    starts = _open_frames(feature)
    starts = starts[starts <= count - window]
    if not len(starts):
        return None
    return _Take(clips, expression, feature, _mood(expression), starts)


def _open_frames(feature: Float32) -> np.ndarray:
    height = feature[:, 0]
    return np.flatnonzero(height >= _OPEN * np.percentile(height, 80))


_UPPER = [k for k, name in enumerate(EXPRESSION_64) if name.startswith(("brow", "eye"))]


def _upper_only(expression: Float32) -> Float32:
    out = np.zeros_like(expression)
    out[:, _UPPER] = expression[:, _UPPER]
    return out


def _mood(expression: Float32) -> Float32:
    """(64,) what a clip's mouth keeps throughout: a smile, say, as a photograph's would."""
    mood = resting(np.median(expression, axis=0).astype(np.float32), EXPRESSION_64)
    mood[_UPPER] = 0
    return mood
