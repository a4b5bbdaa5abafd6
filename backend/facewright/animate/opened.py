"""Eyes and mouth as they open, close and turn.

As long as an opening is about as it was in the photo, the photo itself is the best
picture of it. Once it differs, the photo's lids and lips (with the opening filled from
around it) are drawn, and inside eyeballs from the atlas or what ``interior`` paints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from facewright.animate import openings
from facewright.animate.correspondence import Correspondence
from facewright.animate.interior import Interior, interior
from facewright.animate.texture import PhotoTexture, smoothstep
from facewright.checks import Float32, UInt8
from facewright.face import pose as poses
from facewright.face.model import Part
from facewright.render.texture import sample, sample_atlas

#: Changes, in pixels of 256, from which the photo's own opening gives way, and has: of the
#: lids' and the lips' distance, and of the eyeballs' turn. Lids are estimated worst, and
#: their small changes hardly show.
_LIDS, _LIPS, _TURN = (1.6, 3.2), (0.7, 3.0), (1.2, 2.4)
#: How far a corner of the lips that is elsewhere counts beside how far they part.
_ELSEWHERE = 0.6
#: Softness of the lips' edge; width of the shade between closed lips and how dark it is.
_FEATHER, _CREASE, _CREASE_COVER = 0.6, 1.2, 0.8
#: A region reaches this far beyond its opening, in pixels of 256.
_MARGIN = 5
#: Lids and lips nearer than this touch, in pixels of 256.
_TOUCH = 0.4
#: Width of the lash line in pixels of 256, and how much of the lid it hides.
_LASHES, _LASHES_COVER = 1.0, 1.2
#: sRGB of what is too deep in the mouth to be seen.
_THROAT = (38, 20, 20)


@dataclass(frozen=True, slots=True)
class Region:
    """One opening.

    Attributes:
        texture: the subject's.
        index: of its rim in ``openings.RIMS``.
        parts: the first and last part id + 1 that lie in it.
        near: (size, size) 0..1 feathered neighbourhood of the opening in the photo.
        bounds: (2, 2) corners of that neighbourhood, in pixels.
        width: of the opening in the photo, in pixels.
        area: of the same, in pixels.
        turns: whether what lies inside moves by itself (eyes).
        lashes: (3,) sRGB of the darkest along the upper edge.
        interior: what the mouth shows, where the model knows its outline.
    """

    texture: PhotoTexture
    index: int
    parts: tuple[int, int]
    near: Float32
    bounds: Float32
    width: float
    area: float
    turns: bool
    lashes: Float32
    interior: Interior | None

    def draw(
        self,
        frame: UInt8,
        made: Float32,
        found: Correspondence,
        points: Float32,
        coarse: Float32,
    ) -> None:
        """Draw the opening into a frame where it differs from the photo's.

        Args:
            frame: (H, W, 3) sampled from the photo; changed.
            made: (H, W) 0..1 how far a pixel is made up; raised where the opening shows what
                the photo does not.
            found: the frame's geometry.
            points: (H, W, 2) the photo's points it was sampled at.
            coarse: (G, G, 2) the warp's points, also across openings.
        """
        box = self._box(coarse)
        if box is None:
            return
        if self.interior is not None and found.rims is not None:
            self._draw_mouth(frame, made, found, points, box)
            return
        cover = self._cover(found, box)
        parts = found.parts[box]
        inner = (parts >= self.parts[0]) & (parts <= self.parts[1])
        share = self._share(cover, inner, found.behind[box], points[box])
        if share == 0:
            return
        drawn = sample(self.texture.skin, points[box]).astype(np.float32)
        colour = sample_atlas(self.texture.atlas.colour, found.uv[box]).astype(np.float32)
        if not self.turns:
            colour = self._lit(colour, found.uv[box], inner, cover)
        else:
            cover = cover * inner
        drawn += (colour - drawn) * cover[..., None]
        if self.turns and found.rims is not None:
            line = self._lash_line(found.rims[self.index], box)
            drawn += (self.lashes - drawn) * np.minimum(line, 0.85)[..., None]
        alpha = np.maximum(sample(self.near, points[box]), cover) * share
        unseen = 1 - sample_atlas(self.texture.atlas.seen, found.uv[box])
        made[box] = np.maximum(made[box], alpha * cover * unseen)
        under = frame[box].astype(np.float32)
        frame[box] = np.round(under + (drawn - under) * alpha[..., None]).astype(np.uint8)

    def _draw_mouth(
        self,
        frame: UInt8,
        made: Float32,
        found: Correspondence,
        points: Float32,
        box: tuple[slice, slice],
    ) -> None:
        """Draw the mouth by its outline, see :meth:`draw`."""
        assert self.interior is not None and found.rims is not None
        rim, size = found.rims[self.index], self.texture.size
        share = self._rim_share(rim, found.pose)
        if share == 0:
            return
        unit = size / 256
        corner = (box[1].start, box[0].start)
        shape = (box[0].stop - box[0].start, box[1].stop - box[1].start)
        edge = openings.parted(rim, _TOUCH * unit)
        cover = openings.polygon(edge - np.array(corner, np.float32), shape)
        colour, narrow, own = self.interior.paint(edge, cover, found.pose, corner)
        cover = cv2.GaussianBlur(cover, (0, 0), _FEATHER * unit)
        # Lips that touch leave a shade between them, which passes into the gap as they part.
        half = len(edge) // 2
        middle = np.vstack([edge[:1], (edge[1:half] + edge[:half:-1]) / 2, edge[half : half + 1]])
        line = self._line(middle, corner, shape, _CREASE * unit)
        cover = np.maximum(cover, line * narrow * _CREASE_COVER)
        drawn = sample(self.texture.skin, points[box]).astype(np.float32)
        drawn += (colour - drawn) * cover[..., None]
        alpha = np.maximum(sample(self.near, points[box]), cover) * share
        made[box] = np.maximum(made[box], alpha * cover * (1 - own))
        under = frame[box].astype(np.float32)
        frame[box] = np.round(under + (drawn - under) * alpha[..., None]).astype(np.uint8)

    def _rim_share(self, rim: Float32, pose: Float32) -> float:
        """0 where the lips' outline is as in the photo, 1 where it must be drawn."""
        texture, unit = self.texture, self.texture.size / 256
        model = texture.subject.model
        assert model.landmarks478 is not None
        places = model.landmark_points(texture.rest, model.landmarks478)
        places = places[list(openings.MOUTH_RIM)]
        own = texture.landmarks[list(openings.MOUTH_RIM)]
        neutral = texture.subject.coefficients.pose
        both = [texture.camera.project(poses.transform(p, places))[:, :2] for p in (pose, neutral)]
        carried = own + both[0] - both[1]
        half = len(rim) // 2
        miss = rim - carried
        gaps = miss[1:half] - miss[:half:-1]
        change = float(np.linalg.norm(gaps, axis=-1).max())
        if self.interior is not None and self.interior.own.any():
            # Lips that part alike at another place show other teeth.
            miss = miss - miss.mean(0)
            change = max(change, _ELSEWHERE * float(np.linalg.norm(miss, axis=-1).max()))
        return float(smoothstep(*_LIPS, change / unit))

    def _line(
        self, points: Float32, corner: tuple[int, int], shape: tuple[int, int], width: float
    ) -> Float32:
        """(h, w) 0..1 coverage of a soft line that fades towards its ends."""
        line = np.zeros(shape, np.uint8)
        fixed = np.round((points - np.array(corner, np.float32) - 0.5) * 16).astype(np.int32)
        cv2.polylines(line, [fixed], False, 255, max(1, round(width)), cv2.LINE_AA, 4)
        return cv2.GaussianBlur(line.astype(np.float32) / 255, (0, 0), 0.6 * width)

    def _cover(self, found: Correspondence, box: tuple[slice, slice]) -> Float32:
        """How far each pixel of the box lies in the opening."""
        if found.rims is not None:
            corner = np.array([box[1].start, box[0].start], np.float32)
            rim = openings.parted(found.rims[self.index], _TOUCH * self.texture.size / 256)
            shape = (box[0].stop - box[0].start, box[1].stop - box[1].start)
            return openings.polygon(rim - corner, shape)
        parts = found.parts[box]
        inner = ((parts >= self.parts[0]) & (parts <= self.parts[1])).astype(np.float32)
        return np.clip(2 * cv2.blur(inner, (3, 3)) - 0.6, 0, 1) * inner

    def _lit(self, colour: Float32, uv: Float32, inner: Any, cover: Float32) -> Float32:
        """The mouth's colours under what light comes in, and what lies behind the teeth."""
        size = self.texture.size
        # Lips shade what is just behind them; what the photo showed has its shade already.
        shown = sample_atlas(self.texture.atlas.seen, uv)
        light = np.clip(0.5 + 0.6 * cv2.GaussianBlur(cover, (0, 0), size / 70), 0, 1)
        colour = colour * (light + (1 - light) * shown)[..., None]
        drawn = inner.astype(np.float32)
        near = cv2.GaussianBlur(drawn, (0, 0), size / 170)
        around = cv2.GaussianBlur(colour * drawn[..., None], (0, 0), size / 170)
        around = around / np.maximum(near, 1e-3)[..., None]
        deep = smoothstep(0.4, 0.05, near)[..., None]
        behind = around * (1 - deep) + np.array(_THROAT, np.float32) * deep
        return np.where(inner[..., None], colour, behind)

    def _lash_line(self, rim: Float32, box: tuple[slice, slice]) -> Float32:
        """How far the upper lid's lashes cover each pixel of the box."""
        half = len(rim) // 2
        upper = np.concatenate([rim[half:], rim[:1]]) - np.array(
            [box[1].start, box[0].start], np.float32
        )
        line = np.zeros((box[0].stop - box[0].start, box[1].stop - box[1].start), np.uint8)
        fixed = np.round((upper - 0.5) * 16).astype(np.int32)
        thick = max(1, round(_LASHES * self.texture.size / 256))
        cv2.polylines(line, [fixed], False, 255, thick, cv2.LINE_AA, 4)
        # Spread, so that no pixel of the line is wholly theirs.
        return cv2.GaussianBlur(line.astype(np.float32) * (_LASHES_COVER / 255), (3, 3), 0)

    def _share(self, cover: Float32, inner: Any, behind: Float32, points: Float32) -> float:
        """0 where the opening is as in the photo, 1 where it must be drawn."""
        unit = self.texture.size / 256
        change = abs(float(cover.sum()) - self.area) / self.width / unit
        share = float(smoothstep(*(_LIDS if self.turns else _LIPS), change))
        at = inner & (cover > 0.5)
        if self.turns and at.any():
            turn = float(np.linalg.norm(behind[at] - points[at], axis=-1).mean()) / unit
            share = max(share, float(smoothstep(*_TURN, turn)))
        return share

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
    spans = (
        (Part.EYE_LEFT, Part.EYE_LEFT),
        (Part.EYE_RIGHT, Part.EYE_RIGHT),
        (Part.TEETH_UPPER, Part.TONGUE),
    )
    return tuple(_region(texture, i, *span) for i, span in enumerate(spans))


