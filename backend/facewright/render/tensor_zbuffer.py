"""The z-buffer in torch, for GPUs: every (triangle, pixel of its box) pair at once.

Boxes differ in size, so the pairs are laid out raggedly: pair j belongs to the triangle
whose running total of pixels first exceeds j. The nearest triangle of a pixel is a
scatter-minimum over keys that hold depth in the high and the triangle in the low bits.
"""

from __future__ import annotations

import torch
from torch import Tensor

from facewright.render.fragments import Fragments

#: Pairs expanded at a time; 2^23 of them take about 1 GB.
_CHUNK = 1 << 23
_NOTHING = (1 << 63) - 1


def rasterise_torch(
    vertices: Tensor, triangles: Tensor, size: tuple[int, int], near: float, cull: bool
) -> Fragments:
    """As :func:`facewright.render.rasterise.rasterise`, for checked tensors.

    Nothing here has gradients; see :func:`barycentrics` for those.
    """
    with torch.no_grad():
        width, height = size
        corners = vertices.detach()[:, triangles.long()].double()  # (B, F, 3, 3)
        x0, x1 = _covered(corners[..., 0], width)
        y0, y1 = _covered(corners[..., 1], height)
        area = _double_area(corners[..., :2])
        drawn = (corners[..., 2] >= near).all(-1) & (area != 0)
        if cull:
            drawn &= area < 0
        drawn &= (x1 >= x0) & (y1 >= y0)
        frame, triangle = drawn.nonzero(as_tuple=True)
        boxes = torch.stack([x0[drawn], x1[drawn], y0[drawn], y1[drawn]], -1)
        keys = vertices.new_full((len(vertices) * height * width,), _NOTHING, dtype=torch.int64)
        counts = (boxes[:, 1] - boxes[:, 0] + 1) * (boxes[:, 3] - boxes[:, 2] + 1)
        for rows in _chunks(counts):
            _scatter(keys, corners, frame[rows], triangle[rows], boxes[rows], width, height)
        keys = keys.view(len(vertices), height, width)
        hit = keys != _NOTHING
        seen = torch.where(hit, keys & 0xFFFFFFFF, -1)
        depth = (keys >> 32).int().view(torch.float32)
        depth = torch.where(hit, depth, torch.inf)
        barycentric = barycentrics(vertices.detach(), triangles, seen)
        return Fragments(seen.int(), barycentric.float(), depth)


def barycentrics(vertices: Tensor, triangles: Tensor, seen: Tensor) -> Tensor:
    """Perspective-correct barycentrics with gradients to the vertices, for fitting.

    Visibility (which triangle a pixel sees) is taken from a rasteriser and held fixed;
    within a triangle everything is smooth.

    Args:
        vertices: (B, V, 3) pixel x, y and depth.
        triangles: (F, 3) integer.
        seen: (B, H, W) integer, ``Fragments.triangles``.

    Returns:
        (B, H, W, 3) in the vertices' type, zero where nothing is seen.
    """
    batch, height, width = seen.shape
    frame = torch.arange(batch, device=seen.device).view(-1, 1, 1, 1)
    corners = vertices[frame, triangles.long()[seen.clamp(min=0).long()]].double()
    pixel = _centres(width, height, seen.device)
    plane = corners[..., :2]
    here = pixel[:, :, None].expand_as(plane)
    opposite = _double_area(torch.stack([here, plane.roll(-1, -2), plane.roll(-2, -2)], -2))
    # The perspective: screen weights over depth, made to sum to one. Pixels that see
    # nothing divide by one instead, so that their gradients are zero and not NaN.
    nothing = (seen < 0)[..., None]
    scaled = opposite / opposite.sum(-1, keepdim=True).masked_fill(nothing, 1.0)
    scaled = scaled / corners[..., 2].clamp(min=1e-9)
    weights = scaled / scaled.sum(-1, keepdim=True).masked_fill(nothing, 1.0)
    return weights.masked_fill(nothing, 0.0).to(vertices.dtype)


