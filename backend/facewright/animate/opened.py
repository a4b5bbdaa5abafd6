"""Eyes and mouth as they open, close and turn.

As long as an opening is about as it was in the photo, the photo itself is the best
picture of it. Once it differs, the photo's lids and lips (with the opening filled from
around it) are drawn, and eyeballs or teeth from the atlas inside.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from facewright.animate import openings
from facewright.animate.correspondence import Correspondence
from facewright.animate.texture import PhotoTexture, smoothstep
from facewright.checks import Float32, UInt8
from facewright.face.model import Part
from facewright.render.texture import sample, sample_atlas

#: Changes, in pixels of 256, from which the photo's own opening gives way, and has.
_CHANGE = (0.7, 1.8)
#: A region reaches this far beyond its opening, in pixels of 256.
_MARGIN = 5


@dataclass(frozen=True, slots=True)
class Region:
    """One opening.

    Attributes:
        texture: the subject's.
        parts: the first and last part id + 1 that lie in it.
        near: (size, size) 0..1 feathered neighbourhood of the opening in the photo.
        bounds: (2, 2) corners of that neighbourhood, in pixels.
        width: of the opening in the photo, in pixels.
        area: that the mesh shows of it in the photo, in pixels.
        turns: whether what lies inside moves by itself (eyes).
    """

    texture: PhotoTexture
    parts: tuple[int, int]
    near: Float32
    bounds: Float32
    width: float
    area: float
    turns: bool

    def draw(self, frame: UInt8, found: Correspondence, points: Float32, coarse: Float32) -> None:
        """Draw the opening into a frame where it differs from the photo's.

        Args:
            frame: (H, W, 3) sampled from the photo; changed.
            found: the frame's geometry.
            points: (H, W, 2) the photo's points it was sampled at.
            coarse: (G, G, 2) the warp's points, also across openings.
        """
        box = self._box(coarse)
        if box is None:
            return
        parts = found.parts[box]
        inner = ((parts >= self.parts[0]) & (parts <= self.parts[1])).astype(np.float32)
        share = self._share(inner, found.points[box], points[box])
        if share == 0:
            return
        drawn = sample(self.texture.skin, points[box]).astype(np.float32)
        colour = sample_atlas(self.texture.atlas.colour, found.uv[box]).astype(np.float32)
        if not self.turns:
            # Lips shade what is just behind them: less light comes in by the rim.
            light = cv2.GaussianBlur(inner, (0, 0), self.texture.size / 70)
            colour *= np.clip(0.3 + 0.75 * light, 0, 1)[..., None]
        cover = np.clip(2 * cv2.blur(inner, (3, 3)) - 0.6, 0, 1) * inner
        drawn += (colour - drawn) * cover[..., None]
        alpha = np.maximum(sample(self.near, points[box]), cover) * share
        under = frame[box].astype(np.float32)
        frame[box] = np.round(under + (drawn - under) * alpha[..., None]).astype(np.uint8)

    def _share(self, inner: Float32, points: Float32, smooth: Float32) -> float:
        """0 where the opening is as in the photo, 1 where it must be drawn."""
        change = abs(float(inner.sum()) - self.area) / self.width
        at = inner > 0
        if self.turns and at.any():
            change += float(np.linalg.norm(points[at] - smooth[at], axis=-1).mean())
        return float(smoothstep(*_CHANGE, np.float32(change * 256 / self.texture.size)))

    def _box(self, coarse: Float32) -> tuple[slice, slice] | None:
        """The rows and columns of the frame that may show the neighbourhood."""
        inside = ((coarse > self.bounds[0]) & (coarse < self.bounds[1])).all(-1)
        rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        if not len(rows):
            return None
        cell, size = self.texture.size / len(coarse), self.texture.size
        return tuple(
            slice(max(0, int((at[0] - 1) * cell)), min(size, int((at[-1] + 2) * cell)))
            for at in (rows, columns)
        )  # type: ignore[return-value]


def regions(texture: PhotoTexture) -> tuple[Region, ...]:
    """The eyes and the mouth of a subject."""
    size = texture.size
    landmarks = texture.subject.landmarks * np.float32(size / texture.subject.camera.size[0])
    return (
        _region(texture, landmarks, openings.EYE_LEFT_RIM, Part.EYE_LEFT, Part.EYE_LEFT),
        _region(texture, landmarks, openings.EYE_RIGHT_RIM, Part.EYE_RIGHT, Part.EYE_RIGHT),
        _region(texture, landmarks, openings.MOUTH_RIM, Part.TEETH_UPPER, Part.TONGUE),
    )


def _region(
    texture: PhotoTexture, landmarks: Float32, rim: tuple[int, ...], first: Part, last: Part
) -> Region:
    size = texture.size
    corners = landmarks[list(rim)]
    reach = _MARGIN * size / 256
    cover = openings.polygon(corners, size)
    steps = max(1, round(reach * 0.6))
    grown = cv2.dilate(cover, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * steps + 1,) * 2))
    seen = (texture.parts >= first + 1) & (texture.parts <= last + 1)
    return Region(
        texture=texture,
        parts=(first + 1, last + 1),
        near=cv2.GaussianBlur(grown, (0, 0), reach * 0.25),
        bounds=np.stack([corners.min(0) - 3 * reach, corners.max(0) + 3 * reach]),
        width=float(np.ptp(corners[:, 0])),
        area=float(seen.sum()),
        turns=first in (Part.EYE_LEFT, Part.EYE_RIGHT),
    )
