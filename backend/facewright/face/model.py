"""The morphable model: S = S_mean + B_id alpha + B_exp beta, T = T_mean + B_t delta."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np

from facewright import checks
from facewright.checks import Float32, Int32, UInt8
from facewright.errors import InputError


class Part(enum.IntEnum):
    """What a triangle belongs to; values are part ids in renders and in the proto.

    GUMS holds the mouth's lining as well: all that is wet but teeth and tongue.
    """

    SKIN = 0
    EYE_LEFT = 1
    EYE_RIGHT = 2
    TEETH_UPPER = 3
    TEETH_LOWER = 4
    GUMS = 5
    TONGUE = 6
    LASHES = 7


@dataclass(frozen=True, slots=True)
class LandmarkEmbedding:
    """Points fixed on the surface.

    Attributes:
        triangles: (N,) int32, rows of the model's ``triangles``.
        barycentric: (N, 3) float32, weights of the triangle's corners, summing to 1.
    """

    triangles: Int32
    barycentric: Float32

    def __len__(self) -> int:
        return len(self.triangles)


@dataclass(frozen=True, slots=True)
class MorphableModel:
    """A face: mean, bases, topology and landmarks (TGDM, eq. 7).

    Model space is right-handed: x to the subject's left (the image's right for a
    frontal face), y up, z out of the face; the origin is the head's pivot, between
    the ears at the top of the neck. Lengths are in model units of ``metres_per_unit``.

    Attributes:
        name: what ``Motion.model`` refers to.
        mean: (V, 3) neutral mean shape.
        identity_basis: (K_id, V, 3), per standard deviation.
        expression_basis: (K_exp, V, 3), per unit of blendshape weight.
        texture_mean: (V, 3) mean albedo, sRGB in 0..1.
        texture_basis: (K_tex, V, 3), per standard deviation.
        expression_names: K_exp names, the ARKit 52 first for the default model.
        triangles: (F, 3) int32, counter-clockwise seen from outside.
        triangle_parts: (F,) uint8, a :class:`Part` each.
        vertex_parts: (V,) uint8; no vertex is shared between parts.
        uvs: (U, 2) texture coordinates in 0..1, v up; all parts in one atlas,
            without overlap.
        uv_triangles: (F, 3) int32, rows of ``uvs`` for each triangle corner.
        landmarks68: iBUG-68 embedding.
        landmarks478: MediaPipe-478 embedding (468 face points, then 5 + 5 iris points:
            in MediaPipe's order, 468-472 are the subject's right iris), or None.
        eye_centres: (2, 3) rotation centres of the mean's eyeballs, left then right, or
            None where the model has no eyeballs. Each identity moves them with its
            eyeball's vertices (their mean displacement).
        eye_axes: (2, 3) unit direction of each eyeball at gaze zero: vertices are
            rotated so that this axis points along (x, y, sqrt(1 - x^2 - y^2)).
        metres_per_unit: scale of model space.
        licence: SPDX expression of the data.
    """

    name: str
    mean: Float32
    identity_basis: Float32
    expression_basis: Float32
    texture_mean: Float32
    texture_basis: Float32
    expression_names: tuple[str, ...]
    triangles: Int32
    triangle_parts: UInt8
    vertex_parts: UInt8
    uvs: Float32
    uv_triangles: Int32
    landmarks68: LandmarkEmbedding
    landmarks478: LandmarkEmbedding | None = None
    eye_centres: Float32 | None = None
    eye_axes: Float32 | None = None
    metres_per_unit: float = 1.0
    licence: str = ""

    @property
    def vertex_count(self) -> int:
        return self.mean.shape[0]

    def expression_index(self, name: str) -> int:
        """Column of the blendshape ``name``."""
        if name not in self.expression_names:
            raise InputError(f"name: model {self.name!r} has no blendshape {name!r}")
        return self.expression_names.index(name)

    def vertices(
        self, identity: Float32, expression: Float32, gaze: Float32 | None = None
    ) -> Float32:
        """Shape S (eq. 7), with the eyeballs turned to ``gaze``.

        Args:
            identity: (K_id,) or (B, K_id) alpha.
            expression: (K_exp,) or (B, K_exp) beta.
            gaze: (4,) or (B, 4) omega, or None for straight ahead.

        Returns:
            (V, 3), or (B, V, 3) where any argument has a batch axis.
        """
        given = [identity, expression] if gaze is None else [identity, expression, gaze]
        batched = any(np.ndim(value) == 2 for value in given)
        sizes = {len(value) for value in given if np.ndim(value) == 2} - {1}
        if len(sizes) > 1:
            raise InputError(f"expression: expected batches of one size, got {sorted(sizes)}")
        identity = checks.floats(
            "identity", np.atleast_2d(identity), ("B", len(self.identity_basis))
        )
        expression = checks.floats(
            "expression", np.atleast_2d(expression), ("B", len(self.expression_basis))
        )
        flat = identity @ self.identity_basis.reshape(-1, self.mean.size)
        flat = flat + expression @ self.expression_basis.reshape(-1, self.mean.size)
        shape = flat.reshape(len(flat), -1, 3) + self.mean
        if gaze is not None and self.eye_centres is not None:
            gaze = checks.floats("gaze", np.atleast_2d(gaze), ("B", 4), low=-1.0, high=1.0)
            shape = self._turn_eyes(shape, gaze)
        return shape if batched else shape[0]

    def albedo(self, texture: Float32) -> Float32:
        """Texture T (eq. 7): (V, 3) sRGB albedo clipped to 0..1 for (K_tex,) delta."""
        texture = checks.floats("texture", texture, (len(self.texture_basis),))
        return np.clip(self.texture_mean + np.tensordot(texture, self.texture_basis, 1), 0.0, 1.0)

    def landmark_points(self, vertices: Float32, embedding: LandmarkEmbedding) -> Float32:
        """(…, N, 3) positions of an embedding's points on (…, V, 3) vertices."""
        corners = vertices[..., self.triangles[embedding.triangles], :]
        return np.einsum("...nkc,nk->...nc", corners, embedding.barycentric)

    def _turn_eyes(self, shape: Float32, gaze: Float32) -> Float32:
        """Rotate each eyeball rigidly about its centre, from its axis to the gaze.

        The centre of the mean's eyeball moves with the mean displacement of the
        eyeball's vertices. The rotation is the shortest one (Rodrigues), so an eye
        never rolls about its axis.
        """
        assert self.eye_centres is not None and self.eye_axes is not None
        batch = max(len(shape), len(gaze))
        turned = np.array(np.broadcast_to(shape, (batch, *shape.shape[1:])))
        parts = (Part.EYE_LEFT, Part.EYE_RIGHT)
        for eye, part in enumerate(parts):
            rows = np.flatnonzero(self.vertex_parts == part)
            moved = (shape[:, rows] - self.mean[rows]).mean(1)
            centre = (self.eye_centres[eye] + moved)[:, None]
            rotation = _shortest_rotation(self.eye_axes[eye], gaze[:, 2 * eye : 2 * eye + 2])
            ball = (shape[:, rows] - centre) @ rotation.transpose(0, 2, 1)
            turned[:, rows] = ball + centre
        return turned


def _shortest_rotation(axis: Float32, gaze: Float32) -> Float32:
    """(B, 3, 3) rotations that take the unit ``axis`` to (x, y, sqrt(1 - x^2 - y^2))."""
    flat = (gaze**2).sum(1, keepdims=True)
    direction = np.concatenate([gaze, np.sqrt(np.clip(1.0 - flat, 0.0, 1.0))], axis=1)
    cross = np.cross(axis, direction)
    zero = np.zeros(len(gaze), np.float32)
    x, y, z = cross.T
    skew = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)
    cosine = (direction @ axis)[:, None, None]
    rotation = np.eye(3) + skew + skew @ skew / np.maximum(1.0 + cosine, 1e-6)
    return rotation.astype(np.float32)
