"""The photo on its mesh, the filled atlas, openings and rims."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from facewright.animate import openings
from facewright.animate.atlas import SIZE as ATLAS
from facewright.animate.openings import parted, polygon, pull_push
from facewright.animate.texture import (
    atlas_picture,
    face_region,
    person,
    photo_texture,
    pictured,
)
from facewright.face.model import Part
from facewright.render.texture import sample_atlas

from .conftest import SIZE, Scene


def test_the_atlas_shows_the_photo_where_it_saw_the_face(scene: Scene) -> None:
    picture = atlas_picture(scene.subject)
    assert picture.shape == (ATLAS, ATLAS, 3)
    assert picture.dtype == np.uint8
    model = scene.subject.model
    # Corners of skin triangles that face the camera: atlas and photo agree there.
    texture = photo_texture(scene.subject, SIZE)
    rows = np.flatnonzero(model.triangle_parts == Part.SKIN)
    corners = model.triangles[rows]
    sure = (texture.seen * texture.face)[corners].min(1) > 0.95
    points = texture.pixels[corners[sure], :2].mean(1)
    uv = model.uvs[model.uv_triangles[rows[sure]]].mean(1)
    x, y = points.astype(int).T
    shown = scene.subject.crop[y, x].astype(int)
    baked = sample_atlas(picture, uv[None].astype(np.float32))[0].astype(int)
    assert np.median(np.abs(shown - baked)) <= 4


def test_hidden_skin_is_filled_in_the_skins_tone(scene: Scene) -> None:
    atlas = photo_texture(scene.subject, SIZE).atlas
    skin = atlas.parts == Part.SKIN + 1
    hidden, seen = skin & (atlas.seen < 0.05), skin & (atlas.seen > 0.95)
    assert hidden.sum() > 1000
    difference = atlas.colour[hidden].mean(0) - atlas.colour[seen].mean(0)
    assert np.abs(difference).max() < 40
    wall = scene.wall.reshape(-1, 3).mean(0)
    to_wall = np.abs(atlas.colour[hidden].mean(0) - wall).max()
    assert to_wall > np.abs(difference).max()


def test_another_size_is_the_same_atlas(scene: Scene) -> None:
    small = atlas_picture(scene.subject, 256)
    assert small.shape == (256, 256, 3)
    whole = atlas_picture(scene.subject).reshape(256, 4, 256, 4, 3).mean((1, 3))
    assert np.abs(small - whole).mean() < 1


def test_the_face_region_leaves_out_ears_neck_and_skull(scene: Scene) -> None:
    model = scene.subject.model
    region = face_region(model)
    assert region.min() >= 0
    assert region[model.vertex_parts != Part.SKIN].max() == 0
    nose = model.mean[:, 2].argmax()
    assert region[nose] == 1
    skin = model.vertex_parts == Part.SKIN
    for extreme in (np.abs(model.mean[:, 0]), model.mean[:, 1], -model.mean[:, 1],
                    -model.mean[:, 2]):  # fmt: skip
        assert region[np.where(skin, extreme, -np.inf).argmax()] == 0


def test_a_matte_that_misses_the_head_is_not_trusted() -> None:
    head = np.zeros((64, 64), bool)
    head[20:50, 20:44] = True
    assert (person(np.zeros((64, 64), np.float32), head) == 1).all()
    cover = person(head.astype(np.float32), head)
    assert cover[35, 32] > 0.999
    assert cover[5, 5] == 0


def test_filling_keeps_what_is_known_and_is_smooth_between() -> None:
    ramp = np.tile(np.linspace(0, 100, 64, dtype=np.float32), (64, 1))[..., None]
    known = np.ones((64, 64), np.float32)
    known[20:44, 20:44] = 0
    filled = pull_push(ramp * known[..., None], known)
    np.testing.assert_allclose(filled[known > 0], ramp[known > 0], atol=1e-4)
    assert np.abs(filled - ramp)[known == 0].max() < 12


def test_openings_are_filled_without_what_was_in_them(scene: Scene) -> None:
    photo = np.full((SIZE, SIZE, 3), 150, np.uint8)
    holes = openings.find(scene.subject.landmarks, SIZE)
    photo[holes.eyes.max(0) > 0] = 0
    photo[holes.mouth > 0] = 255
    filled = openings.filled(photo, holes).astype(int)
    away = holes.eyes.max(0) == 0
    assert np.abs(filled[away] - 150).max() <= 18
    # Lids are a little darker than the skin around, and warmer.
    lids = filled[holes.eyes.max(0) > 0.9]
    assert 120 < lids.min() < lids.max() < 150
    assert lids[:, 0].mean() > lids[:, 2].mean() + 1


def _rim(gap: float) -> np.ndarray:
    """An opening of 16 points around (50, 50), 40 wide; its edges ``gap`` apart."""
    along = np.linspace(30, 70, 9)
    height = gap / 2 * np.where((along > 30) & (along < 70), 1.0, 0.0)
    lower = np.column_stack([along, 50 + height])
    upper = np.column_stack([along, 50 - height])[1:-1][::-1]
    return np.concatenate([lower, upper]).astype(np.float32)


@pytest.mark.parametrize("mirrored", [False, True])
def test_edges_that_pass_each_other_are_shut(mirrored: bool) -> None:
    def area(gap: float) -> float:
        rim = _rim(gap)
        if mirrored:
            rim[:, 0] = 100 - rim[:, 0]
        return float(polygon(parted(rim, 0.5), (100, 100)).sum())

    shut = area(0.0)
    assert area(-6.0) == pytest.approx(shut, abs=3)
    assert area(10.0) > shut + 250


def test_frames_larger_than_the_crop_take_the_photos_own_pixels(scene: Scene):
    """A photo of 1024 pixels keeps at 1024 what a crop of 256 has lost."""
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (1024, 1024, 3), dtype=np.uint8)
    subject = replace(
        scene.subject, photo=photo, box=(0, 0, 1024, 1024),
        crop=cv2.resize(photo, (256, 256), interpolation=cv2.INTER_AREA),
    )  # fmt: skip
    assert np.array_equal(pictured(subject, 1024), photo)
    assert np.array_equal(pictured(subject, 256), subject.crop)
    small = replace(subject, photo=subject.crop, box=(0, 0, 256, 256))
    assert pictured(small, 1024).std() < 0.5 * photo.std()
