"""Training Audio2Exp (ControlTalk, sections 3.2 and 3.3), on a CPU in minutes.

    facewright train audio2exp --work out/audio2exp --clips VIDEOS --manifest M.csv

The paper renders what its network predicts and asks a lip reader whether it fits the sound.
Here the geometry itself is known, so the network learns from it directly: an expression's
resting face is what ``drive.rest`` makes of it, and speech is added to a resting face as
drivers add it. What it learns is to find both from any expression, in two passes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from facewright.checks import Float32
from facewright.drive import emoa2e, features, lips
from facewright.drive.adapt.network import MOUTH, Audio2Exp, Config, save
from facewright.drive.adapt.redrive import feature_of
from facewright.drive.channels import MOOD_LOST, MOOD_ROUNDED
from facewright.drive.emotion import CODE, synthesise
from facewright.drive.rest import SMILE_OF_OPEN, resting
from facewright.face.names import EXPRESSION_64
from facewright.train.performance import Performance
from facewright.train.speech.corpus import Corpus, int16_to_float

LICENCE = "Apache-2.0"
CREDIT = (
    "Base expressions from HDTF videos (CC BY 4.0; Zhang et al., CVPR 2021), tracked, and at "
    "random; speech as credited in emoa2e.safetensors"
)
_AT = {name: k for k, name in enumerate(EXPRESSION_64)}
_MOOD = [_AT[n] for n in ("mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight")]
_OPEN = _AT["smileOpen"]
_ROUND = [_AT["mouthPucker"], _AT["mouthFunnel"]]


@dataclass(frozen=True, slots=True)
class Preset:
    """A recipe.

    Attributes:
        utterances: of the corpus that are listened to.
        iterations, batch, rate, warm_up: of Adam, with a cosine down to rate / 50.
        ramp: iterations over which eq. 3's α grows from 0 to 1.
        silent: share of second passes with silence.
        tracked, felt: shares of base expressions from videos, and of emotions; the others
            are random.
        ema: decay of the averaged weights that ship.
    """

    utterances: int = 240
    iterations: int = 5000
    batch: int = 512
    rate: float = 2e-3
    warm_up: int = 100
    ramp: int = 500
    silent: float = 0.2
    tracked: float = 0.5
    felt: float = 0.2
    ema: float = 0.998
    config: Config = field(default_factory=Config)


def rests(expressions: Float32) -> Float32:
    """(N, 64) ``drive.rest.resting`` of each row."""
    whole = np.ones(len(EXPRESSION_64), np.float32)
    whole[_OPEN] = 0.0
    out = expressions * resting(whole, EXPRESSION_64)
    opened = np.clip(SMILE_OF_OPEN * expressions[:, _OPEN, None], 0, 1)
    out[:, _MOOD[:2]] = np.maximum(out[:, _MOOD[:2]], opened)
    return out


def target(rest: Float32, said: Float32) -> Float32:
    """(N, 64) E' of resting faces (N, 64) and lips (N, 64), as drivers compose them."""
    rounded = np.clip(said[:, _ROUND].sum(1), 0, 1)
    speaking = np.clip(said[:, lips.SPOKEN].max(1) / 0.1, 0, 1)
    out = rest.copy()
    kept = (1 - MOOD_LOST * speaking) * (1 - MOOD_ROUNDED * rounded)
    out[:, _MOOD] *= kept[:, None]
    return np.clip(out + said, 0, 1)


