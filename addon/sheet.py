# SPDX-License-Identifier: GPL-3.0-or-later
"""A contact sheet: frames of a sequence side by side in one PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bpy
import numpy as np

from .errors import OutputError


def write(
    frames: Sequence[Path], path: Path, *, columns: int = 6, rows: int = 3, width: int = 240
) -> None:
    """Write frames, evenly chosen over time, as a grid.

    Args:
        frames: PNG files of equal size, in order.
        path: of the sheet, a PNG.
        columns, rows: of the grid; fewer where there are fewer frames.
        width: of each tile, pixels.
    """
    count = min(len(frames), columns * rows)
    chosen = [frames[i] for i in np.linspace(0, len(frames) - 1, count).round().astype(int)]
    tiles = [_tile(file, width) for file in chosen]
    height = tiles[0].shape[0]
    columns = min(columns, count)
    rows = -(-count // columns)
    sheet = np.ones((rows * height, columns * width, 4), np.float32)
    for index, tile in enumerate(tiles):
        row, column = divmod(index, columns)
        top = (rows - 1 - row) * height  # Blender's rows run upwards
        sheet[top : top + height, column * width : (column + 1) * width] = tile
    image = bpy.data.images.new("facewright sheet", sheet.shape[1], sheet.shape[0])
    try:
        image.pixels.foreach_set(sheet.ravel())
        image.file_format, image.filepath_raw = "PNG", str(path)
        image.save()
    except RuntimeError as error:
        raise OutputError(f"{path}: {str(error).strip().removeprefix('Error: ')}") from error
    finally:
        bpy.data.images.remove(image)


def _tile(file: Path, width: int) -> np.ndarray:
    """(h, width, 4) float32 of a picture, scaled."""
    image = bpy.data.images.load(str(file))
    try:
        height = max(1, round(image.size[1] * width / image.size[0]))
        image.scale(width, height)
        pixels = np.empty(4 * width * height, np.float32)
        image.pixels.foreach_get(pixels)
        return pixels.reshape(height, width, 4)
    finally:
        bpy.data.images.remove(image)
