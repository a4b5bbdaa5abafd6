"""The pieces cut from the base mesh: skin, mouth lining and tongue, with their maps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from facewright.face.build import atlas, mouth, topology
from facewright.face.build.pieces import Piece, selection
from facewright.face.build.sources import Floats, Ints
from facewright.face.model import Part


def _compact(quads: Ints, rest: Floats) -> tuple[Ints, Ints]:
    """Used base vertices, and triangles over them."""
    used, triangles = np.unique(topology.triangulate(quads, rest), return_inverse=True)
    return used, triangles.reshape(-1, 3)


def skin_piece(head: topology.Head, rest: Floats) -> Piece:
    used, triangles = _compact(head.skin, rest)
    points = rest[used]
    seam = _back_seam(points, triangles, [int(np.searchsorted(used, v)) for v in head.neck_loop])
    source, cut = atlas.open_seam(triangles, seam, points)
    flat = points[source]
    loops = atlas.border_loops(cut)
    loop = next(loop for loop in loops if seam[-1] in loop)
    lengths = np.linalg.norm(flat[np.roll(loop, -1)] - flat[loop], axis=1)
    # The border runs along the neck, then up one side of the seam and down the other.
    # Corners: both ends of the neck, and two points half-way up the seam.
    copy = {int(v): len(points) + k for k, v in enumerate(seam[:-1])}
    third = seam[int(len(seam) * 0.62)]
    corners_vertices = (copy[seam[0]], seam[0], third, copy[third])
    corners = [loop.index(vertex) for vertex in corners_vertices]
    outline = atlas.rectangle_outline(loop, corners, lengths)
    uvs = atlas.convex_map(flat, cut, outline, _skin_density(flat))
    return Piece(
        "skin",
        Part.SKIN,
        points,
        selection(used, len(rest)),
        triangles,
        uvs,
        cut,
        np.tile((0.72, 0.54, 0.45), (len(points), 1)),
    )


def _back_seam(points: Floats, triangles: Ints, neck: list[int]) -> list[int]:
    """Mid-plane vertices from the neck's back up over the head to the crown."""
    middle = np.flatnonzero(np.abs(points[:, 0]) < 2e-3)
    neighbours: dict[int, set[int]] = {}
    for a, b in np.concatenate([triangles[:, [k, (k + 1) % 3]] for k in range(3)]).tolist():
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
    on_plane = set(middle.tolist())
    start = min((v for v in neck if v in on_plane), key=lambda v: points[v, 2])
    crown = points[middle][:, 1].max()
    path, seen = [start], {start}
    while True:
        ahead = (neighbours[path[-1]] & on_plane) - seen
        if not ahead or points[path[-1], 1] > crown - 1e-6:
            return path
        step = max(ahead, key=lambda v: points[v, 1] - points[v, 2])
        path.append(step)
        seen.add(step)


def _skin_density(points: Floats) -> Floats:
    """Wanted share of the atlas per area: the face in front counts most."""
    centre = np.array([0.0, 6.95, 0.55])
    way = points - centre
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    facing = np.clip(way @ np.array([0.0, 0.0, 1.0]), -1, 1)
    front = 1 / (1 + np.exp(-(facing - 0.3) / 0.2))
    features = np.zeros(len(points))
    for place, size in (
        ((0.29, 7.36, 1.3), 0.22),
        ((-0.29, 7.36, 1.3), 0.22),
        ((0, 6.68, 1.5), 0.3),
    ):
        features += np.exp(-(np.linalg.norm(points - place, axis=1) ** 2) / (2 * size**2))
    return 0.3 + front * (0.9 + 1.1 * np.clip(features, 0, 1))


def disc_piece(
    name: str, part: Part, rest: Floats, quads: Ints, colour: Callable[[Floats], Floats]
) -> Piece:
    """A disc, mapped to a circle; ``colour`` makes (V, 3) of its points."""
    used, triangles = _compact(quads, rest)
    points = rest[used]
    loop = atlas.border_loops(triangles)[0]
    lengths = np.linalg.norm(points[np.roll(loop, -1)] - points[loop], axis=1)
    outline = atlas.circle_outline(loop, lengths, np.pi / 2)
    uvs = atlas.convex_map(points, triangles, outline, np.ones(len(points)))
    carrier = selection(used, len(rest))
    return Piece(name, part, points, carrier, triangles, uvs, triangles, colour(points))


def tongue_piece(rest: Floats, quads: Ints) -> Piece:
    """The tongue, open in the throat."""
    kept = mouth.tongue_rows(rest, quads)
    return disc_piece("tongue", Part.TONGUE, rest, kept, mouth.tongue_colour)
