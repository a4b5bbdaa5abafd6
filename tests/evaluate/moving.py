"""Pictures moved in a known way."""

from __future__ import annotations

import cv2
import numpy as np


def shifted(picture: np.ndarray, across: float) -> np.ndarray:
    """The picture moved to the right by ``across`` pixels, its edge repeated."""
    matrix = np.array([[1, 0, across], [0, 1, 0]], np.float32)
    size = picture.shape[1::-1]
    return cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REPLICATE)
