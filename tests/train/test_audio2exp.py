"""The recipe of Audio2Exp: targets, and that a short run learns rest and speech."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from facewright.drive import lips
from facewright.drive.adapt import MOUTH, Audio2Exp, adapt
from facewright.drive.adapt.redrive import feature_of
from facewright.drive.rest import resting
from facewright.face.names import EXPRESSION_64
from facewright.train import audio2exp as recipe

AT = {name: k for k, name in enumerate(EXPRESSION_64)}
PLAN = replace(recipe.Preset(), iterations=150, batch=128, ramp=30, rate=4e-3, ema=0.9)


def speech(frames: int = 400) -> tuple[np.ndarray, np.ndarray]:
    times = np.arange(frames) / 50
    said = np.zeros((frames, 64), np.float32)
    said[:, AT["jawOpen"]] = 0.2 + 0.2 * np.sin(2 * np.pi * 3 * times)
    said[:, AT["mouthPucker"]] = 0.3 + 0.3 * np.sin(2 * np.pi * 1.3 * times)
    return feature_of(said, 50, times, PLAN.config), said


def test_rests_are_the_drivers():
    rows = np.random.default_rng(0).random((50, 64)).astype(np.float32)
    wanted = np.stack([resting(row, EXPRESSION_64) for row in rows])
    np.testing.assert_allclose(recipe.rests(rows), wanted, atol=1e-6)


def test_speech_is_added_to_a_resting_face():
    rest = np.zeros((1, 64), np.float32)
    rest[0, AT["mouthSmileLeft"]] = 0.4
    said = np.zeros((1, 64), np.float32)
    np.testing.assert_array_equal(recipe.target(rest, said), rest)
    said[0, AT["jawOpen"]], said[0, AT["mouthPucker"]] = 0.3, 1.0
    out = recipe.target(rest, said)[0]
    assert out[AT["jawOpen"]] == pytest.approx(0.3)
    assert 0 < out[AT["mouthSmileLeft"]] < 0.2


def test_alpha_grows_from_nothing():
    torch.manual_seed(0)
    network = Audio2Exp(PLAN.config)
    torch.nn.init.normal_(network.zero.weight, std=0.05)
    batch = recipe.Sampler(np.zeros((0, 64), np.float32), speech(), PLAN).batch()
    none = recipe.losses(network, batch, 0.0)
    base, _, rest, _ = (part[:, MOUTH] if part.shape[1] == 64 else part for part in batch)
    assert none["silence"].item() == pytest.approx(((base - rest) ** 2).sum(1).mean(), rel=1e-4)
    assert recipe.losses(network, batch, 1.0)["silence"].item() != none["silence"].item()


def test_a_short_run_learns(tmp_path):
    sampler = recipe.Sampler(np.zeros((0, 64), np.float32), speech(), PLAN)
    untrained = recipe.losses(Audio2Exp(PLAN.config), sampler.batch(), 1.0)
    network = recipe.train(sampler, PLAN)
    trained = recipe.losses(network, sampler.batch(), 1.0)
    assert trained["silence"] < 0.3 * untrained["silence"]
    assert trained["speech"] < 0.4 * untrained["speech"]
    feature, said = speech()
    open_ = np.zeros((400, 64), np.float32)
    open_[:, AT["jawOpen"]] = 0.7
    spoken = adapt(network, open_, feature)
    assert np.corrcoef(lips.opening(spoken), lips.opening(said))[0, 1] > 0.8
    path = tmp_path / "audio2exp.safetensors"
    recipe.write(path, network, PLAN)
    from facewright.drive.adapt import load

    np.testing.assert_allclose(adapt(load(path), open_, feature), spoken, atol=0.01)
