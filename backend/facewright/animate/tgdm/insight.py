"""Seeing inside: where TexAtt looks in the source for chosen points of the target (fig. 7).

Works for any network that holds ``TexAtt`` layers: they are listened to, not asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from facewright import checks
from facewright.animate.tgdm.layers import TexAtt
from facewright.checks import Float32, UInt8
from facewright.errors import InputError
from facewright.media.sheet import Tile, contact_sheet

#: Of the points, in order; drawn on the target and around the map that belongs to it.
COLOURS = ((230, 60, 60), (70, 200, 90), (70, 130, 255), (240, 190, 50), (200, 90, 220))


@dataclass(frozen=True, slots=True)
class Look:
    """The attention of one layer in one call of the network.

    Attributes:
        name: of the layer in the network.
        map: (B, H, W, H_s, W_s) how much each place of the target takes from each place
            of the source; a place's sum is 1.
        tau: the layer's τ: how much of what is found is added.
        added: length of what was added, relative to what it was added to; NaN if unknown.
    """

    name: str
    map: Float32
    tau: float
    added: float = math.nan


@contextmanager
def listening(network: nn.Module) -> Iterator[list[Look]]:
    """Collect the attention of a network's calls within the context.

    Yields:
        A list that each call appends its layers' looks to, in the order of their work.

    Raises:
        InputError: for a network without TexAtt.
    """
    looks: list[Look] = []

    def hear(name: str) -> Callable[..., None]:
        def hook(layer: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
            assert isinstance(layer, TexAtt)
            target, source = inputs
            looks.append(_look(name, layer, target, source, output))

        return hook

    layers = {n: m for n, m in network.named_modules() if isinstance(m, TexAtt)}
    if not layers:
        raise InputError(f"network: {type(network).__name__} has no TexAtt to listen to")
    handles = [layer.register_forward_hook(hear(name)) for name, layer in layers.items()]
    try:
        yield looks
    finally:
        for handle in handles:
            handle.remove()


def picture(
    look: Look,
    points: Sequence[tuple[float, float]],
    target: UInt8,
    source: UInt8,
    *,
    row: int = 0,
    side: int = 256,
    names: Sequence[str] = (),
) -> UInt8:
    """Fig. 7: the target with the points, then the source under each point's attention.

    Args:
        look: of :func:`listening`.
        points: (x, y) in pixels of ``target``.
        target, source: (S, S, 3) uint8.
        row: of the batch.
        side: of a tile.
        names: of the points, for what stands under their tiles.

    Returns:
        A (H, W, 3) uint8 contact sheet.

    Raises:
        InputError: for pictures or points that do not fit.
    """
    target, source = checks.picture("target", target), checks.picture("source", source)
    if not 0 <= row < len(look.map):
        raise InputError(f"row: expected 0..{len(look.map) - 1}, got {row}")
    marked = cv2.resize(target, (side, side), interpolation=cv2.INTER_AREA)
    under = cv2.resize(source, (side, side), interpolation=cv2.INTER_AREA)
    scale = (side / target.shape[1], side / target.shape[0])
    tiles = []
    for number, point in enumerate(points):
        at = attention_at(look, point, (target.shape[0], target.shape[1]), row=row)
        colour = COLOURS[number % len(COLOURS)]
        x, y = (int(p * s) for p, s in zip(point, scale, strict=True))
        cv2.circle(marked, (x, y), max(3, side // 48), colour, -1, cv2.LINE_AA)
        called = f"{names[number]}: " if number < len(names) else ""
        tiles.append(Tile(_over(under, at, colour), f"{called}most {at.max():.2f}"))
    title = f"{look.name}: {look.map.shape[1]} x {look.map.shape[2]}, tau {look.tau:+.3f}"
    if not math.isnan(look.added):
        title += f", adds {look.added:.2%}"
    return contact_sheet(
        [Tile(marked, "target"), *tiles], columns=len(tiles) + 1, side=side, title=title
    )


def attention_at(
    look: Look, point: tuple[float, float], shape: tuple[int, int], *, row: int = 0
) -> Float32:
    """(H_s, W_s) of the source for one point (x, y) of a target of ``shape`` (H, W) pixels."""
    x, y = checks.floats("points", point, (2,), low=0)
    if x >= shape[1] or y >= shape[0]:
        raise InputError(f"points: expected a point within {shape[1]} x {shape[0]}, got {point}")
    height, width = look.map.shape[1:3]
    return look.map[row, int(y * height / shape[0]), int(x * width / shape[1])]


def _look(name: str, layer: TexAtt, target: Tensor, source: Tensor, output: Tensor) -> Look:
    # In full precision, whatever the network computes in: rows of 16 bits do not sum to 1.
    with torch.no_grad(), torch.autocast(target.device.type, enabled=False):
        found = layer.attention(target.float(), source.float()).cpu()
        added = (output.float() - target.float()).norm() / target.float().norm()
    shape = (len(target), *target.shape[-2:], *source.shape[-2:])
    return Look(name, found.view(shape).numpy(), float(layer.tau.detach()), float(added))


def _over(source: UInt8, attention: Float32, colour: tuple[int, int, int]) -> UInt8:
    """The source, dark where nothing is taken from it, framed in the point's colour."""
    strength = attention / max(float(attention.max()), 1e-12)
    size = (source.shape[1], source.shape[0])
    strength = cv2.resize(strength, size, interpolation=cv2.INTER_NEAREST)[..., None]
    heat = cv2.applyColorMap(np.round(strength * 255).astype(np.uint8), cv2.COLORMAP_INFERNO)
    shown = 0.45 * source + 0.55 * cv2.cvtColor(heat, cv2.COLOR_BGR2RGB)
    out = np.ascontiguousarray(shown.clip(0, 255).astype(np.uint8))
    cv2.rectangle(out, (0, 0), (size[0] - 1, size[1] - 1), colour, 3)
    return out