def interpolate_torch(
    triangles: Tensor, barycentric: Tensor, attributes: Tensor, corners: Tensor
) -> Tensor:
    """(B, H, W, C) of (B or 1, N, C) attributes; gradients to them and to barycentrics."""
    seen = triangles.clamp(min=0).long()
    frame = torch.arange(len(triangles), device=seen.device) % len(attributes)
    values = attributes[frame.view(-1, 1, 1, 1), corners.long()[seen]]  # (B, H, W, 3, C)
    return (values * barycentric[..., None]).sum(-2)


def _covered(coordinates: Tensor, limit: int) -> tuple[Tensor, Tensor]:
    """First and last pixel along an axis whose centre the (…, 3) corners span."""
    low = torch.ceil(coordinates.amin(-1) - 0.5).clamp(0, limit)
    high = torch.floor(coordinates.amax(-1) - 0.5).clamp(-1, limit - 1)
    return low.long(), high.long()


def _double_area(corners: Tensor) -> Tensor:
    """(…) twice the signed area of (…, 3, 2) corners; negative for fronts (v is down)."""
    a, b, c = corners.unbind(-2)
    return (b[..., 0] - a[..., 0]) * (c[..., 1] - a[..., 1]) - (b[..., 1] - a[..., 1]) * (
        c[..., 0] - a[..., 0]
    )


def _centres(width: int, height: int, device: torch.device) -> Tensor:
    y, x = torch.meshgrid(
        torch.arange(height, device=device, dtype=torch.float64),
        torch.arange(width, device=device, dtype=torch.float64),
        indexing="ij",
    )
    return torch.stack([x, y], -1) + 0.5


def _chunks(counts: Tensor) -> list[slice]:
    """Runs of triangles with at most ``_CHUNK`` pairs each (or one triangle)."""
    ends = counts.cumsum(0)
    if not len(ends) or int(ends[-1]) <= _CHUNK:
        return [slice(0, len(counts))]
    edges = torch.arange(1, int(ends[-1]) // _CHUNK + 2, device=ends.device) * _CHUNK
    stops = sorted(set(torch.searchsorted(ends, edges, right=True).tolist()) | {len(counts)})
    return [slice(a, b) for a, b in zip([0, *stops], stops, strict=False) if b > a]


def _scatter(
    keys: Tensor,
    corners: Tensor,
    frame: Tensor,
    triangle: Tensor,
    boxes: Tensor,
    width: int,
    height: int,
) -> None:
    """Draw triangles into ``keys``, which it changes."""
    wide = boxes[:, 1] - boxes[:, 0] + 1
    counts = wide * (boxes[:, 3] - boxes[:, 2] + 1)
    owner = torch.repeat_interleave(torch.arange(len(counts), device=keys.device), counts)
    within = torch.arange(len(owner), device=keys.device) - (counts.cumsum(0) - counts)[owner]
    x = boxes[owner, 0] + within % wide[owner]
    y = boxes[owner, 2] + within // wide[owner]
    a, b, c = corners[frame, triangle].unbind(-2)
    scale = 1 / _double_area(torch.stack([a, b, c], -2)[..., :2])
    px, py = x + 0.5, y + 0.5
    inverse = torch.zeros_like(px)
    inside = torch.ones_like(px, dtype=torch.bool)
    # The same operations in the same order as the Numba kernel, so that both agree.
    for start, end, far in ((b, c, a), (c, a, b), (a, b, c)):
        edge = end - start
        weight = (
            edge[owner, 0] * (py - start[owner, 1]) - edge[owner, 1] * (px - start[owner, 0])
        ) * scale[owner]
        inside &= weight >= 0
        inverse += weight * (1 / far[:, 2])[owner]
    depth = (1 / inverse[inside]).float()
    key = (depth.view(torch.int32).long() << 32) | triangle[owner[inside]]
    pixel = (frame[owner[inside]] * height + y[inside]) * width + x[inside]
    keys.scatter_reduce_(0, pixel, key, "amin")
