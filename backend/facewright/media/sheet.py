"""Contact sheets: labelled tiles in a grid, for a person to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facewright.checks import UInt8, picture
from facewright.errors import InputError

_BACKGROUND, _INK = (24, 24, 27), (228, 228, 231)
_GAP = 6  # pixels around tiles
_CAPTION = 22  # height of a label, pixels


@dataclass(frozen=True, slots=True)
class Tile:
    """A picture, (H, W, 3) uint8 sRGB of any size, and what stands under it."""

    pixels: UInt8
    label: str = ""


def contact_sheet(
    tiles: Sequence[Tile], *, columns: int = 4, side: int = 256, title: str = ""
) -> UInt8:
    """Lay tiles out row by row.

    Args:
        tiles: at least one; each is scaled to fit side x side, keeping its shape.
        columns: tiles in a row.
        side: pixels.
        title: one line above all.

    Returns:
        (H, W, 3) uint8.
    """
    from PIL import Image, ImageDraw, ImageFont

    if not tiles:
        raise InputError("tiles: expected at least one")
    columns = max(1, min(columns, len(tiles)))
    rows = -(-len(tiles) // columns)
    top = _CAPTION + _GAP if title else 0
    cell = (side + _GAP, side + _CAPTION + _GAP)
    sheet = Image.new("RGB", (columns * cell[0] + _GAP, top + rows * cell[1] + _GAP), _BACKGROUND)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
    if title:
        draw.text((_GAP, _GAP), title, _INK, font)
    for index, tile in enumerate(tiles):
        x, y = _GAP + index % columns * cell[0], _GAP + top + index // columns * cell[1]
        image = Image.fromarray(picture("tiles", tile.pixels))
        scale = side / max(image.size)
        shape = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(shape, Image.Resampling.LANCZOS)
        sheet.paste(image, (x + (side - shape[0]) // 2, y + (side - shape[1]) // 2))
        label = tile.label
        while label and draw.textlength(label, font) > side:
            label = label[:-2] + "…" if len(label) > 2 else ""
        draw.text((x, y + side + 2), label, _INK, font)
    return np.array(sheet)


def stacked(sheets: Sequence[UInt8]) -> UInt8:
    """(H, W, 3) contact sheets one below the other, as wide as the widest.

    Raises:
        InputError: for none, or what is not a picture.
    """
    if not sheets:
        raise InputError("sheets: expected at least one")
    heights = [picture("sheets", sheet).shape[0] for sheet in sheets]
    out = np.empty((sum(heights), max(sheet.shape[1] for sheet in sheets), 3), np.uint8)
    out[:] = _BACKGROUND
    for sheet, bottom in zip(sheets, np.cumsum(heights), strict=True):
        out[bottom - len(sheet) : bottom, : sheet.shape[1]] = sheet
    return out


def spread(count: int, wanted: int) -> list[int]:
    """``wanted`` frame numbers spread evenly over 0..count-1, without repetition."""
    return sorted({round(k) for k in np.linspace(0, count - 1, min(wanted, count))})
