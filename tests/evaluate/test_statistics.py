"""Differences over clips and their intervals."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.errors import InputError
from facewright.evaluate.statistics import difference, higher_is_better, interval


def test_the_interval_is_that_of_the_mean() -> None:
    values = np.random.default_rng(0).normal(1.0, 0.5, 400)
    low, high = interval(values)
    error = values.std() / np.sqrt(len(values))
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.2 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.2 * error)
    assert interval(values) == (low, high)
    assert interval(values, seed=1) != (low, high)


def test_differences_are_paired_and_know_which_way_is_better() -> None:
    row, other = [30.0, 20.0, None, 25.0], [29.0, 22.0, 18.0, 24.5]
    found = difference(row, other, "psnr_face")
    assert found is not None
    assert (found.clips, found.better, found.worse) == (3, 2, 1)
    assert found.mean == pytest.approx((1 - 2 + 0.5) / 3)
    less = difference(row, other, "lmd_mouth")
    assert less is not None and (less.better, less.worse) == (1, 2)


def test_one_clip_has_no_interval_and_none_has_no_difference() -> None:
    found = difference([1.0], [2.0], "lpips")
    assert found is not None and found.low is None and found.better == 1
    two = difference([1.0, 3.0], [2.0, 2.0], "lpips")
    assert two is not None and two.low is None and two.high is None
    assert difference([None], [2.0], "lpips") is None
    with pytest.raises(InputError, match="other: expected 1 clips, got 2"):
        difference([1.0], [2.0, 3.0], "lpips")


@pytest.mark.parametrize(
    ("metric", "higher"),
    [("psnr_mouth", True), ("ms_ssim_face", True), ("identity", True), ("lse_c", True),
     ("lse_d", False), ("warped_error_ratio", False), ("pose_degrees", False), ("fid", False)],
)  # fmt: skip
def test_directions(metric: str, higher: bool) -> None:
    assert higher_is_better(metric) is higher
