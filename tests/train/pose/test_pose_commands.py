"""``facewright train pose`` and ``evaluate-pose``, end to end on real clips."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from facewright.drive.pose.denoiser import load
from facewright.errors import InputError
from facewright.face.motion import Motion
from facewright.face.names import EXPRESSION_64
from facewright.media.speech import Speech
from facewright.train.performance import Performance
from facewright.train.pose import commands


def clip(name, identity, seconds=8.5, sound=True):
    """A performance as tracking would leave it."""
    rng = np.random.default_rng(len(name))
    times = np.arange(int(seconds * 25)) / 25
    pose = np.zeros((len(times), 6), np.float32)
    for hertz in rng.uniform(0.1, 0.8, 8):
        pose += 0.03 * np.sin(2 * np.pi * times[:, None] * hertz + rng.uniform(0, 6, 6))
    samples = rng.standard_normal(int(seconds * 16000)).astype(np.float32) * 0.1
    samples *= np.sin(np.pi * np.arange(len(samples)) / 12000) ** 2
    return Performance(
        name=name, identity=identity, fps=25.0,
        motion=Motion(
            25.0, "default", EXPRESSION_64, np.zeros((len(times), 64), np.float32), pose,
            np.zeros((len(times), 4), np.float32),
        ),
        landmarks=np.zeros((len(times), 478, 2), np.float32),
        confidence=np.ones(len(times), np.float32),
        size=(256, 256), shape=np.zeros(80, np.float32), neutral_pose=np.zeros(6, np.float32),
        speech=Speech(samples, 16000) if sound else None, in_sync=sound,
    )  # fmt: skip


@pytest.fixture
def tracked(monkeypatch):
    """Four tracked clips of three people: tracking has tests of its own."""
    found = [
        clip("a", "Anna"), clip("bb", "Anna", sound=False),
        clip("ccc", "Bert"), clip("dddd", "Cleo"),
    ]  # fmt: skip
    monkeypatch.setattr(commands, "performances", lambda *args, **options: found)


def test_it_trains_on_some_and_scores_the_others(tracked, tmp_path):
    lines = []
    weights = commands.train(
        tmp_path, tmp_path / "out", "smoke", iterations=5, leave_out=["cleo"], tell=lines.append
    )
    assert load(weights).config.window == 24
    assert lines[0].startswith("3 clips")
    again = commands.train(
        tmp_path, tmp_path / "out", "smoke", iterations=8, leave_out=["cleo"], tell=lines.append
    )
    assert again == weights
    assert lines[-1].startswith("8/")
    scores = commands.evaluate(tmp_path, weights, only=["Cleo"], seeds=2, tell=lines.append)
    assert set(scores) == {"prior", "diffusion"}
    assert len(scores["prior"]) == 1
    assert any("diffusion - prior, ssim_p" in line for line in lines)


def test_names_that_are_not_there(tracked, tmp_path):
    with pytest.raises(InputError, match="Dora"):
        commands.train(tmp_path, tmp_path, "smoke", leave_out=["Dora"], tell=lambda line: None)
    with pytest.raises(InputError, match="preset"):
        commands.train(tmp_path, tmp_path, "huge", tell=lambda line: None)


def test_real_clips_from_the_command_line(shared, tmp_path):
    from facewright.train.app import app
    from typer.testing import CliRunner

    folder = tmp_path / "clips"
    folder.mkdir()
    shutil.copy(shared / "media/train/clips256/grid_swiz3n.mp4", folder)
    options = ["--work", str(tmp_path / "out"), "--preset", "smoke", "--iterations", "3"]
    found = CliRunner().invoke(app, ["pose", str(folder), *options])
    assert found.exit_code == 0, found.output
    assert (tmp_path / "out" / "pose.safetensors").is_file()
    assert list((tmp_path / "out" / "tracks").glob("grid*.npz"))
