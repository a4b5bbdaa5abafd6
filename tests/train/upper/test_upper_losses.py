"""Losses of GoHD's expression predictor: golden numbers by hand, and gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from facewright.drive.upper import network
from facewright.drive.upper.feature import EyeMotion
from facewright.face.model import LandmarkEmbedding, MorphableModel
from facewright.train.performance import Performance
from facewright.train.upper import losses
from facewright.train.upper.data import Takes
from facewright.train.upper.presets import PRESETS
from facewright.train.upper.stages import Eyes

WEIGHTS = losses.Weights()


@pytest.fixture(scope="module")
def toy() -> losses.Face:
    """A face of 68 points, all at 0; two expressions: 0 lifts the chin by 2 mm, 1 parts the
    inner lips 60-63 from 64-67 by 1 mm and lifts bl by 0.5."""
    moved = np.zeros((2, 68, 3), np.float32)
    moved[0, 8, 1] = 0.002
    moved[1, 60:64, 1] = 0.001
    model = MorphableModel(
        name="toy", mean=np.zeros((68, 3), np.float32),
        identity_basis=np.zeros((0, 68, 3), np.float32), expression_basis=moved,
        texture_mean=np.zeros((68, 3), np.float32),
        texture_basis=np.zeros((0, 68, 3), np.float32), expression_names=("chin", "lips"),
        triangles=np.repeat(np.arange(68, dtype=np.int32)[:, None], 3, axis=1),
        triangle_parts=np.zeros(68, np.uint8), vertex_parts=np.zeros(68, np.uint8),
        uvs=np.zeros((1, 2), np.float32), uv_triangles=np.zeros((68, 3), np.int32),
        landmarks68=LandmarkEmbedding(
            np.arange(68, dtype=np.int32), np.tile(np.float32([1, 0, 0]), (68, 1))
        ),
    )  # fmt: skip
    basis = np.zeros((2, 21), np.float32)
    basis[1, 0] = 0.5
    neutral = np.zeros(21, np.float32)
    neutral[0] = 1
    return losses.Face(model, EyeMotion(("chin", "lips"), basis, neutral))


def test_golden_stage1(toy: losses.Face) -> None:
    """Truth parts the lips by 0.4 and lifts the chin by 1; nothing of it is made."""
    truth = torch.tensor([[[1.0, 0.4]]])
    parts = losses.stage1(torch.zeros(1, 1, 2), truth, toy, None, WEIGHTS)
    # Eq. 20: the chin by 2 mm, four lip points by 0.4 mm, over 32 points.
    assert parts["lms"].item() == pytest.approx((4 + 4 * 0.16) / 32, rel=1e-4)
    assert parts["eye"].item() == pytest.approx(0.2)  # eq. 21
    assert parts["shut"].item() == pytest.approx(4 * 0.16, rel=1e-4)  # eq. 22
    assert parts["one"].item() == pytest.approx(1.4)  # eq. 24
    expected = 0.01 * 4.64 / 32 + 2 * 0.2 + 1 * 0.64 + 2 * 1.4
    assert parts["total"].item() == pytest.approx(expected, rel=1e-4)


def test_golden_reading(toy: losses.Face) -> None:
    same, other = torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 4.0]])
    assert losses.reading(same, same).item() == pytest.approx(0, abs=1e-6)
    assert losses.reading(same, other).item() == pytest.approx(1 - 0.6)
    assert losses.reading(same, torch.zeros(1, 2)).item() == pytest.approx(1)
    truth = torch.tensor([[[1.0, 0.4]]])
    with_reader = losses.stage1(
        torch.zeros(1, 1, 2), truth, toy, lambda mouth: mouth.flatten(2), WEIGHTS
    )
    assert with_reader["read"].item() == pytest.approx(1)  # lips at rest say nothing


def test_golden_stage2() -> None:
    truth, made = torch.zeros(1, 2, 21), torch.zeros(1, 2, 21)
    truth[0, :, 0] = torch.tensor([0.0, 2.0])
    made[0, :, 0] = torch.tensor([1.0, 5.0])
    c1, c2 = 0.01**2, 0.03**2
    # Means 1 and 3, variances 1 and 4, covariance 2; the other 20 dimensions are equal.
    quotient = (6 + c1) / (10 + c1) * (4 + c2) / (5 + c2)
    assert losses.ssim(truth, made).item() == pytest.approx(1 - (quotient + 20) / 21, rel=1e-4)
    assert losses.one_eye(truth, made).item() == pytest.approx(2)
    scores = torch.tensor([0.5, 1.0])
    assert losses.judged_real(scores).item() == pytest.approx(0.125)
    assert losses.judged_made(scores).item() == pytest.approx(0.625)
    parts = {key: torch.tensor(float(k + 1)) for k, key in enumerate(
        ("ssim", "one_eye", "ad", "te", "tf", "stage1")
    )}  # fmt: skip
    assert losses.stage2(parts, WEIGHTS).item() == pytest.approx(2 * 1 + 2 * 2 + 3 + 4 + 5 + 6)


def test_ssim_and_the_measure_agree() -> None:
    from facewright.evaluate.gohd_metrics import structural_similarity

    rng = np.random.default_rng(0)
    real, made = rng.normal(0.2, 0.3, (2, 50, 21)).astype(np.float32)
    loss = losses.ssim(torch.from_numpy(real)[None], torch.from_numpy(made)[None])
    assert 1 - loss.item() == pytest.approx(structural_similarity(real, made), abs=1e-4)


@pytest.fixture
def second(performances: list[Performance], tmp_path) -> Eyes:
    from facewright.drive.upper.feature import default_eye_motion
    from facewright.train.upper.recipe import default_face, new_predictor

    preset, eyes = PRESETS["smoke"], default_eye_motion()
    takes = Takes(performances, eyes, preset.config.rate, preset.window[1], 0)
    return Eyes(new_predictor(preset, 0), takes, default_face(eyes), None, preset, tmp_path)


@pytest.mark.parametrize("part", ["ad", "te", "tf"])
def test_gradients_reach_the_generator_through_each_judge(second: Eyes, part: str) -> None:
    batch = second.takes.batch(2)
    mapper, generator = second.predictor.mapper, second.predictor.generator
    code = mapper.audio(batch.clips)
    noise = torch.randn(2, batch.feature.shape[1], second.preset.config.noise)
    feature = generator(code, batch.initial, batch.feature[:, 0], noise)
    made = mapper(code, batch.initial, feature)
    parts = second.generator_losses(code, batch.feature, batch.expression, feature, made)
    parts[part].backward()
    for name, parameter in generator.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name
    assert all(p.grad is None for p in mapper.parameters())  # frozen


def test_every_judge_learns(second: Eyes) -> None:
    before = {
        key: [p.detach().clone() for p in judge.parameters()]
        for key, judge in second.judges.items()
    }
    losses_of_step = second.run(1)
    for key, judge in second.judges.items():
        assert losses_of_step[f"d_{key}"] > 0
        moved = [
            (p - old).abs().max().item()
            for p, old in zip(judge.parameters(), before[key], strict=True)
        ]
        assert max(moved) > 0
        assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in judge.parameters())


def test_noise_makes_different_eyes(second: Eyes) -> None:
    config = second.preset.config
    generator = network.Generator(config)
    code, initial = torch.zeros(1, 20, config.audio), torch.zeros(1, 64)
    first = torch.zeros(1, 21)
    made = [generator(code, initial, first, torch.randn(1, 20, config.noise)) for _ in range(2)]
    assert (made[0] - made[1]).abs().max() > 1e-4
