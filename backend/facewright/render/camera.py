"""The camera, one convention for Blender, OpenCV and the rasteriser.

::

        y                      image            u ->
        |   head (z towards    +-----------------+   pixel (0, 0) covers
        |   the camera)        | (0,0)           |   [0, 1) x [0, 1); its centre is
        o----- x               |        * c      | v at (0.5, 0.5). c is the principal
       /                       |                 | | point. OpenCV counts pixel centres
      z                        +-----------------+ v as integers: c_cv = c - 0.5.

Camera space is Blender's (and OpenGL's): x right, y up, looking along -z, so points in
front have z < 0. With pose p = (r, t) a model point X is at R(r) X + t, and

    u = c_x + f x / -z,    v = c_y - f y / -z,    depth = -z.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facewright import checks
from facewright.checks import Float32


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera without distortion and with square pixels.

    Attributes:
        focal: focal length in pixels.
        centre: (c_x, c_y) principal point in pixels, pixel corners at integers.
        size: (width, height) in pixels.
    """

    focal: float
    centre: tuple[float, float]
    size: tuple[int, int]

    def __post_init__(self) -> None:
        checks.number("focal", self.focal, low=1.0, high=1e6)
        checks.floats("centre", self.centre, (2,))
        checks.floats("size", self.size, (2,), low=1, high=16384)

    def project(self, points: Float32) -> Float32:
        """(…, 3) camera-space points -> (…, 3): u, v in pixels and depth = -z."""
        depth = -points[..., 2]
        scale = self.focal / np.maximum(depth, 1e-6)
        u = self.centre[0] + points[..., 0] * scale
        v = self.centre[1] - points[..., 1] * scale
        return np.stack([u, v, depth], axis=-1)

    def resized(self, size: tuple[int, int]) -> Camera:
        """The same view at another resolution (same aspect)."""
        scale = size[0] / self.size[0]
        return Camera(
            self.focal * scale, (self.centre[0] * scale, self.centre[1] * scale), tuple(size)
        )
