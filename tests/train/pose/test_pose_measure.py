"""Measures of head motion, on motion whose measures are known."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.drive import head
from facewright.drive.heard import hear
from facewright.drive.pose import create
from facewright.media.speech import Speech
from facewright.train.pose import measure, score
from facewright.train.pose.takes import Take

FPS = 25
TIMES = np.arange(1000) / FPS


def turned(*degrees):
    """(T, 6) poses of three curves in degrees."""
    pose = np.zeros((len(TIMES), 6), np.float32)
    for k, curve in enumerate(degrees):
        pose[:, k] = np.radians(curve)
    return pose


def test_amplitude_spectrum_and_jitter_of_sines():
    pose = turned(*(2 * np.sin(2 * np.pi * f * TIMES) for f in (0.5, 1.0, 2.0)))
    np.testing.assert_allclose(measure.spread(pose), 2**0.5, rtol=0.01)
    for share in (0.5, 0.9):
        np.testing.assert_allclose(measure.power_below(pose, FPS, share), [0.5, 1, 2], atol=0.06)
    bend = 2 * (2 * np.pi * np.array([0.5, 1, 2]) / FPS) ** 2 * 2 / np.pi
    np.testing.assert_allclose(measure.jitter(pose), bend, rtol=0.05)
    power = measure.bands(pose, FPS)
    assert power.argmax(0).tolist() == [1, 2, 3]
    np.testing.assert_allclose(power.max(0), 10 * np.log10(2), atol=0.1)


def test_beats_are_where_the_head_turns_round():
    pose = turned(3 * np.sin(2 * np.pi * TIMES), 0 * TIMES, 0 * TIMES)
    expected = np.arange(0.25, 40, 0.5)
    found = measure.beats(pose, FPS)
    assert np.abs(found[:, None] - expected).min(1).max() < 0.05
    aligned, gain = measure.beat_alignment(pose, FPS, expected[4:40:2])
    between, loss = measure.beat_alignment(pose, FPS, expected[4:40:2] + 0.25)
    assert aligned > 0.9
    assert gain > 0.15
    assert between < 0.2
    assert loss < -0.15
    assert measure.beat_alignment(pose, FPS, np.zeros(0)) == (0.0, 0.0)


def test_nods_are_found_where_they_are():
    accents = np.arange(2.0, 38.0, 2.0)
    dips = np.exp(-0.5 * ((TIMES[:, None] - accents) / 0.12) ** 2).sum(1)
    pose = turned(dips, 0 * TIMES, 0 * TIMES)
    assert measure.nod(pose, FPS, accents) > 0.5
    assert measure.nod(-pose, FPS, accents) < -0.5
    assert abs(measure.nod(pose, FPS, accents + 1)) < 0.1


def test_stillness_is_of_the_pauses():
    speaking = (TIMES % 8 > 4).astype(np.float32)
    curve = np.cumsum(np.sin(5 * TIMES) * (0.25 + 0.75 * speaking))
    assert measure.stillness(turned(curve, curve, curve), FPS, speaking) == pytest.approx(
        0.25, abs=0.08
    )
    assert np.isnan(measure.stillness(turned(curve), FPS, np.ones(1000, np.float32)))


def test_differences_have_intervals():
    mean, low, high = score.difference([2, 3, 4, np.nan], [1, 2, 3, 0])
    assert (mean, low, high) == (1, 1, 1)
    mean, low, high = score.difference([0, 4, -2, 5, 1], [0, 0, 0, 0, 0])
    assert low < mean < high
    assert np.isnan(score.difference([np.nan], [1.0])).all()


def test_a_real_head_scores_best_against_itself():
    bursts = np.sin(2 * np.pi * 150 * np.arange(160000) / 16000)
    bursts *= np.sin(np.pi * np.arange(160000) / 16000) ** 2
    heard = hear(Speech(bursts.astype(np.float32) * 0.2, 16000))
    times = np.arange(250) / FPS
    own = head.motion(times, 1.0, 99, heard.activity(times), heard.accents)
    take = Take("a", "a", FPS, own, heard, None)
    made = score.perform(create("prior"), [take], seeds=3)[0]
    assert made.made.shape == (3, 225, 6)
    itself = score.Made(made.real, made.real[None], FPS, heard)
    best, other = score.score(itself), score.score(made)
    assert best["ssim_p"] == pytest.approx(1)
    assert best["structure"] == pytest.approx(1)
    assert best["likeness"] == pytest.approx(0)
    assert other["ssim_p"] < 1
    assert other["structure"] < 0.7
    assert other["likeness"] < 0
    assert score.diversity(made) > 1
    assert score.diversity(itself) == 0
