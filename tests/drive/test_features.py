"""MFCC frames keep time: no drift, no seams, any frame rate."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.drive import features


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal(int(seconds * features.RATE))).astype(np.float32)


def test_a_click_after_a_minute_is_found_where_it_is():
    samples = np.zeros(61 * features.RATE, np.float32)
    samples[60 * features.RATE] = 1.0
    mfccs = features.mfcc(samples)
    loudness = mfccs[:, 0]
    assert len(mfccs) == 6101
    centre = np.mean(np.flatnonzero(loudness > loudness.min() + 1))
    assert centre == pytest.approx(6000, abs=0.5)
    for fps in (23.976, 25.0, 29.97, 30.0, 60.0):
        times = np.arange(int(61 * fps)) / fps
        middle = features.clips(mfccs, times)[:, features.REACH, 0]
        heard = times[np.flatnonzero(middle > loudness.min() + 1)]
        assert abs(heard.mean() - 60.0) < 0.5 / fps + 0.005


def test_blocks_leave_no_seam(monkeypatch):
    samples = noise(3.0)
    whole = features.mfcc(samples)
    levels = features.levels(samples)
    monkeypatch.setattr(features, "_BLOCK", 37)
    np.testing.assert_allclose(features.mfcc(samples), whole, atol=1e-4)
    np.testing.assert_array_equal(features.levels(samples), levels)


def test_clips_are_the_frames_on_the_grid_and_between_them_off_it():
    mfccs = np.random.default_rng(1).standard_normal((50, features.COEFFICIENTS))
    mfccs = mfccs.astype(np.float32)
    clips = features.clips(mfccs, np.array([0.2, 0.205]))
    assert clips.shape == (2, features.CLIP, features.COEFFICIENTS)
    np.testing.assert_array_equal(clips[0], mfccs[11:30])
    np.testing.assert_allclose(clips[1], (mfccs[11:30] + mfccs[12:31]) / 2, atol=1e-5)
    held = features.clips(mfccs, np.array([-1.0, 9.0]))
    np.testing.assert_array_equal(held[0], np.tile(mfccs[0], (features.CLIP, 1)))
    np.testing.assert_array_equal(held[1], np.tile(mfccs[-1], (features.CLIP, 1)))


def test_speech_level_ignores_pauses_and_sets_a_gain():
    samples = noise(2.0)
    paused = np.concatenate([samples, np.zeros(4 * features.RATE, np.float32)])
    level = features.speech_level(features.levels(samples))
    assert level == pytest.approx(0.1, rel=0.03)
    assert features.speech_level(features.levels(paused)) == pytest.approx(level, rel=0.03)
    quiet = features.speech_level(features.levels(samples / 10))
    assert features.gain_for(quiet) == pytest.approx(10.0, rel=0.05)
    assert features.speech_level(np.zeros(10, np.float32)) == 0.0
    assert features.gain_for(0.0) == 1.0


def test_a_warp_moves_the_filters_up():
    peaks = features.mel_basis().argmax(1)[30:50]
    moved = features.mel_basis(1.1).argmax(1)[30:50]
    np.testing.assert_allclose(moved, 1.1 * peaks, atol=1.5)


@pytest.mark.parametrize("count", [1, 159, 160, 1600])
def test_short_sound_has_frames(count):
    samples = noise(1.0)[:count]
    assert len(features.mfcc(samples)) == len(features.levels(samples)) == count // 160 + 1
