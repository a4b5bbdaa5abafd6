# SPDX-License-Identifier: GPL-3.0-or-later
"""Few keys for many samples: curves within a bound on every frame, all channels at once.

Top-down, a span between two keys is split at its worst frame until every frame is within
the bound; then, bottom-up, neighbouring spans are joined wherever one still is. Each round
treats all spans of all channels together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Of a bound: leaves room for what float32 rounds.
_MARGIN = 0.995
_RIDGE = 1e-3  # draws slopes to the chord's where samples hardly say
_REACH = 3  # frames either side that a peak stands above


@dataclass(frozen=True, slots=True)
class Thinned:
    """Keys of one channel.

    Attributes:
        index: (K,) rows of the samples that stay as keys.
        left: (K,) slope before each key, per frame.
        right: (K,) slope after it.
    """

    index: np.ndarray
    left: np.ndarray
    right: np.ndarray


def thin(
    values: np.ndarray, bounds: np.ndarray, keep: np.ndarray | None = None, *, smooth: bool = True
) -> list[Thinned]:
    """Keys such that the curve through them differs from no sample by more than a bound.

    Args:
        values: (C, T) samples, one a frame, T of at least 1.
        bounds: (C,) largest difference of each channel.
        keep: (C, T) bool, samples that must be keys.
        smooth: cubic spans, with handles at thirds (Bezier keys), instead of straight ones.

    Returns:
        C results; their keys hold the samples' own values.
    """
    values = np.asarray(values, np.float64)
    frames = values.shape[1]
    limit = np.asarray(bounds, np.float64) * _MARGIN
    fixed = np.zeros(values.shape, bool) if keep is None else keep.astype(bool)
    fixed[:, [0, -1]] = True
    knots = fixed.copy()
    if frames > 1:
        _split(values, limit, knots, smooth)
        _join(values, limit, knots, fixed, smooth)
    return _result(values, knots, smooth)


def landmarks(weights: np.ndarray) -> np.ndarray:
    """(C, T) samples that must stay: the ends of rests at 0, and peaks.

    So lids that shut fully, lips that meet, and what rests does so to the number.

    Args:
        weights: (C, T) blendshape weights.
    """
    rest = np.abs(weights) <= 1e-6
    padded = np.pad(rest, ((0, 0), (1, 1)), constant_values=True)
    ends = rest & ~(padded[:, :-2] & padded[:, 2:])
    if weights.shape[1] <= 2 * _REACH:
        return ends
    wide = np.pad(weights, ((0, 0), (_REACH, _REACH)), mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(wide, 2 * _REACH + 1, axis=1)
    top, bottom = around.max(axis=2), around.min(axis=2)
    high = (weights == top) & (weights - bottom >= 0.1)
    low = (weights == bottom) & (top - weights >= 0.1) & ~rest
    peaks = high | low
    peaks[:, 1:] &= ~(peaks[:, :-1] & (weights[:, 1:] == weights[:, :-1]))  # a plateau's first
    return ends | peaks


def _spans(knots: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Channel, first and last sample of every span between neighbouring knots."""
    channel, index = np.nonzero(knots)
    inside = channel[:-1] == channel[1:]
    return channel[:-1][inside], index[:-1][inside], index[1:][inside]


