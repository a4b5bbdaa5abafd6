"""Outlines of eyes and mouth in a frame, from a moving mesh.

The mouth's outline is that of the mesh's lip landmarks. An eye's is the photo's own,
carried along by its corners and lower lid, and as far open, compared with the photo, as
much of the mesh's eyeball is seen: meshes differ in where they put a lid's edge and in
how lids slide, but all of them cover their eyeballs.
"""

from __future__ import annotations

import numpy as np

from facewright.animate import openings
from facewright.checks import Float32
from facewright.face.model import MorphableModel

#: An eye showing this share of what the photo shows counts as shut: pixels are coarse.
_SHUT = 0.06
_WIDEST = 1.7


class Rims:
    """Finds the openings' outlines in frames of one subject."""

    def __init__(self, model: MorphableModel, landmarks: Float32, shown: Float32) -> None:
        """Learn the photo's openings.

        Args:
            model: the subject's, with a MediaPipe embedding.
            landmarks: (478, 2) in the photo's pixels.
            shown: (2,) pixels of the mesh's left and right eyeball seen in the photo.
        """
        self._model = model
        rims = [landmarks[list(rim)] for rim in openings.RIMS[:2]]
        self._gaps = [_gaps(rim) for rim in rims]
        self._widths = [_width(rim) for rim in rims]
        self._shown = np.maximum(shown, 1.0)

    def __call__(self, pixels: Float32, shown: Float32) -> list[tuple[Float32, ...]]:
        """The left eye's, the right eye's and the mouth's outlines in (B, V, 3) meshes.

        ``shown`` (B, 2) counts the pixels of each eyeball that are seen.
        """
        assert self._model.landmarks478 is not None
        points = self._model.landmark_points(pixels, self._model.landmarks478)[..., :2]
        return [self.around(frame, count) for frame, count in zip(points, shown, strict=True)]

    def around(self, points: Float32, shown: Float32) -> tuple[Float32, ...]:
        """The outlines in one frame, by its (478, 2) landmarks and (2,) eyeball pixels."""
        left, right = (self._eye(k, points, float(shown[k])) for k in (0, 1))
        return left, right, points[list(openings.MOUTH_RIM)]

    def _eye(self, eye: int, points: Float32, shown: float) -> Float32:
        edge = points[list(openings.RIMS[eye])].astype(np.float32)
        half = len(edge) // 2
        scale = _width(edge) / self._widths[eye]
        share = shown / (self._shown[eye] * scale**2)
        share = np.clip((share - _SHUT) / (1 - _SHUT), 0, _WIDEST)
        gap = self._gaps[eye] * share * scale
        edge[:half:-1] = edge[1:half] - gap[:, None] * _across(edge)
        return edge


def _gaps(edge: Float32) -> Float32:
    """(N / 2 - 1,) distances from the upper to the lower edge of a rim."""
    half = len(edge) // 2
    return np.maximum((edge[1:half] - edge[:half:-1]) @ _across(edge), 0)


def _across(edge: Float32) -> Float32:
    """(2,) unit direction from the upper to the lower edge of a rim."""
    half = len(edge) // 2
    along = edge[half] - edge[0]
    down = np.array([-along[1], along[0]]) * (1 if along[0] > 0 else -1)
    return (down / max(float(np.linalg.norm(down)), 1e-6)).astype(np.float32)


def _width(edge: Float32) -> float:
    return max(float(np.linalg.norm(edge[len(edge) // 2] - edge[0])), 1e-6)
