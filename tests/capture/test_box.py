from __future__ import annotations

import numpy as np
import pytest
from facewright.capture import box
from facewright.errors import InputError


def face_at(x: float, y: float, height: float) -> np.ndarray:
    """(478, 2) points on an ellipse, 0.8 as wide as it is high."""
    angle = np.linspace(0, 2 * np.pi, 478, endpoint=False)
    angle[:468] = np.linspace(0, 2 * np.pi, 468, endpoint=False)
    return np.stack(
        [x + 0.4 * height * np.cos(angle), y + 0.5 * height * np.sin(angle)], -1
    ).astype(np.float32)


def test_square_in_the_usual_framing() -> None:
    x0, y0, x1, y1 = box.head_box(face_at(700, 400, 200), (1920, 1080))
    assert x1 - x0 == y1 - y0 == 344  # 1.72 x 200
    assert (x0 + x1) / 2 == 700
    assert (y0 + y1) / 2 == pytest.approx(400 - 0.07 * 200, abs=0.5)


def test_a_crop_is_kept_whole() -> None:
    assert box.head_box(face_at(128, 140, 150), (256, 256)) == (0, 0, 256, 256)


@pytest.mark.parametrize("size", [(256, 257), (1024, 1024)])
def test_other_pictures_are_cropped(size: tuple[int, int]) -> None:
    x0, _, x1, _ = box.head_box(face_at(128, 140, 150), size)
    assert x1 - x0 == 258


def test_reflection_beyond_the_border() -> None:
    photo = np.arange(100, dtype=np.uint8).reshape(10, 10, 1).repeat(3, -1)
    crop = box.cut(photo, (-4, 2, 6, 12), 10)
    np.testing.assert_array_equal(crop[0, :, 0], [24, 23, 22, 21, 20, 21, 22, 23, 24, 25])
    np.testing.assert_array_equal(crop[-2:, 4, 0], [80, 70])


def test_points_go_along_with_pixels() -> None:
    photo = np.zeros((60, 80, 3), np.uint8)
    photo[20:24, 40:44] = 255
    square = (10.0, 0.0, 70.0, 60.0)
    crop = box.cut(photo, square, 120)
    y, x = np.argwhere(crop[..., 0] > 128).mean(0) + 0.5
    expected = box.to_crop(np.array([42.0, 22.0], np.float32), square, 120)
    np.testing.assert_allclose((x, y), expected, atol=0.1)


@pytest.mark.parametrize(
    "bad", [(0, 0, 10, 11), (0.5, 0, 10.5, 10), (5, 5, 5, 5), (0, 0, np.nan, 9)]
)
def test_boxes_that_are_no_square_of_pixels(bad: tuple[float, float, float, float]) -> None:
    with pytest.raises(InputError, match="box"):
        box.cut(np.zeros((20, 20, 3), np.uint8), bad, 16)


def test_a_box_that_misses_the_photo() -> None:
    with pytest.raises(InputError, match="outside the 20 x 20 photo"):
        box.cut(np.zeros((20, 20, 3), np.uint8), (30, 30, 40, 40), 16)


def test_a_box_that_would_fill_the_memory() -> None:
    with pytest.raises(InputError, match="box: side 900000 is more than 8 times"):
        box.cut(np.zeros((20, 20, 3), np.uint8), (-5, -5, 899995, 899995), 16)


def test_camera_scales_with_the_crop() -> None:
    small, large = box.camera(256), box.camera(512)
    assert small.resized((512, 512)) == large
