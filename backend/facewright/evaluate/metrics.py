"""PSNR, SSIM and MS-SSIM of 8-bit pictures, whole or over boxes."""

from __future__ import annotations

import cv2
import numpy as np

from facewright import checks
from facewright.checks import Float32, UInt8
from facewright.errors import InputError
from facewright.evaluate.boxes import Box

#: PSNR of equal pictures, so that means stay finite; rounding errors lie below it.
BEST_PSNR = 60.0
_SIGMA, _WINDOW = 1.5, 11
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
#: Exponents of MS-SSIM's scales, the finest first (Wang et al. 2003, section 3.2).
_SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def psnr(picture: UInt8, truth: UInt8) -> float:
    """Peak signal-to-noise ratio in dB of two (H, W, 3) pictures, at most ``BEST_PSNR``."""
    return psnr_of(float(squared_error(picture, truth).mean()))


def psnr_of(error: float) -> float:
    """PSNR in dB of a mean squared error in (0..255)^2, at most ``BEST_PSNR``."""
    return float(min(BEST_PSNR, 10 * np.log10(255**2 / max(error, 1e-9))))


def squared_error(picture: UInt8, truth: UInt8) -> Float32:
    """(H, W) mean over channels of the squared difference of two (H, W, 3) pictures."""
    _check(picture, truth)
    return np.square(picture.astype(np.float32) - truth).mean(-1)


def ssim(picture: UInt8, truth: UInt8) -> float:
    """Mean structural similarity of two (H, W, 3) pictures.

    Wang et al., "Image quality assessment: from error visibility to structural
    similarity" (2004), eq. 13, with their 11 x 11 Gaussian window, per channel.
    """
    return float(ssim_map(picture, truth).mean())


def ssim_map(picture: UInt8, truth: UInt8) -> Float32:
    """(H, W, 3) local structural similarity, of which :func:`ssim` is the mean."""
    _check(picture, truth)
    bright, alike = _parts(picture.astype(np.float32), truth.astype(np.float32))
    return bright * alike


def ms_ssim(picture: UInt8, truth: UInt8) -> float:
    """Multi-scale structural similarity of two (H, W, 3) pictures.

    Wang et al., "Multi-scale structural similarity for image quality assessment"
    (2003), eq. 7, per channel; negative means count as 0.
    """
    return Similarity(picture, truth).ms_ssim()


class Similarity:
    """SSIM and MS-SSIM of two (H, W, 3) pictures, over the whole and over boxes.

    A box's MS-SSIM is eq. 7 with each scale's mean taken over the box's part of that
    scale, so that what lies around a mouth does not count as mouth.

    Raises:
        InputError: for other arrays than uint8 pictures of one shape.
    """

    def __init__(self, picture: UInt8, truth: UInt8) -> None:
        _check(picture, truth)
        a, b = picture.astype(np.float32), truth.astype(np.float32)
        self._alike: list[Float32] = []
        for scale in range(len(_SCALES)):
            bright, alike = _parts(a, b)
            if scale == 0:
                self.map = bright * alike
            self._alike.append(bright * alike if scale == len(_SCALES) - 1 else alike)
            half = (max(1, a.shape[1] // 2), max(1, a.shape[0] // 2))
            a, b = (cv2.resize(x, half, interpolation=cv2.INTER_AREA) for x in (a, b))

    def ssim(self, box: Box | None = None) -> float:
        """Mean structural similarity, within ``box`` if given."""
        return float((self.map if box is None else box.cut(self.map)).mean())

    def ms_ssim(self, box: Box | None = None) -> float:
        """Multi-scale structural similarity, within ``box`` if given."""
        height, width = self.map.shape[:2]
        product = np.ones(3)
        for alike, exponent in zip(self._alike, _SCALES, strict=True):
            part = alike
            if box is not None:
                part = box.scaled(alike.shape[1] / width, alike.shape[0] / height).cut(alike)
            product *= np.maximum(part.mean((0, 1)), 0) ** exponent
        return float(product.mean())


def _parts(a: Float32, b: Float32) -> tuple[Float32, Float32]:
    """(H, W, 3) luminance term; contrast and structure term (Wang et al. 2004, eq. 6-10)."""

    def local(values: Float32) -> Float32:
        return cv2.GaussianBlur(values, (_WINDOW, _WINDOW), _SIGMA, borderType=cv2.BORDER_REFLECT)

    mean_a, mean_b = local(a), local(b)
    squares = mean_a**2 + mean_b**2
    product = mean_a * mean_b
    bright = (2 * product + _C1) / (squares + _C1)
    alike = (2 * (local(a * b) - product) + _C2) / (local(a * a + b * b) - squares + _C2)
    return bright, alike


def _check(picture: UInt8, truth: UInt8) -> None:
    checks.picture("picture", picture)
    checks.picture("truth", truth)
    if picture.shape != truth.shape:
        raise InputError(f"picture: expected the truth's shape {truth.shape}, got {picture.shape}")
