"""Blinks and head motion: as asked, seeded, the same at any frame rate."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.drive import blinks, head

NO_ACCENTS = (np.zeros(0), np.zeros(0))


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


def test_the_head_is_still_at_zero_and_grows_with_the_control():
    times = np.arange(750) / 25
    activity = np.ones(len(times), np.float32)
    still = head.motion(times, 0.0, 1, activity, NO_ACCENTS)
    assert still.shape == (750, 6)
    assert not still.any()
    gentle = head.motion(times, 1.0, 1, activity, NO_ACCENTS)
    lively = head.motion(times, 2.0, 1, activity, NO_ACCENTS)
    spread = np.degrees(gentle[:, :3].std(0))
    assert ((spread > 0.3) & (spread < 4)).all()
    assert np.degrees(lively[:, :3]).std() > 1.7 * spread.mean()
    assert np.abs(np.degrees(head.motion(times, 3.0, 1, activity, NO_ACCENTS)[:, :3])).max() <= 12
    np.testing.assert_allclose(gentle[0], 0, atol=1e-6)


def test_head_motion_is_slow_and_stiller_in_silence():
    times = np.arange(25 * 120) / 25
    talking = head.motion(times, 1.0, 2, np.ones(len(times), np.float32), NO_ACCENTS)
    silent = head.motion(times, 1.0, 2, np.zeros(len(times), np.float32), NO_ACCENTS)
    assert silent[:, :3].std() < 0.5 * talking[:, :3].std()
    power = np.abs(np.fft.rfft(talking[:, :3] - talking[:, :3].mean(0), axis=0)) ** 2
    hertz = np.fft.rfftfreq(len(times), 1 / 25)
    share = np.cumsum(power.sum(1)) / power.sum()
    assert hertz[np.searchsorted(share, 0.5)] < 0.8
    assert hertz[np.searchsorted(share, 0.9)] < 2.3


def test_the_head_turns_about_the_neck():
    times = np.arange(100) / 25
    pose = head.motion(times, 1.0, 5, np.ones(100, np.float32), NO_ACCENTS)
    from facewright.face.pose import transform

    neck = np.tile(np.float32([0.0, -0.09, -0.02]), (100, 1, 1))
    np.testing.assert_allclose(transform(pose, neck), neck, atol=1e-6)


def test_accents_nod_downwards():
    times = np.arange(200) / 50
    calm = head.motion(times, 1.0, 5, np.ones(200, np.float32), NO_ACCENTS)
    nodding = head.motion(
        times, 1.0, 5, np.ones(200, np.float32), (np.array([2.0]), np.array([1.0]))
    )
    extra = np.degrees(nodding - calm)[:, 0]
    assert extra.argmax() == pytest.approx(100, abs=3)
    assert 0.8 < extra.max() < 2.0
    assert np.abs(extra[:50]).max() < 0.01


def test_priors_do_not_depend_on_the_frame_rate():
    slow, fast = np.arange(100) / 25, np.arange(240) / 60
    events = blinks.events(4, 30, 0)
    a, b = (blinks.lids(t, events) for t in (slow, fast))
    np.testing.assert_allclose(a[::5], b[::12], atol=1e-6)
    a, b = (
        head.motion(t, 1.0, 9, np.ones(len(t), np.float32), (np.array([1.5]), np.array([0.7])))
        for t in (slow, fast)
    )
    np.testing.assert_allclose(a[::5], b[::12], atol=1e-6)
