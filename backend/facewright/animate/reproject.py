"""The animator without learned weights: the photo itself, carried along by the mesh.

For each pixel of a frame the point of the photo that it shows is found: from the mesh
inside the face, from a smooth warp around it, and from a blend of both *points* (not of
two pictures, which would ghost) where one passes into the other. The photo is then
sampled once, at full sharpness. Eyes and the mouth's interior come from the filled
atlas, drawn over it inside the lids and lips.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from facewright import checks
from facewright.animate import warp as warps
from facewright.animate.base import Geometry
from facewright.animate.correspondence import Correspondence, Correspondences
from facewright.animate.texture import PhotoTexture, photo_texture
from facewright.capture.subject import Subject
from facewright.checks import Float32, UInt8
from facewright.face.model import Part
from facewright.render.texture import sample_atlas

MIN_SIZE, MAX_SIZE = 64, 1024


@dataclass(frozen=True, slots=True)
class ReprojectState:
    """What is worked out once per subject and size."""

    texture: PhotoTexture
    correspondences: Correspondences
    warp: warps.Warp
    grid: Float32


class Reproject:
    """The ``reproject`` animator; deterministic, so ``seed`` changes nothing."""

    name = "reproject"

    def prepare(self, subject: Subject, size: int) -> ReprojectState:
        """Lay the photo onto the mesh, for frames of ``size`` x ``size`` pixels.

        Raises:
            InputError: for a size outside 64..1024.
        """
        size = int(checks.number("size", size, low=MIN_SIZE, high=MAX_SIZE))
        texture = photo_texture(subject, size)
        centres = np.arange(size, dtype=np.float32) + 0.5
        return ReprojectState(
            texture=texture,
            correspondences=Correspondences(texture),
            warp=warps.prepare(texture),
            grid=np.stack(np.meshgrid(centres, centres), -1),
        )

    def __call__(self, geometry: Geometry, state: ReprojectState, seed: int = 0) -> UInt8:
        """(B, size, size, 3) uint8 sRGB frames of the subject's crop.

        Raises:
            InputError: for geometry that does not fit the subject, or pictures without
                correspondence (uv and parts).
        """
        return np.stack([_frame(found, state) for found in state.correspondences(geometry)])


def _frame(found: Correspondence, state: ReprojectState) -> UInt8:
    texture = state.texture
    inner = (found.parts > Part.SKIN + 1).astype(np.float32)
    # The mesh gives way to the warp before its own outline, which would show as an edge.
    cover = cv2.blur(found.face + inner, (_odd(texture.size / 40),) * 2)
    weight = np.minimum(found.face, np.clip(2 * cover - 1, 0, 1))
    coarse = warps.bent(warps.field(state.warp, found.pose), found.points, found.face)
    points = cv2.resize(coarse, (texture.size,) * 2, interpolation=cv2.INTER_LINEAR)
    points += (found.points - points) * weight[..., None]
    frame = cv2.remap(
        texture.skin, points - np.float32(0.5), None, cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    _draw_inner(frame, found, inner, texture)
    return frame


def _draw_inner(frame: UInt8, found: Correspondence, inner: Float32, texture: PhotoTexture) -> None:
    """Draw eyes and mouth into a frame, within the box that holds them."""
    columns, rows = np.flatnonzero(inner.any(0)), np.flatnonzero(inner.any(1))
    if not len(columns):
        return
    margin = 4
    box = (
        slice(max(0, rows[0] - margin), rows[-1] + margin + 1),
        slice(max(0, columns[0] - margin), columns[-1] + margin + 1),
    )
    inner, parts = inner[box], found.parts[box]
    colour = sample_atlas(texture.atlas.colour, found.uv[box]).astype(np.float32)
    mouth = (parts > Part.EYE_RIGHT + 1).astype(np.float32)
    # Lips shade what is just behind them: light falls off towards the opening's rim.
    depth = cv2.GaussianBlur(mouth, (0, 0), texture.size / 60)
    colour *= (1 - mouth * (1 - np.clip(0.35 + 0.9 * depth, 0, 1)))[..., None]
    alpha = np.clip(2 * cv2.blur(inner, (3, 3)) - 0.6, 0, 1) * inner
    under = frame[box].astype(np.float32)
    frame[box] = np.round(under + (colour - under) * alpha[..., None]).astype(np.uint8)


def _odd(size: float) -> int:
    return 2 * max(1, round(size / 2)) + 1
