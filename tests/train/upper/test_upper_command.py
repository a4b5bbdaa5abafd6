"""``facewright train upper`` from a folder of videos to weights that drive."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from facewright import cli
from facewright.drive.heard import hear
from facewright.drive.upper.gohd import Predicted
from facewright.media.speech import read_speech
from facewright.media.video import VideoWriter
from facewright.train.speech import corpus
from facewright.train.speech.phones import Utterance


@pytest.fixture(scope="module")
def folder(examples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip of 32 frames: a portrait that drifts, while somebody speaks."""
    folder = tmp_path_factory.mktemp("clips")
    picture = np.ascontiguousarray(cv2.imread(str(examples / "portrait.png"))[..., ::-1])
    sound = examples / "speech.wav"
    with VideoWriter(folder / "aside.mp4", (320, 320), 25.0, sound=sound) as writer:
        for k in range(32):
            writer.write(picture[:320, 60 + k : 380 + k])
    return folder


def test_from_clips_to_weights(
    folder: Path,
    utterances: list[Utterance],
    examples: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    corpus.save(tmp_path / "corpus.npz", utterances)
    arguments = ["train", "upper", "--clips", str(folder), "--work", str(tmp_path)]
    assert cli.run([*arguments, "--preset", "smoke"]) == 0
    printed = capsys.readouterr().out
    assert "stage1 30" in printed and "stage2 12" in printed
    upper = Predicted(tmp_path / "upper.safetensors")
    heard = hear(read_speech(examples / "speech.wav"))
    moved = upper(np.arange(25) / 25, heard, seed=1)
    assert moved.shape == (25, 64) and np.isfinite(moved).all()
    # All is done: a second call trains nothing more.
    assert cli.run([*arguments, "--preset", "smoke"]) == 0
    assert "stage2" not in capsys.readouterr().out


def test_what_cannot_be_trained_is_named(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", "upper", "--work", str(tmp_path), "--clips"]
    assert cli.run([*arguments, str(folder), "--preset", "huge"]) == 2
    assert "'huge' is not one of embedded, paper, smoke" in capsys.readouterr().err
    assert cli.run([*arguments, str(tmp_path / "absent")]) == 2
    assert "holds no clip" in capsys.readouterr().err
