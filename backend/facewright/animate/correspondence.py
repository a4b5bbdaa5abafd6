"""Geometry of any kind -> where in the photo each pixel comes from.

Coefficients and vertices are rasterised here; a picture that somebody rendered brings its
atlas coordinates. From there on all three are the same.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from facewright import checks
from facewright.animate.base import (
    CoefficientGeometry,
    Geometry,
    ImageGeometry,
    VertexGeometry,
    answered,
    rows_of,
)
from facewright.animate.openings import pull_push
from facewright.animate.pictured import Pictured
from facewright.animate.rims import Rims
from facewright.animate.texture import PhotoTexture
from facewright.checks import Float32, UInt8
from facewright.errors import InputError
from facewright.face import pose as poses
from facewright.face.model import Part
from facewright.render.fragments import Fragments
from facewright.render.rasterise import interpolate, rasterise
from facewright.render.texture import atlas_points, unwrapped

_BAKED = 512  # side of the atlas of photo points, for pictures
_PNP_POINTS = 400
_PNP_FEWEST = 60
_KABSCH_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Correspondence:
    """One frame's geometry.

    Attributes:
        points: (H, W, 2) the photo's point that the mesh shows at each pixel.
        face: (H, W) 0..1, where the mesh's surface is to be used: in the face's region,
            and shown by the photo.
        uv: (H, W, 2) atlas coordinates of what lies behind lids and lips.
        parts: (H, W) uint8 part ids + 1 of the same, 0 where there is nothing.
        behind: (H, W, 2) the photo's point of the same.
        rims: (N, 2) outlines of the left eye's, the right eye's and the mouth's opening,
            or None where ``parts`` shows only what is visible through them.
        pose: (6,) absolute pose of the head.
    """

    points: Float32
    face: Float32
    uv: Float32
    parts: UInt8
    behind: Float32
    rims: tuple[Float32, ...] | None
    pose: Float32


class Correspondences:
    """Finds correspondences for one subject; holds what that needs beside its texture."""

    def __init__(self, texture: PhotoTexture) -> None:
        model = texture.subject.model
        self.texture = texture
        skin = texture.parts_of_rows == Part.SKIN
        self._skin = np.ascontiguousarray(texture.triangles[skin])
        self._inner = np.ascontiguousarray(texture.triangles[~skin])
        self._inner_uvs = np.ascontiguousarray(model.uv_triangles[texture.rows[~skin]])
        # One more for -1, where a pixel sees nothing.
        self._inner_parts = np.append(texture.parts_of_rows[~skin] + np.uint8(1), np.uint8(0))
        weight = texture.face * texture.seen
        self._points = np.ascontiguousarray(texture.pixels[:, :2])
        self._attributes = np.concatenate([self._points, weight[:, None]], -1)
        self._rims: Rims | None = None
        if model.landmarks478 is not None:
            shown = self._drawn(texture.pixels[None])[2]
            self._rims = Rims(model, texture.landmarks, shown[0])
        # What moves least with expressions tells the head's pose.
        reach = np.abs(model.expression_basis).max((0, 2)) * model.metres_per_unit
        self._unit = 0.001 / model.metres_per_unit
        self._stable = np.exp(-0.5 * (reach / 0.0015) ** 2) * (model.vertex_parts == Part.SKIN)

    def __call__(self, geometry: Geometry) -> list[Correspondence]:
        """One per answered frame of the batch; its context changes nothing.

        Raises:
            InputError: for arrays that do not fit the subject's mesh or the frame's size,
                and for pictures without uv or parts.
        """
        if geometry.context != (0, 0) or geometry.chosen is not None:
            geometry = rows_of(geometry, answered(geometry))
        if isinstance(geometry, CoefficientGeometry):
            return self._of_coefficients(geometry)
        if isinstance(geometry, VertexGeometry):
            return self._of_vertices(geometry)
        return self._of_pictures(geometry)

    def _of_coefficients(self, geometry: CoefficientGeometry) -> list[Correspondence]:
        subject = self.texture.subject
        model, rho = subject.model, subject.coefficients
        frames = len(geometry.expression)
        expression = checks.floats(
            "geometry.expression", geometry.expression, ("B", len(model.expression_names))
        )
        gaze = checks.floats("geometry.gaze", geometry.gaze, (frames, 4), low=-1, high=1)
        relative = checks.floats("geometry.pose", geometry.pose, (frames, 6))
        posed = zip(expression, gaze, strict=True)  # frame by frame, as in _of_vertices
        shapes = np.stack([model.vertices(rho.identity, weights, look) for weights, look in posed])
        absolute = poses.compose(rho.pose, relative)
        return self._of_mesh(poses.transform(absolute, shapes + self.texture.correction), absolute)

    def _of_vertices(self, geometry: VertexGeometry) -> list[Correspondence]:
        texture = self.texture
        vertices = checks.floats(
            "geometry.vertices", geometry.vertices, ("B", texture.subject.model.vertex_count, 3)
        )
        # Frame by frame: sums over a batch round differently with its length, and a frame
        # must not depend on which others it was sent with.
        solved = [rigid_poses(texture.rest, v[None], self._stable, self._unit) for v in vertices]
        absolute = np.concatenate(solved)
        turned = texture.correction @ np.swapaxes(poses.rotation_matrix(absolute[:, :3]), -1, -2)
        return self._of_mesh(vertices + turned, absolute)

    def _of_mesh(self, vertices: Float32, absolute: Float32) -> list[Correspondence]:
        texture = self.texture
        pixels = texture.camera.project(vertices)
        skin, inner, shown = self._drawn(pixels)
        at = interpolate(skin, self._attributes, self._skin)
        behind = interpolate(inner, self._points, self._inner)
        uv = interpolate(inner, texture.subject.model.uvs, self._inner_uvs)
        parts = self._inner_parts[inner.triangles]
        rims = self._rims(pixels, shown) if self._rims else [None] * len(pixels)
        return [
            Correspondence(
                points=at[b, ..., :2],
                face=at[b, ..., 2],
                uv=uv[b],
                parts=parts[b],
                behind=behind[b],
                rims=rims[b],
                pose=pose,
            )
            for b, pose in enumerate(absolute)
        ]

    def _drawn(self, pixels: Float32) -> tuple[Fragments, Fragments, Float32]:
        """The skin; what lies behind it as if it were not there; eyeball pixels seen (B, 2)."""
        size = (self.texture.size, self.texture.size)
        skin = rasterise(pixels, self._skin, size)
        inner = rasterise(pixels, self._inner, size)
        parts = np.where(inner.depth < skin.depth, self._inner_parts[inner.triangles], 0)
        shown = [(parts == part + 1).sum((1, 2)) for part in (Part.EYE_LEFT, Part.EYE_RIGHT)]
        return skin, inner, np.stack(shown, -1).astype(np.float32)

    def _of_pictures(self, geometry: ImageGeometry) -> list[Correspondence]:
        if geometry.uv is None or geometry.parts is None:
            raise InputError(
                "geometry: 'reproject' needs uv and parts with each picture, to know what of "
                "the photo a pixel shows; send them, or send vertices or coefficients"
            )
        size = self.texture.size
        frames = len(geometry.uv)
        uvs = checks.floats("geometry.uv", geometry.uv, (frames, size, size, 2))
        parts = checks.picture("geometry.parts", geometry.parts.reshape(-1, size, 1), channels=1)
        parts = parts.reshape(frames, size, size)
        return [self._of_picture(uv, part) for uv, part in zip(uvs, parts, strict=True)]

    def _of_picture(self, uv: Float32, parts: UInt8) -> Correspondence:
        places, shows = self._baked
        texels = atlas_points(uv, (_BAKED, _BAKED)) - np.float32(0.5)
        drawn = np.where(parts == Part.LASHES + 1, 0, parts).astype(np.uint8)
        skin = drawn == Part.SKIN + 1
        at = cv2.remap(shows, texels, None, cv2.INTER_LINEAR)
        place = cv2.remap(places, texels, None, cv2.INTER_LINEAR)
        pose = self._pose_of(place[..., :3], skin & (place[..., 3] > 0.5))
        inner = np.where(skin, 0, drawn).astype(np.uint8)
        points = np.ascontiguousarray(at[..., :2])
        rims = None
        if self._rims is not None:
            eyes = [(parts == part + 1).sum() for part in (Part.EYE_LEFT, Part.EYE_RIGHT)]
            found = self._pictured.rim_points(texels, skin, pose)
            rims = self._rims.around(found, np.array(eyes) * self._lashes_hide)
        return Correspondence(points, at[..., 2] * skin, uv, inner, points, rims, pose)

    @functools.cached_property
    def _pictured(self) -> Pictured:
        return Pictured(self.texture, _BAKED)

    @functools.cached_property
    def _lashes_hide(self) -> Float32:
        """(2,) how many times more of each eyeball is seen without the mesh's lashes."""
        texture = self.texture
        model, size = texture.subject.model, (texture.size, texture.size)
        found = rasterise(texture.pixels[None], model.triangles, size).triangles[0]
        parts = np.where(found >= 0, model.triangle_parts[found] + 1, 0)
        shown = [(parts == part + 1).sum() for part in (Part.EYE_LEFT, Part.EYE_RIGHT)]
        return self._drawn(texture.pixels[None])[2][0] / np.maximum(shown, 1)

    @functools.cached_property
    def _baked(self) -> tuple[Float32, Float32]:
        """Per texel: the rest shape's point and how stable it is; photo point and weight."""
        model = self.texture.subject.model
        texels = unwrapped(model.uvs, model.uv_triangles, _BAKED)
        both = np.concatenate([self.texture.rest, self._stable[:, None], self._attributes], -1)
        baked = interpolate(texels, both, model.triangles)[0]
        filled = pull_push(baked, (texels.triangles[0] >= 0).astype(np.float32))
        return np.ascontiguousarray(filled[..., :4]), np.ascontiguousarray(filled[..., 4:])

    def _pose_of(self, places: Float32, usable: Any) -> Float32:
        """(6,) the head's pose, from the model points that pixels show."""
        neutral = self.texture.subject.coefficients.pose
        y, x = np.nonzero(usable)
        if len(x) < _PNP_FEWEST:
            return neutral  # too little of the head is in the picture to tell
        step = max(1, len(x) // _PNP_POINTS)
        x, y = x[::step], y[::step]
        matrix, turn = self.texture.camera.to_opencv()
        guess_turn = turn @ poses.rotation_matrix(neutral[:3]).astype(np.float64)
        _, rotation, shift = cv2.solvePnP(
            places[y, x].astype(np.float64),
            np.stack([x, y], -1).astype(np.float64),
            matrix,
            None,
            cv2.Rodrigues(guess_turn)[0],
            (turn @ neutral[3:].astype(np.float64))[:, None],
            useExtrinsicGuess=True,
            flags=cv2.SOLVEPNP_ITERATIVE,
        )
        vector = poses.rotation_vector(turn.T @ cv2.Rodrigues(rotation)[0])
        return np.concatenate([vector, (turn.T @ shift)[:, 0]]).astype(np.float32)


def rigid_poses(rest: Float32, posed: Float32, weights: Float32, scale: float) -> Float32:
    """(B, 6) the poses that best carry (V, 3) points onto (B, V, 3).

    Weighted Kabsch ("A solution for the best rotation to relate two sets of vectors",
    1976), repeated with less weight on points that are off by more than ``scale``, which
    somebody may have sculpted.
    """
    share = np.broadcast_to(weights, posed.shape[:2])
    for _ in range(_KABSCH_ROUNDS):
        share = share / share.sum(-1, keepdims=True)
        middle = share @ rest
        middles = np.einsum("bv,bvc->bc", share, posed)
        cross = np.einsum("bvi,bvj->bij", (posed - middles[:, None]) * share[..., None],
                          rest - middle[:, None])  # fmt: skip
        left, _, right = np.linalg.svd(cross.astype(np.float64))
        sign = np.ones((len(posed), 3))
        sign[:, 2] = np.sign(np.linalg.det(left @ right))
        rotation = (left * sign[:, None]) @ right
        translation = middles - np.einsum("bij,bj->bi", rotation, middle)
        carried = rest @ np.swapaxes(rotation, 1, 2).astype(np.float32) + translation[:, None]
        off = np.square((posed - carried) / scale).sum(-1)
        share = weights / (1 + off) ** 2
    vectors = poses.rotation_vector(rotation)
    return np.concatenate([vectors, translation], -1).astype(np.float32)
