"""Diffuse light as spherical harmonics: the rendered face I_3d = R(S, T, gamma, p).

TGDM, eq. 8, with the nine-term diffuse approximation of Ramamoorthi & Hanrahan ("An
efficient representation for irradiance environment maps", 2001, eq. 12-13), divided by pi:
a grey world of radiance L has gamma = (L sqrt(4 pi), 0, ..., 0) and shows each albedo
times L. Light stays with the camera, so normals are in camera space. As in the paper,
colours are multiplied as they are displayed (sRGB).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from facewright.errors import InputError

# Y_lm's constants times the cosine kernel's A_l / pi = 1, 2/3, 1/4.
_Y0 = 0.5 / np.sqrt(np.pi)
_Y1 = np.sqrt(3 / (4 * np.pi)) * 2 / 3
_Y2 = np.sqrt(15 / (4 * np.pi)) / 4
_Y20 = np.sqrt(5 / (16 * np.pi)) / 4

#: The first weight of white light that leaves albedo as it is.
AMBIENT = 1 / _Y0


def harmonics(normals: Any) -> Any:
    """(…, 3) unit normals -> (…, 9) terms in the order 1, y, z, x, xy, yz, 3z²-1, xz, x²-y²."""
    x, y, z = normals[..., 0], normals[..., 1], normals[..., 2]
    one = x * 0 + 1
    terms = [
        one * _Y0,
        y * _Y1,
        z * _Y1,
        x * _Y1,
        x * y * _Y2,
        y * z * _Y2,
        (3 * z * z - 1) * _Y20,
        x * z * _Y2,
        (x * x - y * y) * (_Y2 / 2),
    ]
    return torch.stack(terms, -1) if isinstance(normals, torch.Tensor) else np.stack(terms, -1)


def shade(albedo: Any, normals: Any, illumination: Any) -> Any:
    """Albedo under light (TGDM, eq. 8); arrays, or tensors with gradients to all three.

    Args:
        albedo: (…, 3) in 0..1.
        normals: (…, 3) unit, in camera space.
        illumination: (27,) gamma, 9 weights for R, then G, then B.

    Returns:
        (…, 3), not clipped.

    Raises:
        InputError: where ``illumination`` is not 27 numbers.
    """
    if tuple(illumination.shape) != (27,):
        raise InputError(f"illumination: expected shape (27,), got {tuple(illumination.shape)}")
    return albedo * (harmonics(normals) @ illumination.reshape(3, 9).T)
