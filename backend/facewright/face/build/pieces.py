"""What the parts of the head are built as, before they are joined.

A *piece* is a surface at rest with a linear *carrier*: a sparse matrix that turns a
displacement of MakeHuman's base mesh into one of the piece. A morph target, or a whole
sample of identity, reaches every part through it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from facewright.face.build.sources import Floats, Ints
from facewright.face.model import Part


@dataclass(frozen=True)
class Piece:
    """One connected or loose set of triangles of one part.

    Attributes:
        name: what the atlas and the expressions call it.
        part: the part it belongs to.
        rest: (V, 3) positions at rest.
        carrier: (V, base vertices) sparse, rows act on base displacements.
        triangles: (F, 3) counter-clockwise from outside.
        uvs: (U, 2) in the unit square of the piece's own place in the atlas.
        uv_triangles: (F, 3) rows of ``uvs``.
        colour: (V, 3) mean albedo, sRGB.
    """

    name: str
    part: Part
    rest: Floats
    carrier: sparse.csr_matrix
    triangles: Ints
    uvs: Floats
    uv_triangles: Ints
    colour: Floats


def upright(piece: Piece) -> Piece:
    """The piece with its texture mirrored, if need be, to run counter-clockwise as well."""
    a, b, c = piece.uvs[piece.uv_triangles].transpose(1, 0, 2)
    area = ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]).sum()
    if area > 0:
        return piece
    return replace(piece, uvs=piece.uvs * (-1.0, 1.0) + (1.0, 0.0))


def selection(rows: Ints, count: int) -> sparse.csr_matrix:
    """(len(rows), count) carrier that copies the displacement of base vertices ``rows``."""
    number = len(rows)
    return sparse.csr_matrix((np.ones(number), (np.arange(number), rows)), (number, count))


def similarity(points: Floats, base: Floats, anchors: Ints) -> sparse.csr_matrix:
    """Carrier: the least-squares translation and uniform scale of the anchors.

    With c the anchors' centre and d their displacements, a point p moves by
    ``mean(d) + (p - c) * sum(d . (x - c)) / sum(|x - c|^2)``: a sphere stays a sphere.
    It acts on flattened displacements, see :func:`carry`.
    """
    centre = base[anchors].mean(0)
    arms = base[anchors] - centre
    gain = arms / (arms**2).sum()
    offsets = points - centre
    count, number = len(base), len(points)
    # Row (v, axis), column (anchor, axis').
    blocks = offsets[:, :, None, None] * gain[None, None]
    blocks = blocks + np.eye(3)[None, :, None, :] / len(anchors)
    rows = np.arange(number * 3).repeat(len(anchors) * 3)
    columns = np.tile((anchors[:, None] * 3 + np.arange(3)).ravel(), number * 3)
    return sparse.csr_matrix((blocks.ravel(), (rows, columns)), (number * 3, count * 3))


def affine(points: Floats, base: Floats, anchors: Ints) -> sparse.csr_matrix:
    """Carrier: the least-squares affine motion of the anchors, applied to ``points``."""
    source = np.c_[base[anchors], np.ones(len(anchors))]
    weights = np.c_[points, np.ones(len(points))] @ np.linalg.pinv(source, rcond=1e-3)
    number = len(points)
    rows = np.arange(number).repeat(len(anchors))
    return sparse.csr_matrix(
        (weights.ravel(), (rows, np.tile(anchors, number))), (number, len(base))
    )


def carry(carrier: sparse.csr_matrix, displacement: Floats) -> Floats:
    """(V, 3) displacement of a piece for a (base, 3) displacement of the base mesh."""
    if carrier.shape[1] == len(displacement):
        return carrier @ displacement
    return (carrier @ displacement.reshape(-1)).reshape(-1, 3)


def grid_triangles(rows: int, columns: int, *, closed: bool) -> Ints:
    """Triangles of a (rows, columns) grid of vertices, ring after ring.

    With ``closed`` the last column joins the first. Seen with columns running to the
    right and rows running up, the triangles are counter-clockwise.
    """
    wide = columns if closed else columns - 1
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(wide), indexing="ij")
    after = (column + 1) % columns
    a, b = row * columns + column, row * columns + after
    c, d = (row + 1) * columns + after, (row + 1) * columns + column
    return np.stack([a, b, c, a, c, d], axis=-1).reshape(-1, 3)


def polar_uvs(angles: Floats, segments: int) -> Floats:
    """(1 + rings * segments, 2): a pole and rings at radius proportional to ``angles``."""
    radius = angles / angles.max() * 0.48
    around = np.arange(segments) / segments * 2 * np.pi
    circle = np.stack([np.cos(around), np.sin(around)], axis=1)
    rings = radius[:, None, None] * circle
    return 0.5 + np.concatenate([np.zeros((1, 2)), rings.reshape(-1, 2)])


def fan_triangles(segments: int) -> Ints:
    """Triangles from the pole (row 0) to the first ring (rows 1 … segments)."""
    ring = np.arange(segments)
    return np.stack([np.zeros_like(ring), 1 + ring, 1 + (ring + 1) % segments], axis=1)
