"""TGDM as published: ε_θ(Z_t, F_s, I3d, ρ̂, t) (TGDM, section 4.3, fig. 2).

A UNet after Dhariwal & Nichol (2021) that sees the noisy face and the rendered face side
by side, takes the source's texture in by TexAtt where its features are 16 and 32 pixels
wide, and is told ρ̂ and t by AdaIN in each residual block.

What the paper leaves open is as in that UNet: widths, two residual blocks a level,
convolutions that start at zero at each block's end. TexAtt stands where that has its
self-attention: after each block of the two coarsest levels, on both ways and in the middle.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from facewright import checks
from facewright.animate.tgdm.layers import AdaIN, Condition, TexAtt
from facewright.errors import InputError
from facewright.face.coefficients import TOTAL

#: Levels, from the coarsest, that take in the source: k = 1, "two resolutions".
TEXTURED = 2


@dataclass(frozen=True, slots=True)
class Config:
    """What the network is made of; travels in the weights' header.

    Attributes:
        side: of frames, in pixels.
        width: channels of the finest level.
        multipliers: channels of each level, in widths; each level halves the picture, so
            five levels are the paper's 16x.
        blocks: residual blocks a level.
        coefficients: in one frame's ρ̂ (eq. 6).
        window: frames in ρ̂: i-1 .. i+1.
    """

    side: int = 256
    width: int = 128
    multipliers: tuple[int, ...] = (1, 1, 2, 2, 4)
    blocks: int = 2
    coefficients: int = TOTAL
    window: int = 3

    def __post_init__(self) -> None:
        object.__setattr__(self, "multipliers", tuple(self.multipliers))  # JSON has lists
        checks.number("width", self.width, low=4, high=1024)
        checks.floats("multipliers", self.multipliers, (None,), low=1, high=64)
        if not TEXTURED <= len(self.multipliers) <= 8:
            raise InputError(
                f"multipliers: expected {TEXTURED} to 8 levels, got {len(self.multipliers)}"
            )
        if self.width % 4:
            raise InputError(f"width: expected a multiple of 4, got {self.width}")
        checks.number("blocks", self.blocks, low=1, high=8)
        checks.number("coefficients", self.coefficients, low=1, high=4096)
        checks.number("window", self.window, low=1, high=31)
        checks.number("side", self.side, low=16, high=2048)
        down = 2 ** (len(self.multipliers) - 1)
        if self.side % down:
            raise InputError(f"side: expected a multiple of {down}, got {self.side}")
        if self.window % 2 == 0:
            raise InputError(f"window: expected an odd number of frames, got {self.window}")

    @property
    def channels(self) -> tuple[int, ...]:
        """Of each level, from the finest."""
        return tuple(self.width * m for m in self.multipliers)


PRESETS = {
    "paper": Config(),
    #: The same network, small enough for a test.
    "tiny": Config(side=32, width=8, multipliers=(1, 2, 2), blocks=1),
}


class PaperTGDM(nn.Module):
    """The conditional denoiser ε_θ."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        told = 4 * config.width
        self.condition = Condition(config.coefficients, config.window, told)
        self.texture = TextureEncoder(config)
        channels = config.channels
        self.stem = nn.Conv2d(6, channels[0], 3, padding=1)
        self.down = nn.ModuleList()
        kept, now = [channels[0]], channels[0]
        for level, width in enumerate(channels):
            for _ in range(config.blocks):
                self.down.append(_Stage(now, width, told, self._source(level)))
                now = width
                kept.append(now)
            if level < len(channels) - 1:
                self.down.append(_Halve(now))
                kept.append(now)
        self.middle = nn.ModuleList([_Stage(now, now, told, now), _Stage(now, now, told, None)])
        self.up = nn.ModuleList()
        for level in reversed(range(len(channels))):
            for block in range(config.blocks + 1):
                source = self._source(level)
                self.up.append(_Stage(now + kept.pop(), channels[level], told, source))
                now = channels[level]
                if level and block == config.blocks:
                    self.up.append(_Double(now))
        self.last = nn.Sequential(_norm(now), nn.SiLU(), _zero(nn.Conv2d(now, 3, 3, padding=1)))

    def encode(self, source: Tensor) -> tuple[Tensor, ...]:
        """F_s of the (B, 3, S, S) source in -1 .. 1; once per subject."""
        return self.texture(source)

    def forward(
        self,
        noisy: Tensor,
        time: Tensor,
        render: Tensor,
        features: tuple[Tensor, ...],
        rho: Tensor | None,
        known: Tensor | None = None,
    ) -> Tensor:
        """(B, 3, S, S) the noise ε_θ in ``noisy``.

        Args:
            noisy: (B, 3, S, S) Z_t.
            time: (B,) t, 0 .. T-1.
            render: (B, 3, S, S) I3d in -1 .. 1.
            features: of :meth:`encode`.
            rho: (B, window, coefficients) ρ̂ or None.
            known: (B,) bool, which rows have ρ̂; all if None.
        """
        told = self.condition(time, rho, known)
        by_side = {feature.shape[-1]: feature for feature in features}
        hidden = self.stem(torch.cat([noisy, render], 1))
        kept = [hidden]
        for stage in self.down:
            hidden = stage(hidden, told, by_side)
            kept.append(hidden)
        for stage in self.middle:
            hidden = stage(hidden, told, by_side)
        for stage in self.up:
            if isinstance(stage, _Stage):
                hidden = torch.cat([hidden, kept.pop()], 1)
            hidden = stage(hidden, told, by_side)
        return self.last(hidden)

    def _source(self, level: int) -> int | None:
        channels = self.config.channels
        return channels[level] if level >= len(channels) - TEXTURED else None