class Sampler:
    """Draws base expressions and speech.

    Args:
        tracked: (F, 64) expressions from videos, or none.
        speech: (S, moments · speech) features and the (S, 64) lips that they came from.
        preset: the recipe.
        seed: of everything drawn.
    """

    def __init__(
        self, tracked: Float32, speech: tuple[Float32, Float32], preset: Preset, seed: int = 0
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.tracked, self.preset = tracked, preset
        self.feature, self.said = speech

    def batch(self) -> tuple[Float32, Float32, Float32, Float32]:
        """E, A, and the targets of E_s and E'."""
        rng, preset = self.rng, self.preset
        base = np.stack([self._base() for _ in range(preset.batch)])
        rest = rests(base)
        chosen = rng.integers(len(self.said), size=preset.batch)
        feature, said = self.feature[chosen].copy(), self.said[chosen].copy()
        silent = rng.random(preset.batch) < preset.silent
        feature[silent], said[silent] = 0, 0
        return base, feature, rest, target(rest, said)

    def _base(self) -> Float32:
        rng, preset = self.rng, self.preset
        lot = rng.random()
        if lot < preset.tracked and len(self.tracked):
            row = self.tracked[rng.integers(len(self.tracked))]
        elif lot < preset.tracked + preset.felt:
            code = np.zeros((1, CODE), np.float32)
            code[0, rng.integers(CODE)] = rng.random()
            row = synthesise(code, np.array([rng.uniform(0, 3)], np.float32))[0]
            row = np.clip(row + self.said[rng.integers(len(self.said))], 0, 1)
        else:  # few blendshapes at once, each anywhere
            row = rng.random(len(EXPRESSION_64), dtype=np.float32)
            row *= rng.random(len(EXPRESSION_64)) < rng.uniform(0, 0.4)
        return row.astype(np.float32)


def speech_of(
    corpus: Corpus, speaker: emoa2e.EmoA2E, config: Config, count: int, seed: int
) -> tuple[Float32, Float32]:
    """Features (S, moments · speech) and lips (S, 64) of utterances, 50 a second."""
    rng = np.random.default_rng(seed)
    parts, rate = [], speaker.config.rate
    for _ in range(count):
        samples = int16_to_float(corpus.samples[corpus.draw(rng, 0.5)])
        level = features.levels(samples)
        mfccs = features.mfcc(samples, features.gain_for(features.speech_level(level)))
        said = lips.articulate(speaker.predict(mfccs), rate, lips.presence(level).speaking)
        times = np.arange(len(said)) / rate
        parts.append((feature_of(said, rate, times, config), said))
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def train(
    sampler: Sampler,
    preset: Preset,
    seed: int = 0,
    report: Callable[[int, dict[str, float]], None] | None = None,
) -> Audio2Exp:
    """The loop; the averaged network."""
    torch.manual_seed(seed)
    network, average = Audio2Exp(preset.config), Audio2Exp(preset.config)
    optimizer = torch.optim.Adam(network.parameters(), preset.rate)
    for step in range(preset.iterations):
        cosine = 0.5 * (1 + math.cos(math.pi * step / preset.iterations))
        for group in optimizer.param_groups:
            group["lr"] = preset.rate * min(1.0, (step + 1) / preset.warm_up) * max(cosine, 0.02)
        parts = losses(network, sampler.batch(), min(1.0, (step + 1) / preset.ramp))
        optimizer.zero_grad()
        sum(parts.values(), torch.zeros(())).backward()
        optimizer.step()
        decay = min(preset.ema, (1 + step) / (10 + step))
        with torch.no_grad():
            for mean, now in zip(average.parameters(), network.parameters(), strict=True):
                mean.lerp_(now, 1 - decay)
        if report and (step + 1) % 500 == 0:
            report(step + 1, {k: float(v.detach()) for k, v in parts.items()})
    return average.eval().requires_grad_(False)


def losses(
    network: Audio2Exp, batch: tuple[Float32, Float32, Float32, Float32], alpha: float
) -> dict[str, Tensor]:
    """Squared errors of E_s and E', summed over the mouth's columns.

    Args:
        network: Audio2Exp.
        batch: of :meth:`Sampler.batch`.
        alpha: α of eq. 3, that grows from 0 to 1 while training.
    """
    base, said, rest, spoken = (torch.from_numpy(part) for part in batch)
    base, rest, spoken = base[:, MOUTH], rest[:, MOUTH], spoken[:, MOUTH]
    calm = base + alpha * network(base, torch.zeros_like(said))
    speaking = calm.clamp(0, 1)
    speaking = speaking + alpha * network(speaking, said)
    return {
        "silence": (calm - rest).square().sum(-1).mean(),
        "speech": (speaking - spoken).square().sum(-1).mean(),
    }


def write(path: Path, network: Audio2Exp, preset: Preset) -> None:
    """Write weights that say where they come from."""
    about = {"licence": LICENCE, "credit": CREDIT, "recipe": json.dumps(asdict(preset))}
    save(path, network, about)


def tracked_expressions(performances: Sequence[Performance]) -> Float32:
    """(F, 64) every frame of performances that has landmarks."""
    rows = [p.motion.expression[p.known] for p in performances]
    return np.concatenate(rows) if rows else np.zeros((0, len(EXPRESSION_64)), np.float32)
