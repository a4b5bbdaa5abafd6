# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures as PNG files, without Blender; any thread."""

from __future__ import annotations

import struct
import zlib

import numpy as np


def encode(pixels: np.ndarray, level: int = 1) -> bytes:
    """A PNG file of 8-bit sRGB.

    Args:
        pixels: (H, W, 3) or (H, W, 4) uint8, the first row on top.
        level: of zlib's compression, 0..9.
    """
    height, width, channels = pixels.shape
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # each begins with its filter: none
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 6 if channels == 4 else 2, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"sRGB", b"\0"),
        (b"IDAT", zlib.compress(rows.data, level)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
