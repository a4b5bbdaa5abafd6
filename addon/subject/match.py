# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay a bound mesh over the face in its photograph, so that pixels of it are known to be the
photograph's.

The mesh is moved, turned and scaled as a whole onto the captured mesh, by landmarks and then
by nearest points, and each of its corners is given the place in the atlas of the captured
surface that is nearest. Both mouths are open while that is looked for, where both can, since
closed lips touch. What is far from the captured surface shows no part of the photograph.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import bpy
import numpy as np
from mathutils import Matrix

from ..core import alignment
from ..core.errors import InputError
from . import nearest
from .bind import key_points, landmarks
from .objects import ATLAS, PART_ATTRIBUTE, RECORD, SubjectObjects

#: Farther than this from the captured surface nothing corresponds; metres.
REACH = 0.012
_ROUNDS = 8
_KEPT = 0.6  # share of the points, the nearest, that a round counts
_SEAM = 0.15  # a triangle that spans more of the atlas lies over a seam


def fit(who: SubjectObjects, portrait: SubjectObjects) -> float:
    """Move a bound mesh onto the captured face; what is left over, root mean square in metres.

    Raises:
        InputError: it has too few of ARKit's shape keys to tell where its face is.
    """
    source = landmarks(who.face, who.mapping)
    target = landmarks(portrait.face, portrait.mapping)
    found = alignment.between(source, target)
    if found is None:
        raise InputError(
            f"{who.face.name} has too few of ARKit's shape keys to find its face; lay it over "
            "the photograph by hand, then press Match again without Move"
        )
    _move(who, Matrix(found.matrix))
    points, triangles, _ = next(_sources(portrait, opened=False))[1]
    surface = nearest.added("facewright surface", points, triangles)
    try:
        points, error = _points(who, opened=False), 0.0
        face = points[_moving(who)]
        for _ in range(_ROUNDS):
            near = nearest.nearest(face, surface)
            off = np.linalg.norm(near - face, axis=1)
            kept = off <= np.quantile(off, _KEPT)
            step = alignment.similarity(face[kept], near[kept])
            _move(who, Matrix(step.matrix))
            face, error = step(face), step.error
    finally:
        nearest.discard(surface)
    return error


def correspond(who: SubjectObjects, portrait: SubjectObjects) -> float:
    """Give a bound mesh its places in the atlas; the share of its corners that have one.

    The mesh has to lie over the captured face already; its own UV maps stay.

    Raises:
        InputError: nothing of it is near the captured surface.
    """
    opened = _can_open(who) and _can_open(portrait)
    uvs, parts, share = {}, {}, []
    for thing in (who.face, *who.eyes):
        points = _points(who, opened=opened) if thing == who.face else _world(thing)
        uvs[thing], parts[thing] = _atlas(thing, points, _sources(portrait, opened=opened))
        share.append((parts[thing] >= 0).mean())
    if max(share) == 0:
        raise InputError(
            f"{who.face.name} is nowhere near the face of {portrait.rig.name}: lay it over the "
            "photograph first"
        )
    for thing, corners in uvs.items():
        mesh = thing.data
        layer = mesh.uv_layers.get(ATLAS)
        if layer is None:
            layer = mesh.uv_layers.new(name=ATLAS, do_init=False)
            if layer is None:
                raise InputError(f"{thing.name} has eight UV maps already; delete one")
        layer.uv.foreach_set("vector", corners.ravel())
        part = mesh.attributes.get(PART_ATTRIBUTE)
        if part is None:
            part = mesh.attributes.new(PART_ATTRIBUTE, "INT", "FACE")
        part.data.foreach_set("value", parts[thing])
        mesh.update()
    return float(share[0])


def _move(who: SubjectObjects, matrix: Matrix) -> None:
    """Move the subject as a whole."""
    roots = dict.fromkeys(map(_root, (who.rig, who.face, *who.eyes)))
    for root in roots:
        root.matrix_world = matrix @ root.matrix_world
    if who.rig[RECORD].get("head_scale"):  # of channels in the bone's own unit
        scale = np.cbrt(abs(np.linalg.det(np.array(matrix)[:3, :3])))
        who.rig[RECORD]["head_scale"] = who.head_scale / float(scale)
    bpy.context.view_layer.update()


def _root(thing: bpy.types.Object) -> bpy.types.Object:
    while thing.parent is not None:
        thing = thing.parent
    return thing


