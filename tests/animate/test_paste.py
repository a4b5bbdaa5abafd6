"""Frames back into the whole photograph."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from facewright.animate.paste import Paster
from facewright.errors import InputError


def subject(box: tuple[int, int, int, int], photo: tuple[int, int], radius: float = 0.2) -> Any:
    """A photo of noise with a round person in the box's middle."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:128, 0:128] / 128 - 0.5
    return SimpleNamespace(
        photo=rng.integers(0, 256, (*photo, 3), dtype=np.uint8),
        box=tuple(map(float, box)),
        matte=(np.hypot(x, y) < radius).astype(np.float32),
    )


RED = np.full((256, 256, 3), (255, 0, 0), np.uint8)


def test_the_person_is_the_frame_and_the_rest_the_photo_bit_for_bit():
    who = subject((100, 50, 400, 350), (500, 600))
    before = who.photo.copy()
    picture = Paster(who)(RED)
    assert picture.shape == (500, 600, 3) and picture.dtype == np.uint8
    assert (picture[190:210, 240:260] == (255, 0, 0)).all()
    outside = np.ones((500, 600), bool)
    outside[50:350, 100:400] = False
    assert np.array_equal(picture[outside], who.photo[outside])
    assert np.array_equal(picture[50:70, 100:400], who.photo[50:70, 100:400])  # far from the person
    assert np.array_equal(who.photo, before)


def test_the_person_has_room_to_move_and_no_hard_edge():
    who = subject((0, 0, 400, 400), (400, 400))
    who.photo[:] = 0
    row = Paster(who)(RED)[200, :, 0].astype(int)
    assert row[200 + 80 + 16] > 245  # four hundredths beyond the matte
    assert np.abs(np.diff(row)).max() < 40


def test_at_a_border_within_the_photo_the_frame_fades_out():
    who = subject((100, 100, 300, 300), (400, 400), radius=1.0)  # fills the box
    who.photo[:] = 0
    picture = Paster(who)(RED)[..., 0].astype(int)
    assert picture[100, 100:300].max() < 20 and picture[299, 100:300].max() < 20
    assert picture[150:250, 150:250].min() == 255
    assert np.abs(np.diff(picture, axis=0)).max() < 80


def test_at_the_photos_own_border_it_does_not():
    who = subject((-50, 200, 250, 500), (400, 600), radius=1.0)
    who.photo[:] = 0
    picture = Paster(who)(RED)[..., 0]
    assert (picture[300, 0:200] == 255).all()  # the box begins left of the photo
    assert (picture[-1, 20:200] == 255).all()  # and ends below it
    assert picture[300, 249] < 20


@pytest.mark.parametrize("side", [64, 300, 512])
def test_frames_of_any_size_fill_the_box(side):
    who = subject((100, 50, 400, 350), (500, 600))
    rising = np.repeat(np.linspace(0, 255, side)[:, None], side, 1)
    picture = Paster(who)(np.repeat(rising[..., None], 3, 2).astype(np.uint8))
    column = picture[150:250, 250, 0].astype(float)
    expected = (np.arange(150, 250) - 50 + 0.5) / 300 * 255
    assert np.abs(column - expected).max() < 4


def test_many_frames_share_what_was_worked_out():
    who = subject((100, 50, 400, 350), (500, 600))
    paster = Paster(who)
    first = paster(RED)
    assert np.array_equal(paster(RED), first) and np.array_equal(Paster(who)(RED), first)
    first[:] = 0
    assert paster(RED).any()


def test_a_frame_must_be_a_picture():
    with pytest.raises(InputError, match="frame"):
        Paster(subject((0, 0, 64, 64), (64, 64)))(np.zeros((64, 64), np.uint8))
