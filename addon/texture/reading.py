# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the evaluated subject off Blender, with as little work on the main thread as can be."""

from __future__ import annotations

import bpy
import numpy as np

from ..core.errors import InputError
from ..subject.objects import ATLAS, PART_ATTRIBUTE, VERTEX_ATTRIBUTE, SubjectObjects
from .known import Reader
from .look import Look, Piece, Topology

#: Modifiers that move vertices and leave everything else as it is.
_DEFORMING = {
    *("ARMATURE", "CAST", "CURVE", "DISPLACE", "HOOK", "LAPLACIANDEFORM", "LATTICE"),
    *("MESH_DEFORM", "SHRINKWRAP", "SIMPLE_DEFORM", "SMOOTH", "CORRECTIVE_SMOOTH"),
    *("LAPLACIANSMOOTH", "SURFACE_DEFORM", "WARP", "WAVE", "CLOTH", "SOFT_BODY", "COLLISION"),
}


class Looker:
    """Makes :class:`.look.Look` of the current frame.

    What cannot change from frame to frame is read once; so make another after an edit.

    Args:
        subject: what to look at.
        topology: read triangles and their places in the atlas too, for drawing.
        rho: read weights and gaze too.
    """

    def __init__(
        self, subject: SubjectObjects, *, topology: bool = False, rho: bool = True
    ) -> None:
        self._subject = subject
        self._reader = Reader(subject) if rho else None
        self._topology = topology
        self._kept: dict[str, tuple[list[np.ndarray], Topology]] = {}
        self._rows = {thing.name: attribute(thing.data, VERTEX_ATTRIBUTE) for thing in self._meshes}
        self._metres = subject.metres_per_unit

    @property
    def _meshes(self) -> tuple[bpy.types.Object, ...]:
        """What is not of the subject's own mesh can only be drawn."""
        subject = self._subject
        return subject.meshes if self._topology else (subject.face, *subject.eyes)

    def look(self, depsgraph: bpy.types.Depsgraph) -> Look:
        """What the subject looks like in the evaluated frame.

        Raises:
            InputError: a mesh is hidden, or the subject's own has lost its UV map.
        """
        return Look(
            tuple(self._piece(thing, depsgraph) for thing in self._meshes),
            _matrix(self._subject.camera.evaluated_get(depsgraph).matrix_world.normalized()),
            self._metres,
            self._reader.read(depsgraph) if self._reader else None,
        )

    def _piece(self, thing: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> Piece:
        evaluated = thing.evaluated_get(depsgraph)
        if not evaluated.is_evaluated:
            raise InputError(f"{thing.name} is hidden: show it, so that Blender evaluates it")
        mesh = evaluated.data
        points = np.empty((len(mesh.vertices), 3), np.float32)
        mesh.vertices.foreach_get("co", points.ravel())
        topology = self._shape(thing, mesh) if self._topology else None
        return Piece(
            thing.name, points, _matrix(evaluated.matrix_world), self._rows[thing.name], topology
        )

    def _shape(self, thing: bpy.types.Object, mesh: bpy.types.Mesh) -> Topology:
        """Triangles are made anew only where what they come from has changed."""
        kept = self._kept.get(thing.name)
        if kept and all(modifier.type in _DEFORMING for modifier in thing.modifiers):
            vertices, starts, *_ = kept[0]
            if (len(vertices), len(starts)) == (len(mesh.loops), len(mesh.polygons)):
                return kept[1]
        source = _corners(thing, mesh)
        if kept is None or not _same(kept[0], source):
            kept = self._kept[thing.name] = (source, _topology(mesh, *source))
        return kept[1]


def _matrix(matrix: object) -> np.ndarray:
    return np.array(matrix, np.float64)


def _corners(thing: bpy.types.Object, mesh: bpy.types.Mesh) -> list[np.ndarray]:
    """Of an evaluated mesh: (L,) vertex of each corner, (P,) first corner of each face, (L, 2)
    its place in the atlas and (P,) part; the last two empty where it has none."""
    vertices, starts = np.empty(len(mesh.loops), np.int32), np.empty(len(mesh.polygons), np.int32)
    mesh.attributes[".corner_vert"].data.foreach_get("value", vertices)
    mesh.polygons.foreach_get("loop_start", starts)
    part = attribute(mesh, PART_ATTRIBUTE)
    layer = mesh.uv_layers.get(ATLAS)
    if layer is None and part is not None:  # the subject's own mesh
        layer = mesh.uv_layers.active
        if layer is None:
            raise InputError(f"{thing.name} has lost its UV map")
    places = np.empty((len(vertices) if layer else 0, 2), np.float32)
    if layer:
        layer.uv.foreach_get("vector", places.ravel())
    return [vertices, starts, places, np.zeros(0, np.int32) if part is None else part]


def _same(before: list[np.ndarray], after: list[np.ndarray]) -> bool:
    return all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))


def _topology(
    mesh: bpy.types.Mesh,
    vertices: np.ndarray,
    starts: np.ndarray,
    places: np.ndarray,
    part: np.ndarray,
) -> Topology:
    """Triangles of an evaluated mesh, with their places in the atlas where it has any."""
    count = len(mesh.loop_triangles)
    loops, faces = np.empty(3 * count, np.int32), np.empty(count, np.int32)
    mesh.loop_triangles.foreach_get("loops", loops)
    mesh.loop_triangles.foreach_get("polygon_index", faces)
    triangles = vertices[loops].reshape(-1, 3)
    if not len(places):
        nowhere = np.full(count, -1, np.int32)
        return Topology(triangles, np.zeros((count, 3, 2), np.float32), nowhere)
    parts = part[faces] if len(part) else np.zeros(count, np.int32)
    return Topology(triangles, places[loops].reshape(-1, 3, 2), parts)


def attribute(mesh: bpy.types.Mesh, name: str) -> np.ndarray | None:
    """Values of an integer attribute, or None where there is none."""
    found = mesh.attributes.get(name)
    if found is None or found.data_type != "INT":
        return None
    values = np.empty(len(found.data), np.int32)
    found.data.foreach_get("value", values)
    return values
