"""Blinks: as asked, seeded, the same at any frame rate."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.drive import blinks


@pytest.mark.parametrize("rate", [5.0, 20.0, 45.0, 60.0])
def test_blinks_come_as_often_as_asked(rate):
    events = blinks.events(1800.0, rate, seed=3)
    assert len(events) / 30 == pytest.approx(rate, rel=0.12)
    assert np.diff(events).min() >= 0.4


def test_blinks_obey_the_seed_and_can_be_off():
    np.testing.assert_array_equal(blinks.events(60, 20, 7), blinks.events(60, 20, 7))
    assert not np.array_equal(blinks.events(60, 20, 7)[:5], blinks.events(60, 20, 8)[:5])
    assert len(blinks.events(60, 0, 7)) == 0
    assert blinks.lids(np.arange(9.0), np.zeros(0)).sum() == 0


def test_blinks_prefer_pauses():
    pauses = np.arange(1.0, 300.0, 2.5)
    away = blinks.events(300, 20, 1)
    moved = blinks.events(300, 20, 1, pauses)
    assert len(moved) == len(away)

    def in_pauses(events):
        return (np.abs(events[:, None] - pauses).min(1) < 1e-9).mean()

    assert in_pauses(away) == 0
    assert in_pauses(moved) > 0.2
    assert np.diff(moved).min() > 0.3


def test_lids_shut_fast_and_open_slowly():
    times = np.arange(0, 1, 0.001)
    shut = blinks.lids(times, np.array([0.3]))
    assert shut.max() == pytest.approx(1.0)
    half = np.flatnonzero(shut > 0.5) / 1000
    top = np.flatnonzero(shut > 0.999) / 1000
    falling, rising = top[0] - half[0], half[-1] - top[-1]
    assert 0.02 < falling < 0.1
    assert rising > 1.3 * falling
    assert shut[times < 0.3].max() == 0
    assert shut[times > 0.65].max() < 1e-6


def test_blinks_do_not_depend_on_the_frame_rate():
    slow, fast = np.arange(100) / 25, np.arange(240) / 60
    events = blinks.events(4, 30, 0)
    a, b = (blinks.lids(t, events) for t in (slow, fast))
    np.testing.assert_allclose(a[::5], b[::12], atol=1e-6)
