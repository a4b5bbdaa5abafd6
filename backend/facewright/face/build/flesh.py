"""The soft surface that expressions deform: skin and mouth lining as one sheet.

Shapes are made by moving *handles* (lips, lids, cheeks) and letting the rest follow
smoothly: the displacement is the biharmonic one, which minimises bending between what
moves and what is held (Botsch & Kobbelt 2004; Jacobson et al. 2010). Lengths here are
millimetres about the head's pivot.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

from facewright.face.build import topology
from facewright.face.build.sources import Floats, Ints, SourceMesh

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Flesh:
    """Skin and lining with the curves that shapes are made from.

    Attributes:
        rows: (n,) base vertices of the sheet, sorted.
        points: (n, 3) millimetres about the pivot.
        triangles: (f, 3) rows of ``points``.
        lips: (13, 38) rows of ``points``: the lip grid, see ``topology.lip_grid``.
        lids: per eye (left, right) the (7, 28) rings of the lids, from the inner margin
            outward; column 0 is the top of the inner margin.
        eyes: (2, 3) eyeball centres.
    """

    rows: Ints
    points: Floats
    triangles: Ints
    lips: Ints
    lids: tuple[Ints, Ints]
    eyes: Floats

    @cached_property
    def _bending(self) -> sparse.csr_matrix:
        laplacian, mass = cotangent_laplacian(self.points, self.triangles)
        return (laplacian @ sparse.diags(1.0 / mass) @ laplacian).tocsr()

    @cached_property
    def _lip_tree(self) -> cKDTree:
        return cKDTree(self.points[self.lips[2]])

    def from_lips(self) -> Floats:
        """(n,) distance to the vermilion's border."""
        return self._lip_tree.query(self.points)[0]

    def spread(self, handles: Ints, moves: Floats, held: Mask) -> Floats:
        """(n, ...) biharmonic displacement.

        Args:
            handles: (k,) rows that move.
            moves: (k, ...) their displacements.
            held: (n,) rows that stay; handles win over it.
        """
        count = len(self.points)
        result = np.zeros((count, *moves.shape[1:]))
        result[handles] = moves
        known = held.copy()
        known[handles] = True
        free = ~known
        flat = result.reshape(count, -1)
        right = -(self._bending[free][:, known] @ flat[known])
        flat[free] = splu(self._bending[free][:, free].tocsc()).solve(right)
        return flat.reshape(result.shape)

    def to_base(self, moves: Floats, base_count: int, unit: float) -> Floats:
        """(base, 3) displacement in mesh units, of which one is ``unit`` millimetres."""
        result = np.zeros((base_count, 3))
        result[self.rows] = moves / unit
        return result


def cotangent_laplacian(vertices: Floats, triangles: Ints) -> tuple[sparse.csr_matrix, Floats]:
    """Symmetric cotangent Laplacian (clamped at small weights) and barycentric areas."""
    count = len(vertices)
    laplacian = sparse.csr_matrix((count, count))
    area = np.linalg.norm(
        np.cross(
            vertices[triangles[:, 1]] - vertices[triangles[:, 0]],
            vertices[triangles[:, 2]] - vertices[triangles[:, 0]],
        ),
        axis=1,
    )
    mass = np.zeros(count)
    for k in range(3):
        tip, a, b = triangles[:, k], triangles[:, (k + 1) % 3], triangles[:, (k + 2) % 3]
        dot = ((vertices[a] - vertices[tip]) * (vertices[b] - vertices[tip])).sum(1)
        weight = np.clip(dot / np.maximum(area, 1e-9), 0.02, 20.0) / 2
        laplacian = laplacian + sparse.csr_matrix((weight, (a, b)), (count, count))
        np.add.at(mass, tip, area / 6)
    laplacian = laplacian + laplacian.T
    degree = np.asarray(laplacian.sum(1)).ravel()
    return (sparse.diags(degree) - laplacian).tocsr(), np.maximum(mass, 1e-6)


def build_flesh(
    base: SourceMesh, head: topology.Head, rest: Floats, origin: Floats, unit: float
) -> Flesh:
    """The sheet of a head at rest.

    Args:
        rest: (base, 3) mesh units.
        origin: (3,) the pivot in mesh units.
        unit: millimetres in a mesh unit.
    """
    quads = np.concatenate([head.skin, head.lining])
    rows, triangles = np.unique(topology.triangulate(quads, rest), return_inverse=True)
    points = (rest[rows] - origin) * unit

    def local(found: Ints) -> Ints:
        return np.searchsorted(rows, found)

    centres = [
        (rest[base.group_vertices(f"helper-{side}-eye")].mean(0) - origin) * unit for side in "lr"
    ]
    left, right = topology.lid_grids(base)
    return Flesh(
        rows=rows,
        points=points,
        triangles=triangles.reshape(-1, 3),
        lips=local(topology.lip_grid(base)),
        lids=(local(left), local(right)),
        eyes=np.stack(centres),
    )


def rotate(points: Floats, centre: Floats, axis: Floats, degrees: Floats | float) -> Floats:
    """Displacements of points that turn about an axis, each by its own angle (Rodrigues).

    Args:
        points: (n, 3).
        centre: (3,) or (n, 3) a point of the axis, or of each point's own.
        axis: (3,) direction.
        degrees: one angle, or (n,).
    """
    arms = points - centre
    axis = axis / np.linalg.norm(axis)
    angle = np.radians(np.broadcast_to(degrees, len(points)))[:, None]
    along = arms @ axis
    turned = (
        arms * np.cos(angle)
        + np.cross(axis, arms) * np.sin(angle)
        + axis * (along[:, None] * (1 - np.cos(angle)))
    )
    return turned - arms


def smoothstep(x: Floats, low: float, high: float) -> Floats:
    """0 below ``low``, 1 above ``high``, smooth between; reversed if low > high."""
    share = np.clip((x - low) / (high - low), 0.0, 1.0)
    return share * share * (3.0 - 2.0 * share)
