"""The two noise predictors: one that hears, one that knows p_0 as well (GoHD, figure 3)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from facewright import stored
from facewright.drive.pose.conformer import Conformer
from facewright.drive.pose.sound import WIDTH as SOUND
from facewright.face.coefficients import POSE

_FASTEST = 10000.0  # of the sinusoids that tell n


@dataclass(frozen=True, slots=True)
class Config:
    """What the networks are made of; travels in the weights' header.

    Attributes:
        rate: positions a second. Heads do next to nothing above 4 Hz, so half the paper's
            25 frames a second hold all of it.
        window: T, positions that are seen at once.
        width, heads: of the tokens and of their attention.
        blocks: residual blocks, of two conformers each.
        kernel: of the depthwise convolutions; dilations double from block to block.
        sound: size of a_t, less the flag that says whether there is any.
        dropout: while training.
    """

    rate: float = 12.5
    window: int = 64
    width: int = 40
    heads: int = 4
    blocks: int = 2
    kernel: int = 5
    sound: int = SOUND
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if self.window % 2 or self.width % (2 * self.heads):
            raise ValueError("window must be even, width a multiple of twice the heads")


class Denoiser(nn.Module):
    """ε_θ(x_n, c, n): DiffWave's residual blocks (Kong et al. 2021) around conformers.

    Args:
        config: sizes.
        condition: channels of c_t.
    """

    def __init__(self, config: Config, condition: int) -> None:
        super().__init__()
        width = config.width
        self.inward = nn.Linear(POSE, width)
        self.step = nn.Sequential(
            nn.Linear(width, 2 * width), nn.SiLU(), nn.Linear(2 * width, width), nn.SiLU()
        )
        self.blocks = nn.ModuleList(
            _Block(config, condition, 2**index) for index in range(config.blocks)
        )
        self.outward = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, POSE))
        self.width = width

    def forward(self, x: Tensor, condition: Tensor, step: Tensor) -> Tensor:
        """ε_θ of a batch of windows.

        Args:
            x: (B, T, 6) x_n, in units of the training poses' spread.
            condition: (B, T, C) c_{1:T}.
            step: (B,) int64 n.

        Returns:
            (B, T, 6).
        """
        hidden = F.relu(self.inward(x))
        told = self.step(_sinusoids(step, self.width))[:, None]
        skipped = torch.zeros_like(hidden)
        for block in self.blocks:
            hidden, skip = block(hidden, condition, told)
            skipped = skipped + skip
        return self.outward(skipped / math.sqrt(len(self.blocks)))


class PoseNetworks(nn.Module):
    """ε_θ(x_n, c_{1:T}, n) with c_t = a_t ⊕ p_0, and ε_θ(x_n, a_{1:T}, n).

    Two networks that share nothing, as published, and the units they work in:
    ``sound_mean`` and ``sound_scale`` (A,) of a_t, ``pose_scale`` (6,) of p.
    """

    sound_mean: Tensor
    sound_scale: Tensor
    pose_scale: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        heard = config.sound + 1
        self.conditional = Denoiser(config, heard + POSE)
        self.unconditional = Denoiser(config, heard)
        self.register_buffer("sound_mean", torch.zeros(config.sound))
        self.register_buffer("sound_scale", torch.ones(config.sound))
        self.register_buffer("pose_scale", torch.ones(POSE))

    def heard(self, sound: Tensor, known: Tensor | None = None) -> Tensor:
        """a_{1:T} as the networks take it.

        Args:
            sound: (B, T, A) from :func:`facewright.drive.pose.sound.sound`.
            known: (B,) bool, whether the sound is known at all; all of it if None. What is
                not is replaced by its mean, and a flag says so.

        Returns:
            (B, T, A + 1).
        """
        sound = (sound - self.sound_mean) / self.sound_scale
        flag = torch.ones_like(sound[..., :1])
        if known is not None:
            flag = flag * known.view(-1, 1, 1)
        return torch.cat([sound * flag, flag], -1)

    def conditioned(self, heard: Tensor, reference: Tensor) -> Tensor:
        """(B, T, A + 7) c_t = a_t ⊕ p_0 of (B, T, A + 1) a and (B, 6) p_0 (in its units)."""
        known = (reference / self.pose_scale)[:, None].expand(-1, heard.shape[1], -1)
        return torch.cat([heard, known], -1)


class _Block(nn.Module):
    def __init__(self, config: Config, condition: int, dilation: int) -> None:
        super().__init__()
        width = config.width
        sizes = (width, config.heads, config.window, config.kernel, dilation, config.dropout)
        self.conformers = nn.Sequential(Conformer(*sizes), Conformer(*sizes))
        self.step = nn.Linear(width, width)
        self.gates = nn.Linear(width, 2 * width)
        self.condition = nn.Linear(condition, 2 * width)
        self.outward = nn.Linear(width, 2 * width)

    def forward(self, x: Tensor, condition: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.conformers(x + self.step(step))
        value, gate = (self.gates(hidden) + self.condition(condition)).chunk(2, -1)
        left, skip = self.outward(torch.tanh(value) * torch.sigmoid(gate)).chunk(2, -1)
        return (x + left) / math.sqrt(2.0), skip


def save(path: Path, networks: PoseNetworks, about: dict[str, str]) -> None:
    """Write weights with their header: name, config, and what ``about`` says (licence …)."""
    stored.save(path, "pose", networks, about, torch.float16)


def load(path: Path) -> PoseNetworks:
    """Read weights; every tensor must be there, of the right shape, finite.

    Raises:
        InputError: the file is missing, is not of head poses, or does not fit its config.
    """
    return stored.load(path, "pose", lambda config: PoseNetworks(Config(**config)))


def _sinusoids(step: Tensor, width: int) -> Tensor:
    """(B, width) encoding of n."""
    half = width // 2
    speed = torch.exp(torch.arange(half) * (-math.log(_FASTEST) / max(half - 1, 1)))
    angle = step.float()[:, None] * speed
    return torch.cat([angle.sin(), angle.cos()], -1)
