"""What capture's tests share: started networks, and the example portrait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from facewright.capture.landmarks import FaceFinder


@pytest.fixture(scope="session")
def finder() -> Iterator[FaceFinder]:
    finder = FaceFinder()
    yield finder
    finder.close()


@pytest.fixture(scope="session")
def astronaut(examples: Path) -> np.ndarray:
    """(512, 512, 3) the example portrait; its face is 108 pixels high."""
    return read_picture(examples / "portrait.png")


@pytest.fixture(scope="session")
def read() -> Callable[[Path], np.ndarray]:
    """Reads a picture file as (H, W, 3) uint8 sRGB."""
    return read_picture


def read_picture(path: Path) -> np.ndarray:
    return np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])
