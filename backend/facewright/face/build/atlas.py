"""One UV atlas for all parts: bijective maps, each in a place of its own.

The skin, cut open down the back of the head, is a disc with holes. A convex-combination
map with positive weights onto a convex outline has no overlap (Tutte 1963; Floater
1997). The weights are then tuned until areas in the atlas follow a wanted density, in
the manner of Yoshizawa, Belyaev & Seidel (SMI 2004), which keeps them positive.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from facewright.face.build.sources import Floats, Ints

#: Where each piece lies: x0, y0, x1, y1 in the atlas.
PLACES: dict[str, tuple[float, float, float, float]] = {
    "skin": (0.0, 0.22, 1.0, 1.0),
    "eye_left": (0.005, 0.005, 0.21, 0.21),
    "eye_right": (0.215, 0.005, 0.42, 0.21),
    "lining": (0.43, 0.005, 0.545, 0.115),
    "tongue": (0.43, 0.12, 0.545, 0.21),
    "teeth_upper": (0.555, 0.15, 0.995, 0.21),
    "teeth_lower": (0.555, 0.09, 0.995, 0.145),
    "gums_upper": (0.555, 0.05, 0.77, 0.085),
    "gums_lower": (0.78, 0.05, 0.995, 0.085),
    "lashes_left_upper": (0.555, 0.027, 0.77, 0.047),
    "lashes_left_lower": (0.78, 0.027, 0.995, 0.047),
    "lashes_right_upper": (0.555, 0.004, 0.77, 0.024),
    "lashes_right_lower": (0.78, 0.004, 0.995, 0.024),
}


#: Weight of the vertex that fills a hole beside its neighbours' own.
HOLE_PULL = 8.0


def place(name: str, uvs: Floats) -> Floats:
    """Move a piece's unit square to its place in the atlas."""
    x0, y0, x1, y1 = PLACES[name]
    return np.array([x0, y0]) + uvs * np.array([x1 - x0, y1 - y0])


def open_seam(triangles: Ints, seam: list[int], vertices: Floats) -> tuple[Ints, Ints]:
    """Cut a surface open along a path of edges from its border inward.

    Vertices of the path, but for its inner end, are doubled: the copies go to the
    corners of triangles on the side of negative x.

    Returns:
        (U,) original vertex of each vertex of the cut surface, and (F, 3) triangles.
    """
    count = len(vertices)
    doubled = np.asarray(seam[:-1])
    copy = np.arange(count)
    copy[doubled] = count + np.arange(len(doubled))
    right = vertices[triangles].mean(1)[:, 0] < 0
    cut = triangles.copy()
    cut[right] = copy[triangles[right]]
    return np.r_[np.arange(count), doubled], cut


def border_loops(triangles: Ints) -> list[list[int]]:
    """Closed loops of border vertices, the longest first, in the triangles' direction."""
    edges = np.concatenate([triangles[:, [k, (k + 1) % 3]] for k in range(3)])
    present = {tuple(edge) for edge in edges.tolist()}
    after = {a: b for a, b in present if (b, a) not in present}
    loops = []
    while after:
        start, here = after.popitem()
        loop = [start]
        while here != start:
            loop.append(here)
            here = after.pop(here)
        loops.append(loop)
    return sorted(loops, key=len, reverse=True)


