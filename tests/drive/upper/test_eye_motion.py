"""The eye motion feature: GoHD's definition, linearity, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.drive.upper.feature import (
    BROWS,
    SIZE,
    EyeMotion,
    default_eye_motion,
    eye_motion,
    of_points,
)
from facewright.errors import InputError
from facewright.face.library import load_model
from facewright.face.names import EXPRESSION_64


@pytest.fixture(scope="module")
def eyes() -> EyeMotion:
    return default_eye_motion()


def weights(**named: float) -> np.ndarray:
    row = np.zeros((1, 64), np.float32)
    for name, value in named.items():
        row[0, EXPRESSION_64.index(name)] = value
    return row


def test_golden_feature_of_points() -> None:
    neutral = np.zeros((68, 2), np.float32)
    neutral[[37, 38, 43, 44], 1] = 0.01
    points = neutral[None].copy()
    points[0, [37, 38], 1] = 0.004  # one eye 0.4, the other open: on average 0.7
    points[0, 17] += (0.001, 0.002)
    points[0, 26] -= (0.0, 0.003)
    feature = of_points(points, neutral)
    expected = np.zeros(SIZE)
    expected[0] = 0.7
    expected[1:3] = (0.1, 0.2)  # centimetres
    expected[20] = -0.3
    np.testing.assert_allclose(feature[0], expected, atol=1e-5)


def test_the_basis_is_the_feature_of_the_models_landmarks(eyes: EyeMotion) -> None:
    model = load_model()
    rng = np.random.default_rng(0)
    expression = rng.uniform(0, 0.6, (4, 64)).astype(np.float32)
    shape = model.vertices(np.zeros(80, np.float32), expression)
    points = model.metres_per_unit * model.landmark_points(shape, model.landmarks68)
    rest = model.metres_per_unit * model.landmark_points(model.mean, model.landmarks68)
    np.testing.assert_allclose(eyes.feature(expression), of_points(points, rest), atol=1e-3)


def test_signs(eyes: EyeMotion) -> None:
    shut = eyes.feature(weights(eyeBlinkLeft=1, eyeBlinkRight=1))[0]
    assert shut[0] < 0.2 and np.abs(shut[1:]).max() < 0.05
    raised = eyes.feature(weights(browInnerUp=1))[0]
    assert raised[2::2].max() > 0.3 and raised[0] == pytest.approx(1, abs=0.05)
    frown = eyes.feature(weights(browDownLeft=1, browDownRight=1))[0]
    assert frown[2::2].min() < -0.3


def test_there_and_back(eyes: EyeMotion) -> None:
    rng = np.random.default_rng(1)
    expression = np.zeros((50, 64), np.float32)
    for name in BROWS[1:5]:
        expression[:, EXPRESSION_64.index(name)] = rng.uniform(0, 0.8, 50)
    expression[:, [EXPRESSION_64.index(f"eyeBlink{s}") for s in ("Left", "Right")]] = rng.uniform(
        0, 0.9, (50, 1)
    )
    feature = eyes.feature(expression)
    found = eyes.expression(feature)
    assert found.min() >= 0 and found.max() <= 1
    assert np.abs(eyes.feature(found) - feature).max() < 0.03
    assert np.abs(found - expression).max() < 0.12
    still = np.delete(found, eyes.columns, axis=1)
    assert not still.any()


def test_what_no_face_does_is_met_as_nearly_as_possible(eyes: EyeMotion) -> None:
    sought = np.tile(eyes.neutral, (2, 1))
    sought[0, 0], sought[1, 2::2] = -1.0, 5.0
    found = eyes.expression(sought)
    assert found.max() == 1.0
    assert eyes.feature(found)[0, 0] < 0.2


def test_wrong_input_is_named(eyes: EyeMotion) -> None:
    with pytest.raises(InputError, match="feature"):
        eyes.expression(np.zeros((3, 20)))
    with pytest.raises(InputError, match="points"):
        of_points(np.zeros((3, 67, 2)), np.zeros((67, 2)))
    with pytest.raises(InputError, match="coordinates"):
        of_points(np.zeros((3, 68, 4)), np.zeros((68, 4)))


def test_a_model_without_brows_is_refused() -> None:
    from dataclasses import replace

    model = load_model()
    foreign = replace(model, expression_names=tuple(f"e{k}" for k in range(64)))
    with pytest.raises(InputError, match="browDownLeft"):
        eye_motion(foreign)
