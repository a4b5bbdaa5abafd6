"""The small network: what the reprojection cannot know, and nothing else.

A U-Net over 4 x 4 blocks of pixels (space to depth). It is told the noisy frame Z_t, the
planes of ``conditions``, the source by texture attention (TGDM, eq. 15 and 16), rho and t,
and predicts x0 in parts that each do one thing:

    R' = warp(R, flow) + colour              the reprojection R, mended
    x0 = (1 - gate) R' + gate (blur(R') + detail)

Flow and colour are smooth, so the photo's own detail is kept, at any resolution. The gate
says where that detail gives way to what the network draws; it is also the map of what was
generated. Outside the head the gate is held shut.

Norms are per pixel over channels, scaled and shifted by the condition as in eq. 17, and
not over the picture as AdaIN's are: so it can be trained on crops, and a change in one
corner of a frame does not show in another.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from facewright.animate.tgdm import conditions
from facewright.animate.tgdm.layers import TexAtt, timestep_embedding
from facewright.errors import InputError

BLOCK = 4
#: Pixels (of 256) beyond which the flow does not reach, and range of the colour's shift.
_FLOW_LIMIT, _COLOUR_LIMIT = 6.0, 0.3
#: The gate's logit before training: mostly shut.
_SHUT = -2.0
_SHIFT_SCALE = 1 / 32  # brings a plane's uint8 shift around 0 to about -4..4


@dataclass(frozen=True, slots=True)
class EmbeddedConfig:
    """Sizes of the network.

    Attributes:
        widths: channels at 64², 32² and 16² (of a 256² frame).
        depths: residual blocks at each, on the way down and on the way up.
        condition: width of the condition vector.
        expression: K_exp of the morphable model.
    """

    widths: tuple[int, int, int] = (48, 96, 160)
    depths: tuple[int, int, int] = (1, 2, 2)
    condition: int = 128
    expression: int = 64

    def __post_init__(self) -> None:
        for name in ("widths", "depths"):
            sizes = getattr(self, name)
            if len(sizes) != 3 or not all(1 <= n <= 1024 for n in sizes):
                raise InputError(f"{name}: expected three numbers in 1..1024, got {sizes}")
        for name in ("condition", "expression"):
            if not 1 <= getattr(self, name) <= 4096:
                raise InputError(f"{name}: expected 1..4096, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the network says of a frame.

    Attributes:
        x0: (B, 3, H, W) the clean frame, -1..1 (a little beyond where colours clip).
        flow: (B, 2, H / 4, W / 4) pixels across and down: x0 at p shows R at p + flow.
        colour: (B, 3, H / 4, W / 4) what is added to R.
        gate: (B, 1, H, W) 0..1 how far the pixel is generated.
        detail: (B, 3, H, W) what is drawn there over the blurred R'.
    """

    x0: Tensor
    flow: Tensor
    colour: Tensor
    gate: Tensor
    detail: Tensor


