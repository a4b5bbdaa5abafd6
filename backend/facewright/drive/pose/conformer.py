"""A conformer whose convolution is dilated (Gulati et al. 2020; GoHD, figure 3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Conformer(nn.Module):
    """Half a feed-forward, attention, dilated convolution, the other half, a norm.

    Args:
        width: of the tokens.
        heads: of the attention.
        window: most tokens in a sequence.
        kernel, dilation: of the depthwise convolution.
        dropout: while training.
    """

    def __init__(
        self, width: int, heads: int, window: int, kernel: int, dilation: int, dropout: float
    ) -> None:
        super().__init__()
        self.before = _FeedForward(width, dropout)
        self.attention = _Attention(width, heads, window, dropout)
        self.convolution = _Convolution(width, kernel, dilation, dropout)
        self.after = _FeedForward(width, dropout)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, C) -> (B, T, C)."""
        x = x + 0.5 * self.before(x)
        x = x + self.attention(x)
        x = x + self.convolution(x)
        return self.norm(x + 0.5 * self.after(x))


class _FeedForward(nn.Sequential):
    def __init__(self, width: int, dropout: float) -> None:
        super().__init__(
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.SiLU(),
            nn.Dropout(dropout),
            nn.Linear(2 * width, width),
        )


class _Attention(nn.Module):
    """Self-attention that knows how far apart two tokens are, and not where they are."""

    offsets: Tensor

    def __init__(self, width: int, heads: int, window: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.inward = nn.Linear(width, 3 * width)
        self.outward = nn.Linear(width, width)
        self.bias = nn.Parameter(torch.zeros(heads, 2 * window - 1))
        self.dropout = nn.Dropout(dropout)
        places = torch.arange(window)
        offsets = places[None] - places[:, None] + window - 1
        self.register_buffer("offsets", offsets, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        parts = self.inward(self.norm(x)).view(batch, length, 3, self.heads, -1)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        bias = self.bias[:, self.offsets[:length, :length]]
        found = F.scaled_dot_product_attention(query, key, value, bias.expand(batch, -1, -1, -1))
        return self.dropout(self.outward(found.transpose(1, 2).reshape(batch, length, width)))


class _Convolution(nn.Module):
    def __init__(self, width: int, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inward = nn.Linear(width, 2 * width)
        self.depthwise = nn.Conv1d(
            width, width, kernel, padding=dilation * (kernel // 2), dilation=dilation, groups=width
        )
        # Not a batch norm: what a window becomes must not depend on its company.
        self.middle = nn.LayerNorm(width)
        self.outward = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = F.glu(self.inward(self.norm(x)), -1)
        x = self.depthwise(x.transpose(1, 2)).transpose(1, 2)
        return self.dropout(self.outward(F.silu(self.middle(x))))
