"""The two networks: sizes, what they hear, and their weights as a file."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from facewright.drive.pose import denoiser
from facewright.drive.pose.conformer import Conformer
from facewright.drive.pose.denoiser import Config, PoseNetworks
from facewright.errors import InputError

SMALL = Config(window=32, width=16, heads=2, blocks=2, dropout=0.0)


@pytest.fixture(scope="module")
def networks():
    torch.manual_seed(0)
    return PoseNetworks(SMALL).eval()


def test_shapes_and_lengths(networks):
    for length in (32, 7):
        x, sound = torch.randn(3, length, 6), torch.randn(3, length, SMALL.sound)
        step = torch.tensor([0, 10, 999])
        heard = networks.heard(sound)
        assert heard.shape == (3, length, SMALL.sound + 1)
        assert networks.unconditional(x, heard, step).shape == (3, length, 6)
        c = networks.conditioned(heard, torch.randn(3, 6))
        assert networks.conditional(x, c, step).shape == (3, length, 6)


def test_the_two_share_no_weights(networks):
    ours = {p.data_ptr() for p in networks.conditional.parameters()}
    assert not ours & {p.data_ptr() for p in networks.unconditional.parameters()}


def test_every_input_counts(networks):
    torch.manual_seed(1)
    x, sound, p_0 = torch.randn(1, 32, 6), torch.randn(1, 32, SMALL.sound), torch.randn(1, 6)
    n = torch.tensor([300])

    def noise(x=x, sound=sound, p_0=p_0, n=n):
        return networks.conditional(x, networks.conditioned(networks.heard(sound), p_0), n)

    for other in ({"x": -x}, {"sound": -sound}, {"p_0": -p_0}, {"n": n + 300}):
        assert (noise() - noise(**other)).abs().max() > 1e-4, other


def test_what_is_not_known_is_not_heard(networks):
    sound = torch.randn(2, 32, SMALL.sound)
    known = networks.heard(sound, torch.tensor([True, False]))
    assert known[0, :, -1].eq(1).all()
    assert known[1].eq(0).all()


def test_a_windows_place_in_a_batch_does_not_matter(networks):
    x, sound = torch.randn(4, 32, 6), torch.randn(4, 32, SMALL.sound)
    step = torch.full((4,), 500)
    together = networks.unconditional(x, networks.heard(sound), step)
    alone = networks.unconditional(x[2:3], networks.heard(sound[2:3]), step[:1])
    torch.testing.assert_close(together[2:3], alone, atol=1e-5, rtol=1e-4)


def test_attention_knows_distances_and_not_places():
    torch.manual_seed(0)
    layer = Conformer(16, 2, window=64, kernel=3, dilation=1, dropout=0.0).eval().attention
    with torch.no_grad():
        layer.bias.normal_()
        layer.bias[:, : 63 - 5] = layer.bias[:, 63 + 6 :] = -1e4  # five tokens either side
    pulse, base = torch.randn(16), torch.randn(16)
    early, late = base.repeat(1, 64, 1), base.repeat(1, 64, 1)
    early[0, 20], late[0, 40] = pulse, pulse
    a, b = layer(early), layer(late)
    torch.testing.assert_close(a[0, 14:27], b[0, 34:47], atol=1e-5, rtol=1e-4)
    assert (a[0, 15] - a[0, 14]).abs().max() > 1e-4  # the pulse is heard five tokens away
    assert (a[0, 15] - a[0, 25]).abs().max() > 1e-4  # before and after are not the same


def test_weights_go_round_as_a_file(networks, tmp_path):
    path = tmp_path / "pose.safetensors"
    denoiser.save(path, networks, {"licence": "Apache-2.0"})
    again = denoiser.load(path)
    assert again.config == SMALL
    x, sound = torch.randn(1, 32, 6), torch.randn(1, 32, SMALL.sound)
    step = torch.tensor([50])
    torch.testing.assert_close(
        again.unconditional(x, again.heard(sound), step),
        networks.unconditional(x, networks.heard(sound), step),
        atol=2e-2,
        rtol=0,
    )
    with pytest.raises(InputError, match="does not exist"):
        denoiser.load(tmp_path / "none.safetensors")
    path.write_bytes(np.random.default_rng(0).bytes(500))
    with pytest.raises(InputError):
        denoiser.load(path)


@pytest.mark.parametrize("bad", [{"window": 31}, {"width": 18, "heads": 4}])
def test_configs_that_cannot_be(bad):
    with pytest.raises(ValueError, match="must be even"):
        Config(**bad)
