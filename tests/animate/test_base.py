from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from facewright.animate.base import (
    CoefficientGeometry,
    Rho,
    VertexGeometry,
    answered,
    checked_steps,
    rows_of,
    window,
)
from facewright.animate.reproject import Reproject
from facewright.errors import InputError


def _geometry(indices: list[int], context: tuple[int, int] = (0, 0)) -> CoefficientGeometry:
    numbers = np.array(indices, np.int64)
    return CoefficientGeometry(
        numbers,
        np.repeat(numbers[:, None].astype(np.float32), 64, 1),
        np.zeros((len(numbers), 6), np.float32),
        np.zeros((len(numbers), 4), np.float32),
        context,
    )


def test_a_window_holds_the_neighbours_and_repeats_edges() -> None:
    rows = window(_geometry([4, 5, 6, 7]), 2)
    assert rows.tolist() == [[0, 0, 0, 1, 2], [0, 0, 1, 2, 3], [0, 1, 2, 3, 3], [1, 2, 3, 3, 3]]
    assert window(_geometry([4, 5]), 0).tolist() == [[0], [1]]


def test_context_is_looked_at_and_not_answered() -> None:
    geometry = _geometry([4, 5, 6, 7], context=(1, 2))
    assert answered(geometry).tolist() == [1]
    assert window(geometry, 1).tolist() == [[0, 1, 2]]
    assert geometry.expression[window(geometry, 1)].shape == (1, 3, 64)


def test_a_window_does_not_reach_across_a_gap() -> None:
    # 6 is no neighbour of 4, nor 9 of 3: their numbers say so.
    rows = window(_geometry([3, 4, 6, 7, 3]), 1)
    assert rows.tolist() == [[0, 0, 1], [0, 1, 1], [2, 2, 3], [2, 3, 3], [4, 4, 4]]


def test_windows_do_not_depend_on_the_batch() -> None:
    numbers = np.arange(9)
    whole = numbers[window(_geometry(list(numbers)), 2)]
    parts = []
    for first, last in ((0, 4), (4, 5), (5, 9)):
        low, high = max(0, first - 2), min(9, last + 2)
        part = _geometry(list(range(low, high)), (first - low, high - last))
        parts.append(part.indices[window(part, 2)])
    np.testing.assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("context", [(2, 1), (3, 0), (-1, 0), (0, 5)])
def test_a_context_that_leaves_nothing_is_named(context: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=r"geometry\.context: expected"):
        answered(_geometry([0, 1, 2], context))


def test_chosen_rows_are_answered_each_in_its_own_clip() -> None:
    # Two clips in a batch, each with its neighbours; numbers keep them apart.
    geometry = replace(_geometry([4, 5, 6, 104, 105]), chosen=np.array([1, 4]))
    assert answered(geometry).tolist() == [1, 4]
    assert window(geometry, 1).tolist() == [[0, 1, 2], [3, 4, 4]]
    assert rows_of(geometry, answered(geometry)).indices.tolist() == [5, 105]
    for rows in ([], [5], [-1]):
        with pytest.raises(InputError, match=r"geometry\.chosen: expected rows in 0..4"):
            answered(replace(geometry, chosen=np.array(rows)))


def test_rows_of_takes_every_array_along() -> None:
    rho = Rho(np.eye(3, dtype=np.float32), np.zeros((3, 6)), np.zeros((3, 4)))
    whole = VertexGeometry(np.arange(3), np.arange(18).reshape(3, 2, 3), rho, (1, 0))
    part = rows_of(whole, np.array([2, 1]))
    assert part.context == (0, 0)
    assert part.vertices[:, 0, 0].tolist() == [12, 6]
    assert part.rho is not None
    assert part.rho.expression.argmax(1).tolist() == [2, 1]


class _Sampling(Reproject):
    name = "sampling"
    steps = (1, 4, 50)


@pytest.mark.parametrize("steps", [0, -1, 51, True, 2.5, "4"])
def test_steps_out_of_bounds_are_named(steps: object) -> None:
    with pytest.raises(InputError, match="steps: expected"):
        checked_steps(_Sampling(), steps)  # type: ignore[arg-type]


def test_steps_default_and_none() -> None:
    assert checked_steps(_Sampling(), None) == 4
    assert checked_steps(_Sampling(), 50) == 50
    assert checked_steps(Reproject(), None) == 0
    with pytest.raises(InputError, match="steps: animator 'reproject' has no sampling steps"):
        checked_steps(Reproject(), 4)
