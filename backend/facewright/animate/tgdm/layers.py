"""The layers that TGDM is made of: TexAtt, AdaIN and what they are conditioned on.

TGDM, section 4.3, eq. 15-17. Feature maps are (B, C, H, W).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from facewright.errors import InputError


class TexAtt(nn.Module):
    """Texture attention: what of the source belongs at each place of the target.

    F_s→d = softmax(Q_d K_sᵀ) V_s (eq. 15), F̂_d = τ F_s→d + F_d (eq. 16).

    Q, K and V are 1x1 convolutions to a quarter of the channels, as printed. τ F_s→d could
    not be added to F_d then, so a fifth 1x1 convolution brings it back to C channels, as in
    the self-attention GAN (Zhang et al. 2019) whose form eq. 15 and 16 have. That is
    cheaper than a V of C channels: the map has (HW)² entries. τ starts at zero, so the
    source enters as fast as the network learns to use it.
    """

    def __init__(
        self, channels: int, source_channels: int | None = None, *, scale: float = 1.0
    ) -> None:
        """Make the convolutions.

        Args:
            channels: C of the target's features, a multiple of 4.
            source_channels: of the source's; as many as the target's if None.
            scale: of Q Kᵀ before the softmax; 1 as printed.

        Raises:
            InputError: for channels that 4 does not divide.
        """
        super().__init__()
        if channels < 4 or channels % 4:
            raise InputError(f"channels: expected a multiple of 4, got {channels}")
        source_channels = channels if source_channels is None else source_channels
        inner = channels // 4
        self.scale = scale
        self.query = nn.Conv2d(channels, inner, 1)
        self.key = nn.Conv2d(source_channels, inner, 1)
        self.value = nn.Conv2d(source_channels, inner, 1)
        self.out = nn.Conv2d(inner, channels, 1)
        self.tau = nn.Parameter(torch.zeros(()))

    def forward(self, target: Tensor, source: Tensor) -> Tensor:
        """(B, C, H, W) F̂_d.

        Args:
            target: (B, C, H, W) F_d.
            source: (B, C_s, H_s, W_s) F_s.
        """
        query, key = _rows(self.query(target)), _rows(self.key(source))
        value = _rows(self.value(source))
        found = F.scaled_dot_product_attention(query, key, value, scale=self.scale)
        found = found[:, 0].transpose(1, 2).unflatten(2, target.shape[-2:])
        return target + self.tau * self.out(found)

    def attention(self, target: Tensor, source: Tensor) -> Tensor:
        """(B, H W, H_s W_s) M of eq. 15 for the same arguments; each row's sum is 1."""
        query, key = _rows(self.query(target))[:, 0], _rows(self.key(source))[:, 0]
        return (query @ key.transpose(1, 2) * self.scale).softmax(-1)


class AdaIN(nn.Module):
    """AdaIN(F, C) = σ_c(C) (F - μ(F)) / σ(F) + μ_c(C) (eq. 17).

    μ(F) and σ(F) are each channel's mean and standard deviation over the picture. The
    paper leaves σ_c and μ_c open; here they are SiLU and a linear layer, as where its UNet
    comes from (Dhariwal & Nichol 2021), and start at 1 and 0 plus a little of C.
    """

    def __init__(self, channels: int, condition_channels: int, *, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.modulation = nn.Linear(condition_channels, 2 * channels)
        nn.init.normal_(self.modulation.weight, std=0.02)
        with torch.no_grad():
            self.modulation.bias[:channels] = 1
            self.modulation.bias[channels:] = 0

    def forward(self, features: Tensor, condition: Tensor) -> Tensor:
        """(B, C, H, W) features, adapted to the (B, condition_channels) condition."""
        scale, shift = self.modulation(F.silu(condition))[:, :, None, None].chunk(2, 1)
        return torch.addcmul(shift, F.instance_norm(features, eps=self.eps), scale)


class Condition(nn.Module):
    """C = Linear(ρ̂) + Linear(t) (section 4.3).

    ρ̂ is the window of coefficients i-r .. i+r in a row. It may be absent: a learned vector
    then stands for Linear(ρ̂), so that one network serves meshes with and without it.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, coefficients: int, window: int, channels: int) -> None:
        """Make the layers.

        Args:
            coefficients: in one frame's ρ̂.
            window: frames in ρ̂, 2 r + 1.
            channels: of C.
        """
        super().__init__()
        self.rho = nn.Linear(window * coefficients, channels)
        self.time = nn.Linear(channels, channels)
        self.absent = nn.Parameter(torch.zeros(channels))
        self.channels = channels
        # What the training frames' ρ̂ was like, so that the network sees unit variance.
        self.register_buffer("mean", torch.zeros(coefficients))
        self.register_buffer("deviation", torch.ones(coefficients))

    @torch.no_grad()
    def standardise(self, rho: Tensor, least: float = 1e-3) -> None:
        """Take mean and deviation from (N, coefficients) of the training set.

        Args:
            rho: coefficients of frames.
            least: deviation given to what hardly varies there.
        """
        self.mean.copy_(rho.mean(0))
        self.deviation.copy_(rho.std(0).clamp_min(least))

    def forward(self, time: Tensor, rho: Tensor | None, known: Tensor | None = None) -> Tensor:
        """(B, channels) C.

        Args:
            time: (B,) t, 0..T-1.
            rho: (B, window, coefficients) ρ̂, or None where no frame has it.
            known: (B,) bool, which frames have ρ̂; all of them if None.
        """
        embedded = timestep_embedding(time, self.channels).to(self.time.weight.dtype)
        found = self.time(embedded)
        if rho is None:
            return found + self.absent
        told = self.rho(((rho - self.mean) / self.deviation).flatten(1))
        if known is None:
            # Absent stays in the graph: every parameter has a gradient in every batch.
            return found + told + 0 * self.absent
        return found + torch.where(known[:, None], told, self.absent)


def timestep_embedding(time: Tensor, channels: int, longest: float = 10_000.0) -> Tensor:
    """(B, channels) cosines, then sines, of (B,) ``time`` at geometric frequencies.

    Ho et al., "Denoising diffusion probabilistic models" (2020), after Vaswani et al.
    (2017); frequencies fall from 1 to nearly 1 / ``longest``. An odd channel is zero.
    """
    half = channels // 2
    steps = torch.arange(half, dtype=torch.float32, device=time.device)
    angles = time.float()[:, None] * torch.exp(steps * (-math.log(longest) / half))
    return F.pad(torch.cat([angles.cos(), angles.sin()], -1), (0, channels % 2))


def _rows(features: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, 1 head, H W, C)."""
    return features.flatten(2).transpose(1, 2)[:, None]
