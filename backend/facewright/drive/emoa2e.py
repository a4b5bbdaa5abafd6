"""EmoA2E: MFCC clips, identity and emotion -> expression (TGDM, section 4.2, eq. 9-11)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from facewright import checks, stored
from facewright.checks import Float32
from facewright.drive import features
from facewright.errors import InputError
from facewright.face.coefficients import EXPRESSION, IDENTITY


@dataclass(frozen=True, slots=True)
class Config:
    """What the network is made of; travels in the weights' header.

    Attributes:
        rate: positions per second. Curves are made at this rate and then sampled at the
            frames of any fps.
        window: K, positions that are seen at once (64 at 50 Hz: the paper's 32 at 25).
        width, layers, heads, hidden: the transformer's.
        identity: size of α.
        emotion: size of z_emo (512 for CLIP's text encoder); 0 is the emotion-free
            variant: neither φ nor z_emo.
        outputs: size of β.
    """

    rate: int = 50
    window: int = 64
    width: int = 160
    layers: int = 4
    heads: int = 4
    hidden: int = 480
    identity: int = IDENTITY
    emotion: int = 0
    outputs: int = EXPRESSION


class EmoA2E(nn.Module):
    """β̄ = T([φ, MLP(α), MLP(A)] + PE + MLP(z_emo)), β̂ = MLP(β̄) (eq. 10, 11)."""

    mean: Tensor
    scale: Tensor
    places: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        width = config.width
        clip = features.CLIP * features.COEFFICIENTS
        self.audio = _mlp(clip, 2 * width, width)
        self.identity = _mlp(config.identity, width, width)
        if config.emotion:
            self.base_intensity = nn.Parameter(torch.randn(width) * 0.02)  # φ_base
            self.emotion = _mlp(config.emotion, width, width)
        layer = nn.TransformerEncoderLayer(
            width,
            config.heads,
            config.hidden,
            dropout=0.0,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.transformer = nn.TransformerEncoder(
            layer, config.layers, norm=nn.LayerNorm(width), enable_nested_tensor=False
        )
        self.head = _mlp(width, width, config.outputs)
        # Statistics of the training MFCCs, so that the network sees unit variance.
        self.register_buffer("mean", torch.zeros(features.COEFFICIENTS))
        self.register_buffer("scale", torch.ones(features.COEFFICIENTS))
        places = _sinusoids(config.window + 2, width)
        self.register_buffer("places", places, persistent=False)

    def forward(
        self,
        audio: Tensor,
        identity: Tensor,
        emotion: Tensor | None = None,
        intensity: Tensor | None = None,
    ) -> Tensor:
        """β̂ of a window.

        Args:
            audio: (B, K, 19, 32) MFCC clips A, K up to the config's window.
            identity: (B, 80) α.
            emotion: (B, E) z_emo; needed where the config has emotion, else None.
            intensity: (B,) η, 1 to 3 (eq. 9); needed with emotion.

        Returns:
            (B, K, 64) blendshape weights.
        """
        length = audio.shape[1]
        if length > self.config.window:
            raise InputError(f"audio: {length} clips exceed the window of {self.config.window}")
        if bool(self.config.emotion) != (emotion is not None and intensity is not None):
            wants = "needs" if self.config.emotion else "does not take"
            raise InputError(f"emotion, intensity: this network {wants} them")
        clips = ((audio - self.mean) / self.scale).flatten(2)
        tokens = [self.identity(identity)[:, None], self.audio(clips)]
        if emotion is not None and intensity is not None:
            tokens.insert(0, (intensity[:, None] * self.base_intensity)[:, None])  # eq. 9
        # φ keeps position 0 in either variant, so that the rest keep theirs.
        prefix = len(tokens) - 1
        sequence = torch.cat(tokens, 1) + self.places[2 - prefix : 2 + length]
        if emotion is not None:
            sequence = sequence + self.emotion(emotion)[:, None]
        hidden = self.transformer(sequence)
        return self.head(hidden[:, prefix:])

    @torch.inference_mode()
    def predict(
        self,
        mfccs: Float32,
        identity: Float32 | None = None,
        emotion: Float32 | None = None,
        intensity: float | Float32 = 1.0,
        batch: int = 16,
    ) -> Float32:
        """β̂ over a recording of any length, at the config's rate.

        Windows overlap by half and are cross-faded with raised-cosine weights, so a value
        near the edge of one window, where context is missing, counts little.

        A prompt that changes with time: each window has one z_emo and one η, the means over
        its positions by those same weights, and windows cross-fade. So a change takes about
        a window (1.3 s) however sudden it is written, and is half done where it stands.

        Args:
            mfccs: (F, 32) from :func:`features.mfcc`.
            identity: (80,) α, or None for the mean face.
            emotion: (E,) z_emo or (T, E), one per position, for a network with emotion.
            intensity: η or (T,), one per position.
            batch: windows computed at a time; memory does not grow with the recording.

        Returns:
            (T, 64), where position k is at k / rate seconds.

        Raises:
            InputError: emotion is given to a network without, lacks to one with, or its shape
                is another.
        """
        rate, window = self.config.rate, self.config.window
        seconds = (len(mfccs) - 1) * features.HOP / features.RATE
        total = int(seconds * rate + 1e-6) + 1
        hop = window // 2
        # The first window begins half a window early: every position lies in two windows.
        # What a window holds beyond the recording repeats the MFCCs of its ends.
        starts = np.arange(-hop, total, hop)
        fade = np.sin(np.pi * (np.arange(window) + 0.5) / window).astype(np.float32) ** 2
        codes, etas = self._track(emotion, intensity, total)
        out = np.zeros((total, self.config.outputs), np.float32)
        weight = np.zeros(total, np.float32)
        alpha = torch.zeros(1, self.config.identity)
        if identity is not None:
            alpha = torch.as_tensor(identity, dtype=torch.float32)[None]
        for first in range(0, len(starts), batch):
            positions = starts[first : first + batch, None] + np.arange(window)
            clips = features.clips(mfccs, positions.reshape(-1) / rate)
            count = len(positions)
            extra: tuple[Tensor, ...] = ()
            if codes is not None:
                held, share = np.clip(positions, 0, total - 1), fade / fade.sum()
                extra = (
                    torch.from_numpy(np.einsum("k,bke->be", share, codes[held])),
                    torch.from_numpy(etas[held] @ share),
                )
            audio = torch.from_numpy(clips).view(count, window, *clips.shape[1:])
            with one_thread():
                beta = self(audio, alpha.expand(count, -1), *extra).numpy()
            for place, values in zip(positions, beta, strict=True):
                inside = (place >= 0) & (place < total)
                out[place[inside]] += fade[inside, None] * values[inside]
                weight[place[inside]] += fade[inside]
        return out / weight[:, None]

    def emotion_offsets(
        self,
        mfccs: Float32,
        emotion: Float32,
        intensity: float | Float32 = 1.0,
        identity: Float32 | None = None,
    ) -> Float32:
        """What an emotion adds to the neutral face: β̂(z_emo, η) - β̂(0, η), never below zero.

        For :func:`facewright.drive.emotion.combine`, which keeps the lips' timing and their
        closures whatever the network makes of them. Costs two passes.

        Args:
            mfccs, emotion, intensity, identity: as for :meth:`predict`.

        Returns:
            (T, 64) in 0..1, position k at k / rate seconds.
        """
        felt = self.predict(mfccs, identity, emotion, intensity)
        neutral = np.zeros(self.config.emotion, np.float32)
        return np.clip(felt - self.predict(mfccs, identity, neutral, intensity), 0.0, 1.0)

    def _track(
        self, emotion: Float32 | None, intensity: float | Float32, total: int
    ) -> tuple[Float32 | None, Float32]:
        """z_emo (T, E) and η (T,), one per position."""
        size = self.config.emotion
        if emotion is None:
            if size:
                raise InputError("emotion: this network needs it; zeros are neutral")
            return None, np.zeros(total, np.float32)
        if not size:
            raise InputError("emotion: this network does not take it")
        shape = (total, size) if np.ndim(emotion) == 2 else (size,)
        codes = np.broadcast_to(checks.floats("emotion", emotion, shape), (total, size))
        given = np.asarray(intensity, np.float32)
        if given.shape not in ((), (total,)) or not np.isfinite(given).all():
            raise InputError(f"intensity: expected a number or {total}, got {given.shape}")
        return codes, np.broadcast_to(given, (total,))


def save(path: Path, network: EmoA2E, about: dict[str, str]) -> None:
    """Write weights with their header: name, config, and what ``about`` says (licence …).

    Numbers are stored in 16 bits, which the output does not show.
    """
    stored.save(path, "emoa2e", network, about, torch.float16)


def load(path: Path) -> EmoA2E:
    """Read weights; every tensor must be there, of the right shape, finite.

    Raises:
        InputError: the file is missing, is not EmoA2E's, or does not fit its config.
    """
    return stored.load(path, "emoa2e", lambda config: EmoA2E(Config(**config)))


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one core: layers this small gain nothing from two, and where other work
    wants the second, threads that wait for each other lose a factor of five."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _mlp(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.GELU(), nn.Linear(hidden, outputs))


def _sinusoids(length: int, width: int) -> Tensor:
    """(length, width) positional encoding of Vaswani et al. 2017."""
    place = torch.arange(length)[:, None]
    speed = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
    table = torch.zeros(length, width)
    table[:, 0::2] = torch.sin(place * speed)
    table[:, 1::2] = torch.cos(place * speed)
    return table