def _region(texture: PhotoTexture, index: int, first: Part, last: Part) -> Region:
    size = texture.size
    corners = texture.landmarks[list(openings.RIMS[index])]
    reach = _MARGIN * size / 256
    cover = openings.polygon(corners, (size, size))
    steps = max(1, round(reach * 0.6))
    grown = cv2.dilate(cover, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * steps + 1,) * 2))
    return Region(
        texture=texture,
        index=index,
        parts=(first + 1, last + 1),
        near=cv2.GaussianBlur(grown, (0, 0), reach * 0.25),
        bounds=np.stack([corners.min(0) - 3 * reach, corners.max(0) + 3 * reach]),
        width=float(np.ptp(corners[:, 0])),
        area=float(cover.sum()),
        turns=first in (Part.EYE_LEFT, Part.EYE_RIGHT),
        lashes=_darkest(texture, corners[len(corners) // 2 :]),
        interior=_interior(texture) if first == Part.TEETH_UPPER else None,
    )


def _interior(texture: PhotoTexture) -> Interior | None:
    if texture.subject.model.landmarks478 is None:
        return None
    photo = np.ascontiguousarray(texture.photo[..., :3])
    return interior(texture.subject, texture.camera, photo, texture.landmarks, texture.correction)


def _darkest(texture: PhotoTexture, line: Float32) -> Float32:
    """(3,) mean of the darker third of the photo's colours along a line of points."""
    steps = np.linspace(0, len(line) - 1, 64)
    along = np.stack([np.interp(steps, np.arange(len(line)), line[:, k]) for k in (0, 1)], -1)
    colours = sample(texture.photo, along[None].astype(np.float32))[0, :, :3].astype(np.float32)
    return colours[np.argsort(colours.sum(-1))[: len(colours) // 3]].mean(0)
