"""Action units in rendered frames: the measures see what the model does."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.capture.landmarks import FaceFinder
from facewright.drive.emotion.units import BASIS, UNITS
from facewright.errors import InputError
from facewright.evaluate.action_units import NOISE, SEEN, seen
from facewright.evaluate.emotion import Expected, Stage, measure


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage(FaceFinder())


@pytest.mark.parametrize(
    "unit", ["1", "2", "4", "5", "6", "7", "9", "10", "12", "14R", "15", "20", "24", "25", "26",
             "43"],
)  # fmt: skip
def test_a_unit_alone_is_seen(stage: Stage, unit: str) -> None:
    assert stage.show(0.8 * BASIS[UNITS.index(unit)])[unit] > NOISE


def test_a_face_at_rest_shows_none(stage: Stage) -> None:
    shown = stage.show(np.zeros(64, np.float32))
    assert set(shown) == set(SEEN)
    assert max(map(abs, shown.values())) < 2 * NOISE


def test_a_head_that_only_moves_shows_none() -> None:
    points = np.random.default_rng(0).uniform(100, 300, (478, 2)).astype(np.float32)
    turn = np.array([[0.98, -0.1], [0.1, 0.98]])
    shown = seen((points @ turn.T * 1.2 + 7).astype(np.float32), points)
    assert max(map(abs, shown.values())) < 1e-4


def test_measure_tells_right_from_wrong() -> None:
    found = measure(
        [Expected("happy", ("12", "6")), Expected("sad", ("15",)), Expected("sad", ("12",))],
        identities=[0],
        etas=[2.0, 3.0],
    )
    assert found["right"] == pytest.approx(0.75)
    assert found["wrong"] == [("sad", "12")]
    assert found["monotone"] == 1.0 and set(found["right_at"]) == {"2", "3"}
    assert found["prompts"][0]["seen"]["12"] > 0.03


def test_what_is_wrong_is_told() -> None:
    with pytest.raises(InputError, match="prompts"):
        measure([Expected("happy", ("99",))])
    with pytest.raises(InputError, match="etas"):
        measure([Expected("happy", ("12",))], etas=[2.0, 1.0])
    with pytest.raises(InputError, match="identities"):
        measure([Expected("happy", ("12",))], identities=[])
