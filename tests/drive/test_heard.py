"""What is heard, once for all channels."""

from __future__ import annotations

import numpy as np
import pytest
import soxr
from facewright.drive import features
from facewright.drive.heard import GRID, hear
from facewright.media.speech import Speech, read_speech


@pytest.fixture(scope="module")
def speech(examples) -> Speech:
    return read_speech(examples / "speech.wav")


def test_everything_lies_on_one_grid(speech):
    heard = hear(speech)
    frames = features.frame_count(len(speech.samples))
    assert heard.seconds == speech.seconds
    assert heard.mfccs.shape == (frames, features.COEFFICIENTS)
    assert heard.level.shape == heard.presence.speaking.shape == heard.presence.level.shape
    assert len(heard.level) == frames
    when, weights = heard.accents
    assert len(when) == len(weights) > 3
    assert (np.diff(when) > 0).all()
    assert when[-1] < heard.seconds
    assert weights.min() >= 0
    assert weights.max() <= 1


def test_a_pause_is_found_and_activity_falls_in_it(speech):
    gap = np.zeros(2 * speech.rate, np.float32)
    heard = hear(Speech(np.concatenate([speech.samples, gap, speech.samples])))
    start = speech.seconds
    assert ((heard.pauses > start - 1) & (heard.pauses < start + 1)).any()
    silent, spoken = heard.activity(np.array([start + 1.0, start / 2]))
    assert silent < 0.1
    assert spoken > 0.8


def test_activity_is_a_function_of_time(speech):
    heard = hear(speech)
    dense = heard.activity(np.arange(600) / 100)
    np.testing.assert_allclose(heard.activity(np.arange(150) / 25), dense[::4], atol=1e-6)


def test_a_curve_is_held_at_its_ends(speech):
    heard = hear(speech)
    ramp = np.arange(len(heard.level), dtype=np.float32)
    got = heard.at(ramp, np.array([-1.0, 0.005, 1.0, 1e4]))
    np.testing.assert_allclose(got, [0, 0.005 * GRID, GRID, ramp[-1]], rtol=1e-6)


def test_another_sample_rate_is_heard_alike(speech):
    dense = Speech(soxr.resample(speech.samples, 16000, 48000), 48000)
    a, b = hear(speech), hear(dense)
    assert b.seconds == pytest.approx(a.seconds, abs=1e-3)
    short = min(len(a.level), len(b.level))
    np.testing.assert_allclose(b.level[:short], a.level[:short], atol=0.01)


def test_progress_reaches_the_end(speech):
    told: list[float] = []
    hear(speech, told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
