"""What a rendered picture of a mesh tells about points that it does not name.

A picture gives each pixel's place on the mesh. Where a landmark lies follows from the
pixels around it: rigidly carried there by the head's pose, and on by as much as those
pixels are off that. "Around" is told in a shape with its mouth open, for lips and lids
that touch in a picture must not be taken for each other.
"""

from __future__ import annotations

import numpy as np

from facewright.animate import openings
from facewright.animate.texture import PhotoTexture
from facewright.checks import Float32
from facewright.face import pose as poses
from facewright.face.model import Part
from facewright.render.rasterise import interpolate
from facewright.render.texture import unwrapped

_NEAR, _WIDTH = 0.007, 0.0012  # metres: pixels that count at all, and how fast they cease to
_NONE = 1e3  # metres, far from everything
_RIM_POINTS = [i for rim in openings.RIMS for i in rim]


class Pictured:
    """Finds rim landmarks and the landmarks' correction in pictures of one subject."""

    def __init__(self, texture: PhotoTexture, side: int) -> None:
        """Bake what is needed into a ``side`` x ``side`` atlas."""
        model = texture.subject.model
        assert model.landmarks478 is not None
        self._texture = texture
        weights = np.zeros(len(model.expression_names), np.float32)
        if "jawOpen" in model.expression_names:
            weights[model.expression_index("jawOpen")] = 1
        identity = texture.subject.coefficients.identity
        parted = model.vertices(identity, weights) * np.float32(model.metres_per_unit)
        self._parted = model.landmark_points(parted, model.landmarks478)[_RIM_POINTS]
        self._rest = model.landmark_points(texture.rest, model.landmarks478)[_RIM_POINTS]
        texels = unwrapped(model.uvs, model.uv_triangles, side)
        plain = texture.rest - texture.correction
        baked = interpolate(texels, np.concatenate([parted, plain], -1), model.triangles)[0]
        drawn = texels.triangles[0] >= 0
        parts = model.triangle_parts[texels.triangles[0]]
        baked[~(drawn & (parts == Part.SKIN)), :3] = _NONE
        away = np.full(drawn.shape, np.inf, np.float32)
        for point in self._parted:
            away = np.minimum(away, ((baked[..., :3] - point) ** 2).sum(-1))
        self._near = away < _NEAR**2
        self._baked = np.ascontiguousarray(baked)

    def rim_points(self, texels: Float32, skin: np.ndarray, pose: Float32) -> Float32:
        """(478, 2) pixels of the landmarks around the openings; zero for the others.

        Args:
            texels: (H, W, 2) the atlas's texel at each pixel, centres at integers.
            skin: (H, W) where the picture shows skin.
            pose: (6,) absolute pose of the head.
        """
        camera = self._texture.camera
        rows, columns = np.nonzero(skin)
        at = np.round(texels[rows, columns]).astype(np.intp)
        at = np.clip(at, 0, len(self._near) - 1)
        near = self._near[at[:, 1], at[:, 0]]
        rows, columns, at = rows[near], columns[near], at[near]
        points = np.zeros((len(self._texture.landmarks), 2), np.float32)
        carried = camera.project(poses.transform(pose, self._rest))[:, :2]
        points[_RIM_POINTS] = carried
        if not len(rows):
            return points
        places = self._baked[at[:, 1], at[:, 0]]
        expected = camera.project(poses.transform(pose, places[:, 3:]))[:, :2]
        off = np.stack([columns, rows], -1) + np.float32(0.5) - expected
        away = ((self._parted[:, None] - places[None, :, :3]) ** 2).sum(-1)
        # The nearest counts wholly, however far it is.
        share = np.exp(-0.5 * (away - away.min(1, keepdims=True)) / _WIDTH**2)
        points[_RIM_POINTS] = carried + (share @ off) / share.sum(1, keepdims=True)
        return points
