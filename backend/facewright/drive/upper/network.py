"""GoHD's two-stage expression predictor (section 3.2, eq. 5-8).

Stage 1, E_map, maps each frame's sound, the initial expression e_0 and the frame's eye
motion feature f_t to an expression. Stage 2, G_lstm, makes the sequence of eye motion
features from the sound, e_0, f_0 and noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from facewright import stored
from facewright.drive import features
from facewright.drive.upper.feature import SIZE
from facewright.errors import InputError
from facewright.face.coefficients import EXPRESSION

NAME = "upper"


@dataclass(frozen=True, slots=True)
class Config:
    """What the networks are made of; travels in the weights' header.

    Attributes:
        rate: frames a second; curves are made at this rate and sampled at any other.
        audio: size of Φ_a's output.
        eye: size of ω, of Δω and of the LSTM's state.
        noise: size of z.
        width: of hidden layers.
        outputs: size of e.
    """

    rate: int = 25
    audio: int = 96
    eye: int = 96
    noise: int = 16
    width: int = 192
    outputs: int = EXPRESSION


class AudioEncoder(nn.Module):
    """Φ_a: MFCC clips -> a code for each frame; learned in stage 1."""

    mean: Tensor
    scale: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        clip = features.CLIP * features.COEFFICIENTS
        self.layers = _mlp(clip, config.width, config.audio)
        self.register_buffer("mean", torch.zeros(features.COEFFICIENTS))
        self.register_buffer("scale", torch.ones(features.COEFFICIENTS))

    def forward(self, clips: Tensor) -> Tensor:
        """(B, T, A) of (B, T, 19, 32) MFCC clips."""
        return self.layers(((clips - self.mean) / self.scale).flatten(2))


class Mapper(nn.Module):
    """E_map, eq. 5: ẽ_t = MLP(Φ_a(a_t) ⊕ e_0 ⊕ f_t)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.audio = AudioEncoder(config)
        self.layers = nn.Sequential(
            nn.Linear(config.audio + config.outputs + SIZE, config.width),
            nn.GELU(),
            nn.Linear(config.width, config.width),
            nn.GELU(),
            nn.Linear(config.width, config.outputs),
        )

    def forward(self, code: Tensor, initial: Tensor, feature: Tensor) -> Tensor:
        """(B, T, E) expressions.

        Args:
            code: (B, T, A) Φ_a of the sound.
            initial: (B, E) e_0.
            feature: (B, T, 21) f.
        """
        held = initial[:, None].expand(-1, code.shape[1], -1)
        return self.layers(torch.cat([code, held, feature], dim=2))


class Generator(nn.Module):
    """G_lstm, eq. 6 and 7: residuals of the coded eye motion, from sound and noise."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.encode = _mlp(SIZE, config.width, config.eye)  # Φ_e
        size = config.audio + config.eye + config.outputs + config.noise
        self.lstm = nn.LSTM(size, config.eye, batch_first=True)
        self.decode = _mlp(config.eye, config.width, SIZE)

    def forward(self, code: Tensor, initial: Tensor, first: Tensor, noise: Tensor) -> Tensor:
        """(B, T, 21) f̂.

        Args:
            code: (B, T, A) Φ_a of the sound.
            initial: (B, E) e_0.
            first: (B, 21) f_0.
            noise: (B, T, Z) z, standard normal, a new one at each step.
        """
        if noise.shape[-1] != self.config.noise:
            raise InputError(f"noise: expected {self.config.noise} numbers, got {noise.shape[-1]}")
        coded = self.encode(first)
        held = torch.cat([coded, initial], dim=1)[:, None].expand(-1, code.shape[1], -1)
        moved, _ = self.lstm(torch.cat([code, held, noise], dim=2))
        return self.decode(coded[:, None] + moved)


class Predictor(nn.Module):
    """Both stages, eq. 8: ê = E_map(a, e_0, G_lstm(Φ_a(a), f_0, e_0, z))."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.mapper = Mapper(config)
        self.generator = Generator(config)

    def forward(
        self, clips: Tensor, initial: Tensor, first: Tensor, noise: Tensor
    ) -> tuple[Tensor, Tensor]:
        """ê (B, T, E) and f̂ (B, T, 21) of (B, T, 19, 32) MFCC clips; else as in the stages."""
        code = self.mapper.audio(clips)
        feature = self.generator(code, initial, first, noise)
        return self.mapper(code, initial, feature), feature


def save(path: Path, network: Predictor, about: dict[str, str]) -> None:
    """Write weights in 16 bits, with name, config and what ``about`` says."""
    stored.save(path, NAME, network, about, torch.float16)


def load(path: Path) -> Predictor:
    """Read weights. Raises InputError where the file is none of ours."""
    return stored.load(path, NAME, lambda config: Predictor(Config(**config)))


def _mlp(inputs: int, width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, width), nn.GELU(), nn.Linear(width, outputs))
