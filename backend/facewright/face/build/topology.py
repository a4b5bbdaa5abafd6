"""Cuts the head out of MakeHuman's body along edge loops, and triangulates it.

The base mesh is all quads, in rings around the eyes, the mouth and the neck, so the
cuts follow existing loops: the neck ends in a clean ring, and the mouth's lining is
parted from the skin on a ring behind the lips. Vertex numbers below are the base
mesh's own; they name a loop by one of its edges.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from facewright.errors import InputError
from facewright.face.build.sources import Floats, Ints, SourceMesh

#: Front of the ring at which the neck ends, just above the collar bones.
NECK_FRONT = 815
#: Lower middle of the ring, some 12 mm behind the lip line, where the lining begins.
LINING_FRONT = 591
#: Top of the left lid margin's inner ring, which touches the eyeball; the pocket behind
#: it is never seen.
LID_TOP = 7747
#: Tip of the nose: the skin is what is connected to it.
NOSE_TIP = 297


class QuadGraph:
    """Neighbourhoods of a mesh of quads."""

    def __init__(self, quads: Ints) -> None:
        self.quads = quads
        self.edge_quads: dict[frozenset[int], list[int]] = {}
        self.neighbours: dict[int, set[int]] = {}
        for row, quad in enumerate(quads.tolist()):
            for a, b in zip(quad, quad[1:] + quad[:1], strict=True):
                self.edge_quads.setdefault(frozenset((a, b)), []).append(row)
                self.neighbours.setdefault(a, set()).add(b)
                self.neighbours.setdefault(b, set()).add(a)

    def loop(self, start: int, second: int) -> list[int]:
        """The closed edge loop through the edge (start, second).

        At each vertex of valence four the loop goes straight on, that is along the one
        edge that shares no quad with the edge it came by.

        Raises:
            InputError: the loop meets a vertex of another valence.
        """
        path = [start, second]
        while path[-1] != start:
            before, here = path[-2:]
            beside = {
                vertex
                for row in self.edge_quads[frozenset((before, here))]
                for vertex in self.quads[row].tolist()
            }
            ahead = self.neighbours[here] - beside - {before}
            if len(self.neighbours[here]) != 4 or len(ahead) != 1:
                raise InputError(f"start: the loop through {start} and {second} ends at {here}")
            path.append(ahead.pop())
        return path[:-1]

    def flood(self, seed: int, barrier: set[frozenset[int]]) -> Ints:
        """Sorted rows of the quads reachable from vertex ``seed`` without crossing edges."""
        first = next(row for row, quad in enumerate(self.quads) if seed in quad)
        seen = {first}
        queue = deque([first])
        while queue:
            quad = self.quads[queue.popleft()].tolist()
            for a, b in zip(quad, quad[1:] + quad[:1], strict=True):
                edge = frozenset((a, b))
                if edge in barrier:
                    continue
                for row in self.edge_quads[edge]:
                    if row not in seen:
                        seen.add(row)
                        queue.append(row)
        return np.asarray(sorted(seen))


def edges_of(loop: list[int]) -> set[frozenset[int]]:
    """The edges of a closed loop."""
    return {frozenset(pair) for pair in zip(loop, loop[1:] + loop[:1], strict=True)}


def triangulate(quads: Ints, vertices: Floats) -> Ints:
    """(2Q, 3) triangles, each quad split along its shorter diagonal."""
    corners = vertices[quads]
    first = np.linalg.norm(corners[:, 0] - corners[:, 2], axis=1)
    second = np.linalg.norm(corners[:, 1] - corners[:, 3], axis=1)
    turned = np.where((first <= second + 1e-9)[:, None], quads, np.roll(quads, -1, axis=1))
    return np.stack([turned[:, [0, 1, 2]], turned[:, [0, 2, 3]]], axis=1).reshape(-1, 3)


@dataclass(frozen=True)
class Head:
    """The head's surface as quads of the base mesh.

    Attributes:
        skin: (n, 4) quads of skin and lips, up to the inner ring of the lid margins.
        lining: (m, 4) quads of the mouth's lining.
        neck_loop, lining_loop, lid_loops: base vertices along the cuts, in order; the
            left lid's, then the right's.
    """

    skin: Ints
    lining: Ints
    neck_loop: list[int]
    lining_loop: list[int]
    lid_loops: tuple[list[int], list[int]]

    @property
    def vertices(self) -> Ints:
        """Sorted base vertices of the skin; the skin piece has them in this order."""
        return np.unique(self.skin)


def cut_head(base: SourceMesh) -> Head:
    """Cut the head out of the body."""
    graph = QuadGraph(base.group("body"))
    vertices = base.vertices
    lid_right = mirrored(vertices, LID_TOP, graph)
    loops = [
        graph.loop(start, _sideways(graph, vertices, start))
        for start in (NECK_FRONT, LINING_FRONT, LID_TOP, lid_right)
    ]
    barrier = set().union(*map(edges_of, loops))
    skin = graph.quads[graph.flood(NOSE_TIP, barrier)]
    # The lining is on the loop's other side: start from its vertex off the skin.
    inside = graph.neighbours[LINING_FRONT] - set(np.unique(skin).tolist())
    lining = graph.quads[graph.flood(inside.pop(), barrier)]
    return Head(skin, lining, loops[0], loops[1], (loops[2], loops[3]))


def mirrored(vertices: Floats, vertex: int, graph: QuadGraph) -> int:
    """The body vertex nearest to a vertex's mirror image."""
    body = np.asarray(sorted(graph.neighbours))
    image = vertices[vertex] * (-1.0, 1.0, 1.0)
    return int(body[np.linalg.norm(vertices[body] - image, axis=1).argmin()])


