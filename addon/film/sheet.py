# SPDX-License-Identifier: GPL-3.0-or-later
"""A contact sheet: frames of a sequence side by side in one PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bpy
import numpy as np

from ..core.errors import OutputError


def write(
    frames: Sequence[Path],
    path: Path,
    *,
    box: Sequence[float] | None = None,
    columns: int = 6,
    rows: int = 3,
    width: int = 240,
) -> None:
    """Write frames, evenly chosen over time, as a grid.

    Args:
        frames: PNG files of equal size, in order.
        path: of the sheet, a PNG.
        box: x0, y0, x1, y1 of what to show of each, pixels from the top left; default: all.
        columns, rows: of the grid; fewer where there are fewer frames.
        width: of each tile, pixels.
    """
    count = min(len(frames), columns * rows)
    chosen = [frames[i] for i in np.linspace(0, len(frames) - 1, count).round().astype(int)]
    tiles = [_tile(file, box, width) for file in chosen]
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


def _tile(file: Path, box: Sequence[float] | None, width: int) -> np.ndarray:
    """(h, width, 4) float32 of a part of a picture, scaled; rows run upwards."""
    image = bpy.data.images.load(str(file))
    try:
        shown = _pixels(image)
    finally:
        bpy.data.images.remove(image)
    if box:
        x0, y0, x1, y1 = (max(0, round(edge)) for edge in box)
        shown = shown[::-1][y0:y1, x0:x1][::-1]
    height = max(1, round(shown.shape[0] * width / shown.shape[1]))
    image = bpy.data.images.new("facewright tile", shown.shape[1], shown.shape[0])
    try:
        image.pixels.foreach_set(np.ascontiguousarray(shown).ravel())
        image.scale(width, height)
        return _pixels(image)
    finally:
        bpy.data.images.remove(image)


def _pixels(image: bpy.types.Image) -> np.ndarray:
    """(h, w, 4) float32 of an image, as stored; rows run upwards."""
    values = np.empty(4 * image.size[0] * image.size[1], np.float32)
    image.pixels.foreach_get(values)
    return values.reshape(image.size[1], image.size[0], 4)