class TextureEncoder(nn.Module):
    """Φ_E: the source's features at the coarsest two levels."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        channels = config.channels
        self.stem = nn.Conv2d(3, channels[0], 3, padding=1)
        self.levels = nn.ModuleList()
        now = channels[0]
        for level, width in enumerate(channels):
            layers: list[nn.Module] = [nn.Conv2d(now, now, 3, 2, 1)] if level else []
            for _ in range(config.blocks):
                layers.append(_Residual(now, width, None))
                now = width
            self.levels.append(nn.Sequential(*layers))

    def forward(self, source: Tensor) -> tuple[Tensor, ...]:
        """(B, C_i, S_i, S_i) from the finer to the coarser of them."""
        hidden, found = self.stem(source), []
        for level in self.levels:
            hidden = level(hidden)
            found.append(hidden)
        return tuple(found[-TEXTURED:])


class _Residual(nn.Module):
    """Two convolutions around AdaIN; a plain norm where nothing is told."""

    def __init__(self, inputs: int, outputs: int, told: int | None) -> None:
        super().__init__()
        self.first = nn.Sequential(
            _norm(inputs), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1)
        )
        self.adapt = AdaIN(outputs, told) if told else None
        self.norm = None if told else _norm(outputs)
        self.second = _zero(nn.Conv2d(outputs, outputs, 3, padding=1))
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, features: Tensor, told: Tensor | None = None) -> Tensor:
        hidden = self.first(features)
        if self.adapt is not None:
            hidden = self.adapt(hidden, told)
        elif self.norm is not None:
            hidden = self.norm(hidden)
        return self.skip(features) + self.second(nn.functional.silu(hidden))


class _Stage(nn.Module):
    """A residual block, and TexAtt where the level takes the source in."""

    def __init__(self, inputs: int, outputs: int, told: int, source: int | None) -> None:
        super().__init__()
        self.block = _Residual(inputs, outputs, told)
        self.attend = TexAtt(outputs, source) if source else None

    def forward(self, features: Tensor, told: Tensor, by_side: dict[int, Tensor]) -> Tensor:
        hidden = self.block(features, told)
        if self.attend is None:
            return hidden
        return self.attend(hidden, by_side[hidden.shape[-1]])


class _Halve(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, channels, 3, 2, 1)

    def forward(self, features: Tensor, told: Tensor, by_side: dict[int, Tensor]) -> Tensor:
        return self.convolution(features)


class _Double(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, features: Tensor, told: Tensor, by_side: dict[int, Tensor]) -> Tensor:
        return self.convolution(nn.functional.interpolate(features, scale_factor=2.0))


def _norm(channels: int) -> nn.GroupNorm:
    """Groups of at least four channels, 32 at most."""
    groups = next(g for g in (32, 16, 8, 4, 2, 1) if channels % g == 0 and channels // g >= 4)
    return nn.GroupNorm(groups, channels)


def _zero(layer: nn.Conv2d) -> nn.Conv2d:
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)
    return layer
