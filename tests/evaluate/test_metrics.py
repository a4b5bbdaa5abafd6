"""Metrics against scikit-image and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.errors import InputError
from facewright.evaluate.boxes import Box, boxes
from facewright.evaluate.control import effect
from facewright.evaluate.metrics import BEST_PSNR, Similarity, ms_ssim, psnr, ssim

RNG = np.random.default_rng(0)
TRUTH = RNG.integers(0, 256, (48, 64, 3), dtype=np.uint8)
NOISY = np.clip(TRUTH + RNG.normal(0, 20, TRUTH.shape), 0, 255).astype(np.uint8)


def test_psnr_equals_scikit_image() -> None:
    metrics = pytest.importorskip("skimage.metrics", reason="needs scikit-image")
    assert psnr(NOISY, TRUTH) == pytest.approx(metrics.peak_signal_noise_ratio(TRUTH, NOISY), 1e-4)
    assert psnr(TRUTH, TRUTH) == BEST_PSNR


def test_ssim_equals_scikit_image() -> None:
    metrics = pytest.importorskip("skimage.metrics", reason="needs scikit-image")
    expected = metrics.structural_similarity(
        TRUTH, NOISY, channel_axis=-1, gaussian_weights=True, sigma=1.5,
        use_sample_covariance=False, data_range=255,
    )  # fmt: skip
    assert ssim(NOISY, TRUTH) == pytest.approx(expected, abs=0.02)  # they leave out a border
    assert ssim(TRUTH, TRUTH) == pytest.approx(1, abs=1e-5)


def test_sizes_must_agree() -> None:
    with pytest.raises(InputError, match="picture: expected the truth's shape"):
        psnr(NOISY[:40], TRUTH)


def test_boxes_grow_around_their_points_and_stay_inside() -> None:
    points = np.zeros((68, 2), np.float32)
    points[:, 0] = np.linspace(50, 150, 68)
    points[:, 1] = np.linspace(60, 260, 68)
    found = boxes(points, (200, 256))
    face = found["face"]
    assert (face.left, face.right, face.top, face.bottom) == (45, 155, 50, 256)
    mouth = points[48:68]
    width, height = np.ptp(mouth, axis=0)
    assert found["mouth"].right - found["mouth"].left == pytest.approx(1.25 * width, abs=2)
    assert found["mouth"].bottom - found["mouth"].top <= 1.25 * height + 2
    assert found["face"].cut(np.zeros((256, 200, 3))).shape == (206, 110, 3)


def test_a_control_that_halves_has_half_the_gain() -> None:
    asked = np.linspace(0, 1, 11)
    found = effect("jawOpen", asked, asked * 0.5 + 0.1)
    assert found.gain == pytest.approx(0.5, abs=1e-6)
    assert found.correlation == pytest.approx(1, abs=1e-6)
    assert effect("yaw", asked, np.full(11, 3.0)).correlation == 0
    with pytest.raises(InputError, match="expected yaw to vary"):
        effect("yaw", np.ones(3), np.ones(3))


def test_ms_ssim_of_one_scale_is_what_its_equation_says() -> None:
    # Equal structure at every scale: only the last scale's luminance term differs.
    flat, brighter = (np.full((176, 176, 3), v, np.uint8) for v in (100, 150))
    bright = (2 * 100 * 150 + 6.5025) / (100**2 + 150**2 + 6.5025)
    assert ms_ssim(flat, brighter) == pytest.approx(bright**0.1333, abs=1e-4)
    assert ms_ssim(flat, flat) == pytest.approx(1, abs=1e-6)


def test_ms_ssim_forgives_fine_noise_more_than_ssim() -> None:
    large = RNG.integers(0, 256, (11, 11, 3), dtype=np.uint8).repeat(16, 0).repeat(16, 1)
    noisy = np.clip(large + RNG.normal(0, 20, large.shape), 0, 255).astype(np.uint8)
    assert ssim(noisy, large) + 0.1 < ms_ssim(noisy, large) < 1


def test_a_box_is_judged_by_what_is_in_it() -> None:
    left = Box(0, 0, 64, 128)
    truth = RNG.integers(0, 256, (128, 128, 3), dtype=np.uint8)
    made = truth.copy()
    made[:, 96:] = 0
    found = Similarity(made, truth)
    assert found.ssim(left) == pytest.approx(1, abs=1e-4)
    assert found.ms_ssim(Box(0, 0, 32, 128)) > 0.99 > 0.9 > found.ms_ssim()
    assert found.ssim() == pytest.approx(ssim(made, truth))


def test_a_scaled_box_keeps_a_pixel() -> None:
    assert Box(8, 8, 10, 10).scaled(1 / 16, 1 / 16) == Box(0, 0, 1, 1)
    assert Box(10, 20, 31, 40).scaled(0.5, 0.5) == Box(5, 10, 16, 20)
