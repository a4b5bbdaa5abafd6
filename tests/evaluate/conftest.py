"""A short square clip that moves in a known way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from facewright.media.picture import read_picture
from facewright.media.video import VideoWriter
from moving import shifted


@pytest.fixture(scope="session")
def portrait(examples: Path) -> np.ndarray:
    """(256, 256, 3) the example portrait's head."""
    from facewright.animate.texture import resized

    return resized(np.ascontiguousarray(read_picture(examples / "portrait.png")[:384, 30:414]), 256)


@pytest.fixture(scope="session")
def clip(portrait: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine frames, 25 a second, of the head moving by a pixel each."""
    path = tmp_path_factory.mktemp("clips") / "moved.mp4"
    with VideoWriter(path, (256, 256), 25.0, quality=8) as writer:
        for number in range(9):
            writer.write(shifted(portrait, float(number)))
    return path
