"""Which frames of a video make a clip, and the one square that each clip is cut by."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from facewright.capture.box import ABOVE, Box, head_box
from facewright.checks import Float32
from facewright.train.data.index import MAX_FRAMES

#: Fewer frames in one go are not worth keeping: neighbours are needed either side.
SHORTEST = 5
#: A longer run is cut into parts of about the same length, so that none takes much memory.
LONGEST = MAX_FRAMES // 2
#: A face does not move further from one frame to the next, in its heights.
_CUT = 0.3
#: Around the skin that is seen over a clip, in heights of the face.
_AROUND = 0.2


def runs(points: Float32) -> list[tuple[int, int]]:
    """Frames [start, stop) that show one face without a break.

    Args:
        points: (T, 478, 2) pixels, NaN where there is no face.
    """
    known = np.isfinite(points).all((1, 2))
    middles = points[:, :468].mean(1)
    heights = np.ptp(points[:, :468, 1], axis=1)
    with np.errstate(invalid="ignore"):  # beside frames without a face
        moved = np.linalg.norm(np.diff(middles, axis=0), axis=-1) > _CUT * heights[1:]
    ends = [0, *(np.flatnonzero((known[1:] != known[:-1]) | moved) + 1).tolist(), len(points)]
    found = []
    for start, stop in pairwise(ends):
        if stop - start >= SHORTEST and known[start]:
            parts = -(-(stop - start) // LONGEST)
            inner = np.linspace(start, stop, parts + 1).round().astype(int).tolist()
            found += list(pairwise(inner))
    return found


def steady_box(points: Float32, picture_size: tuple[int, int]) -> Box:
    """The square around the head that holds for a whole clip, in whole pixels.

    A picture that is such a square already is taken whole. A head that moves about gets a
    larger square, which holds its face all the time.

    Args:
        points: (T, 478, 2) finite pixels.
        picture_size: (width, height).
    """
    box = head_box(np.median(points, axis=0).astype(np.float32), picture_size)
    width, height = picture_size
    if box == (0.0, 0.0, float(width), float(height)):
        return box
    skin = points[:, :468]
    low, high = skin.min((0, 1)), skin.max((0, 1))
    face = float(np.median(np.ptp(skin[..., 1], axis=1)))
    side = round(max(box[2] - box[0], float((high - low).max()) + 2 * _AROUND * face))
    x0, y0 = np.round((low + high) / 2 - (0, ABOVE * face) - side / 2).tolist()
    return (x0, y0, x0 + side, y0 + side)
