"""GoHD's measures of spontaneous motion, on sequences whose scores are known."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.errors import InputError
from facewright.evaluate import gohd_metrics as gohd
from facewright.face.library import load_model
from facewright.face.names import EXPRESSION_64

TIMES = np.linspace(0, 4 * np.pi, 200)


def test_equal_sequences_score_one_and_opposite_ones_less() -> None:
    wave = np.stack([np.sin(TIMES), np.cos(TIMES)], axis=1)
    assert gohd.structural_similarity(wave, wave) == pytest.approx(1)
    assert gohd.structure(wave, wave) == pytest.approx(1)
    assert gohd.structure(wave, -wave) == pytest.approx(-1)
    assert gohd.structure(wave, wave[:, ::-1]) == pytest.approx(0, abs=0.02)


def test_golden_value_of_equation_26() -> None:
    """One dimension by hand: means 1 and 3, variances 1 and 4, covariance 2."""
    real, made = np.array([[0.0], [2.0]]), np.array([[1.0], [5.0]])
    expected = (2 * 1 * 3 + 0.1) / (1 + 9 + 0.1) * (2 * 2 + 0.2) / (1 + 4 + 0.2)
    assert gohd.structural_similarity(real, made, 0.1, 0.2) == pytest.approx(expected)
    assert gohd.structure(real, made) == pytest.approx(4 / 5)


def test_a_still_face_scores_by_the_constants_alone() -> None:
    real = 0.01 * np.sin(TIMES)[:, None]
    still = np.zeros_like(real)
    assert gohd.structure(real, still) == 0
    expected = gohd.C2 / (real.var() + gohd.C2)
    assert gohd.structural_similarity(real, still) == pytest.approx(expected, rel=0.01)
    assert gohd.structural_similarity(still, still) == pytest.approx(1)


def test_brows_count_and_the_mouth_does_not() -> None:
    model = load_model()
    real = np.zeros((200, 64), np.float32)
    brows, mouth = real.copy(), real.copy()
    brows[:, EXPRESSION_64.index("browInnerUp")] = 0.5 + 0.5 * np.sin(TIMES)
    mouth[:, EXPRESSION_64.index("mouthLowerDownLeft")] = 0.5 + 0.5 * np.sin(TIMES)
    assert gohd.ssim_e(real, brows, model) < 0.995
    assert gohd.ssim_e(real, mouth, model) == pytest.approx(1, abs=1e-3)
    assert gohd.var_e(brows, model) > 1e-5 > gohd.var_e(real, model)
    assert gohd.eye_landmarks(model, brows).shape == (200, 44)


def test_poses_are_compared_by_rotation() -> None:
    pose = np.zeros((200, 6), np.float32)
    nod, shift = pose.copy(), pose.copy()
    nod[:, 0] = 0.1 * np.sin(TIMES)
    shift[:, 4] = 0.1 * np.sin(TIMES)
    assert gohd.ssim_p(nod, nod) == pytest.approx(1)
    assert gohd.ssim_p(nod, pose) < 0.8
    assert gohd.ssim_p(pose, shift) == pytest.approx(1)
    assert gohd.var_p(nod) == pytest.approx(nod[:, 0].var() / 3, rel=1e-4)


def test_wrong_shapes_are_named() -> None:
    with pytest.raises(InputError, match="made"):
        gohd.ssim_p(np.zeros((5, 6)), np.zeros((4, 6)))
    with pytest.raises(InputError, match="made"):
        gohd.structural_similarity(np.zeros((5, 2)), np.zeros((4, 2)))
    with pytest.raises(InputError, match="expression"):
        gohd.var_e(np.zeros((5, 3)), load_model())
