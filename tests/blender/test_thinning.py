"""Thinning samples to keys: bounds, what must stay, how few are left."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = pytest.mark.usefixtures("core")


def straight(thinned, values: np.ndarray) -> np.ndarray:
    return np.interp(np.arange(len(values)), thinned.index, values[thinned.index])


def lively(channels: int = 8, frames: int = 400) -> np.ndarray:
    rng = np.random.default_rng(0)
    rough = rng.normal(0.0, 1.0, (channels, frames + 20))
    window = np.hanning(21)
    return np.stack([np.convolve(row, window / window.sum(), "valid") for row in rough])


@pytest.mark.parametrize("smooth", [True, False])
@pytest.mark.parametrize("bound", [0.001, 0.01, 0.1])
def test_no_sample_differs_by_more_than_its_bound(smooth, bound):
    from addon.core import thinning

    values = lively()
    bounds = bound * np.linspace(0.5, 2.0, len(values))
    for row, few in enumerate(thinning.thin(values, bounds, smooth=smooth)):
        shown = (thinning.curve if smooth else straight)(few, values[row])
        assert np.abs(shown - values[row]).max() <= bounds[row]
        assert few.index[0] == 0 and few.index[-1] == values.shape[1] - 1
        assert (np.diff(few.index) > 0).all()


def test_smooth_curves_need_fewer_keys_than_lines_and_lines_fewer_than_samples():
    from addon.core import thinning

    values, bounds = lively(), np.full(8, 0.02)
    smooth = sum(len(few.index) for few in thinning.thin(values, bounds))
    lines = sum(len(few.index) for few in thinning.thin(values, bounds, smooth=False))
    assert 2.5 * smooth < lines < values.size / 3


def test_lines_are_close_to_the_fewest():
    """Against the shortest chain of spans that are within the bound."""
    from addon.core import thinning

    values, bound = lively(1, 150), 0.02
    few = len(thinning.thin(values, np.array([bound]), smooth=False)[0].index)
    row, frames = values[0], values.shape[1]
    best = np.full(frames, frames)
    best[0] = 1
    for last in range(1, frames):
        for first in range(last):
            t = np.linspace(0.0, 1.0, last - first + 1)
            line = row[first] + (row[last] - row[first]) * t
            if np.abs(line - row[first : last + 1]).max() <= bound:
                best[last] = min(best[last], best[first] + 1)
    assert best[-1] <= few <= 1.25 * best[-1]


def test_what_a_few_keys_say_needs_no_more():
    from addon.core import thinning

    frames = np.arange(101.0)
    values = np.stack(
        [np.zeros(101), frames / 100.0, np.interp(frames, [0, 30, 100], [0.0, 1.0, 0.5])]
    )
    found = thinning.thin(values, np.full(3, 1e-3), smooth=False)
    assert [few.index.tolist() for few in found] == [[0, 100], [0, 100], [0, 30, 100]]
    cubic = 3 * (frames / 100) ** 2 - 2 * (frames / 100) ** 3
    (few,) = thinning.thin(cubic[None], np.array([1e-3]))
    assert len(few.index) == 2


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_short_motions(frames):
    from addon.core import thinning

    values = np.arange(frames, dtype=float)[None] ** 2
    (few,) = thinning.thin(values, np.array([1e-4]))
    assert few.index[0] == 0 and few.index[-1] == frames - 1
    assert np.abs(thinning.curve(few, values[0]) - values[0]).max() <= 1e-4


def test_kept_samples_are_keys():
    from addon.core import thinning

    values = lively(2, 60)
    keep = np.zeros(values.shape, bool)
    keep[0, [7, 8, 33]] = True
    first, second = thinning.thin(values, np.full(2, 10.0), keep)
    assert set(first.index) == {0, 7, 8, 33, 59}
    assert set(second.index) == {0, 59}


def test_rests_and_peaks_are_landmarks():
    from addon.core import thinning

    blink = np.zeros(40)
    blink[10:15] = [0.4, 0.9, 1.0, 0.6, 0.1]
    slow = np.full(40, 0.2)
    found = thinning.landmarks(np.stack([blink, slow]))
    assert np.flatnonzero(found[0]).tolist() == [9, 12, 15]
    assert not found[1].any()
