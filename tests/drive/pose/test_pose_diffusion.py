"""GoHD's equations 1-4, number by number."""

from __future__ import annotations

import pytest
import torch
from facewright.drive.pose import diffusion as d
from facewright.errors import InputError


def test_one_step_keeps_the_variance():  # eq. 1
    x, noise = torch.tensor([1.0, -2.0]), torch.tensor([0.5, 1.0])
    torch.testing.assert_close(d.diffuse(x, noise, 0.36), torch.tensor([1.1, -1.0]))
    many = torch.randn(100_000, generator=torch.Generator().manual_seed(0))
    other = torch.randn(100_000, generator=torch.Generator().manual_seed(1))
    assert float(d.diffuse(many, other, 0.36).std()) == pytest.approx(1, abs=0.01)


def test_all_steps_at_once_are_all_steps_in_turn():
    schedule = d.Schedule(length=4, first=0.1, last=0.4)
    torch.testing.assert_close(schedule.betas(), torch.tensor([0.1, 0.2, 0.3, 0.4]).double())
    x = torch.tensor([[2.0]])
    # ᾱ = 0.9, 0.72, 0.504, 0.3024
    expected = [1.897367, 1.697056, 1.419859, 1.099818]
    walked = x
    for n, (beta, mean) in enumerate(zip(schedule.betas(), expected, strict=True)):
        walked = d.diffuse(walked, torch.zeros_like(x), float(beta))
        at_once = d.noised(x, torch.zeros_like(x), torch.tensor([n]), schedule)
        assert float(walked) == pytest.approx(mean, abs=1e-5)
        assert float(at_once) == pytest.approx(mean, abs=1e-5)
    noisy = d.noised(x, torch.ones_like(x), torch.tensor([3]), schedule)
    assert float(noisy) == pytest.approx(1.099818 + 0.6976**0.5, abs=1e-5)


def test_the_default_schedule_ends_in_noise():
    first, last = d.SCHEDULE.alpha_bar(torch.tensor([0, 999])).tolist()
    assert first == pytest.approx(0.9999)
    assert last == pytest.approx(4.036e-5, rel=1e-3)


def test_the_loss_is_of_the_noise_at_the_noised_pose():  # eq. 2
    schedule = d.Schedule(length=2, first=0.19, last=0.5)
    x, noise = torch.tensor([[1.0]]), torch.tensor([[2.0]])
    seen = {}

    def denoise(noisy, step):
        seen["x"], seen["n"] = float(noisy), int(step)
        return torch.tensor([[0.5]])

    found = d.loss(denoise, x, noise, torch.tensor([0]), schedule)
    assert seen == {"x": pytest.approx(0.9 + 2 * 0.19**0.5), "n": 0}
    assert float(found) == pytest.approx(2.25)
    assert float(d.loss(lambda noisy, n: noise, x, noise, torch.tensor([1]), schedule)) == 0


def test_guidance_weighs_the_two_networks():  # eq. 3
    c, a = torch.tensor([1.0, 2.0]), torch.tensor([-1.0, 4.0])
    torch.testing.assert_close(d.guided(c, a, 0.4), torch.tensor([-0.2, 3.2]))
    torch.testing.assert_close(d.guided(c, a, 0.0), a)
    torch.testing.assert_close(d.guided(c, a, 1.0), c)
    assert d.GUIDANCE == 0.4


def test_the_pose_is_where_it_began_and_how_it_moved():  # eq. 4
    p_0, moved = torch.tensor([0.1, 0.2]), torch.tensor([[0.3, -0.2], [0.0, 0.0]])
    torch.testing.assert_close(d.posed(p_0, moved), torch.tensor([[0.4, 0.0], [0.1, 0.2]]))


def test_what_is_noised_comes_back():
    x, noise = torch.randn(3, 5, 6), torch.randn(3, 5, 6)
    step = torch.tensor([0, 200, 500])
    torch.testing.assert_close(d.clean(d.noised(x, noise, step), noise, step), x, atol=1e-4, rtol=0)


@pytest.mark.parametrize("bad", [{"first": 0.0}, {"last": 1.0}, {"first": 0.03}, {"length": 1}])
def test_schedules_that_cannot_be(bad):
    with pytest.raises(InputError):
        d.Schedule(**bad)
