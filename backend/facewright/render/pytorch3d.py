"""PyTorch3D's rasteriser behind our convention, where that package is installed.

PyTorch3D's normalised device coordinates have x to the left, y up and span [-1, 1] along
the shorter side of the picture; its faces are numbered across the whole batch.
"""

from __future__ import annotations

import torch
from torch import Tensor

from facewright.errors import BackendError
from facewright.render.fragments import Fragments


def rasterise_pytorch3d(
    vertices: Tensor, triangles: Tensor, size: tuple[int, int], near: float, cull: bool
) -> Fragments:
    """As :func:`facewright.render.rasterise.rasterise`, for checked tensors.

    Raises:
        BackendError: where PyTorch3D is not installed.
    """
    try:
        from pytorch3d.renderer.mesh.rasterize_meshes import rasterize_meshes
        from pytorch3d.structures import Meshes
    except ImportError as error:
        raise BackendError(
            "backend: 'pytorch3d' is not installed; install it for this torch "
            "(https://pytorch3d.org), or choose 'numba', 'torch' or 'auto'"
        ) from error
    width, height = size
    meshes = Meshes(
        to_device_coordinates(vertices, size), triangles.long().expand(len(vertices), -1, -1)
    )
    faces, depth, barycentric, _ = rasterize_meshes(
        meshes,
        image_size=(height, width),
        blur_radius=0.0,
        faces_per_pixel=1,
        perspective_correct=True,
        cull_backfaces=cull,
        z_clip_value=near,
    )
    return to_fragments(faces, depth, barycentric, len(triangles))


def to_device_coordinates(vertices: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, V, 3) pixel x, y, depth -> PyTorch3D's coordinates, depth unchanged."""
    width, height = size
    scale = 2 / min(size)
    return torch.stack(
        [
            (width / 2 - vertices[..., 0]) * scale,
            (height / 2 - vertices[..., 1]) * scale,
            vertices[..., 2],
        ],
        -1,
    )


def to_fragments(
    faces: Tensor, depth: Tensor, barycentric: Tensor, triangle_count: int
) -> Fragments:
    """PyTorch3D's (B, H, W, 1[, 3]) answers, of one face per pixel, as ``Fragments``."""
    hit = faces[..., 0] >= 0
    seen = torch.where(hit, faces[..., 0] % triangle_count, -1)
    return Fragments(
        seen.int(),
        torch.where(hit[..., None], barycentric[..., 0, :], 0.0).float(),
        torch.where(hit, depth[..., 0], torch.inf).float(),
    )
