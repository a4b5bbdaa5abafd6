"""The recipe of EmoA2E: its losses, a tiny overfit, checkpoints that go on exactly."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from facewright.drive import emoa2e as network
from facewright.train import emoa2e as recipe
from facewright.train.speech import losses
from facewright.train.speech.augment import Sampler, Strength
from facewright.train.speech.corpus import Corpus
from facewright.train.speech.espeak import Espeak

PLAN = replace(
    recipe.PRESETS["smoke"],
    iterations=60,
    rate=4e-3,
    config=network.Config(width=32, layers=1, heads=2, hidden=64, window=16),
)
CALM = Strength((1.0, 1.0), 0, 0, 0, 0, (40, 40), 0, (40, 40), 0, 0)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    with Espeak() as espeak:
        return Corpus([espeak.speak(t, "en-us") for t in ("Mama may bake.", "Papa is far away.")])


def test_losses_are_the_papers():
    truth = torch.zeros(2, 5, 64)
    predicted = torch.zeros(2, 5, 64)
    predicted[..., 0] = 0.5
    basis = torch.zeros(64, 204)
    basis[0, :3] = 2.0
    parts = losses.losses(predicted, truth, recipe.Preset(), basis)
    assert parts["rec"].item() == pytest.approx(0.25)
    assert parts["lm"].item() == pytest.approx(3.0)  # three coordinates move by 1 mm
    assert parts["closure"].item() == 0
    assert parts["total"].item() == pytest.approx(100 * 0.25 + 0.1 * 3.0)
    assert "lm" not in losses.losses(predicted, truth, recipe.Preset(), None)


def test_missed_closures_cost_more_than_false_ones():
    open_, shut = torch.zeros(1, 4, 64), torch.zeros(1, 4, 64)
    shut[..., losses.PRESS_COLUMNS] = losses.PRESS
    missed = losses.losses(open_, shut, recipe.Preset(), None)["closure"]
    false = losses.losses(shut, open_, recipe.Preset(), None)["closure"]
    assert missed.item() == pytest.approx(5 * false.item())


def test_landmarks_of_the_default_model_move_with_the_jaw():
    from facewright.face.names import EXPRESSION_64

    basis = losses.landmark_basis().reshape(64, 68, 3)
    jaw = basis[EXPRESSION_64.index("jawOpen")]
    assert jaw[8, 1] < -5  # the chin drops by more than 5 mm
    assert np.abs(jaw[17:27]).max() < 1  # brows do not


def test_windows_and_targets_belong_together(corpus):
    """Undisturbed windows are what the driver computes from the same sound."""
    from facewright.drive import features

    sampler = Sampler(corpus, 50, 16, human_share=0.0, seed=1, strength=CALM)
    audio, beta = sampler.batch(8)
    assert audio.shape == (8, 16, features.CLIP, features.COEFFICIENTS)
    assert beta.shape == (8, 16, 64)
    jaw = beta[..., 17].ravel()
    loudness = audio[:, :, features.REACH, 0].ravel()
    assert np.corrcoef(jaw, loudness)[0, 1] > 0.4


def test_augmentation_keeps_targets_and_changes_sound(corpus):
    sampler = Sampler(corpus, 50, 16, seed=2)
    audio, beta = sampler.batch(32)
    assert np.isfinite(audio).all()
    assert beta.min() >= 0 and beta.max() <= 1
    again = Sampler(corpus, 50, 16, seed=2).batch(32)
    np.testing.assert_array_equal(again[0], audio)
    alone = replace(CALM, nobody=1.0)
    _, rest = Sampler(corpus, 50, 16, seed=2, strength=alone).batch(4)
    assert not rest.any()


def test_a_tiny_run_learns_and_ships(corpus, tmp_path):
    trainer = recipe.Trainer(corpus, PLAN, tmp_path, seed=0)
    trainer.sampler.strength = CALM
    first = trainer.run(5, every=5)
    last = trainer.run(60, every=10)
    assert last["total"] < 0.6 * first["total"]
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert log[-1]["iteration"] == 60
    shipped = network.load(tmp_path / "emoa2e.safetensors")
    assert shipped.config == PLAN.config


def test_a_checkpoint_goes_on_exactly(corpus, tmp_path):
    whole = recipe.Trainer(corpus, PLAN, tmp_path / "whole", seed=3)
    whole.run(6, every=3)
    recipe.Trainer(corpus, PLAN, tmp_path / "parts", seed=3).run(3, every=3)
    second = recipe.Trainer(corpus, PLAN, tmp_path / "parts", seed=99)
    assert second.iteration == 3
    second.run(6, every=3)
    pairs = zip(whole.network.parameters(), second.network.parameters(), strict=True)
    for a, b in pairs:
        torch.testing.assert_close(a, b, rtol=0, atol=0)
