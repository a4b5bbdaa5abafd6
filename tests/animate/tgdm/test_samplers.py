"""Schedules and samplers against closed forms.

For data N(m, s²) the best prediction is known, and so is where the probability-flow ODE
takes any x_T: to m + s (x_T - √ᾱ m) / √(ᾱ s² + 1 - ᾱ).
"""

from __future__ import annotations

import math

import pytest
import torch
from facewright.animate.tgdm import samplers
from facewright.animate.tgdm.samplers import sample
from facewright.animate.tgdm.schedule import (
    LINEAR,
    Schedule,
    noise_from_start,
    noised,
    start_from_noise,
)
from facewright.errors import CancelledError, InputError
from torch import Tensor

MEAN, SPREAD = 0.3, 0.4
DETERMINISTIC = ("ddim", "dpm++", "dpm++3", "unipc")
STOCHASTIC = ("ddpm",)


def _best_start(x: Tensor, time: Tensor) -> Tensor:
    kept = LINEAR.alpha_bar(time)[:, None].double()
    gain = kept.sqrt() * SPREAD**2 / (kept * SPREAD**2 + 1 - kept)
    return MEAN + gain * (x - kept.sqrt() * MEAN)


def _best_noise(x: Tensor, time: Tensor) -> Tensor:
    return noise_from_start(x, _best_start(x, time), time)


def _where_the_ode_ends(x: Tensor, first: int = 999) -> Tensor:
    kept = LINEAR.alpha_bar(torch.tensor(first)).double()
    return MEAN + SPREAD * (x - kept.sqrt() * MEAN) / (kept * SPREAD**2 + 1 - kept).sqrt()


def _noise(count: int = 64) -> Tensor:
    return torch.randn(count, 1, generator=torch.Generator().manual_seed(0)).double()


def test_schedule_golden_numbers():
    times = [0, 1, 499, 999]
    found = LINEAR.alpha_bar(torch.tensor(times)).tolist()
    assert found == pytest.approx([0.9999, 0.99978, 0.0785872, 4.03582e-5], rel=1e-5)
    for time, value in zip(times, found, strict=True):
        exact = math.prod(1 - (1e-4 + s * (0.02 - 1e-4) / 999) for s in range(time + 1))
        assert value == pytest.approx(exact, rel=1e-5)


