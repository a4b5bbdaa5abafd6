"""Triangles -> pixels: one front door for the rasterisers, and attributes over pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from facewright import checks
from facewright.errors import InputError
from facewright.render.fragments import Fragments
from facewright.render.pytorch3d import rasterise_pytorch3d
from facewright.render.tensor_zbuffer import interpolate_torch, rasterise_torch
from facewright.render.zbuffer import interpolate_numba, rasterise_numba

BACKENDS = ("auto", "numba", "torch", "pytorch3d")
MAX_SIDE = 16384


def rasterise(
    vertices: Any,
    triangles: Any,
    size: tuple[int, int],
    backend: str = "auto",
    *,
    cull: bool = True,
    near: float = 1e-4,
) -> Fragments:
    """Find the nearest triangle at each pixel's centre.

    Pixel (0, 0) covers [0, 1) x [0, 1) and is sampled at (0.5, 0.5); points on an edge
    belong to both of its triangles, ties in depth go to the earlier row.

    Args:
        vertices: (B, V, 3) pixel x, y and depth as ``Camera.project`` gives them; a
            NumPy array or a tensor.
        triangles: (F, 3) integer rows of the vertices, counter-clockwise from outside.
        size: (width, height) of the picture.
        backend: "numba" (CPU), "torch" (any device), "pytorch3d" (where installed), or
            "auto": torch for tensors on a GPU, numba for all else.
        cull: leave out triangles that are seen from behind.
        near: triangles with a corner nearer than this (model units) are left out whole.

    Returns:
        Fragments of tensors where ``vertices`` is one, of arrays otherwise.

    Raises:
        InputError: for shapes, indices or a backend that do not fit.
        BackendError: where PyTorch3D is asked for and absent.
    """
    if backend not in BACKENDS:
        raise InputError(f"backend: {backend!r} is not one of {', '.join(BACKENDS)}")
    width, height = (int(checks.number("size", side, low=1, high=MAX_SIDE)) for side in size)
    tensor = isinstance(vertices, torch.Tensor)
    _check_mesh(vertices, triangles)
    if backend == "auto":
        backend = "torch" if tensor and vertices.is_cuda else "numba"
    if backend == "numba":
        device = vertices.device if tensor else None
        found = rasterise_numba(
            np.ascontiguousarray(_array(vertices), np.float32),
            np.ascontiguousarray(_array(triangles), np.int32),
            (width, height),
            near,
            cull,
        )
        return _as_tensors(found, device) if tensor else found
    points = vertices if tensor else torch.from_numpy(np.asarray(vertices, np.float32))
    faces = _tensor(triangles, points.device)
    method = rasterise_torch if backend == "torch" else rasterise_pytorch3d
    found = method(points, faces, (width, height), near, cull)
    return found if tensor else _as_arrays(found)


def interpolate(fragments: Fragments, attributes: Any, corners: Any | None = None) -> Any:
    """Attributes of the surface seen at each pixel, zero where none is.

    Args:
        fragments: of a rasteriser.
        attributes: (N, C) or (B, N, C) rows that ``corners`` names: per vertex with the
            mesh's triangles, texture coordinates with their own. Without ``corners``:
            (F, 3, C) or (B, F, 3, C), per triangle corner.
        corners: (F, 3) integer rows of ``attributes``.

    Returns:
        (B, H, W, C); for tensors with gradients to the attributes, and to the vertices
        where ``fragments.barycentric`` is of ``barycentrics``.
    """
    if corners is None:
        if attributes.ndim not in (3, 4) or attributes.shape[-2] != 3:
            raise InputError(
                f"attributes: expected shape ([B,] F, 3, C), got {tuple(attributes.shape)}"
            )
        triangle_count = attributes.shape[-3]
        attributes = attributes.reshape(*attributes.shape[:-3], -1, attributes.shape[-1])
        corners = np.arange(3 * triangle_count, dtype=np.int32).reshape(-1, 3)
    if attributes.ndim == 2:
        attributes = attributes[None]
    if attributes.ndim != 3 or len(attributes) not in (1, len(fragments.triangles)):
        raise InputError(
            f"attributes: expected (N, C) or ({len(fragments.triangles)}, N, C), "
            f"got {tuple(attributes.shape)}"
        )
    if isinstance(fragments.triangles, torch.Tensor):
        device = fragments.triangles.device
        return interpolate_torch(
            fragments.triangles,
            fragments.barycentric,
            _tensor(attributes, device),
            _tensor(corners, device),
        )
    return interpolate_numba(
        fragments.triangles,
        fragments.barycentric,
        np.ascontiguousarray(attributes, np.float32),
        np.ascontiguousarray(corners, np.int32),
    )


def _check_mesh(vertices: Any, triangles: Any) -> None:
    if vertices.ndim != 3 or vertices.shape[-1] != 3:
        raise InputError(f"vertices: expected shape (B, V, 3), got {tuple(vertices.shape)}")
    if triangles.ndim != 2 or triangles.shape[-1] != 3:
        raise InputError(f"triangles: expected shape (F, 3), got {tuple(triangles.shape)}")
    isfinite = torch.isfinite if isinstance(vertices, torch.Tensor) else np.isfinite
    if not bool(isfinite(vertices).all()):
        raise InputError("vertices: expected finite numbers, got NaN or infinity")
    if len(triangles):
        low, high = int(triangles.min()), int(triangles.max())
        if low < 0 or high >= vertices.shape[1]:
            raise InputError(
                f"triangles: expected rows of {vertices.shape[1]} vertices, got {low}..{high}"
            )


def _array(value: Any) -> np.ndarray:
    return value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else np.asarray(value)


def _tensor(value: Any, device: Any) -> torch.Tensor:
    if isinstance(value, torch.Tensor):
        return value.to(device)
    # A copy: tensors take neither negative strides nor arrays that may not be written.
    return torch.from_numpy(np.array(value, order="C")).to(device)


def _as_tensors(found: Fragments, device: Any) -> Fragments:
    return Fragments(
        *(torch.from_numpy(a).to(device) for a in (found.triangles, found.barycentric, found.depth))
    )


def _as_arrays(found: Fragments) -> Fragments:
    return Fragments(*(t.numpy() for t in (found.triangles, found.barycentric, found.depth)))
