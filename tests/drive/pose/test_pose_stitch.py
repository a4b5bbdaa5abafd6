"""Long head motion: one noise, no seams, any stretch alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from facewright.drive.pose import stitch
from facewright.drive.pose.denoiser import Config, PoseNetworks

SMALL = Config(window=32, width=16, heads=2, blocks=1, dropout=0.0)
ZEROS = np.zeros(6, np.float32)


@pytest.fixture(scope="module")
def networks():
    torch.manual_seed(3)
    return PoseNetworks(SMALL).eval()


def made(networks, first, last, total=3000, seed=1, guidance=0.4, steps=3, reference=ZEROS):
    sound = np.random.default_rng(5).standard_normal((total, SMALL.sound)).astype(np.float32)
    return stitch.residuals(
        networks, sound, first, last, seed=seed, guidance=guidance, steps=steps,
        reference=reference,
    )  # fmt: skip


def test_noise_belongs_to_moments():
    whole = stitch.anchored_noise(-600, 2000, 7)
    for first, last in ((-600, -599), (-300, 10), (0, 256), (255, 257), (1111, 2000)):
        part = stitch.anchored_noise(first, last, 7)
        np.testing.assert_array_equal(part, whole[first + 600 : last + 600])
    assert abs(whole.mean()) < 0.03
    assert whole.std() == pytest.approx(1, abs=0.02)
    # Blocks before and after the beginning are not each other's copies.
    assert abs(np.corrcoef(whole[88:344].ravel(), whole[856:1112].ravel())[0, 1]) < 0.1
    assert not np.array_equal(whole, stitch.anchored_noise(-600, 2000, 8))


def test_every_position_is_in_two_windows():
    for first, last, total in ((0, 500, 500), (0, 1, 1), (200, 240, 500), (0, 17, 500)):
        begins = np.array(stitch.starts(first, last, total, 32, 64))
        places = np.arange(first, last)[:, None]
        assert ((begins <= places) & (places < begins + 32)).sum(1).tolist() == [2] * len(places)
        assert (begins % 16 == 0).all()


def test_a_stretch_alone_is_the_stretch_of_the_whole(networks):
    whole = made(networks, 0, 3000)
    assert whole.shape == (3000, 6)
    for first, last in ((0, 40), (1490, 1530), (2990, 3000)):
        part = made(networks, first, last)
        np.testing.assert_allclose(part, whole[first:last], atol=2e-4)


def test_what_comes_later_does_not_matter_beyond_the_reach(networks):
    long, short = made(networks, 0, 3000), made(networks, 0, 1500, total=1500)
    reach = 4 * SMALL.window
    np.testing.assert_allclose(short[: 1500 - reach], long[: 1500 - reach], atol=2e-4)


def test_the_seed_and_the_guidance_count(networks):
    first = made(networks, 0, 200)
    np.testing.assert_array_equal(first, made(networks, 0, 200))
    assert np.abs(first - made(networks, 0, 200, seed=2)).max() > 0.1
    assert np.abs(first - made(networks, 0, 200, guidance=1.0)).max() > 0.01


def test_the_ends_of_guidance_ask_one_network(networks):
    asked = []
    for name in ("conditional", "unconditional"):
        getattr(networks, name).register_forward_hook(lambda *_, name=name: asked.append(name))
    try:
        for guidance, names in ((0.0, {"unconditional"}), (1.0, {"conditional"})):
            asked.clear()
            made(networks, 0, 40, guidance=guidance)
            assert set(asked) == names
        away = np.full(6, 3.0, np.float32)
        aside = made(networks, 0, 40, guidance=0.0, reference=away)
        np.testing.assert_array_equal(aside, made(networks, 0, 40, guidance=0.0))
        assert np.abs(made(networks, 0, 40, reference=away) - made(networks, 0, 40)).max() > 1e-3
    finally:
        networks.conditional._forward_hooks.clear()
        networks.unconditional._forward_hooks.clear()


def test_borders_of_windows_are_as_smooth_as_the_rest(networks):
    moved = made(networks, 0, 12000, total=12000, steps=2)
    bend = np.abs(np.diff(moved, 2, axis=0)).mean(1)  # bend[k] is around position k + 1
    place = (np.arange(len(bend)) + 1) % (SMALL.window // 2)
    border = np.minimum(place, SMALL.window // 2 - place) <= 1
    at_borders, elsewhere = bend[border], bend[~border]
    error = np.hypot(
        at_borders.std() / np.sqrt(len(at_borders)), elsewhere.std() / np.sqrt(len(elsewhere))
    )
    assert abs(at_borders.mean() - elsewhere.mean()) < 5 * error


def test_memory_does_not_grow_with_the_length(networks):
    seen = []
    handle = networks.conditional.register_forward_hook(lambda m, args, out: seen.append(len(out)))
    made(networks, 0, 9000, total=9000, steps=1)
    handle.remove()
    assert max(seen) <= 32
    assert sum(seen) == 9000 // 16 + 2