def test_closed_forms_fit_together():
    picture, noise = torch.randn(3, 2, 4).double(), torch.randn(3, 2, 4).double()
    time = torch.tensor([0, 300, 999])
    noisy = noised(picture, noise, time)
    kept = float(LINEAR.alpha_bar(time)[1])
    want = math.sqrt(kept) * picture[1] + math.sqrt(1 - kept) * noise[1]
    torch.testing.assert_close(noisy[1], want, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(start_from_noise(noisy, noise, time), picture, rtol=0, atol=1e-5)
    torch.testing.assert_close(noise_from_start(noisy, picture, time), noise, rtol=0, atol=1e-5)


def test_ddim_golden_numbers():
    """Two steps, written out with eq. 12 of Song et al. 2021 (σ = 0)."""
    x = torch.tensor([[0.8]]).double()
    found = sample(lambda x, t: 0.5 * x, x, 2, prediction="epsilon", limit=None)
    a, b = (float(LINEAR.alpha_bar(torch.tensor(t))) for t in (999, 499))
    noise = 0.5 * 0.8
    start = (0.8 - math.sqrt(1 - a) * noise) / math.sqrt(a)
    then = math.sqrt(b) * start + math.sqrt(1 - b) * noise
    want = (then - math.sqrt(1 - b) * 0.5 * then) / math.sqrt(b)
    assert found.item() == pytest.approx(want, rel=1e-5)


@pytest.mark.parametrize("name", DETERMINISTIC)
@pytest.mark.parametrize("prediction", ["epsilon", "sample"])
def test_samplers_follow_the_flow(name, prediction):
    x = _noise()
    denoise = _best_noise if prediction == "epsilon" else _best_start
    found = sample(denoise, x, 100, sampler=name, prediction=prediction, limit=None)
    assert (found - _where_the_ode_ends(x)).abs().max() < 0.05


def test_a_second_order_sampler_needs_fewer_steps():
    x = _noise()
    errors = {
        name: float(
            (
                sample(_best_start, x, 20, sampler=name, prediction="sample", limit=None)
                - _where_the_ode_ends(x)
            )
            .abs()
            .max()
        )
        for name in ("ddim", "dpm++")
    }
    assert errors["dpm++"] < 0.6 * errors["ddim"]


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_samplers_start_from_a_noised_picture(name):
    picture, first = torch.full((32, 1), 0.5).double(), LINEAR.at(0.4)
    assert first == 399
    x = noised(picture, _noise(32), torch.full((32,), first))
    asked = []

    def denoise(x: Tensor, time: Tensor) -> Tensor:
        asked.append(int(time[0]))
        return _best_start(x, time)

    found = sample(denoise, x, 50, sampler=name, prediction="sample", start=0.4, limit=None)
    assert len(asked) == 50 and asked[0] == 399 and asked == sorted(asked, reverse=True)
    assert (found - _where_the_ode_ends(x, first)).abs().max() < 0.05


@pytest.mark.parametrize("name", DETERMINISTIC + STOCHASTIC)
@pytest.mark.parametrize("steps", [1, 2, 4])
def test_few_steps_end_at_what_the_network_says(name, steps):
    """A network that is sure of the picture gets it in any number of steps."""
    want = torch.full((2, 3), 0.25).double()
    asked = []

    def denoise(x: Tensor, time: Tensor) -> Tensor:
        asked.append(time.tolist())
        return want

    found = sample(
        denoise, torch.randn(2, 3).double(), steps, sampler=name, prediction="sample",
        generator=torch.Generator().manual_seed(0),
    )  # fmt: skip
    assert len(asked) == steps and asked[0] == [999, 999]
    torch.testing.assert_close(found, want, rtol=0, atol=1e-4)


@pytest.mark.parametrize("name", STOCHASTIC)
def test_stochastic_samplers_have_the_datas_distribution(name):
    x = torch.randn(4000, 1, generator=torch.Generator().manual_seed(1)).double()
    generator = torch.Generator().manual_seed(2)
    found = sample(_best_noise, x, 200, sampler=name, limit=None, generator=generator)
    assert float(found.mean()) == pytest.approx(MEAN, abs=0.03)
    assert float(found.std()) == pytest.approx(SPREAD, abs=0.03)


def test_rows_with_generators_of_their_own_do_not_depend_on_their_batch():
    def generators(seeds: list[int]) -> list[torch.Generator]:
        return [torch.Generator().manual_seed(seed) for seed in seeds]

    x = _noise(3)
    options = {"sampler": "ddpm", "limit": None}
    together = sample(_best_noise, x, 5, generator=generators([1, 2, 3]), **options)
    alone = sample(_best_noise, x[1:2], 5, generator=generators([2]), **options)
    assert torch.equal(together[1:2], alone)


def test_the_limit_holds():
    found = sample(lambda x, t: torch.full_like(x, 7.0), _noise(4), 3, prediction="sample")
    torch.testing.assert_close(found, torch.ones_like(found))


def test_the_same_arguments_give_the_same_bits_and_touch_nothing():
    x = _noise()
    kept = x.clone()
    first, second = (sample(_best_noise, x, 7, sampler="dpm++") for _ in range(2))
    assert torch.equal(first, second) and torch.equal(x, kept)


def test_cancel_is_honoured_between_steps():
    calls = []

    def check() -> None:
        if len(calls) == 3:
            raise CancelledError("called off")

    def denoise(x: Tensor, time: Tensor) -> Tensor:
        calls.append(time)
        return x

    with pytest.raises(CancelledError):
        sample(denoise, _noise(), 50, check=check)
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"steps": 0}, r"steps: expected a whole number from 1 to 1000, got 0"),
        ({"steps": 1001}, r"steps: expected a whole number from 1 to 1000, got 1001"),
        ({"steps": 2.5}, r"steps: expected a whole number"),
        ({"steps": float("nan")}, r"steps: expected finite"),
        ({"steps": 301, "start": 0.3}, r"steps: .* from 1 to 300, got 301"),
        ({"sampler": "magic"}, r"sampler: 'magic' is not one of ddim, ddpm, .*"),
        ({"prediction": "v"}, r"prediction: 'v' is not one of epsilon, sample"),
        ({"start": 0.0}, r"start: expected at least"),
        ({"start": 1.5}, r"start: expected values <= 1"),
        ({"sampler": "ddpm"}, r"generator: sampler 'ddpm' draws noise"),
        ({"x": torch.tensor([[float("nan")]])}, r"x: expected finite numbers"),
    ],
)
def test_what_cannot_be_is_refused_by_name(options, told):
    arguments = {"x": _noise(), "steps": 4} | options
    with pytest.raises(InputError, match=told):
        sample(_best_noise, **arguments)


def test_bad_schedules_are_refused():
    with pytest.raises(InputError, match="length"):
        Schedule(length=0)
    with pytest.raises(InputError, match="last"):
        Schedule(first=0.1, last=0.01)


def test_names_are_known():
    assert set(samplers.names()) == set(DETERMINISTIC) | set(STOCHASTIC)