class AdaptiveNorm(nn.Module):
    """(x - mean) / deviation over the channels of each pixel, then eq. 17's scale and shift."""

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__()
        self.channels = channels
        self.affine = nn.Linear(condition, 2 * channels)
        nn.init.zeros_(self.affine.weight)
        nn.init.zeros_(self.affine.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.affine(condition)[..., None, None].chunk(2, 1)
        middle = x - x.mean(1, keepdim=True)
        unit = middle * torch.rsqrt(middle.square().mean(1, keepdim=True) + 1e-5)
        return unit * (1 + scale) + shift


class Block(nn.Module):
    """A residual block of two convolutions."""

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__()
        self.norm = AdaptiveNorm(channels, condition)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        assert self.second.bias is not None
        nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        return x + self.second(F.silu(self.first(self.norm(x, condition))))


class TextureEncoder(nn.Module):
    """Phi_E: the source's features at 32² and 16², computed once per subject."""

    def __init__(self, widths: tuple[int, int]) -> None:
        super().__init__()
        fine, coarse = widths
        self.into = nn.Conv2d(conditions.SOURCE_PLANES * 64, fine, 3, padding=1)
        self.fine = nn.Sequential(nn.SiLU(), nn.Conv2d(fine, fine, 3, padding=1))
        self.down = nn.Conv2d(fine, coarse, 3, stride=2, padding=1)
        self.coarse = nn.Sequential(nn.SiLU(), nn.Conv2d(coarse, coarse, 3, padding=1))

    def forward(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 6, 256, 256) -> (B, C, 32, 32), (B, C', 16, 16)."""
        x = self.into(F.pixel_unshuffle(source, 8))
        fine = x + self.fine(x)
        x = self.down(fine)
        return fine, x + self.coarse(x)


class Embedded(nn.Module):
    """The network; see the module's docstring."""

    def __init__(self, config: EmbeddedConfig) -> None:
        super().__init__()
        self.config = config
        sizes = conditions.Rho(config.expression)
        c, (w0, w1, w2) = config.condition, config.widths
        n0, n1, n2 = config.depths
        self.rho = nn.Linear(3 * sizes.frame + sizes.source, c)
        self.no_rho = nn.Parameter(torch.zeros(c))
        self.time = nn.Sequential(nn.Linear(64, c), nn.SiLU(), nn.Linear(c, c))
        self.condition = nn.Sequential(nn.SiLU(), nn.Linear(c, c), nn.SiLU())
        self.encoder = TextureEncoder((w1, w2))
        self.into = nn.Conv2d((3 + conditions.PLANES) * BLOCK**2, w0, 3, padding=1)
        self.down0 = _blocks(w0, c, n0)
        self.to1 = nn.Conv2d(w0, w1, 3, stride=2, padding=1)
        self.down1 = _blocks(w1, c, n1)
        self.attend1 = TexAtt(w1, w1)
        self.to2 = nn.Conv2d(w1, w2, 3, stride=2, padding=1)
        self.middle = _blocks(w2, c, n2)
        self.attend2 = TexAtt(w2, w2)
        self.middle2 = _blocks(w2, c, n2)
        self.up1 = nn.Conv2d(w2, w1, 1)
        self.join1 = nn.Conv2d(2 * w1, w1, 1)
        self.rise1 = _blocks(w1, c, n1)
        self.up0 = nn.Conv2d(w1, w0, 1)
        self.join0 = nn.Conv2d(2 * w0, w0, 1)
        self.rise0 = _blocks(w0, c, n0)
        self.norm = AdaptiveNorm(w0, c)
        self.smooth = nn.Conv2d(w0, 5, 3, padding=1)
        self.sharp = nn.Conv2d(w0, 4 * BLOCK**2, 3, padding=1)
        for head in (self.smooth, self.sharp):
            nn.init.normal_(head.weight, std=1e-3)
            assert head.bias is not None
            nn.init.zeros_(head.bias)
        with torch.no_grad():
            assert self.sharp.bias is not None
            self.sharp.bias[3 * BLOCK**2 :] = _SHUT

    def encode(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """Features of (B, 6, 256, 256) source planes, normalised; once per subject."""
        return self.encoder(source)

    def forward(
        self,
        noisy: Tensor,
        time: Tensor,
        planes: Tensor,
        source: Tensor | tuple[Tensor, Tensor],
        rho: Tensor,
        known: Tensor,
    ) -> Prediction:
        """Predict x0.

        Args:
            noisy: (B, 3, H, W) Z_t; H and W multiples of 16.
            time: (B,) t in 0..T.
            planes: (B, 9, H, W) of :func:`normalised`.
            source: (S, 6, 256, 256) planes, or what :meth:`encode` made of them; S divides
                B, and each source has B / S frames in a row.
            rho: (B, 3 (K_exp + 10) + K_exp + 7) frame's window, then the source's.
            known: (B,) whether rho is.
        """
        fine, coarse = (
            _repeated(features, len(noisy))
            for features in (self.encode(source) if isinstance(source, Tensor) else source)
        )
        told = torch.where(known[:, None], self.rho(rho), self.no_rho)
        c = self.condition(told + self.time(timestep_embedding(time, 64).to(told.dtype)))
        x0 = _run(self.down0, self.into(F.pixel_unshuffle(torch.cat([noisy, planes], 1), BLOCK)), c)
        x1 = self.attend1(_run(self.down1, self.to1(x0), c), fine)
        x2 = self.attend2(_run(self.middle, self.to2(x1), c), coarse)
        x2 = _run(self.middle2, x2, c)
        x1 = _run(self.rise1, self.join1(torch.cat([x1, _doubled(self.up1(x2))], 1)), c)
        x = _run(self.rise0, self.join0(torch.cat([x0, _doubled(self.up0(x1))], 1)), c)
        x = F.silu(self.norm(x, c))
        # Pixels are put together in full precision, whatever the network computes in.
        smooth = self.smooth(x).float()
        sharp = F.pixel_shuffle(self.sharp(x).float(), BLOCK)
        flow = _FLOW_LIMIT * torch.tanh(smooth[:, :2])
        colour = _COLOUR_LIMIT * torch.tanh(smooth[:, 2:])
        gate = torch.sigmoid(sharp[:, 3:]) * (0.5 + 0.5 * planes[:, 4:5])
        detail = sharp[:, :3]
        return Prediction(
            composed(planes[:, :3], flow, colour, gate, detail), flow, colour, gate, detail
        )


def normalised(planes: Tensor) -> Tensor:
    """(B, 9, H, W) uint8 planes of ``conditions.planes`` as the network takes them."""
    values = planes.float() / 127.5 - 1
    return torch.cat([values[:, :7], (planes[:, 7:].float() - 128) * _SHIFT_SCALE], 1)


def composed(
    reprojection: Tensor, flow: Tensor, colour: Tensor, gate: Tensor, detail: Tensor
) -> Tensor:
    """x0 of its parts, at the reprojection's resolution (see the module's docstring).

    Args:
        reprojection: (B, 3, H, W), -1..1, of any multiple of the parts' size.
        flow, colour, gate, detail: see :class:`Prediction`.
    """
    size = reprojection.shape[-2:]
    scale = size[1] / gate.shape[-1]
    moved = warped(reprojection, _resized(flow, size) * scale)
    moved = moved + _resized(colour, size)
    if scale != 1:
        gate, detail = _resized(gate, size), _resized(detail, size)
    reach = round(BLOCK * scale / 2)
    low = F.avg_pool2d(moved, 2 * reach + 1, 1, reach, count_include_pad=False)
    return moved + gate * (low + detail - moved)


def warped(picture: Tensor, flow: Tensor) -> Tensor:
    """(B, C, H, W) sampled at p + flow, (B, 2, H, W) in pixels; border colours beyond."""
    height, width = picture.shape[-2:]
    y = torch.arange(height, device=flow.device, dtype=flow.dtype) + 0.5
    x = torch.arange(width, device=flow.device, dtype=flow.dtype) + 0.5
    across = (x + flow[:, 0]) * (2 / width) - 1
    down = (y[:, None] + flow[:, 1]) * (2 / height) - 1
    grid = torch.stack([across, down], -1).to(picture.dtype)
    return F.grid_sample(picture, grid, padding_mode="border", align_corners=False)


def _resized(values: Tensor, size: tuple[int, int] | torch.Size) -> Tensor:
    if values.shape[-2:] == size:
        return values
    return F.interpolate(values, size=tuple(size), mode="bilinear", align_corners=False)


def _repeated(features: Tensor, batch: int) -> Tensor:
    if len(features) == 1:
        return features.expand(batch, -1, -1, -1)
    return features.repeat_interleave(batch // len(features), 0)


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


def _blocks(channels: int, condition: int, count: int) -> nn.ModuleList:
    return nn.ModuleList(Block(channels, condition) for _ in range(count))


def _run(blocks: nn.ModuleList, x: Tensor, condition: Tensor) -> Tensor:
    for block in blocks:
        x = block(x, condition)
    return x
