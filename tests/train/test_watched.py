"""Real lips and emotions in the training of EmoA2E."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from facewright.drive import features, lips
from facewright.drive.emotion import CODE, STYLES, synthesise
from facewright.face.names import EXPRESSION_64
from facewright.train.speech import emotions, losses, watched

AT = {name: k for k, name in enumerate(EXPRESSION_64)}


def clip(seconds: float = 4.0, lag: float = 0.0) -> watched.Clip:
    rng = np.random.default_rng(0)
    frames = np.arange(int(seconds * 25)) / 25
    opening = 0.05 + 0.02 * np.sin(2 * np.pi * 2 * frames)
    sound = rng.standard_normal(int(16000 * seconds)).astype(np.float32) * 0.1
    return watched.Clip("a", "A", sound, opening.astype(np.float32), 25.0, lag)


def test_a_clips_lips_are_brought_to_the_teachers_scale():
    times = np.arange(0.2, 3.6, 0.02)
    target = clip().target(times)
    assert np.mean(target) == pytest.approx(watched.MEAN, abs=0.02)
    assert np.std(target) == pytest.approx(watched.SPREAD, rel=0.1)
    assert np.isnan(clip().target(np.array([-0.1, 9.0]))).all()
    late = clip(lag=0.1).target(times)
    np.testing.assert_allclose(late[:-5], target[5:], atol=1e-4)


@pytest.mark.parametrize("lag", [-0.09, 0.0, 0.05])
def test_closures_tell_how_late_the_picture_is(lag):
    rng = np.random.default_rng(1)
    shut = np.zeros(500, np.float32)
    for at in rng.choice(480, 25, replace=False):
        shut[at : at + 5] = 1
    frames = np.arange(250) / 25
    opening = 1 - np.interp((frames - lag) * 50, np.arange(500), shut)
    opening += 0.3 * rng.standard_normal(250)
    assert watched._lag(shut, 50, opening.astype(np.float32), 25.0) == pytest.approx(lag, abs=0.011)


def test_windows_hold_the_sound_of_their_lips():
    windows = watched.Windows([clip()], 50, 16, np.random.default_rng(2))
    audio, opening = windows.batch(8)
    assert audio.shape == (8, 16, features.CLIP, features.COEFFICIENTS)
    assert opening.shape == (8, 16)
    assert np.isfinite(audio).all() and np.isfinite(opening).mean() > 0.8


def test_real_lips_teach_the_lips_edges_and_not_the_jaw():
    predicted = torch.full((1, 4, 64), 0.2, requires_grad=True)
    opening = torch.tensor([[0.5, 0.5, float("nan"), 0.5]])
    loss = losses.seen_loss(predicted, opening)
    loss.backward()
    moved = {EXPRESSION_64[k] for k in torch.nonzero(predicted.grad[0, 0])[:, 0].tolist()}
    assert moved == {"mouthClose", "mouthLowerDownLeft", "mouthLowerDownRight",
                     "mouthUpperUpLeft", "mouthUpperUpRight"}  # fmt: skip
    assert not predicted.grad[0, 2].any()
    made = lips.opening(np.full((1, 64), 0.2, np.float32))[0]
    assert loss.item() == pytest.approx((made - 0.5) ** 2, rel=1e-4)


def test_drawn_emotions_cover_what_prompts_ask_for():
    codes, eta = emotions.draw(np.random.default_rng(3), 4000, 0.5)
    assert codes.shape == (4000, CODE) and codes.min() >= 0 and codes.sum(1).max() <= 1 + 1e-6
    felt = codes.any(1)
    assert 0.47 < felt.mean() < 0.53
    assert (codes > 0).any(0).all() and len(STYLES) == CODE
    assert ((codes > 0).sum(1) == 2).mean() > 0.1
    assert 1 <= eta.min() < 1.05 and 2.95 < eta.max() <= 3


def test_targets_are_the_rules_and_leave_neutral_windows_alone():
    beta = np.zeros((2, 32, 64), np.float32)
    beta[:, 10:20, AT["jawOpen"]] = 0.3
    codes = np.zeros((2, CODE), np.float32)
    codes[1, STYLES.index("surprised")] = 1
    eta = np.array([3.0, 2.0], np.float32)
    out = emotions.targets(beta, codes, eta, 50)
    np.testing.assert_array_equal(out[0], beta[0])
    wanted = synthesise(codes[1:], eta[1:])[0, AT["browInnerUp"]]
    np.testing.assert_allclose(out[1, :, AT["browInnerUp"]], wanted, atol=1e-6)
    assert out[1, 15, AT["jawOpen"]] > 0.3