def _sideways(graph: QuadGraph, vertices: Floats, start: int) -> int:
    """The neighbour that lies most nearly straight beside a vertex, to the left."""

    def slope(vertex: int) -> float:
        step = vertices[vertex] - vertices[start]
        return step[0] / np.linalg.norm(step)

    return max(graph.neighbours[start], key=slope)


#: Top of the left lid margin's outer ring, where lashes grow.
LASH_TOP = 6785


def lash_loops(base: SourceMesh) -> tuple[list[int], list[int]]:
    """Closed rings of base vertices along the lids' front edges, left then right."""
    graph = QuadGraph(base.group("body"))
    tops = (LASH_TOP, mirrored(base.vertices, LASH_TOP, graph))
    left, right = (graph.loop(top, _sideways(graph, base.vertices, top)) for top in tops)
    return left, right


#: Lower middle of the rings around the lips: in the skin around them (where the lip
#: grid starts), on the vermilion's border, and on the lip line, where the lips meet.
LIPS_FRONT, VERMILION_FRONT, LIP_LINE_FRONT = 491, 492, 494


def lip_grid(base: SourceMesh) -> Ints:
    """(rings, 38) base vertices of the lips: rings from the skin inward, by columns.

    The first ring runs through ``LIPS_FRONT``, the last is the one at which the lining
    begins. Column 0 is the lower lip's middle and column 19 the upper's; columns run to
    the subject's left first, so that column k of the lower lip faces column 19 - k of
    the upper for k <= 9, and 57 - k for k >= 29.
    """
    graph = QuadGraph(base.group("body"))
    first = graph.loop(LIPS_FRONT, _sideways(graph, base.vertices, LIPS_FRONT))
    second = graph.loop(VERMILION_FRONT, _sideways(graph, base.vertices, VERMILION_FRONT))
    inward = set(np.unique(graph.quads[graph.flood(second[0], edges_of(first))]).tolist())
    rows = [first]
    while LINING_FRONT not in rows[-1]:
        here = set().union(*map(set, rows))
        rows.append([next(iter(graph.neighbours[v] & inward - here)) for v in rows[-1]])
    return np.asarray(rows)


def ring_of(grid: Ints, vertex: int) -> int:
    """Row of the lip grid that holds a base vertex."""
    return int(np.flatnonzero((grid == vertex).any(1))[0])


#: Rings of the lids' grids, from the inner margin outward.
LID_RINGS = 7


def lid_grids(base: SourceMesh) -> tuple[Ints, Ints]:
    """(7, 28) base vertices of the left and of the right eye's lids.

    The first ring is the one on the eyeball, at which the skin ends; column 0 is its
    top. Columns run outward (away from the nose) first.
    """
    graph = QuadGraph(base.group("body"))
    grids = []
    for side, start in ((1, LID_TOP), (-1, mirrored(base.vertices, LID_TOP, graph))):
        second = max(graph.neighbours[start], key=lambda v: side * base.vertices[v, 0])
        rows = [graph.loop(start, second)]
        skin = set(np.unique(graph.quads[graph.flood(NOSE_TIP, edges_of(rows[0]))]).tolist())
        while len(rows) < LID_RINGS:
            here = set().union(*map(set, rows))
            rows.append([next(iter((graph.neighbours[v] & skin) - here)) for v in rows[-1]])
        grids.append(np.asarray(rows))
    return grids[0], grids[1]
