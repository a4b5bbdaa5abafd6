"""What clips say together: means, and how sure a difference between two rows is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from facewright.checks import Float32
from facewright.errors import InputError

#: Clips below which no interval is given: two would give their own two values.
FEWEST = 3
_RESAMPLES = 10_000
_LEVEL = 0.95
_BLOCK = 1000  # resamples held at once

#: Metrics of which more is better; of all others less is.
_HIGHER = ("psnr", "ssim", "ms_ssim", "identity", "opening_correlation", "lse_c")


@dataclass(frozen=True, slots=True)
class Difference:
    """A row's metric against another's, over the clips where both have it.

    Attributes:
        mean: of the clips' differences, row minus other.
        low, high: bounds of the 95 % bootstrap interval of that mean; None for
            fewer than ``FEWEST`` clips.
        clips: how many.
        better: clips where the row is better.
        worse: clips where it is worse.
    """

    mean: float
    low: float | None
    high: float | None
    clips: int
    better: int
    worse: int

    def as_dict(self) -> dict[str, float | None]:
        """For a report."""
        return asdict(self)


def higher_is_better(metric: str) -> bool:
    """Whether more of ``metric`` is better."""
    return metric.startswith(_HIGHER)


def difference(
    row: Sequence[float | None], other: Sequence[float | None], metric: str, seed: int = 0
) -> Difference | None:
    """Paired over clips; None where no clip has both.

    The interval is the percentile bootstrap over clips (Efron 1979): clips, not frames,
    are what a new user brings, and frames of one clip are alike.

    Args:
        row, other: the clips' means in the same order, None where not measured.
        metric: says which direction is better.
        seed: of the resampling.
    """
    if len(row) != len(other):
        raise InputError(f"other: expected {len(row)} clips, got {len(other)}")
    pairs = [(a, b) for a, b in zip(row, other, strict=True) if a is not None and b is not None]
    if not pairs:
        return None
    gaps = np.array([a - b for a, b in pairs])
    gains = gaps if higher_is_better(metric) else -gaps
    low, high = interval(gaps, seed) if len(gaps) >= FEWEST else (None, None)
    return Difference(
        float(gaps.mean()), low, high, len(gaps), int((gains > 0).sum()), int((gains < 0).sum())
    )


def interval(values: Float32 | Sequence[float], seed: int = 0) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the mean of (N,) values."""
    values = np.asarray(values, np.float64)
    rng = np.random.default_rng(seed)
    means = [
        values[rng.integers(0, len(values), (_BLOCK, len(values)))].mean(-1)
        for _ in range(_RESAMPLES // _BLOCK)
    ]
    tail = 100 * (1 - _LEVEL) / 2
    low, high = np.percentile(np.concatenate(means), [tail, 100 - tail])
    return float(low), float(high)
