"""Training head poses: windows, a loss that falls, checkpoints that go on exactly."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from facewright.drive.heard import hear
from facewright.drive.pose import create
from facewright.drive.pose.denoiser import load
from facewright.drive.pose.sound import WIDTH, sound
from facewright.errors import InputError
from facewright.media.speech import Speech
from facewright.train.pose.recipe import PRESETS, Trainer
from facewright.train.pose.takes import Sampler, Take

SMOKE = PRESETS["smoke"]


@pytest.fixture(scope="module")
def takes():
    """Slow sway of five made-up heads; the first two talk."""
    rng = np.random.default_rng(0)
    times = np.arange(250) / 25
    found = []
    for number in range(5):
        hertz, phase = rng.uniform(0.1, 0.8, (6, 6)), rng.uniform(0, 6.28, (6, 6))
        sway = np.sin(2 * np.pi * times[:, None, None] * hertz + phase).sum(1) * 0.02
        heard = curves = None
        if number < 2:
            bursts = np.sin(2 * np.pi * 150 * np.arange(160000) / 16000)
            bursts *= np.sin(np.pi * np.arange(160000) / 16000) ** 2
            heard = hear(Speech(bursts.astype(np.float32) * 0.2, 16000))
            curves = sound(heard)
        found.append(Take(f"take{number}", f"who{number}", 25, np.float32(sway), heard, curves))
    return found


def test_windows_are_of_the_takes_at_the_rate(takes):
    poses, references, heard, known = Sampler(takes, 12.5, 32, seed=1).batch(64)
    assert poses.shape == (64, 32, 6)
    assert references.shape == (64, 6)
    assert heard.shape == (64, 32, WIDTH)
    assert known.dtype == bool
    assert 0.1 < known.mean() < 0.7
    assert not heard[~known].any()
    assert heard[known].any((1, 2)).all()
    # Slow sway sampled 12.5 times a second goes no farther than it does at 1 Hz.
    assert np.abs(np.diff(poses, axis=1)).max() < 6 * 0.02 * 2 * np.pi * 0.8 * 1.2 / 12.5


def test_mirrored_heads_turn_and_tilt_the_other_way(takes):
    one = Take("a", "a", 25, np.tile(np.float32([1, 2, 3, 4, 5, 6]), (250, 1)), None, None)
    poses = Sampler([one], 12.5, 16, seed=0).batch(32)[0][:, 0]
    assert {tuple(p) for p in poses.round(4).tolist()} == {
        (1, 2, 3, 4, 5, 6),
        (1, -2, -3, -4, 5, 6),
    }


def test_takes_that_are_too_short_are_left_out(takes):
    short = replace(takes[0], poses=takes[0].poses[:40])
    assert Sampler([short, takes[1]], 12.5, 32, seed=0).takes == [takes[1]]
    with pytest.raises(InputError, match="takes"):
        Sampler([short], 12.5, 32, seed=0)


def test_the_loss_falls_and_two_runs_agree(takes, tmp_path):
    steps = []
    first = Trainer(takes, SMOKE, tmp_path / "a", seed=3)
    first.run(every=10, report=lambda iteration, means: steps.append(means))
    assert steps[-1]["conditional"] < 0.85 * steps[0]["conditional"]
    assert steps[-1]["unconditional"] < 0.85 * steps[0]["unconditional"]
    Trainer(takes, SMOKE, tmp_path / "b", seed=3).run()
    other = Trainer(takes, SMOKE, tmp_path / "c", seed=4)
    other.run(20)
    a, b, c = (load(tmp_path / name / "pose.safetensors").state_dict() for name in "abc")
    for key, value in a.items():
        torch.testing.assert_close(b[key], value, rtol=0, atol=0)
    assert not torch.equal(a["conditional.inward.weight"], c["conditional.inward.weight"])
    log = [json.loads(line) for line in (tmp_path / "a" / "log.jsonl").open()]
    assert [row["iteration"] for row in log] == [10, 20, 30, 40, 50, 60]


def test_a_stopped_training_goes_on_exactly(takes, tmp_path):
    Trainer(takes, SMOKE, tmp_path / "whole", seed=1).run(30)
    Trainer(takes, SMOKE, tmp_path / "parts", seed=1).run(12)
    again = Trainer(takes, SMOKE, tmp_path / "parts", seed=1)
    assert again.iteration == 12
    again.run(30)
    whole, parts = (load(tmp_path / name / "pose.safetensors") for name in ("whole", "parts"))
    for key, value in whole.state_dict().items():
        torch.testing.assert_close(parts.state_dict()[key], value, rtol=0, atol=0)


def test_the_units_are_the_takes(takes, tmp_path):
    trainer = Trainer(takes, SMOKE, tmp_path)
    poses = np.concatenate([take.poses for take in takes])
    np.testing.assert_allclose(trainer.networks.pose_scale, poses.std(0), rtol=1e-4)
    assert trainer.networks.sound_scale.min() > 0


def test_what_was_trained_drives(takes, tmp_path):
    Trainer(takes, SMOKE, tmp_path, seed=1).run(10)
    driver = create("diffusion", tmp_path / "pose.safetensors")
    pose = driver(np.arange(100) / 30, 1.0, 0, takes[0].heard)
    assert pose.shape == (100, 6)
    assert np.isfinite(pose).all()
    assert np.abs(np.degrees(pose[:, :3])).max() <= 12
