"""PSNR and SSIM of 8-bit pictures."""

from __future__ import annotations

import cv2
import numpy as np

from facewright import checks
from facewright.checks import Float32, UInt8
from facewright.errors import InputError

#: PSNR of equal pictures, so that means stay finite; rounding errors lie below it.
BEST_PSNR = 60.0
_SIGMA, _WINDOW = 1.5, 11
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def psnr(picture: UInt8, truth: UInt8) -> float:
    """Peak signal-to-noise ratio in dB of two (H, W, 3) pictures, at most ``BEST_PSNR``."""
    _check(picture, truth)
    error = float(np.square(picture.astype(np.float32) - truth).mean())
    return float(min(BEST_PSNR, 10 * np.log10(255**2 / max(error, 1e-9))))


def ssim(picture: UInt8, truth: UInt8) -> float:
    """Mean structural similarity of two (H, W, 3) pictures.

    Wang et al., "Image quality assessment: from error visibility to structural
    similarity" (2004), eq. 13, with their 11 x 11 Gaussian window, per channel.
    """
    return float(ssim_map(picture, truth).mean())


def ssim_map(picture: UInt8, truth: UInt8) -> Float32:
    """(H, W, 3) local structural similarity, of which :func:`ssim` is the mean."""
    _check(picture, truth)
    a, b = picture.astype(np.float32), truth.astype(np.float32)

    def local(values: Float32) -> Float32:
        return cv2.GaussianBlur(values, (_WINDOW, _WINDOW), _SIGMA, borderType=cv2.BORDER_REFLECT)

    mean_a, mean_b = local(a), local(b)
    var_a, var_b = local(a * a) - mean_a**2, local(b * b) - mean_b**2
    covariance = local(a * b) - mean_a * mean_b
    similar = (2 * mean_a * mean_b + _C1) * (2 * covariance + _C2)
    similar /= (mean_a**2 + mean_b**2 + _C1) * (var_a + var_b + _C2)
    return similar.astype(np.float32)


def _check(picture: UInt8, truth: UInt8) -> None:
    checks.picture("picture", picture)
    checks.picture("truth", truth)
    if picture.shape != truth.shape:
        raise InputError(f"picture: expected the truth's shape {truth.shape}, got {picture.shape}")
