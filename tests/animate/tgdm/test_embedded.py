"""The small network: its parts do what they say, and nothing else."""

from __future__ import annotations

import pytest
import torch
from facewright.animate.tgdm.embedded import (
    Embedded,
    EmbeddedConfig,
    composed,
    normalised,
    warped,
)
from facewright.errors import InputError
from torch import Tensor

TINY = EmbeddedConfig(widths=(8, 12, 16), depths=(1, 1, 1), condition=16, expression=4)
RHO = 3 * 14 + 11


def made(seed: int = 0, loud: float = 0.05) -> Embedded:
    """A network whose heads say something."""
    torch.manual_seed(seed)
    network = Embedded(TINY)
    for head in (network.smooth, network.sharp):
        torch.nn.init.normal_(head.weight, std=loud)
    return network.eval()


def told(batch: int = 2, side: int = 64, seed: int = 1) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator) * 2 - 1

    return {
        "noisy": draw(batch, 3, side, side),
        "time": torch.full((batch,), 600),
        "planes": draw(batch, 9, side, side),
        "source": draw(1, 6, 256, 256),
        "rho": draw(batch, RHO),
        "known": torch.ones(batch, dtype=torch.bool),
    }


def test_before_training_it_gives_the_reprojection():
    torch.manual_seed(0)
    inputs = told()
    with torch.inference_mode():
        out = Embedded(TINY)(**inputs)
    assert out.x0.shape == (2, 3, 64, 64) and out.flow.shape == (2, 2, 16, 16)
    assert out.flow.abs().max() < 0.2 and out.gate.mean() < 0.2
    # What differs is the gate's little blur of a picture that is pure noise.
    assert (out.x0 - inputs["planes"][:, :3]).abs().mean() < 0.1


def test_flow_shows_what_lies_where_it_points():
    x = torch.arange(32.0).expand(1, 1, 32, 32)
    flow = torch.zeros(1, 2, 32, 32)
    flow[:, 0] = 3.0
    assert torch.allclose(warped(x, flow)[..., :-3], x[..., 3:], atol=1e-4)
    assert torch.allclose(warped(x, flow)[..., -1], x[..., -1], atol=1e-4)  # the border's


def test_a_shut_gate_keeps_the_photos_own_pixels_at_any_resolution():
    picture = torch.rand(1, 3, 256, 256)
    none = torch.zeros(1, 2, 32, 32)
    parts = (none, torch.zeros(1, 3, 32, 32), torch.zeros(1, 1, 128, 128))
    assert torch.equal(composed(picture, *parts, torch.ones(1, 3, 128, 128)), picture)


def test_an_open_gate_replaces_them_by_what_was_drawn():
    picture = torch.rand(1, 3, 128, 128)
    detail = torch.full((1, 3, 128, 128), 0.25)
    still = torch.zeros(1, 2, 32, 32), torch.zeros(1, 3, 32, 32)
    out = composed(picture, *still, torch.ones(1, 1, 128, 128), detail)
    # A smooth picture plus what was drawn: the photo's grain is gone.
    assert out.std() < 0.5 * picture.std()
    assert float((out - picture).mean()) == pytest.approx(0.25, abs=0.01)


def test_a_flow_of_one_pixel_is_two_at_twice_the_side():
    ramp = torch.arange(128.0).expand(1, 3, 128, 128)
    flow = torch.ones(1, 2, 16, 16)
    nothing = torch.zeros(1, 3, 16, 16), torch.zeros(1, 1, 64, 64), torch.zeros(1, 3, 64, 64)
    out = composed(ramp, flow, *nothing)
    assert torch.allclose(out[..., :-4], ramp[..., :-4] + 2, atol=1e-3)


def test_the_gate_is_shut_where_nothing_moves_with_the_person():
    inputs = told()
    inputs["planes"][:, 4] = -1
    with torch.inference_mode():
        out = made()(**inputs)
    assert out.gate.abs().max() == 0


@pytest.mark.parametrize("name", ["noisy", "planes", "source", "rho"])
def test_everything_it_is_told_matters(name: str):
    network, inputs = made(), told()
    with torch.no_grad():
        for attend in (network.attend1, network.attend2):
            attend.tau.fill_(1.0)
        for norm in (m for m in network.modules() if hasattr(m, "affine")):
            torch.nn.init.normal_(norm.affine.weight, std=0.2)
        for block in (m for m in network.modules() if hasattr(m, "second")):
            torch.nn.init.normal_(block.second.weight, std=0.05)
    other = told(seed=5)
    with torch.inference_mode():
        before, after = network(**inputs), network(**{**inputs, name: other[name]})
    assert (before.x0 - after.x0).abs().max() > 1e-3


def test_rho_that_is_not_known_is_not_looked_at():
    network, inputs = made(), told()
    inputs["known"] = torch.zeros(2, dtype=torch.bool)
    with torch.inference_mode():
        a = network(**inputs).x0
        b = network(**{**inputs, "rho": inputs["rho"] * 7}).x0
    assert torch.equal(a, b)


def test_sources_may_be_encoded_before():
    network, inputs = made(), told(batch=4)
    inputs["source"] = told(seed=9)["source"].repeat(2, 1, 1, 1)
    with torch.inference_mode():
        a = network(**inputs).x0
        b = network(**{**inputs, "source": network.encode(inputs["source"])}).x0
    assert torch.equal(a, b)


def test_a_change_in_one_corner_does_not_show_in_another():
    network, inputs = made(), told(batch=1, side=256)
    other = inputs["planes"].clone()
    other[..., :16, :16] *= -1
    with torch.inference_mode():
        a, b = network(**inputs).x0, network(**{**inputs, "planes": other}).x0
    changed = (a - b).abs().amax(1)[0]
    assert changed[:16, :16].max() > 1e-3
    assert changed[200:, 200:].max() == 0


def test_gradients_reach_every_parameter():
    network = made().train()
    inputs = told(batch=2)
    inputs["known"] = torch.tensor([True, False])
    network(**inputs).x0.square().mean().backward()
    idle = [name for name, p in network.named_parameters() if p.grad is None]
    assert idle == []


def test_planes_are_normalised():
    planes = torch.zeros(1, 9, 4, 4, dtype=torch.uint8)
    planes[:, 7:] = 128
    planes[:, 0] = 255
    out = normalised(planes)
    assert out[:, 0].eq(1).all() and out[:, 1].eq(-1).all() and out[:, 7:].eq(0).all()


@pytest.mark.parametrize(
    "sizes",
    [
        {"widths": (8, 8)},
        {"widths": (0, 8, 8)},
        {"depths": (1, 1, 5000)},
        {"condition": 0},
        {"expression": -1},
    ],
)
def test_sizes_that_cannot_be_are_refused(sizes: dict[str, object]):
    with pytest.raises(InputError, match=next(iter(sizes))):
        EmbeddedConfig(**sizes)  # type: ignore[arg-type]
