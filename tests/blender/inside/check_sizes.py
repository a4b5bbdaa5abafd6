"""Photographs of any shape and size keep every pixel that is not the face's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from desk import (
    connected,
    frame_strips,
    needs_backend,
    new_subject,
    pictures,
    pixels,
    portrait,
    texture,
)

from addon.film import movie

pytestmark = [needs_backend, pytest.mark.usefixtures(connected.__name__)]
__all__ = ["connected"]
SIDE = 512  # of the example portrait

SIZES = {
    "portrait": ((560, 800), 24, 120),
    "landscape": ((1200, 640), 400, 60),
    "odd": ((701, 533), 90, 11),
    "4K": ((3840, 2160), 1700, 820),
}


@pytest.mark.parametrize("name", SIZES)
def test_the_plate_is_kept_around_the_face(scene, tmp_path: Path, name: str):
    size, left, top = SIZES[name]
    photo = portrait(tmp_path / f"{name}.png", size, left, top)
    who = new_subject(photo, extent="photo")
    assert (scene.render.resolution_x, scene.render.resolution_y) == size
    who.face.data.shape_keys.key_blocks["jawOpen"].value = 0.6
    texture(1, 1)
    (strip,) = frame_strips()
    made, plate = pixels(pictures(strip)[1]), pixels(photo)
    assert made.shape == plate.shape
    face = np.zeros(made.shape[:2], bool)
    face[top : top + SIDE, left : left + SIDE] = True
    difference = np.abs(made - plate).max(-1)
    assert difference[~face].max() <= 1
    assert (difference[face] > 20).sum() > 200  # the mouth is open
    if name != "odd":
        return
    even = [side - side % 2 for side in size]
    assert [scene.render.resolution_x, scene.render.resolution_y] == even
    folder = movie.render(scene, tmp_path / "out", kind="png", frames=range(1, 2))
    shown = pixels(folder / "frame_00001.png")
    rows, columns = made.shape[0] - even[1], made.shape[1] - even[0]
    kept = made[rows:, : made.shape[1] - columns]
    assert np.abs(shown - kept).max() <= 1


def test_the_head_alone_is_a_square(scene, tmp_path: Path):
    size, left, top = SIZES["landscape"]
    new_subject(portrait(tmp_path / "wide.png", size, left, top), extent="crop")
    texture(1, 1)
    (strip,) = frame_strips()
    assert pixels(pictures(strip)[1]).shape == (256, 256, 3)
    assert scene.render.resolution_x == scene.render.resolution_y == 256
