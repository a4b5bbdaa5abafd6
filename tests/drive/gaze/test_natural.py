"""Eyes that look as people's do: the published statistics, measured on what is made."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.drive import gaze
from facewright.drive.gaze import Eyes, angles, natural

EYES = Eyes.of(None)
HOME = (EYES.resting_point, np.zeros(4))


def looks(seconds: float, seed: int, **options: object) -> tuple[np.ndarray, np.ndarray]:
    """Starts (K,) and directions (K, 2) in degrees of what is looked at."""
    plan = natural.fixations(seconds, seed, EYES, HOME, **options)  # type: ignore[arg-type]
    return plan.starts, angles.common(EYES.gaze(plan.points))


def spans(starts: np.ndarray, ways: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lengths of looks at somebody and of looks away (more than 2.5 degrees), seconds."""
    away = np.linalg.norm(ways, axis=1) > 2.5
    edges = np.flatnonzero(np.diff(away.astype(int))) + 1
    lengths = np.diff(starts[edges])
    return lengths[~away[edges[:-1]]], lengths[away[edges[:-1]]]


def test_looks_away_are_as_long_and_as_wide_as_published() -> None:
    starts, ways = looks(3600.0, 1)
    size = np.linalg.norm(ways, axis=1)
    assert size.max() < 30
    # A = -6.9 ln(P / 15.7): beyond any bound the excess is exponential with mean 6.9, here
    # cut off at 23.
    beyond = size[(size > 4) & (size < 27)] - 4
    cut = np.exp(-23 / 6.9)
    assert beyond.mean() == pytest.approx(6.9 - 23 * cut / (1 - cut), rel=0.1)
    towards, away = spans(starts, ways)
    assert away.mean() == pytest.approx(0.93, rel=0.15)
    # Looks away by less than 2.5 degrees pass for looks at somebody, who then seem longer.
    seen = np.exp(-(2.5 - 0.31) / 6.9)
    assert towards.mean() == pytest.approx(3.13 / seen, rel=0.2)
    # To the sides and up and down rather than aslant.
    octant = np.round(np.degrees(np.arctan2(ways[:, 1], ways[:, 0])) / 45).astype(int)[size > 4]
    straight = np.isin(octant % 2, 0).mean()
    assert straight == pytest.approx(0.704, abs=0.06)


def test_listeners_look_away_less() -> None:
    def quiet(times: np.ndarray) -> np.ndarray:
        return np.zeros(len(times))

    talking, listening = (
        (np.linalg.norm(looks(1200.0, 2, **options)[1], axis=1) > 4).sum()
        for options in ({}, {"activity": quiet})
    )
    assert listening < 0.6 * talking


def test_looks_away_prefer_pauses() -> None:
    pauses = np.arange(2.0, 1200.0, 3.7)

    def at_pauses(**options: object) -> float:
        starts, ways = looks(1200.0, 3, **options)
        away = starts[np.linalg.norm(ways, axis=1) > 4]
        return float((np.abs(away[:, None] - pauses).min(1) < 0.01).mean())

    assert at_pauses() < 0.05
    assert at_pauses(pauses=pauses) > 0.3


def test_aversion_is_a_factor_and_can_be_off() -> None:
    count = [
        int((np.linalg.norm(looks(1200.0, 5, aversion=a)[1], axis=1) > 4).sum())
        for a in (0.0, 0.5, 1.0, 2.0)
    ]
    assert count[0] == 0
    assert count[0] < count[1] < count[2] < count[3]


def test_seeds_differ_and_a_longer_performance_begins_alike() -> None:
    a, b = looks(60.0, 6), looks(60.0, 7)
    assert len(a[0]) != len(b[0]) or not np.allclose(a[1], b[1])
    times = np.arange(0, 30, 0.04)
    short, long = (gaze.track(times, "natural", EYES, seed=6, seconds=s).gaze for s in (30.0, 90.0))
    np.testing.assert_array_equal(short, long)


def test_fixating_eyes_tremble_by_a_fraction_of_a_degree() -> None:
    shake = natural.restless(np.arange(0, 120, 0.01), 3)
    assert 0.05 < shake.std() < 0.25
    assert np.abs(shake).max() < 0.8
