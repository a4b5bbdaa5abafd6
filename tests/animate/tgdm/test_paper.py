"""The published network: its shape, what it depends on, and its conditions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from facewright.animate.tgdm.layers import AdaIN, TexAtt
from facewright.animate.tgdm.paper import PRESETS, Config, PaperTGDM
from facewright.errors import InputError
from torch import Tensor

TINY = PRESETS["tiny"]


def _awake(config: Config = TINY) -> PaperTGDM:
    """A network whose zeros are gone, as after some training."""
    torch.manual_seed(0)
    network = PaperTGDM(config)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if not parameter.abs().sum():
                parameter.normal_(std=0.3 if name.endswith("tau") else 0.05)
    return network.eval()


def _inputs(config: Config = TINY, batch: int = 2) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    side = config.side

    def drawn(*shape: int) -> Tensor:
        return torch.randn(batch, *shape, generator=generator)

    return {
        "noisy": drawn(3, side, side),
        "time": torch.tensor([10, 700])[:batch],
        "render": drawn(3, side, side),
        "source": drawn(3, side, side),
        "rho": drawn(config.window, config.coefficients),
    }


def _run(network: PaperTGDM, inputs: dict[str, Tensor]) -> Tensor:
    rest = {k: v for k, v in inputs.items() if k != "source"}
    with torch.no_grad():
        return network(features=network.encode(inputs["source"]), **rest)


def test_the_preset_is_the_papers():
    """256 pixels, 16 times down, texture at 16 and 32 pixels, rho over three frames."""
    config = PRESETS["paper"]
    assert (config.side, config.window, config.coefficients) == (256, 3, 261)
    assert config.side // 2 ** (len(config.multipliers) - 1) == 16
    with torch.device("meta"):
        network = PaperTGDM(config)
        features = network.encode(torch.zeros(1, 3, 256, 256))
        found = network(
            torch.zeros(1, 3, 256, 256), torch.zeros(1), torch.zeros(1, 3, 256, 256),
            features, torch.zeros(1, 3, 261),
        )  # fmt: skip
    assert [f.shape[-1] for f in features] == [32, 16]
    assert found.shape == (1, 3, 256, 256)
    assert network.stem.in_channels == 6  # Z_t and I3d
    textured = [m for m in network.modules() if isinstance(m, TexAtt)]
    adapted = [m for m in network.modules() if isinstance(m, AdaIN)]
    assert len(textured) == 2 * 2 + 1 + 2 * 3 and len(adapted) == 5 * (2 + 3) + 2


def test_a_new_network_predicts_no_noise():
    torch.manual_seed(0)
    assert not _run(PaperTGDM(TINY), _inputs()).any()


@pytest.mark.parametrize("name", ["noisy", "time", "render", "source", "rho"])
def test_every_condition_counts(name):
    network, inputs = _awake(), _inputs()
    base = _run(network, inputs)
    assert base.shape == (2, 3, 32, 32) and torch.isfinite(base).all()
    moved = inputs | {name: inputs[name].flip(0)}
    assert (_run(network, moved) - base).abs().max() > 1e-4


def test_neighbours_in_time_count_and_the_window_may_be_absent():
    network, inputs = _awake(), _inputs()
    base = _run(network, inputs)
    neighbour = inputs["rho"].clone()
    neighbour[:, 0] += 1
    assert (_run(network, inputs | {"rho": neighbour}) - base).abs().max() > 1e-5
    without = _run(network, {k: v for k, v in inputs.items() if k != "rho"} | {"rho": None})
    none_known = inputs | {"known": torch.tensor([False, False])}
    torch.testing.assert_close(_run(network, none_known), without)


def test_frames_do_not_see_each_other():
    network, inputs = _awake(), _inputs()
    alone = _run(network, {k: v[1:] for k, v in inputs.items()})
    torch.testing.assert_close(_run(network, inputs)[1:], alone, rtol=1e-4, atol=1e-5)


def test_every_parameter_learns():
    network, inputs = _awake().train(), _inputs()
    rest = {k: v for k, v in inputs.items() if k != "source"}
    known = torch.tensor([True, False])
    found = network(features=network.encode(inputs["source"]), known=known, **rest)
    found.square().mean().backward()
    idle = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    # A key's bias moves all of a row's scores alike, and softmax does not see that; what
    # stands before a norm over a channel cannot move its mean.
    assert {n.rsplit(".", 2)[-2] for n in idle} <= {"key"}, idle


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"side": 100}, "side: expected a multiple of 16, got 100"),
        ({"width": 6}, "width: expected a multiple of 4, got 6"),
        ({"multipliers": (1,)}, "multipliers: expected 2 to 8 levels, got 1"),
        ({"window": 2}, "window: expected an odd number"),
        ({"blocks": 0}, "blocks: expected values >= 1"),
        ({"width": float("nan")}, "width: expected finite numbers"),
    ],
)
def test_bad_configs_are_refused(options, told):
    with pytest.raises(InputError, match=told):
        Config(**options)


def test_configs_survive_json():
    import json
    from dataclasses import asdict

    config = replace(TINY, multipliers=(1, 2, 4))
    assert Config(**json.loads(json.dumps(asdict(config)))) == config


@pytest.fixture(scope="module")
def subject():
    from facewright.capture.portrait import Subject
    from facewright.capture.synthetic import random_coefficients, render
    from facewright.face.library import load_model
    from facewright.render.camera import Camera

    model = load_model()
    camera = Camera(600.0, (64.0, 64.0), (128, 128))
    rho = random_coefficients(model, np.random.default_rng(0))
    crop = render(model, rho, camera, background=(0, 0, 0))
    return Subject(
        model=model, coefficients=rho, camera=camera, crop=crop, box=(0, 0, 128, 128),
        photo=crop, matte=np.ones((128, 128), np.float32),
        landmarks=np.zeros((478, 2), np.float32),
    )  # fmt: skip


def test_the_render_is_equation_8(subject):
    """At rest it is the picture that the synthetic portrait is made of."""
    from facewright.animate.tgdm.rendered import FaceRenderer

    rho = subject.coefficients
    found = FaceRenderer(subject, 128)(rho.expression[None], np.zeros((1, 6)), rho.gaze[None])
    assert found.shape == (1, 128, 128, 3) and found.dtype == np.uint8
    assert np.abs(found[0].astype(int) - subject.crop).mean() < 0.1
    assert (found[0] > 0).any(-1).mean() > 0.1


def test_the_render_follows_the_coefficients(subject):
    from facewright.animate.tgdm.rendered import FaceRenderer

    rho = subject.coefficients
    pose = np.zeros((2, 6), np.float32)
    pose[1, 1] = 0.3
    beta = np.stack([rho.expression] * 2)
    gaze = np.stack([rho.gaze] * 2)
    renderer = FaceRenderer(subject, 64)
    still, turned = renderer(beta, pose, gaze).astype(int)
    assert np.abs(still - turned).mean() > 3
    beta[1, subject.model.expression_index("jawOpen")] += 0.7
    closed, opened = renderer(beta, pose * 0, gaze).astype(int)
    assert np.abs(closed - opened)[32:].mean() > 3 * np.abs(closed - opened)[:24].mean()


def test_descriptors_join_source_and_driver(subject):
    from facewright.animate.tgdm.rendered import descriptors, windows
    from facewright.face.coefficients import Coefficients

    rng = np.random.default_rng(0)
    beta, pose, gaze = rng.random((4, 64)), rng.random((4, 6)), rng.random((4, 4))
    rho = descriptors(subject, beta, pose, gaze)
    assert rho.shape == (4, 261)
    third = Coefficients.from_vector(rho[2])
    np.testing.assert_allclose(third.expression, beta[2], rtol=1e-6)
    np.testing.assert_allclose(third.pose, pose[2], rtol=1e-6)
    np.testing.assert_allclose(third.gaze, gaze[2], rtol=1e-6)
    for name in ("identity", "texture", "illumination"):
        source = getattr(subject.coefficients, name)
        np.testing.assert_array_equal(getattr(third, name), source)
    around = windows(rho)
    np.testing.assert_array_equal(around[1], rho[:3])
    np.testing.assert_array_equal(around[0], rho[[0, 0, 1]])
    np.testing.assert_array_equal(around[3], rho[[2, 3, 3]])


@pytest.mark.parametrize("name", ["expression", "pose", "gaze"])
def test_conditions_that_are_no_numbers_are_refused(subject, name):
    from facewright.animate.tgdm.rendered import FaceRenderer, descriptors

    numbers = {"expression": np.zeros((1, 64)), "pose": np.zeros((1, 6)), "gaze": np.zeros((1, 4))}
    numbers[name][0, 1] = np.nan
    for call in (FaceRenderer(subject, 64), lambda **given: descriptors(subject, **given)):
        with pytest.raises(InputError, match=rf"{name}: expected finite numbers, got nan"):
            call(**numbers)
