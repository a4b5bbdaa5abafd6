"""Landmarks as compact fixed-point numbers.

A point takes two uint16 in 1/64 pixel, which is a sixth of what MediaPipe's points still
tremble by when smoothed. From frame to frame they change little, so differences are kept,
their two bytes apart: what compresses.
"""

from __future__ import annotations

import numpy as np

from facewright import checks
from facewright.capture.landmarks import POINTS
from facewright.checks import Float32, UInt8
from facewright.errors import InputError

#: Steps a pixel, and pixels left of and above the picture that can still be told.
STEPS, MARGIN = 64, 256
_MISSING = 65535  # the code of a coordinate that is not known


def encode(points: Float32) -> UInt8:
    """Landmarks -> (2, P, T) bytes: low and high ones of what changed since the frame before.

    Args:
        points: (T, 478, 2) pixels; NaN where there is no face. What lies further than 256
            pixels outside a picture of 512 is moved to there.

    Raises:
        InputError: another shape, or infinite numbers.
    """
    array = np.asarray(points, np.float64)
    if array.ndim != 3 or array.shape[1:] != (POINTS, 2):
        raise InputError(f"points: expected shape (T, {POINTS}, 2), got {array.shape}")
    if np.isinf(array).any():
        raise InputError("points: expected finite numbers or NaN, got infinite ones")
    known = ~np.isnan(array).any((1, 2), keepdims=True)
    codes = np.round((np.where(known, array, 0) + MARGIN) * STEPS).clip(0, _MISSING - 1)
    codes = np.where(known, codes, _MISSING).astype(np.uint16).reshape(len(array), -1)
    change = np.diff(codes, axis=0, prepend=np.uint16(0)).view(np.int16)  # wraps around
    folded = ((change << 1) ^ (change >> 15)).view(np.uint16)  # small for both signs
    return np.stack([folded & 0xFF, folded >> 8]).astype(np.uint8).transpose(0, 2, 1)


def decode(planes: UInt8) -> Float32:
    """The (T, 478, 2) pixels that :func:`encode` was given, to 1/128; NaN where missing.

    Raises:
        InputError: not (2, 956, T) bytes.
    """
    array = np.asarray(planes)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[:2] != (2, POINTS * 2):
        raise InputError(
            f"planes: expected uint8 (2, {POINTS * 2}, T), got {array.dtype} {array.shape}"
        )
    low, high = array.transpose(0, 2, 1).astype(np.uint16)
    folded = low | (high << 8)
    change = (folded >> 1) ^ (np.uint16(0) - (folded & 1))
    codes = np.cumsum(change, axis=0, dtype=np.uint16)
    pixels = np.where(codes == _MISSING, np.nan, codes / STEPS - MARGIN)
    return pixels.astype(np.float32).reshape(-1, POINTS, 2)


def encode_share(values: Float32) -> UInt8:
    """(T,) numbers of 0..1 as bytes."""
    return np.round(checks.floats("values", values, (None,), low=0, high=1) * 255).astype(np.uint8)


def decode_share(codes: UInt8) -> Float32:
    """(T,) bytes as numbers of 0..1."""
    return codes.astype(np.float32) / np.float32(255)
