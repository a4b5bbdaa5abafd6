"""From a foreign model's arrays to a checked ``MorphableModel`` in our convention."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facewright.checks import Float32, Int32, UInt8
from facewright.errors import InputError
from facewright.face.adapters import atlas
from facewright.face.model import LandmarkEmbedding, MorphableModel, Part
from facewright.face.reading import finite, indices

#: sRGB of each part where a model brings no albedo of its own.
PLAIN_ALBEDO: dict[Part, tuple[float, float, float]] = {
    Part.SKIN: (0.80, 0.62, 0.54),
    Part.EYE_LEFT: (0.90, 0.88, 0.87),
    Part.EYE_RIGHT: (0.90, 0.88, 0.87),
    Part.TEETH_UPPER: (0.88, 0.85, 0.78),
    Part.TEETH_LOWER: (0.88, 0.85, 0.78),
    Part.GUMS: (0.66, 0.36, 0.35),
    Part.TONGUE: (0.68, 0.38, 0.37),
    Part.LASHES: (0.10, 0.08, 0.07),
}

#: Prefix of components that mean nothing by themselves (PCA): never matched by name.
ANONYMOUS = "expression_"

#: Head pivot (top of the neck) from the midpoint of iBUG points 0 and 16, which lie in
#: front of the ears, as shares of the distance between the outer eye corners (36, 45):
#: down and back. Measured on the default model, whose pivot is anatomical.
PIVOT_DOWN, PIVOT_BACK = 0.417, 0.335


@dataclass(slots=True)
class RawModel:
    """What a reader found, in the file's own units and position.

    The axes must already be ours (x to the subject's left, y up, z out of the face).

    Attributes:
        name, licence: as in ``MorphableModel``.
        metres_per_unit: length of the file's unit.
        mean: (V, 3).
        identity: (K_id, V, 3).
        expression: (K_exp, V, 3), one for each of ``expression_names``.
        triangles: (F, 3).
        landmarks68: embedding, rows of ``triangles``.
        texture_mean: (V, 3) in 0..1, or None for a plain colour a part.
        texture: (K_tex, V, 3), or None.
        triangle_parts: (F,), or None where all is skin.
        uvs, uv_triangles: or None for a simple atlas.
        pivot: (3,) the head's pivot, or None to place it by the landmarks.
        eye_centres, eye_axes: (2, 3) left then right, or None.
    """

    name: str
    licence: str
    metres_per_unit: float
    mean: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    expression_names: tuple[str, ...]
    triangles: np.ndarray
    landmarks68: LandmarkEmbedding
    texture_mean: np.ndarray | None = None
    texture: np.ndarray | None = None
    triangle_parts: UInt8 | None = None
    uvs: np.ndarray | None = None
    uv_triangles: np.ndarray | None = None
    pivot: np.ndarray | None = None
    eye_centres: np.ndarray | None = None
    eye_axes: np.ndarray | None = None


def assemble(raw: RawModel, where: str) -> MorphableModel:
    """Check ``raw``, move its pivot to the origin, separate the parts, complete the rest.

    Vertices that no triangle uses are dropped and those that two parts share are
    duplicated, so vertices may change order; triangles keep theirs, and with them the
    landmarks.

    Raises:
        InputError: naming ``where`` (the file) and the array that does not fit.
    """
    mean = _shaped(where, "mean", raw.mean, (None, 3))
    count = len(mean)
    identity = _shaped(where, "identity basis", raw.identity, (None, count, 3))
    names = len(raw.expression_names)
    expression = _shaped(where, "expression basis", raw.expression, (names, count, 3))
    if len(set(raw.expression_names)) != names:
        raise InputError(f"{where}: two expressions have the same name")
    triangles = indices(f"{where}: triangles", np.asarray(raw.triangles), count)
    if triangles.ndim != 2 or triangles.shape[1] != 3 or not len(triangles):
        raise InputError(f"{where}: triangles: expected shape (F, 3), got {triangles.shape}")
    parts = np.zeros(len(triangles), np.uint8) if raw.triangle_parts is None else raw.triangle_parts

    points = np.einsum(
        "nkc,nk->nc", mean[triangles[raw.landmarks68.triangles]], raw.landmarks68.barycentric
    )
    _check_axes(where, points)
    pivot = head_pivot(points) if raw.pivot is None else np.asarray(raw.pivot, np.float32)
    mean = mean - pivot

    triangles, source, vertex_parts = _separate(triangles, parts)
    mean = mean[source]
    triangles, flipped = _outward(triangles, mean, raw.landmarks68)
    if raw.uvs is None or raw.uv_triangles is None:
        uvs, uv_triangles = atlas.unwrap(mean, triangles, parts)
    else:
        uvs = finite(f"{where}: texture coordinates", raw.uvs)
        uv_triangles = indices(f"{where}: uv triangles", raw.uv_triangles, len(uvs))
        uv_triangles = (uv_triangles[:, ::-1] if flipped else uv_triangles).astype(np.int32)
    texture_mean, texture = _albedo(where, raw, source, vertex_parts)
    barycentric = raw.landmarks68.barycentric
    return MorphableModel(
        name=raw.name,
        mean=mean,
        # Readers hand over transposed views; every evaluation would copy those anew.
        identity_basis=np.ascontiguousarray(identity[:, source]),
        expression_basis=np.ascontiguousarray(expression[:, source]),
        texture_mean=texture_mean,
        texture_basis=texture,
        expression_names=raw.expression_names,
        triangles=triangles,
        triangle_parts=parts.astype(np.uint8),
        vertex_parts=vertex_parts,
        uvs=uvs,
        uv_triangles=uv_triangles,
        landmarks68=LandmarkEmbedding(
            raw.landmarks68.triangles, barycentric[:, ::-1].copy() if flipped else barycentric
        ),
        eye_centres=None
        if raw.eye_centres is None
        else (np.asarray(raw.eye_centres) - pivot).astype(np.float32),
        eye_axes=None if raw.eye_axes is None else np.asarray(raw.eye_axes, np.float32),
        metres_per_unit=raw.metres_per_unit,
        licence=raw.licence,
    )


def vertex_embedding(where: str, vertices: np.ndarray, triangles: np.ndarray) -> LandmarkEmbedding:
    """Landmarks that lie on vertices: the first triangle of each, weight 1 on its corner."""
    vertices = np.asarray(vertices).ravel()
    corners = triangles.ravel()
    first = np.full(int(max(corners.max(), vertices.max())) + 1, -1, np.int64)
    # Written backwards, so that the first corner at a vertex is the one that stays.
    first[corners[::-1]] = np.arange(corners.size)[::-1]
    corner = first[vertices]
    if (corner < 0).any():
        lonely = int(vertices[corner < 0][0])
        raise InputError(f"{where}: landmark vertex {lonely} belongs to no triangle")
    return LandmarkEmbedding(
        (corner // 3).astype(np.int32), np.eye(3, dtype=np.float32)[corner % 3]
    )


def head_pivot(points68: np.ndarray) -> Float32:
    """(3,) estimate of the head's pivot from (68, 3) iBUG landmarks, in their units."""
    eyes = float(np.linalg.norm(points68[45] - points68[36]))
    ears = 0.5 * (points68[0] + points68[16])
    return (ears - [0.0, PIVOT_DOWN * eyes, PIVOT_BACK * eyes]).astype(np.float32)


def _shaped(where: str, what: str, array: np.ndarray, shape: tuple[int | None, ...]) -> Float32:
    values = finite(f"{where}: {what}", array)
    fits = values.ndim == len(shape) and all(
        want is None or want == have for want, have in zip(shape, values.shape, strict=True)
    )
    if not fits:
        want = ", ".join("any" if size is None else str(size) for size in shape)
        raise InputError(f"{where}: {what}: expected shape ({want}), got {values.shape}")
    return values


def _check_axes(where: str, points68: np.ndarray) -> None:
    """Refuse a model whose landmarks contradict the axes its format promises."""
    across = points68[45] - points68[36]  # from the subject's right eye to the left
    up = points68[27] - points68[8]  # from the chin to the nose's bridge
    out = points68[30] - 0.5 * (points68[0] + points68[16])  # from the ears to the nose's tip
    for axis, vector, meaning in ((0, across, "left"), (1, up, "up"), (2, out, "forward")):
        if int(np.argmax(np.abs(vector))) != axis or vector[axis] <= 0:
            raise InputError(
                f"{where}: the landmarks do not face forward: the subject's {meaning} should be "
                f"{'xyz'[axis]}, got {np.round(vector, 4).tolist()}; check landmarks and axes"
            )


def _separate(triangles: np.ndarray, parts: np.ndarray) -> tuple[Int32, np.ndarray, UInt8]:
    """No vertex in two parts, none unused: (triangles, each vertex's old row, its part)."""
    kinds = len(Part)
    keys = triangles * kinds + parts[:, None].astype(np.int64)
    unique, corner = np.unique(keys, return_inverse=True)
    return (
        corner.reshape(-1, 3).astype(np.int32),
        unique // kinds,
        (unique % kinds).astype(np.uint8),
    )


def _outward(triangles: Int32, mean: Float32, landmarks: LandmarkEmbedding) -> tuple[Int32, bool]:
    """Triangles counter-clockwise seen from outside: the nose's must face forward."""
    corners = mean[triangles[landmarks.triangles[27:36]]]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    # The tip and the bridge look forward (z) in any head; nostrils look down and do not vote.
    flipped = bool(normals[:4, 2].sum() < 0)
    return (triangles[:, ::-1].copy(), True) if flipped else (triangles, False)


def _albedo(
    where: str, raw: RawModel, source: np.ndarray, vertex_parts: UInt8
) -> tuple[Float32, Float32]:
    if raw.texture_mean is None:
        table = np.array([PLAIN_ALBEDO[part] for part in Part], np.float32)
        mean = table[vertex_parts]
    else:
        mean = _shaped(where, "texture mean", raw.texture_mean, (len(raw.mean), 3))[source]
    if raw.texture is None:
        return mean, np.zeros((0, len(source), 3), np.float32)
    basis = _shaped(where, "texture basis", raw.texture, (None, len(raw.mean), 3))
    return mean, np.ascontiguousarray(basis[:, source])