def convex_map(
    vertices: Floats,
    triangles: Ints,
    outline: dict[int, Floats],
    density: Floats,
    *,
    rounds: int = 40,
) -> Floats:
    """(V, 2) positions in the plane without overlap.

    Args:
        vertices, triangles: the disc; holes other than the outer border are filled by
            a vertex in their middle, so they stay open and convex enough.
        outline: position of each outer border vertex, on a convex curve.
        density: (V,) wanted area in the atlas per area on the surface.
        rounds: of re-weighting.
    """
    count = len(vertices)
    holes = [loop for loop in border_loops(triangles) if loop[0] not in outline]
    solid, filled, wanted = vertices, triangles, density
    for loop in holes:
        hub = len(solid)
        solid = np.r_[solid, solid[loop].mean(0)[None]]
        wanted = np.r_[wanted, wanted[loop].mean()]
        fan = [(b, a, hub) for a, b in zip(loop, loop[1:] + loop[:1], strict=True)]
        filled = np.r_[filled, fan]
    total = len(solid)
    fixed = np.zeros(total, bool)
    fixed[list(outline)] = True
    position = np.zeros((total, 2))
    position[list(outline)] = np.array(list(outline.values()))
    weights = _mean_value_weights(solid, filled)
    # A heavy middle keeps a hole from taking room in the atlas.
    pull = np.ones(total)
    pull[count:] = HOLE_PULL
    weights = weights @ sparse.diags(pull)
    areas = _areas(solid, filled) * wanted[filled].mean(1)
    best, best_score = None, np.inf
    for _ in range(rounds):
        position = _solve(weights, fixed, position)
        flat = np.abs(_signed_areas(position, filled))
        share = areas / areas.sum() / np.maximum(flat / flat.sum(), 1e-12)
        score = float(np.average(np.abs(np.log(share)), weights=areas))
        if score < best_score:
            best, best_score = position[:count].copy(), score
        stretch = np.zeros(total)
        mass = np.zeros(total)
        for corner in range(3):
            np.add.at(stretch, filled[:, corner], areas * share)
            np.add.at(mass, filled[:, corner], areas)
        sigma = np.sqrt(stretch / mass)
        # A stretched vertex is pulled less towards its neighbours' side: Yoshizawa's rule.
        weights = weights @ sparse.diags(1.0 / np.clip(sigma, 0.2, 5.0) ** 0.35)
    if best is None or (_signed_areas(best, triangles) <= 0).any():
        raise AssertionError("the atlas overlaps")
    return best


def _solve(weights: sparse.csr_matrix, fixed: NDArray, position: Floats) -> Floats:
    rows = sparse.diags(1.0 / np.asarray(weights.sum(1)).ravel()) @ weights
    free = ~fixed
    system = sparse.identity(len(fixed)) - rows
    right = -(system[free][:, fixed] @ position[fixed])
    position = position.copy()
    position[free] = splu(system[free][:, free].tocsc()).solve(right)
    return position


def _mean_value_weights(vertices: Floats, triangles: Ints) -> sparse.csr_matrix:
    """Floater's mean-value weights, w_ij = (tan(a/2) + tan(b/2)) / |ij|."""
    count = len(vertices)
    parts = []
    for k in range(3):
        i, j, m = triangles[:, k], triangles[:, (k + 1) % 3], triangles[:, (k + 2) % 3]
        a, b = vertices[j] - vertices[i], vertices[m] - vertices[i]
        la, lb = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
        cosine = np.clip((a * b).sum(1) / np.maximum(la * lb, 1e-12), -0.98, 0.999)
        half = np.sqrt((1 - cosine) / (1 + cosine))
        for end, length in ((j, la), (m, lb)):
            value = half / np.maximum(length, 1e-6)
            parts.append(sparse.csr_matrix((value, (i, end)), (count, count)))
    return sum(parts[1:], parts[0])


def _areas(vertices: Floats, triangles: Ints) -> Floats:
    corners = vertices[triangles]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return 0.5 * np.linalg.norm(cross, axis=1)


def _signed_areas(points: Floats, triangles: Ints) -> Floats:
    a, b, c = points[triangles].transpose(1, 0, 2)
    return 0.5 * ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])


def rectangle_outline(loop: list[int], corners: list[int], lengths: Floats) -> dict[int, Floats]:
    """Lay a closed loop on the unit square's border.

    Args:
        loop: vertices, counter-clockwise.
        corners: four positions in ``loop``, in order: lower left, lower right, upper
            right, upper left.
        lengths: (len(loop),) length of the edge from each vertex to the next.
    """
    square = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0)])
    outline: dict[int, Floats] = {}
    number = len(loop)
    for side in range(4):
        first, last = corners[side], corners[(side + 1) % 4]
        rows = [(first + k) % number for k in range((last - first) % number)]
        run = np.r_[0.0, np.cumsum(lengths[rows])]
        for row, share in zip(rows, run[:-1] / run[-1], strict=True):
            outline[loop[row]] = square[side] * (1 - share) + square[side + 1] * share
    return outline


def circle_outline(loop: list[int], lengths: Floats, start: float) -> dict[int, Floats]:
    """Lay a closed loop on the circle inscribed in the unit square.

    Args:
        start: angle of the loop's first vertex, radians.
    """
    run = np.r_[0.0, np.cumsum(lengths)[:-1]] / lengths.sum() * 2 * np.pi + start
    points = 0.5 + 0.49 * np.stack([np.cos(run), np.sin(run)], axis=1)
    return dict(zip(loop, points, strict=True))