def _world(thing: bpy.types.Object, points: np.ndarray | None = None) -> np.ndarray:
    """(V, 3) vertices in the world, at rest or at ``points``."""
    if points is None:
        flat = np.empty(3 * len(thing.data.vertices), np.float32)
        thing.data.vertices.foreach_get("co", flat)
        points = flat.reshape(-1, 3).astype(np.float64)
    matrix = np.array(thing.matrix_world)
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def _points(who: SubjectObjects, *, opened: bool) -> np.ndarray:
    """(V, 3) of the face in the world: neutral, with the mouth open where that is asked for."""
    keys = who.face.data.shape_keys
    if keys is None:
        return _world(who.face)
    rest = key_points(keys.reference_key)
    points = rest.copy()
    if opened:
        for key, weight in who.mapping["jawOpen"]:
            points += weight * (key_points(keys.key_blocks[key]) - rest)
    return _world(who.face, points)


def _can_open(who: SubjectObjects) -> bool:
    return bool(who.mapping.get("jawOpen"))


def _moving(who: SubjectObjects) -> np.ndarray:
    """(V,) which vertices the shape keys move: the face, and not the back of the head."""
    keys = who.face.data.shape_keys
    rest = key_points(keys.reference_key)
    reach = np.zeros(len(rest))
    for name in alignment.REFERENCE:
        for key, _ in who.mapping.get(name, ()):
            reach = np.maximum(
                reach, np.linalg.norm(key_points(keys.key_blocks[key]) - rest, axis=1)
            )
    return reach > 0.05 * reach.max()


def _sources(
    portrait: SubjectObjects, *, opened: bool
) -> Iterator[tuple[int, tuple[np.ndarray, np.ndarray, np.ndarray]]]:
    """Each part of the captured meshes, the skin first: points (V, 3) in the world, triangles
    (F, 3) and the places of their corners in the atlas (F, 3, 2)."""
    for thing in (portrait.face, *portrait.eyes):
        mesh = thing.data
        mesh.calc_loop_triangles()
        count = len(mesh.loop_triangles)
        vertices, loops = np.empty(3 * count, np.int32), np.empty(3 * count, np.int32)
        faces = np.empty(count, np.int32)
        mesh.loop_triangles.foreach_get("vertices", vertices)
        mesh.loop_triangles.foreach_get("loops", loops)
        mesh.loop_triangles.foreach_get("polygon_index", faces)
        uvs = np.empty(2 * len(mesh.loops), np.float32)
        mesh.uv_layers.active.uv.foreach_get("vector", uvs)
        places = uvs.reshape(-1, 2)[loops].reshape(-1, 3, 2)
        part = np.empty(len(mesh.polygons), np.int32)
        mesh.attributes[PART_ATTRIBUTE].data.foreach_get("value", part)
        points = _points(portrait, opened=opened) if thing == portrait.face else _world(thing)
        for number in np.unique(part):
            rows = part[faces] == number
            yield int(number), (points, vertices.reshape(-1, 3)[rows], places[rows])


def _atlas(
    thing: bpy.types.Object,
    points: np.ndarray,
    sources: Iterable[tuple[int, tuple[np.ndarray, np.ndarray, np.ndarray]]],
) -> tuple[np.ndarray, np.ndarray]:
    """(L, 2) float32 places in the atlas of a mesh's corners, (P,) int32 parts of its faces.

    A face shows the one part of the captured meshes that its corners are nearest to, so that
    none stretches from a lid to the eye behind it.
    """
    mesh = thing.data
    corner, starts = np.empty(len(mesh.loops), np.int32), np.empty(len(mesh.polygons), np.int32)
    mesh.loops.foreach_get("vertex_index", corner)
    mesh.polygons.foreach_get("loop_start", starts)
    counts = np.diff(starts, append=len(corner))
    best = np.full(len(starts), np.inf)
    parts, uvs = np.full(len(starts), -1, np.int32), np.zeros((len(corner), 2), np.float32)
    for number, (own, triangles, places) in sources:
        surface = nearest.added("facewright surface", own, triangles)
        surface.data.uv_layers.new(name=ATLAS).uv.foreach_set("vector", places.ravel())
        try:
            away = np.linalg.norm(nearest.nearest(points, surface) - points, axis=1)
            near = away <= REACH
            found = np.full((len(points), 2), np.nan, np.float32)
            if near.any():
                found[near] = nearest.sampled(points[near], surface)
        finally:
            nearest.discard(surface)
        theirs = found[corner]
        low, high = (edge.reduceat(theirs, starts, axis=0) for edge in (np.minimum, np.maximum))
        mean = np.add.reduceat(away[corner], starts) / counts
        closer = (mean < best) & ((high - low).max(1) <= _SEAM)  # False where one is not near
        best[closer], parts[closer] = mean[closer], number
        rows = np.repeat(closer, counts)
        uvs[rows] = theirs[rows]
    return uvs, parts
