"""Emotion over speech: lips that shut stay shut, and nothing moves in time."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.drive import lips
from facewright.drive.emotion import STYLES, code_of, combine, synthesise
from facewright.errors import InputError
from facewright.face.library import load_model
from facewright.face.names import EXPRESSION_64

_AT = {name: k for k, name in enumerate(EXPRESSION_64)}


def _spoken(frames: int = 50) -> np.ndarray:
    """Vowels about a bilabial closure in the middle, as ``articulate`` writes them."""
    shut = np.clip(1.5 - np.abs(np.arange(frames) - frames // 2) / 2, 0, 1)
    spoken = np.zeros((frames, 64), np.float32)
    spoken[:, _AT["jawOpen"]] = 0.25 + 0.1 * np.sin(np.arange(frames))
    spoken[:, _AT["mouthClose"]] = lips.CLOSE * shut * spoken[:, _AT["jawOpen"]]
    for side in ("Left", "Right"):
        spoken[:, _AT[f"mouthPress{side}"]] = lips.PRESS * shut
    return spoken


def _offsets(style: str, frames: int, eta: float = 3.0) -> np.ndarray:
    return synthesise(np.tile(code_of({style: 1.0}), (frames, 1)), np.full(frames, eta))


@pytest.mark.parametrize("style", STYLES)
def test_lips_that_shut_stay_shut_on_the_mesh(style: str) -> None:
    spoken = _spoken()
    middle = len(spoken) // 2
    both = combine(spoken, _offsets(style, len(spoken)))
    model = load_model()
    shapes = np.stack([spoken[middle], both[middle]])
    points = model.landmark_points(
        model.vertices(np.zeros(80, np.float32), shapes), model.landmarks478
    )
    plain, moved = (points[:, 13, 1] - points[:, 14, 1]) * 1000  # millimetres
    assert moved < plain + 0.7
    assert lips.opening(both)[middle] <= lips.opening(spoken)[middle] + 1e-6


@pytest.mark.parametrize("style", STYLES)
def test_timing_of_the_lips_is_kept(style: str) -> None:
    spoken = _spoken()
    both = combine(spoken, _offsets(style, 50), activity=np.ones(50))
    before, after = lips.opening(spoken), lips.opening(both)
    assert np.corrcoef(before, after)[0, 1] > 0.95
    assert np.array_equal(before < 1e-6, after < 1e-6)
    press = [_AT["mouthPressLeft"], _AT["mouthPressRight"]]
    assert (both[:, press] >= spoken[:, press]).all()


def test_frames_do_not_depend_on_each_other() -> None:
    spoken, offsets = _spoken(), _offsets("surprised", 50)
    whole = combine(spoken, offsets)
    assert np.array_equal(whole[20:30], combine(spoken[20:30], offsets[20:30]))


def test_brows_are_added_and_rounding_wins() -> None:
    spoken = np.zeros((2, 64), np.float32)
    spoken[1, _AT["mouthPucker"]] = 1.0
    both = combine(spoken, _offsets("happy", 2))
    smile = both[:, _AT["mouthSmileLeft"]]
    assert smile[1] < 0.5 * smile[0]
    assert both[1, _AT["mouthPucker"]] == 1.0
    assert both[1, _AT["cheekSquintLeft"]] == both[0, _AT["cheekSquintLeft"]] > 0.5


def test_mouth_opening_zero_and_neutral() -> None:
    spoken = np.zeros((3, 64), np.float32)
    shut = combine(spoken, _offsets("surprised", 3), mouth_opening=0.0)
    assert np.abs(lips.opening(shut)).max() == 0
    wide = combine(spoken, _offsets("surprised", 3))
    talked = combine(spoken, _offsets("surprised", 3), activity=np.ones(3))
    assert 0 < lips.opening(talked)[0] < lips.opening(wide)[0]
    spoken = _spoken()
    assert np.array_equal(combine(spoken, np.zeros_like(spoken)), spoken)


def test_what_is_wrong_is_told() -> None:
    spoken = _spoken(4)
    with pytest.raises(InputError, match="offsets"):
        combine(spoken, np.zeros((3, 64)))
    with pytest.raises(InputError, match="closure"):
        combine(spoken, np.zeros((4, 64)), closure=np.full(4, 2.0))
