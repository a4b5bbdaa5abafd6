"""Pictures as textures: sampling by atlas coordinates or by points in a photograph.

Atlas coordinates have u to the right and v up, 0..1 over the picture. Points are in
pixels, corners at integers, as ``Camera.project`` gives them.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
from torch.nn import functional as F

from facewright.checks import Float32
from facewright.render.fragments import Fragments
from facewright.render.zbuffer import rasterise_numba


def atlas_points(uv: Any, size: tuple[int, int]) -> Any:
    """(…, 2) atlas coordinates -> (…, 2) points in an atlas of (width, height) pixels."""
    width, height = size
    points = [uv[..., 0] * width, (1 - uv[..., 1]) * height]
    return torch.stack(points, -1) if isinstance(uv, torch.Tensor) else np.stack(points, -1)


def sample(picture: Any, points: Any) -> Any:
    """Bilinear colours of a picture at points; beyond its border, the border's colour.

    Args:
        picture: (H, W, C) uint8 or float32 array, or a float tensor.
        points: (h, w, 2) float32 array, or a tensor; pixels with corners at integers.

    Returns:
        (h, w, C) of the picture's type; tensors carry gradients to picture and points.
    """
    if isinstance(points, torch.Tensor):
        size = torch.tensor(picture.shape[1::-1], dtype=points.dtype, device=points.device)
        grid = (2 * points / size - 1)[None]
        planes = picture.permute(2, 0, 1)[None]
        found = F.grid_sample(planes, grid, padding_mode="border", align_corners=False)
        return found[0].permute(1, 2, 0)
    # OpenCV counts pixel centres as integers.
    shifted = np.ascontiguousarray(points, np.float32) - np.float32(0.5)
    return cv2.remap(picture, shifted, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def sample_atlas(atlas: Any, uv: Any) -> Any:
    """Colours of a texture atlas at (h, w, 2) atlas coordinates; see :func:`sample`."""
    return sample(atlas, atlas_points(uv, atlas.shape[1::-1]))


def unwrapped(uvs: Float32, uv_triangles: Any, size: int) -> Fragments:
    """The mesh laid out in its atlas: the triangle and barycentrics at each texel.

    Interpolating with these fragments bakes anything given per vertex or corner into a
    ``size`` x ``size`` texture, row 0 at v = 1.
    """
    points = np.empty((1, len(uvs), 3), np.float32)
    points[0, :, :2] = atlas_points(uvs, (size, size))
    points[0, :, 2] = 1
    # Charts may be mirrored, so nothing has a back.
    triangles = np.ascontiguousarray(uv_triangles, np.int32)
    return rasterise_numba(points, triangles, (size, size), 1e-4, False)
