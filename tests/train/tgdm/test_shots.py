"""From a pack to weights of the published network."""

from __future__ import annotations

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from facewright.animate.tgdm import paper_weights
from facewright.errors import InputError
from facewright.media.picture import read_picture
from facewright.media.video import VideoWriter
from facewright.train.data.clip import Settings
from facewright.train.data.pack import pack
from facewright.train.tgdm.paper_recipe import RECIPES, train_pack
from facewright.train.tgdm.shots import render_shots


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory, examples: Path) -> Path:
    """The example portrait, moving a little, as one clip of 6 frames."""
    folder = tmp_path_factory.mktemp("clips")
    photo = read_picture(examples / "portrait.png")[25:225, 125:325]
    square = cv2.resize(photo, (128, 128), interpolation=cv2.INTER_AREA)
    (folder / "ann").mkdir()
    with VideoWriter(folder / "ann" / "a.mp4", (128, 128), 25.0, quality=10) as writer:
        writer.write(np.stack([np.roll(square, k, 1) for k in range(6)]))
    out = tmp_path_factory.mktemp("packed") / "pack"
    pack([folder], out, Settings(128, quality=8))
    return out


def test_a_pack_becomes_shots_once(packed: Path, tmp_path: Path):
    said: list[str] = []
    (shot,) = render_shots(packed, tmp_path, 64, report=said.append)
    assert shot.frames.shape == (6, 64, 64, 3) and shot.rho.shape == (6, 3, 261)
    assert ((shot.renders > 0).any(-1).mean((1, 2)) > 0.05).all()
    assert len(said) == 1
    (again,) = render_shots(packed, tmp_path, 64, report=said.append)
    np.testing.assert_array_equal(again.rho, shot.rho)
    assert len(said) == 1
    # Processes that make batches are sent folders, not what is in them.
    sent = pickle.dumps(render_shots(packed, tmp_path, 64))
    assert len(sent) < 2000 < shot.frames.nbytes
    np.testing.assert_array_equal(pickle.loads(sent)[0].frames, shot.frames)
    with pytest.raises(InputError, match="no 'validation' clip"):
        render_shots(packed, tmp_path, 64, split="validation")


def test_training_on_a_pack_ends_in_weights_and_goes_on(packed: Path, tmp_path: Path):
    said: list[str] = []
    path = train_pack(packed, tmp_path, preset="smoke", iterations=2, batch=2, report=said.append)
    network = paper_weights.load(path)
    assert network.config == RECIPES["smoke"].config
    # What the model's ρ̂ is like was measured on the clip.
    assert float(network.condition.mean.abs().sum()) > 0
    assert any("tgdm-paper.safetensors" in line for line in said)
    train_pack(packed, tmp_path, preset="smoke", iterations=3, batch=2, report=said.append)
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        assert file.metadata()["steps"] == "3"
