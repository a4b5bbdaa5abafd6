"""Blinks: their rate, and what they come with."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.drive import blinks

PAUSES = np.arange(1.0, 600.0, 2.3)
SHIFTS = (np.arange(0.6, 600.0, 7.1), np.tile([3.0, 12.0, 20.0, 34.0], 22)[:85])


def counted(shut: np.ndarray) -> int:
    """Blinks in a curve: how often it rises through a third."""
    return int(((shut[1:] > 0.33) & (shut[:-1] <= 0.33)).sum())


@pytest.mark.parametrize("fps", [24.0, 25.0, 60.0])
def test_the_measured_rate_is_the_one_that_was_asked(fps: float) -> None:
    times = np.arange(0, 600, 1 / fps)
    rates = np.array([0, 1, 3, 6, 10, 17, 26, 40, 60])
    for extra in ({}, {"pauses": PAUSES, "shifts": SHIFTS}):
        measured = np.array(
            [
                np.mean(
                    [counted(blinks.plan(600, r, s, **extra).shut(times)) / 10 for s in range(3)]
                )
                for r in rates
            ]
        )
        assert measured[0] == 0
        assert (np.diff(measured) > 0).all()
        np.testing.assert_allclose(measured[1:], rates[1:], rtol=0.15, atol=0.3)


def test_large_gaze_shifts_carry_blinks() -> None:
    when, degrees = SHIFTS
    carried = []
    for low, high in ((0, 5), (15, 25), (30, 40)):
        chosen = when[(degrees > low) & (degrees < high)]
        hits = [
            (
                np.abs(chosen[:, None] - blinks.events(600, 26, seed, PAUSES, SHIFTS)).min(1) < 1e-9
            ).mean()
            for seed in range(4)
        ]
        carried.append(np.mean(hits))
    assert carried[0] < 0.05
    assert carried[0] < carried[1] < carried[2]
    assert carried[2] > 0.6


def test_pauses_and_shifts_lose_no_blink_and_keep_them_apart() -> None:
    for seed in range(5):
        plain = blinks.events(600, 40, seed)
        drawn = blinks.events(600, 40, seed, PAUSES, SHIFTS)
        assert len(drawn) == len(plain)
        assert np.diff(drawn).min() > 0.4 - 1e-9
        assert np.abs(drawn - plain).max() < 1.9


def test_a_few_blinks_are_incomplete_and_lengths_vary() -> None:
    plan = blinks.plan(3600, 30, 1)
    assert (plan.depth < 1).mean() == pytest.approx(0.1, abs=0.03)
    assert plan.depth.min() >= 0.45
    assert 0.05 < np.log(plan.tempo).std() < 0.2
    times = np.arange(0, 60, 0.002)
    shut = plan.shut(times)
    for k in np.flatnonzero(plan.starts < 58):
        within = (times > plan.starts[k]) & (times < plan.starts[k] + 0.3)
        assert shut[within].max() == pytest.approx(plan.depth[k], abs=0.01)


def test_a_longer_performance_begins_alike() -> None:
    times = np.arange(0, 60, 0.04)
    short, long = (blinks.plan(s, 20, 4).shut(times) for s in (70, 300))
    np.testing.assert_array_equal(short, long)
