"""The head's prior: within what was measured, in rhythm, still when asked and in silence."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.drive import head
from facewright.drive.neck import NECK, about_neck
from facewright.face.pose import transform
from facewright.train.pose import measure

NO_ACCENTS = (np.zeros(0), np.zeros(0))
FPS = 25


def moved(seconds, amount=1.0, seed=1, activity=1.0, accents=NO_ACCENTS, fps=FPS, unit=1.0):
    times = np.arange(round(seconds * fps)) / fps
    active = np.full(len(times), activity, np.float32)
    return head.motion(times, amount, seed, active, accents, unit)


def test_it_is_still_at_zero_and_grows_with_the_amount():
    still = moved(30, 0.0)
    assert still.shape == (750, 6)
    assert not still.any()
    for seed in range(3):
        spread = [measure.spread(moved(30, amount, seed)) for amount in np.arange(0, 3.1, 0.25)]
        assert (np.diff(spread, axis=0) > 0).all()
    assert np.abs(np.degrees(moved(60, 3.0)[:, :3])).max() <= 12
    np.testing.assert_allclose(moved(1)[0], 0, atol=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_it_moves_as_people_who_were_measured(seed):
    accents = (np.arange(1.0, 119.0, 1.1), np.full(108, 0.6))
    pose = moved(120, seed=seed, accents=accents)[FPS:]
    low, high = np.float32([[2.1, 2.1, 1.2], [2.8, 3.7, 2.3]])
    assert ((measure.spread(pose) > low) & (measure.spread(pose) < high)).all()
    half, most = (measure.power_below(pose, FPS, share) for share in (0.5, 0.9))
    assert (half < 0.6).all()
    assert ((most > 0.3) & (most < 2.3)).all()
    # Tracks of real heads tremble by 0.13, 0.08 and 0.06 at the least.
    assert (measure.jitter(pose) < [0.24, 0.18, 0.10]).all()


def test_seeds_differ_and_repeat():
    np.testing.assert_array_equal(moved(20, seed=4), moved(20, seed=4))
    apart = np.degrees(moved(20, seed=4) - moved(20, seed=5))[:, :3].std(0)
    assert (apart > 1).all()


def test_it_is_stiller_in_silence():
    talking, silent = moved(60, activity=1.0), moved(60, activity=0.0)
    assert silent[:, :3].std() < 0.5 * talking[:, :3].std()
    times = np.arange(60 * FPS) / FPS
    paused = np.where((times % 10) < 3, 0, 1).astype(np.float32)
    pose = head.motion(times, 1.0, 1, paused, NO_ACCENTS)
    assert measure.stillness(pose, FPS, paused) < 0.5


def test_it_turns_about_the_neck():
    for unit in (1.0, 0.1):
        pose = moved(4, seed=5, unit=unit)
        neck = np.tile(np.float32(NECK / unit), (100, 1, 1))
        np.testing.assert_allclose(transform(pose, neck), neck, atol=1e-5)
        np.testing.assert_allclose(about_neck(pose, unit)[:, 3:], 0, atol=1e-6)


def test_it_rises_before_an_accent_and_nods_on_it():
    accent = (np.array([2.0]), np.array([1.0]))
    extra = np.degrees(moved(4, accents=accent, fps=50) - moved(4, fps=50))[:, 0]
    assert extra.argmax() / 50 == pytest.approx(1.93, abs=0.06)
    assert extra.argmin() / 50 == pytest.approx(1.59, abs=0.06)
    assert 0.2 < extra.max() < 2.0
    assert np.abs(extra[:40]).max() < 0.01


def test_nods_align_with_accents_and_not_with_other_moments():
    accents = (np.arange(1.0, 59.0, 1.37), np.full(43, 0.8))
    found = [measure.nod(moved(60, seed=s, accents=accents), FPS, accents[0]) for s in range(5)]
    missed = [measure.nod(moved(60, seed=s), FPS, accents[0]) for s in range(5)]
    assert (np.subtract(found, missed) > 0.5).all()  # the sway's own share taken away
    assert abs(np.mean(missed)) < 0.2
    assert np.mean(found) > 0.5


@pytest.mark.parametrize("fps", [23.976, 30, 60, 120])
def test_it_does_not_depend_on_the_frame_rate(fps):
    accents = (np.array([1.5]), np.array([0.7]))
    fast, slow = moved(4, seed=9, accents=accents, fps=1000), moved(4, 1, 9, 1.0, accents, fps)
    at = np.round(np.arange(len(slow)) / fps * 1000).astype(int)
    np.testing.assert_allclose(slow[at < 4000], fast[at[at < 4000]], atol=2e-4)