def _fit(
    values: np.ndarray, channel: np.ndarray, first: np.ndarray, last: np.ndarray, smooth: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Worst difference and its sample, and both slopes, of every span's curve."""
    lengths = last - first + 1
    begins = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    span = np.repeat(np.arange(len(first)), lengths)
    index = first[span] + np.arange(len(span)) - begins[span]
    samples = values[channel[span], index]
    start, end = values[channel, first], values[channel, last]
    width = (last - first).astype(np.float64)
    t = (index - first[span]) / width[span]
    chord = end - start
    if smooth:
        leave, arrive = t * (1 - t) ** 2, t * t * (t - 1)
        missed = samples - (start[span] + chord[span] * (t * t * (3 - 2 * t)))
        left, right = _slopes(leave, arrive, missed, chord, begins)
        curve = leave * left[span] + arrive * right[span]
        error = np.abs(missed - curve)
    else:
        left = right = chord
        error = np.abs(samples - (start[span] + chord[span] * t))
    worst = np.maximum.reduceat(error, begins)
    at = np.flatnonzero(error >= worst[span])
    _, position = np.unique(span[at], return_index=True)
    return worst, index[at[position]], left / width, right / width


def _slopes(
    leave: np.ndarray,
    arrive: np.ndarray,
    missed: np.ndarray,
    chord: np.ndarray,
    begins: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Least squares for both end slopes of every span, near the chord's where free."""

    def total(product: np.ndarray) -> np.ndarray:
        return np.add.reduceat(product, begins)

    a, b, c = total(leave * leave) + _RIDGE, total(leave * arrive), total(arrive * arrive) + _RIDGE
    d, e = total(leave * missed) + _RIDGE * chord, total(arrive * missed) + _RIDGE * chord
    scale = 1.0 / (a * c - b * b)
    return (c * d - b * e) * scale, (a * e - b * d) * scale


def _split(values: np.ndarray, limit: np.ndarray, knots: np.ndarray, smooth: bool) -> None:
    """Add knots until every span is within its bound."""
    channel, first, last = _spans(knots)
    while len(first):
        wide = last - first > 1
        channel, first, last = channel[wide], first[wide], last[wide]
        if not len(first):
            return
        worst, at, _, _ = _fit(values, channel, first, last, smooth)
        bad = worst > limit[channel]
        channel, first, last, at = channel[bad], first[bad], last[bad], at[bad]
        at = np.clip(at, first + 1, last - 1)
        knots[channel, at] = True
        channel = np.concatenate([channel, channel])
        first, last = np.concatenate([first, at]), np.concatenate([at, last])


def _join(
    values: np.ndarray, limit: np.ndarray, knots: np.ndarray, fixed: np.ndarray, smooth: bool
) -> None:
    """Take knots away where one span in place of two is within the bound."""
    idle, turn = 0, 0
    while idle < 2:
        channel, index = np.nonzero(knots)
        inner = np.flatnonzero((channel[1:-1] == channel[:-2]) & (channel[1:-1] == channel[2:])) + 1
        inner = inner[inner % 2 == turn]  # no two neighbours at once
        inner = inner[~fixed[channel[inner], index[inner]]]
        turn, idle = 1 - turn, idle + 1
        if not len(inner):
            continue
        worst, *_ = _fit(values, channel[inner], index[inner - 1], index[inner + 1], smooth)
        gone = inner[worst <= limit[channel[inner]]]
        knots[channel[gone], index[gone]] = False
        if len(gone):
            idle = 0


def _result(values: np.ndarray, knots: np.ndarray, smooth: bool) -> list[Thinned]:
    channel, first, last = _spans(knots)
    if len(first):
        _, _, leaving, arriving = _fit(values, channel, first, last, smooth)
    found = []
    for row in range(len(values)):
        index = np.flatnonzero(knots[row])
        left, right = np.zeros(len(index)), np.zeros(len(index))
        if len(index) > 1:
            mine = channel == row
            right[:-1], left[1:] = leaving[mine], arriving[mine]
            left[0], right[-1] = right[0], left[-1]
        found.append(Thinned(index, left, right))
    return found


def curve(thinned: Thinned, values: np.ndarray) -> np.ndarray:
    """(T,) samples of the cubic curve through a channel's keys.

    Args:
        thinned: its keys.
        values: (T,) the samples that were thinned.
    """
    index, result = thinned.index, np.array(values, np.float64)
    for a, b, leave, arrive in zip(
        index[:-1], index[1:], thinned.right[:-1], thinned.left[1:], strict=True
    ):
        width = b - a
        t = np.arange(width + 1) / width
        smooth = t * t * (3 - 2 * t)
        result[a : b + 1] = (
            values[a]
            + (values[b] - values[a]) * smooth
            + width * (t * (1 - t) ** 2 * leave + t * t * (t - 1) * arrive)
        )
    return result
