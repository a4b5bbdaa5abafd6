"""Head drivers by name: still, in range, at any frame rate, of any length."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from facewright.drive import pose
from facewright.drive.heard import hear
from facewright.drive.pose.denoiser import Config, PoseNetworks, save
from facewright.drive.pose.generate import Diffusion
from facewright.errors import InputError
from facewright.media.speech import Speech
from facewright.train.pose import measure

SMALL = Config(window=32, width=16, heads=2, blocks=1, dropout=0.0)


@pytest.fixture(scope="module")
def heard():
    """Twelve seconds of bursts, of which the last three are silent."""
    times = np.arange(12 * 16000) / 16000
    bursts = np.sin(2 * np.pi * 150 * times) * np.sin(np.pi * times) ** 2 * 0.2
    return hear(Speech((bursts * (times < 9)).astype(np.float32), 16000))


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Networks that nobody trained: their motion means nothing, but it is motion."""
    torch.manual_seed(0)
    networks = PoseNetworks(SMALL)
    networks.pose_scale.copy_(torch.tensor([0.03, 0.05, 0.03, 0.003, 0.002, 0.006]))
    path = tmp_path_factory.mktemp("weights") / "pose.safetensors"
    save(path, networks, {"licence": "Apache-2.0"})
    return path


@pytest.fixture(scope="module", params=["prior", "diffusion"])
def driver(request, weights):
    return pose.create(request.param, weights if request.param == "diffusion" else None)


TIMES = np.arange(300) / 25


def test_names_and_cards(driver):
    assert driver.name in pose.names()
    assert driver.summary
    assert driver.licence == "Apache-2.0"
    assert pose.DEFAULT in pose.names()


def test_an_amount_of_nothing_is_still(driver, heard):
    still = driver(TIMES, 0.0, 1, heard)
    assert still.shape == (300, 6)
    assert still.dtype == np.float32
    assert not still.any()
    assert driver(TIMES[:0], 1.0, 1, heard).shape == (0, 6)


def test_the_amount_is_monotone(driver, heard):
    spread = [measure.spread(driver(TIMES, amount, 1, heard)) for amount in (0, 0.5, 1, 2, 3)]
    assert (np.diff(spread, axis=0) > 0).all()


def test_it_begins_as_photographed_and_keeps_within_limits(driver, heard):
    moved = driver(TIMES, 3.0, 2, heard)
    np.testing.assert_allclose(moved[0], 0, atol=1e-6)
    assert np.abs(np.degrees(moved[:, :3])).max() <= 12


def test_seeds_repeat_and_differ(driver, heard):
    first = driver(TIMES, 1.0, 7, heard)
    np.testing.assert_array_equal(first, driver(TIMES, 1.0, 7, heard))
    assert np.degrees(np.abs(first - driver(TIMES, 1.0, 8, heard))).max() > 0.5


@pytest.mark.parametrize("fps", [23.976, 30.0, 60.0])
def test_any_frame_rate_samples_one_motion(driver, heard, fps):
    fine = driver(np.arange(4000) / 1000, 1.0, 3, heard)
    times = np.arange(int(3.9 * fps)) / fps
    seen = driver(times, 1.0, 3, heard)
    np.testing.assert_allclose(seen, fine[np.round(times * 1000).astype(int)], atol=2e-3)


def test_a_stretch_alone_is_the_stretch_of_the_whole(driver, heard):
    whole = driver(TIMES, 1.0, 3, heard)
    np.testing.assert_allclose(driver(TIMES[100:120], 1.0, 3, heard), whole[100:120], atol=1e-4)


def test_it_is_still_in_pauses(driver, heard):
    activity = heard.activity(TIMES)
    ratios = [measure.stillness(driver(TIMES, 1.0, s, heard), 25, activity) for s in range(6)]
    assert np.mean(ratios) < 0.6


def test_models_in_other_units_move_alike(driver, heard):
    metres, decimetres = (driver(TIMES, 1.0, 1, heard, metres_per_unit=u) for u in (1.0, 0.1))
    np.testing.assert_allclose(metres[:, :3], decimetres[:, :3], atol=1e-6)
    np.testing.assert_allclose(10 * metres[:, 3:], decimetres[:, 3:], atol=1e-5)


@pytest.mark.parametrize(
    "bad",
    [
        {"amount": -1.0}, {"amount": 4.0}, {"guidance": 1.5}, {"guidance": float("nan")},
        {"seed": -1}, {"times": np.array([0.0, np.nan])}, {"times": np.array([1.0, 0.0])},
        {"times": np.zeros((2, 2))},
    ],
)  # fmt: skip
def test_arguments_that_cannot_be(driver, heard, bad):
    given = {"times": TIMES, "amount": 1.0, "seed": 1, "guidance": 0.4} | bad
    with pytest.raises(InputError, match=next(iter(bad))):
        driver(given["times"], given["amount"], given["seed"], heard, given["guidance"])


def test_frames_after_the_sound_move_on(driver, heard):
    late = np.arange(290, 400) / 25
    assert np.isfinite(driver(late, 1.0, 1, heard)).all()


def test_guidance_and_where_the_picture_was_taken_count(weights, heard):
    plain = Diffusion(weights, steps=4)
    p_0 = np.float32([0.1, -0.2, 0.05, 0, 0, 0])
    aside = Diffusion(weights, steps=4, reference=p_0)
    a, b = (plain(TIMES, 1.0, 1, heard, guidance) for guidance in (0.4, 1.0))
    assert np.abs(a - b).max() > 1e-4
    assert np.abs(a - aside(TIMES, 1.0, 1, heard, 0.4)).max() > 1e-4
    deaf, blind = (d(TIMES, 1.0, 1, heard, 0.0) for d in (plain, aside))
    np.testing.assert_array_equal(deaf, blind)


def test_drivers_that_are_not_there(weights, tmp_path):
    with pytest.raises(InputError, match="prior"):
        pose.create("nobody")
    with pytest.raises(InputError, match="weights"):
        pose.create("prior", weights)
    with pytest.raises(InputError, match="weights"):
        pose.create("diffusion", tmp_path / "none.safetensors")
