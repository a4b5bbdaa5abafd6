"""TexAtt, AdaIN and the condition against the paper's equations."""

from __future__ import annotations

import math

import pytest
import torch
from facewright.animate.tgdm.layers import AdaIN, Condition, TexAtt, timestep_embedding
from facewright.errors import InputError


def _attention(seed: int = 0) -> TexAtt:
    torch.manual_seed(seed)
    layer = TexAtt(8, 12).double()
    with torch.no_grad():
        layer.tau.fill_(0.7)
    return layer


def test_texatt_is_equations_15_and_16():
    layer = _attention()
    target, source = torch.randn(2, 8, 3, 4).double(), torch.randn(2, 12, 2, 5).double()
    got = layer(target, source)
    for b in range(2):
        Q = layer.query.weight[:, :, 0, 0] @ target[b].flatten(1) + layer.query.bias[:, None]
        K = layer.key.weight[:, :, 0, 0] @ source[b].flatten(1) + layer.key.bias[:, None]
        V = layer.value.weight[:, :, 0, 0] @ source[b].flatten(1) + layer.value.bias[:, None]
        assert Q.shape == (2, 12) and K.shape == V.shape == (2, 10)  # C / 4 channels
        M = torch.exp(Q.T @ K)
        M /= M.sum(-1, keepdim=True)
        carried = layer.out.weight[:, :, 0, 0] @ (M @ V.T).T + layer.out.bias[:, None]
        want = target[b] + 0.7 * carried.view(8, 3, 4)
        torch.testing.assert_close(got[b], want)
        torch.testing.assert_close(layer.attention(target, source)[b], M)


def test_texatt_golden_numbers():
    """Two source places, one target: the weights are e² and 1 by construction."""
    layer = TexAtt(4, 4)
    with torch.no_grad():
        for conv in (layer.query, layer.key, layer.value, layer.out):
            conv.weight.zero_()
            conv.bias.zero_()
        layer.query.weight[0, 0] = 2
        layer.key.weight[0, 1] = 1
        layer.value.weight[0, 2] = 1
        layer.out.weight[3, 0] = 1
        layer.tau.fill_(0.5)
    target = torch.zeros(1, 4, 1, 1)
    target[0, 0] = 1
    source = torch.zeros(1, 4, 1, 2)
    source[0, 1] = torch.tensor([1.0, 0.0])
    source[0, 2] = torch.tensor([3.0, -1.0])
    found = layer(target, source)[0, :, 0, 0]
    weight = math.exp(2) / (math.exp(2) + 1)
    assert found.tolist() == pytest.approx([1, 0, 0, 0.5 * (3 * weight - (1 - weight))])


def test_texatt_starts_as_the_identity_and_can_leave_it():
    layer = TexAtt(8)
    target, source = torch.randn(1, 8, 4, 4), torch.randn(1, 8, 4, 4)
    assert torch.equal(layer(target, source), target)
    layer(target, source).square().sum().backward()
    assert layer.tau.grad is not None and layer.tau.grad.abs() > 0


def test_texatt_finds_a_moved_texture():
    """With keys that tell places apart, attention undoes a permutation of the source."""
    layer = _attention()
    with torch.no_grad():
        layer.query.weight.zero_()
        layer.key.weight.zero_()
        for c in range(2):
            layer.query.weight[c, c] = layer.key.weight[c, c] = 6
    angle = torch.arange(12) * (2 * math.pi / 12)
    code = torch.stack([angle.cos(), angle.sin()]).double()
    order = torch.randperm(12, generator=torch.Generator().manual_seed(1))
    target, source = torch.zeros(1, 8, 3, 4).double(), torch.zeros(1, 12, 3, 4).double()
    target[0, :2] = code.view(2, 3, 4)
    source[0, :2] = code[:, order].reshape(2, 3, 4)
    assert torch.equal(layer.attention(target, source)[0].argmax(-1), order.argsort())


def test_texatt_refuses_channels_that_have_no_quarter():
    with pytest.raises(InputError, match=r"channels: expected a multiple of 4, got 6"):
        TexAtt(6)


def test_adain_is_equation_17():
    torch.manual_seed(0)
    layer = AdaIN(3, 5).double()
    features, condition = torch.randn(2, 3, 6, 7).double() * 4 + 1, torch.randn(2, 5).double()
    got = layer(features, condition)
    estimated = layer.modulation(torch.nn.functional.silu(condition))
    sigma_c, mu_c = estimated[:, :3], estimated[:, 3:]
    torch.testing.assert_close(got.mean((2, 3)), mu_c)
    deviation = got.flatten(2).std(2, correction=0)
    torch.testing.assert_close(deviation, sigma_c.abs(), rtol=1e-5, atol=1e-6)
    flat = features.flatten(2)
    spread = (flat.var(2, correction=0) + 1e-5).sqrt()[..., None, None]
    want = sigma_c[..., None, None] * (features - flat.mean(2)[..., None, None]) / spread
    torch.testing.assert_close(got, want + mu_c[..., None, None])


def test_adain_golden_numbers():
    layer = AdaIN(1, 1, eps=0.0)
    with torch.no_grad():
        layer.modulation.weight.zero_()
        layer.modulation.bias.copy_(torch.tensor([2.0, 10.0]))
    features = torch.tensor([[[[1.0, 3.0], [1.0, 3.0]]]])
    found = layer(features, torch.zeros(1, 1))
    assert found.flatten().tolist() == pytest.approx([8, 12, 8, 12])


def test_gradients_of_attention_and_adain():
    layer = _attention()
    target = torch.randn(1, 8, 2, 2).double().requires_grad_()
    source = torch.randn(1, 12, 2, 3).double().requires_grad_()
    assert torch.autograd.gradcheck(layer, (target, source))
    adapt = AdaIN(2, 3).double()
    features = torch.randn(1, 2, 3, 3).double().requires_grad_()
    condition = torch.randn(1, 3).double().requires_grad_()
    assert torch.autograd.gradcheck(adapt, (features, condition))


def test_condition_is_the_sum_of_two_linear_maps():
    torch.manual_seed(0)
    layer = Condition(coefficients=4, window=3, channels=6)
    layer.standardise(torch.randn(50, 4) * 3 + 2)
    time, rho = torch.tensor([0.0, 500.0]), torch.randn(2, 3, 4)
    plain = ((rho - layer.mean) / layer.deviation).flatten(1)
    want = layer.rho(plain) + layer.time(timestep_embedding(time, 6))
    torch.testing.assert_close(layer(time, rho), want)


def test_condition_without_coefficients():
    torch.manual_seed(0)
    layer = Condition(4, 3, 6)
    with torch.no_grad():
        layer.absent.normal_()
    time, rho = torch.tensor([3.0, 3.0]), torch.randn(2, 3, 4)
    half = layer(time, rho, torch.tensor([True, False]))
    torch.testing.assert_close(half[0], layer(time, rho)[0])
    torch.testing.assert_close(half[1], layer(time, None)[1])
    # What stands for nothing does not depend on what was there.
    torch.testing.assert_close(layer(time, rho * 9, torch.tensor([False, False]))[0], half[1])
    half.sum().backward()
    assert layer.absent.grad is not None and layer.absent.grad.abs().sum() > 0


def test_timesteps_golden_numbers():
    found = timestep_embedding(torch.tensor([0, 2]), 5)
    assert found[0].tolist() == [1, 1, 0, 0, 0]
    want = [math.cos(2), math.cos(0.02), math.sin(2), math.sin(0.02), 0]
    assert found[1].tolist() == pytest.approx(want, abs=1e-6)
