#!/usr/bin/env python3
"""Make the documentation's pictures of those that the tests of the window took.

    FACEWRIGHT_BLENDER="..." FACEWRIGHT_PICTURES=out/desk pytest tests/blender/test_window.py
    python tests/blender/pictures.py out/desk docs/images/desk

Windows become JPEG, panels PNG without the empty ground below them; those at twice the
resolution are put side by side.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

WINDOWS = ("desk", "subject", "speech", "texturing", "keys")
PANELS = ("subject", "face", "aim", "poses", "own_mesh", "perform", "layers", "texture", "output")
#: Of those, the ones in the picture at twice the resolution, and its height in pixels.
TWICE, HEIGHT = ("subject", "perform", "layers", "texture"), 1500
QUALITY, COLOURS = 78, 128
#: Width of the tabs at a sidebar's right, at one time the resolution.
TABS = 22


def trimmed(picture: Image.Image, scale: int = 1) -> Image.Image:
    """Without the tabs at the right and the even ground below the last panel."""
    picture = picture.crop((0, 0, picture.width - TABS * scale, picture.height))
    rows = np.asarray(picture.convert("L"), int)[:, 12 * scale : -24 * scale]
    busy = np.flatnonzero(np.ptp(rows, axis=1) > 12)
    bottom = min(picture.height, (int(busy[-1]) if len(busy) else 0) + 14 * scale)
    return picture.crop((0, 0, picture.width, bottom))


def beside(pictures: list[Image.Image]) -> Image.Image:
    """Side by side, from the top."""
    width, height = sum(one.width for one in pictures), max(one.height for one in pictures)
    sheet = Image.new("RGB", (width, min(height, HEIGHT)), pictures[0].getpixel((2, 2)))
    left = 0
    for one in pictures:
        sheet.paste(one, (left, 0))
        left += one.width
    return sheet


def save(picture: Image.Image, path: Path) -> None:
    """With few colours, as panels have; smaller by half."""
    picture.convert("P", palette=Image.Palette.ADAPTIVE, colors=COLOURS).save(path, optimize=True)


def main() -> None:
    """Make what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    options = parser.parse_args()
    options.target.mkdir(parents=True, exist_ok=True)

    def taken(name: str) -> Image.Image:
        return Image.open(options.source / f"{name}.png").convert("RGB")

    for name in WINDOWS:
        taken(name).save(options.target / f"{name}.jpg", quality=QUALITY, optimize=True)
    save(taken("preferences"), options.target / "preferences.png")
    for name in PANELS:
        save(trimmed(taken(f"panel_{name}")), options.target / f"{name}.png")
    twice = beside([trimmed(taken(f"panel_{name}_2x"), 2) for name in TWICE])
    save(twice, options.target / "panels_2x.png")


if __name__ == "__main__":
    main()
