"""The animator without learned weights: the photo itself, carried along by the mesh.

For each pixel of a frame the point of the photo that it shows is found: from the mesh
inside the face, from a smooth warp around it, and from a blend of both *points* (not of
two pictures, which would ghost) where one passes into the other. The photo is then
sampled once, at full sharpness. Eyes and the mouth's interior come from the filled
atlas, drawn over it inside the lids and lips.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from facewright import checks
from facewright.animate import warp as warps
from facewright.animate.base import Geometry, checked_steps
from facewright.animate.correspondence import Correspondence, Correspondences
from facewright.animate.opened import Region, regions
from facewright.animate.texture import PhotoTexture, photo_texture
from facewright.capture.subject import Subject
from facewright.checks import Float32, UInt8
from facewright.render.texture import sample

_COARSE = 4  # pixels a cell in which openings are looked for
MIN_SIZE, MAX_SIZE = 64, 1024


@dataclass(frozen=True, slots=True)
class ReprojectState:
    """What is worked out once per subject and size."""

    texture: PhotoTexture
    correspondences: Correspondences
    warp: warps.Warp
    regions: tuple[Region, ...]


class Reproject:
    """The ``reproject`` animator; deterministic, so ``seed`` changes nothing."""

    name = "reproject"
    summary = "the photo itself, carried along by the mesh; always works"
    licence = "Apache-2.0"
    sizes: tuple[int, ...] = (256, 512, 1024)
    needs_correspondence = True
    reach = 0
    steps: tuple[int, int, int] | None = None
    preview_steps: int | None = None
    weights_sha256: str = ""

    def prepare(self, subject: Subject, size: int) -> ReprojectState:
        """Lay the photo onto the mesh, for frames of ``size`` x ``size`` pixels.

        Raises:
            InputError: for a size outside 64..1024.
        """
        size = int(checks.number("size", size, low=MIN_SIZE, high=MAX_SIZE))
        texture = photo_texture(subject, size)
        return ReprojectState(
            texture=texture,
            correspondences=Correspondences(texture),
            warp=warps.prepare(texture),
            regions=regions(texture),
        )

    def __call__(
        self,
        geometry: Geometry,
        state: ReprojectState,
        seed: int = 0,
        *,
        steps: int | None = None,
        check: Callable[[], None] | None = None,
    ) -> UInt8:
        """(B, size, size, 3) uint8 sRGB frames of the subject's crop.

        Raises:
            InputError: for geometry that does not fit the subject, pictures without
                correspondence (uv and parts), or steps, of which there are none.
        """
        checked_steps(self, steps)
        frames = []
        for found in state.correspondences(geometry):
            if check is not None:
                check()
            frames.append(draw(found, state).frame)
        return np.stack(frames)


@dataclass(frozen=True, slots=True)
class Drawn:
    """One frame, and how it came about.

    Attributes:
        frame: (S, S, 3) uint8 sRGB.
        points: (S, S, 2) the photo's point that each pixel shows, openings aside.
        weight: (S, S) 0..1 how far the mesh says so, and not the warp around it.
        person: (S, S) uint8 0..255 how far the pixel moves with the person.
        made: (S, S) 0..1 how far eyes and mouth show what the photo does not.
    """

    frame: UInt8
    points: Float32
    weight: Float32
    person: UInt8
    made: Float32


def draw(found: Correspondence, state: ReprojectState) -> Drawn:
    """Draw one frame of geometry."""
    texture = state.texture
    # The mesh gives way to the warp before its own outline, which would show as an edge.
    cover = cv2.blur(
        np.maximum(found.face, (found.parts > 0).astype(np.float32)), (_odd(texture.size / 40),) * 2
    )
    weight = np.minimum(found.face, np.clip(2 * cover - 1, 0, 1))
    smooth = warps.field(state.warp, found.pose)
    bend = warps.bend(smooth, found.points, found.face)
    smooth += cv2.resize(bend, (texture.size,) * 2, interpolation=cv2.INTER_LINEAR)
    points = smooth + (found.points - smooth) * weight[..., None]
    coarse = np.ascontiguousarray(smooth[::_COARSE, ::_COARSE])
    moved = sample(texture.photo, points)
    frame = _over(moved, texture.plate)
    made = np.zeros(frame.shape[:2], np.float32)
    for region in state.regions:
        region.draw(frame, made, found, points, coarse)
    return Drawn(frame, points, weight, np.ascontiguousarray(moved[..., 3]), made)


def _over(moved: UInt8, plate: UInt8) -> UInt8:
    """The (H, W, 4) moved person over the background, which stands still."""
    alpha = cv2.cvtColor(moved[..., 3], cv2.COLOR_GRAY2RGB)
    front = cv2.multiply(moved[..., :3], alpha, scale=1 / 255)
    return cv2.add(front, cv2.multiply(plate, 255 - alpha, scale=1 / 255))


def _odd(size: float) -> int:
    return 2 * max(1, round(size / 2)) + 1
