"""The square around the head, and the camera that belongs to it."""

from __future__ import annotations

import cv2
import numpy as np

from facewright import checks
from facewright.checks import Float32, UInt8
from facewright.errors import InputError
from facewright.render.camera import Camera

Box = tuple[float, float, float, float]

#: Side of the square over the height of MediaPipe's 468 points, and how far the square's
#: centre lies above theirs, in those heights: usual framing of talking-head material.
SIDE = 1.72
ABOVE = 0.07
#: A square picture framed within these sides is taken whole.
_ALREADY_CROPPED = (1.3, 2.3)
_LARGEST = 8  # sides of the photo that a box may have
#: Focal length over the crop's side. A portrait does not tell its lens, and landmarks
#: hardly do: 3.6 puts a head of usual size some 1.1 m away, between a webcam and a
#: studio camera.
FOCAL = 3.6


def camera(size: int) -> Camera:
    """The camera of a ``size`` x ``size`` crop: centred, with the assumed focal length."""
    return Camera(FOCAL * size, (size / 2, size / 2), (size, size))


def head_box(points: Float32, picture_size: tuple[int, int]) -> Box:
    """The square around one face, in whole pixels; it may leave the picture.

    Args:
        points: (478, 2) landmarks in pixels of the picture.
        picture_size: (width, height). Where the picture itself is about such a square,
            it is taken whole, so that a crop captured again keeps its camera.
    """
    skin = points[:468]
    low, high = skin.min(0), skin.max(0)
    height = float(high[1] - low[1])
    width_px, height_px = picture_size
    low_side, high_side = (height * side for side in _ALREADY_CROPPED)
    inside = (low >= 0).all() and (high <= (width_px, height_px)).all()
    if width_px == height_px and low_side <= width_px <= high_side and inside:
        return (0.0, 0.0, float(width_px), float(height_px))
    side = max(2, round(height * SIDE))
    x, y = (low + high) / 2 - (0, ABOVE * height)
    x0, y0 = float(np.round(x - side / 2)), float(np.round(y - side / 2))
    return (x0, y0, x0 + side, y0 + side)


def cut(photo: UInt8, box: Box, size: int) -> UInt8:
    """The (size, size, 3) crop of a box; by reflection where it leaves the photo."""
    x0, y0, x1, y1 = checked_box(box)
    height, width = photo.shape[:2]
    if x1 - x0 > _LARGEST * max(width, height):
        raise InputError(
            f"box: side {x1 - x0} is more than {_LARGEST} times the {width} x {height} photo"
        )
    pads = (max(0, -y0), max(0, y1 - height), max(0, -x0), max(0, x1 - width))
    inner = photo[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)]
    if not inner.size:
        raise InputError(f"box: {box} lies outside the {width} x {height} photo")
    square = cv2.copyMakeBorder(inner, *pads, cv2.BORDER_REFLECT_101) if any(pads) else inner
    shrinks = x1 - x0 > size
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.ascontiguousarray(cv2.resize(square, (size, size), interpolation=method))


def to_crop(points: Float32, box: Box, size: int) -> Float32:
    """(…, 2) photo pixels -> crop pixels."""
    x0, y0, x1, _ = box
    return ((points - np.array([x0, y0], np.float32)) * (size / (x1 - x0))).astype(np.float32)


def checked_box(box: Box) -> tuple[int, int, int, int]:
    """The box as integers, or InputError where it is no square of whole pixels."""
    values = checks.floats("box", box, (4,), low=-1e6, high=1e6)
    x0, y0, x1, y1 = (round(float(v)) for v in values)
    if not np.array_equal(values, (x0, y0, x1, y1)) or x1 - x0 != y1 - y0 or x1 - x0 < 2:
        raise InputError(f"box: expected a square of whole pixels (x0, y0, x1, y1), got {box}")
    return x0, y0, x1, y1
