"""Brows by the literature: on accents, a function of time, none in silence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from facewright.drive import upper
from facewright.drive.heard import Heard, hear
from facewright.drive.upper import prior
from facewright.errors import InputError
from facewright.face.names import EXPRESSION_64
from facewright.media.speech import Speech

INNER = EXPRESSION_64.index("browInnerUp")


def voice(seconds: float = 30.0) -> Speech:
    """Syllables four times a second, every third loud, in phrases of 2.5 s; then a pause."""
    times = np.arange(int(seconds * 16000)) / 16000
    loud = np.where((times * 4).astype(int) % 3 == 0, 1.0, 0.35)
    envelope = loud * np.sin(np.pi * (times * 4 % 1)) ** 2 * (times % 3.2 < 2.5)
    buzz = np.sign(np.sin(2 * np.pi * 140 * times)) * 0.2
    return Speech((buzz * envelope).astype(np.float32))


@pytest.fixture(scope="module")
def heard() -> Heard:
    return hear(voice())


def test_it_is_found_by_name() -> None:
    assert upper.DEFAULT in upper.names()
    assert upper.create("prior").blinks is False
    with pytest.raises(InputError, match="'browse' is not one of"):
        upper.create("browse")


def test_frames_of_any_rate_sample_the_same_performance(heard: Heard) -> None:
    brows = upper.create("prior")
    fine = brows(np.arange(0, 30, 0.01), heard, seed=3)
    coarse = brows(np.arange(0, 30, 0.04), heard, seed=3)
    np.testing.assert_allclose(fine[::4], coarse, atol=1e-6)
    some = brows(np.array([12.3, 4.56]), heard, seed=3)
    np.testing.assert_allclose(some[1], fine[456], atol=1e-6)


def test_seeds_differ_and_repeat(heard: Heard) -> None:
    brows, times = upper.create("prior"), np.arange(0, 30, 0.04)
    np.testing.assert_array_equal(brows(times, heard, 1), brows(times, heard, 1))
    assert np.abs(brows(times, heard, 1) - brows(times, heard, 2)).max() > 0.05


def test_amount_scales_and_zero_is_still(heard: Heard) -> None:
    brows, times = upper.create("prior"), np.arange(0, 30, 0.04)
    sizes = [brows(times, heard, 1, amount)[:, INNER].mean() for amount in (0, 0.5, 1, 2)]
    assert sizes[0] == 0
    assert sizes[1] < sizes[2] < sizes[3]
    with pytest.raises(InputError, match="amount"):
        brows(times, heard, 1, 4.0)


def test_silence_moves_nothing() -> None:
    silent = hear(Speech(np.zeros(16000 * 5, np.float32)))
    assert not upper.create("prior")(np.arange(0, 5, 0.04), silent, 1).any()
    # And where speech ends, so does what it moves.
    ends = voice(5.0).samples
    paused = hear(Speech(np.concatenate([ends, np.zeros(16000 * 5, np.float32)])))
    moved = upper.create("prior")(np.arange(0, 10, 0.04), paused, 1)
    assert moved[:125].any() and not moved[160:].any()


def test_only_brows_and_lids_move_and_within_range(heard: Heard) -> None:
    moved = np.max(
        [upper.create("prior")(np.arange(0, 30, 0.04), heard, seed, 2.0) for seed in range(8)],
        axis=(0, 1),
    )
    names = {EXPRESSION_64[k] for k in np.flatnonzero(moved)}
    assert names <= {"browInnerUp", "browOuterUpLeft", "browOuterUpRight", "browDownLeft",
                     "browDownRight", "eyeWideLeft", "eyeWideRight"}  # fmt: skip
    assert moved.max() <= 1


def test_brows_rise_before_accents(heard: Heard) -> None:
    """Over many seeds the mean curve is high before accents' loudest moments, not after."""
    brows = upper.create("prior")
    times = np.arange(0, 30, 0.02)
    mean = np.mean([brows(times, heard, seed)[:, INNER] for seed in range(40)], axis=0)
    moments, weights = heard.accents
    strong = moments[weights > 0.5]
    before = np.interp(strong - 0.2, times, mean).mean()
    after = np.interp(strong + 0.35, times, mean).mean()
    assert before > 1.3 * after


def test_raises_are_as_frequent_as_in_the_literature(heard: Heard) -> None:
    """Some ten to twenty large ones a minute of speech, and some of them downwards."""
    found = [event for seed in range(40) for event in prior.events(heard, seed)]
    large = [event for event in found if event.size > 0.3]
    assert 4 < len(large) / 40 / heard.seconds * 60 < 25
    assert 0 < np.mean([event.lowered for event in large]) < 0.3


def test_what_comes_later_changes_nothing_before(heard: Heard) -> None:
    """Live driving hears the speech bit by bit and must not change its mind."""
    moments, weights = heard.accents
    known = replace(heard, accents=(moments[:6], weights[:6]))
    times = np.arange(0, moments[6] - 1.0, 0.04)
    brows = upper.create("prior")
    np.testing.assert_allclose(brows(times, known, 5), brows(times, heard, 5), atol=1e-6)


def test_phrases_begin_after_pauses() -> None:
    speaking = np.zeros(400, np.float32)
    speaking[50:100] = speaking[110:200] = speaking[260:300] = 1
    np.testing.assert_allclose(prior.phrase_starts(speaking), [0.5, 2.6])
