"""Warped error and Pixel-MSE on motion that is known."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.evaluate.boxes import Box
from facewright.evaluate.flicker import flow, pixel_mse
from moving import shifted

STEP = 3.0
INSIDE = Box(16, 16, 240, 240)


def test_flow_finds_a_shift_and_the_previous_frame_lands_on_the_current(portrait) -> None:
    moved = shifted(portrait, STEP)
    found = flow(portrait, moved)
    inside = INSIDE.cut(found.back)[INSIDE.cut(found.trusted)]
    assert np.median(inside, axis=0) == pytest.approx([-STEP, 0], abs=0.1)
    unaligned = np.square(portrait.astype(float) - moved).mean()
    error = found.error(portrait, moved, INSIDE)
    assert error is not None and error < 0.05 * unaligned


def test_a_still_video_does_not_follow_but_does_not_flicker(portrait) -> None:
    moved = shifted(portrait, STEP)
    real = flow(portrait, moved)
    own, still = real.error(portrait, moved), real.error(portrait, portrait)
    assert own is not None and still is not None and still > 10 * own
    assert pixel_mse(portrait, portrait) < 1e-3


def test_boiling_skin_raises_both(portrait) -> None:
    rng = np.random.default_rng(0)
    moved = shifted(portrait, STEP)
    boiled = np.clip(moved + rng.normal(0, 10, moved.shape), 0, 255).astype(np.uint8)
    real = flow(portrait, moved)
    calm, boiling = real.error(portrait, moved, INSIDE), real.error(portrait, boiled, INSIDE)
    assert calm is not None and boiling is not None
    assert boiling - calm == pytest.approx(100, rel=0.25)  # the noise's variance
    assert pixel_mse(portrait, boiled) > pixel_mse(portrait, moved) + 50


def test_what_is_uncovered_is_not_trusted() -> None:
    rng = np.random.default_rng(1)
    texture = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    block = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    before, after = texture.copy(), texture.copy()
    before[40:88, 40:88] = block
    after[40:88, 52:100] = block
    trusted = flow(before, after).trusted
    assert trusted[56:72, 40:50].mean() < trusted.mean() - 0.2
