"""How steady a video is: warped error and Pixel-MSE between consecutive frames.

``warped error``   Lai et al., "Learning blind video temporal consistency" (2018), eq. 11:
    the previous frame is moved onto the current one by the optical flow *of the real
    clip*, and squared differences are averaged where that flow is trusted. A method that
    follows the clip and does not flicker comes near the real clip's own value; reports
    give the ratio to it.
``Pixel-MSE``   squared difference of consecutive frames, aligned by the flow of the video
    itself, averaged over all pixels (as in landmark-guided talking-face diffusion).

Both are in (0..255)^2. Flow is DIS (Kroeger et al. 2016) on grey pictures.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from facewright.checks import Float32, UInt8
from facewright.evaluate.boxes import Box
from facewright.evaluate.metrics import squared_error

# Where flow there and back do not cancel (Ruder et al. 2016, section 3.2).
_SHARE, _SLACK = 0.01, 0.5


@dataclass(frozen=True, slots=True)
class Flow:
    """How the pixels of a frame lay in the frame before it.

    Attributes:
        back: (H, W, 2) x, y from each pixel to its place in the previous frame.
        trusted: (H, W) bool, where both directions agree.
    """

    back: Float32
    trusted: NDArray[np.bool_]

    def aligned(self, previous: UInt8) -> UInt8:
        """The previous (H, W, 3) frame moved onto the current one."""
        return _moved(previous, self.back)

    def error(self, previous: UInt8, current: UInt8, box: Box | None = None) -> float | None:
        """Warped error of two consecutive frames; None where no flow is trusted."""
        error, trusted = squared_error(self.aligned(previous), current), self.trusted
        if box is not None:
            error, trusted = box.cut(error), box.cut(trusted)
        return float(error[trusted].mean()) if trusted.any() else None


def flow(previous: UInt8, current: UInt8) -> Flow:
    """Optical flow of two consecutive (H, W, 3) frames of the real clip."""
    before, after = _grey(previous), _grey(current)
    back, forth = _dis().calc(after, before, None), _dis().calc(before, after, None)
    returned = back + _moved(forth, back)
    lengths = np.square(back).sum(-1) + np.square(forth).sum(-1)
    trusted = np.square(returned).sum(-1) < _SHARE * lengths + _SLACK
    return Flow(back, trusted)


def pixel_mse(previous: UInt8, current: UInt8) -> float:
    """Mean squared difference of two consecutive frames, aligned by their own flow."""
    back = _dis().calc(_grey(current), _grey(previous), None)
    return float(squared_error(_moved(previous, back), current).mean())


def _moved(values: NDArray, back: Float32) -> NDArray:
    height, width = back.shape[:2]
    return cv2.remap(
        values, back + _grid(height, width), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


@functools.lru_cache(maxsize=4)
def _grid(height: int, width: int) -> Float32:
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return np.stack([x, y], -1).astype(np.float32)


@functools.cache
def _dis() -> Any:
    return cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)


def _grey(frame: UInt8) -> UInt8:
    return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
