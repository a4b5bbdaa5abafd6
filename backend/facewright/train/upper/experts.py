"""Who teaches stage 1: a lip expert that shows lips, and a lip reader that judges them.

GoHD has Wav2Lip move the lips of its videos and a network for silent videos read them
(eq. 18-23). Both are interfaces here; what ships is the teacher that EmoA2E learned from:
dominance functions over phones whose times are known. Its reader is a small network that
tells from lips alone which phone is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from facewright import stored
from facewright.checks import Float32
from facewright.drive import features
from facewright.errors import InputError
from facewright.train.speech.augment import Sampler
from facewright.train.speech.corpus import Corpus
from facewright.train.speech.phones import SILENCE, TO_ARPABET, Utterance, fill
from facewright.train.speech.teacher import RATE, curves
from facewright.train.upper.losses import MOUTH_POINTS, Face

_READER = "lip reader"
PHONES = (SILENCE, *sorted(TO_ARPABET))


class LipExpert(Protocol):
    """Sound and the lips that go with it."""

    def batch(self, size: int) -> tuple[Float32, Float32]:
        """MFCC clips (B, T, 19, 32) and expressions (B, T, 64) whose lips match them.

        Columns that speech does not move are zero.
        """
        ...


class LipReader(Protocol):
    """Φ_read: what lips say, as a code that gradients go through."""

    def __call__(self, mouth: Tensor) -> Tensor:
        """(B, T, D) of (B, T, 20, 3) points 48-67 in millimetres."""
        ...


class PhonemeTeacher:
    """The expert that ships: the teacher's curves over aligned phones.

    Args:
        corpus: utterances with their curves.
        rate: frames a second.
        window: frames in a sequence.
        human_share: of sequences that are recorded speech.
        seed: of what is drawn and how it is altered.
    """

    def __init__(
        self, corpus: Corpus, rate: int, window: int, human_share: float, seed: int
    ) -> None:
        if (features.RATE // features.HOP) % rate:
            raise InputError(f"rate: expected a divisor of 100, got {rate}")
        self.sampler = Sampler(corpus, rate, window, human_share, seed)

    def batch(self, size: int) -> tuple[Float32, Float32]:
        """See :class:`LipExpert`."""
        return self.sampler.batch(size)


@dataclass(frozen=True, slots=True)
class ReaderConfig:
    """What a reader is made of: the size of its code, and how many phones it knows."""

    width: int = 64
    phones: int = len(PHONES)


class PhoneReader(nn.Module):
    """The reader that ships: lips -> a code from which the phone is told."""

    rest: Tensor

    def __init__(self, config: ReaderConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.register_buffer("rest", torch.zeros(len(MOUTH_POINTS), 3))
        self.layers = nn.Sequential(
            nn.Conv1d(3 * len(MOUTH_POINTS), width, 5, padding=2),
            nn.GELU(),
            nn.Conv1d(width, width, 5, padding=2),
        )
        self.leave = nn.Linear(width, config.phones)

    def forward(self, mouth: Tensor) -> Tensor:
        """See :class:`LipReader`."""
        moved = (mouth - self.rest).flatten(2) / 5
        return self.layers(moved.transpose(1, 2)).transpose(1, 2)

    def phones(self, mouth: Tensor) -> Tensor:
        """(B, T, P) logits of :data:`PHONES`."""
        return self.leave(nn.functional.gelu(self(mouth)))


def train_reader(
    utterances: Sequence[Utterance], face: Face, rate: int, steps: int, seed: int
) -> tuple[PhoneReader, float]:
    """A reader taught on the teacher's lips, and the share of frames that it reads right.

    Args:
        utterances: with phones; their sound is not used. Every tenth is kept for the score.
        face: landmarks of expressions.
        rate: frames a second.
        steps: of Adam, 32 sequences of a second each.
        seed: of weights and batches.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng([seed, 0x4EAD])
    reader = PhoneReader(ReaderConfig())
    reader.rest.copy_(face.rest[MOUTH_POINTS])
    pairs = [_lips_and_phones(u, rate) for u in utterances]
    pairs = [pair for pair in pairs if len(pair[0]) > rate]
    if len(pairs) < 2:
        raise InputError("utterances: expected two or more that last over a second")
    tested = pairs[::10] if len(pairs) >= 10 else pairs[:1]
    taught = [pair for k, pair in enumerate(pairs) if k % 10] if len(pairs) >= 10 else pairs[1:]
    optimizer = torch.optim.Adam(reader.parameters(), 2e-3)
    for _ in range(steps):
        lips, phones = _cut(taught, rng, rate)
        logits = reader.phones(face.points(lips, MOUTH_POINTS))
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), phones.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.inference_mode():
        lips, phones = _cut(tested, np.random.default_rng(0), rate)
        said = reader.phones(face.points(lips, MOUTH_POINTS)).argmax(-1)
    return reader.requires_grad_(False).eval(), float((said == phones).float().mean())


def save_reader(path: Path, reader: PhoneReader) -> None:
    """Write a reader's weights."""
    stored.save(path, _READER, reader, {"licence": "Apache-2.0"}, torch.float32)


def load_reader(path: Path) -> PhoneReader:
    """Read them. Raises InputError where the file is none of ours."""
    return stored.load(path, _READER, lambda config: PhoneReader(ReaderConfig(**config)))


def _lips_and_phones(utterance: Utterance, rate: int) -> tuple[Float32, np.ndarray]:
    """(T, 64) the teacher's expression, (T,) index of the phone, at ``rate``."""
    shown = curves(utterance.phones, utterance.seconds)[:: RATE // rate]
    told = np.zeros(len(shown), np.int64)
    times = np.arange(len(shown)) / rate
    for phone in fill(utterance.phones, utterance.seconds):
        told[(times >= phone.start) & (times < phone.end)] = PHONES.index(phone.symbol)
    return shown, told


def _cut(
    pairs: Sequence[tuple[Float32, np.ndarray]], rng: np.random.Generator, length: int
) -> tuple[Tensor, Tensor]:
    lips, phones = [], []
    for k in rng.integers(len(pairs), size=32):
        start = int(rng.integers(len(pairs[k][0]) - length + 1))
        lips.append(pairs[k][0][start : start + length])
        phones.append(pairs[k][1][start : start + length])
    return torch.from_numpy(np.stack(lips)), torch.from_numpy(np.stack(phones))
