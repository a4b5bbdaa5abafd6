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
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
        centre = (self.centre[0] * scale, self.centre[1] * scale)
        return Camera(self.focal * scale, centre, (size[0], size[1]))

    def to_opencv(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """OpenCV's (3, 3) intrinsic matrix, and the (3, 3) turn into its camera space.

        OpenCV looks along +z with y down, and counts pixel centres as integers:
        ``cv2.projectPoints(points @ turn.T, zeros, zeros, matrix, None)`` is
        ``project(points)[:, :2] - 0.5``.
        """
        x, y = self.centre
        matrix = np.array([[self.focal, 0, x - 0.5], [0, self.focal, y - 0.5], [0, 0, 1]])
        return matrix, np.diag([1.0, -1.0, -1.0])

    def to_blender(self, sensor: float = 36.0) -> dict[str, Any]:
        """Settings of a ``bpy.types.Camera`` at the origin that sees the same picture.

        With ``sensor_fit`` AUTO, Blender fits the sensor's width to the longer side of the
        picture and counts shifts in that side's length. A shift to the right moves the
        picture's content to the left.

        Args:
            sensor: width in millimetres; lens and sensor only count by their ratio.

        Returns:
            ``lens`` and ``sensor_width`` (mm), ``sensor_fit``, ``shift_x``, ``shift_y``,
            to be set as attributes, and ``resolution_x``, ``resolution_y`` for the scene's
            render settings.
        """
        width, height = self.size
        side = max(width, height)
        return {
            "lens": self.focal * sensor / side,
            "sensor_width": sensor,
            "sensor_fit": "AUTO",
            "shift_x": (width / 2 - self.centre[0]) / side,
            "shift_y": (self.centre[1] - height / 2) / side,
            "resolution_x": width,
            "resolution_y": height,
        }
