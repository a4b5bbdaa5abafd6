"""The three discriminators of GoHD's second stage (appendix B.2), by least squares.

D_eye, a transformer, sees the sound together with the landmarks of eyes and brows; D_te
and D_tf, patch discriminators over time (Isola et al. 2017), see the eye motion features
and the whole expressions.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

#: Frames in a patch that D_te and D_tf judge: two of the three layers halve the rate.
PATCH = 22


class EyeDiscriminator(nn.Module):
    """D_eye: one score for each frame of a sequence, from all of it.

    Args:
        audio: size of Φ_a's code.
        landmarks: coordinates of eyes and brows in a frame.
        width, layers, heads: the transformer's.
        longest: frames that it can be shown.
    """

    places: Tensor

    def __init__(
        self,
        audio: int,
        landmarks: int,
        width: int = 64,
        layers: int = 2,
        heads: int = 4,
        longest: int = 512,
    ) -> None:
        super().__init__()
        self.enter = nn.Linear(audio + landmarks, width)
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout=0.0, activation="gelu", batch_first=True
        )
        self.body = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.leave = nn.Linear(width, 1)
        self.register_buffer("places", _sinusoids(longest, width), persistent=False)

    def forward(self, code: Tensor, landmarks: Tensor) -> Tensor:
        """(B, T) scores of (B, T, A) sound and (B, T, L) landmarks."""
        hidden = self.enter(torch.cat([code, landmarks], dim=2))
        return self.leave(self.body(hidden + self.places[: hidden.shape[1]]))[..., 0]


class PatchDiscriminator(nn.Module):
    """D_te and D_tf: a score for each patch of :data:`PATCH` frames of a sequence."""

    def __init__(self, channels: int, width: int = 48) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(channels, width, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv1d(width, 2 * width, 4, 2, 1),
            nn.InstanceNorm1d(2 * width),
            nn.LeakyReLU(0.2),
            nn.Conv1d(2 * width, 1, 4, 1, 1),
        )

    def forward(self, sequence: Tensor) -> Tensor:
        """(B, P) scores of (B, T, C)."""
        return self.layers(sequence.transpose(1, 2))[:, 0]


def _sinusoids(count: int, width: int) -> Tensor:
    at = torch.arange(count)[:, None] / 10000 ** (torch.arange(0, width, 2) / width)
    return torch.stack([at.sin(), at.cos()], dim=2).flatten(1)
