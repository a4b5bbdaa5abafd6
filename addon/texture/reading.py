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
        self._kept: dict[str, Topology] = {}
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
            InputError: the subject's own mesh has lost its UV map.
        """
        return Look(
            tuple(self._piece(thing, depsgraph) for thing in self._meshes),
            _matrix(self._subject.camera.evaluated_get(depsgraph).matrix_world.normalized()),
            self._metres,
            self._reader.read(depsgraph) if self._reader else None,
        )

    def _piece(self, thing: bpy.types.Object, depsgraph: bpy.types.Depsgraph) -> Piece:
        evaluated = thing.evaluated_get(depsgraph)
        mesh = evaluated.data
        points = np.empty((len(mesh.vertices), 3), np.float32)
        mesh.vertices.foreach_get("co", points.ravel())
        topology = self._shape(thing, mesh) if self._topology else None
        return Piece(
            thing.name, points, _matrix(evaluated.matrix_world), self._rows[thing.name], topology
        )

    def _shape(self, thing: bpy.types.Object, mesh: bpy.types.Mesh) -> Topology:
        kept = self._kept.get(thing.name)
        if kept is not None:
            return kept
        found = _topology(thing, mesh)
        if all(modifier.type in _DEFORMING for modifier in thing.modifiers):
            self._kept[thing.name] = found
        return found


def _matrix(matrix: object) -> np.ndarray:
    return np.array(matrix, np.float64)


def _topology(thing: bpy.types.Object, mesh: bpy.types.Mesh) -> Topology:
    """Triangles of an evaluated mesh, with their places in the atlas where it has any."""
    count = len(mesh.loop_triangles)
    loops, corners = np.empty(3 * count, np.int32), np.empty(3 * count, np.int32)
    faces = np.empty(count, np.int32)
    mesh.loop_triangles.foreach_get("vertices", corners)
    mesh.loop_triangles.foreach_get("loops", loops)
    mesh.loop_triangles.foreach_get("polygon_index", faces)
    part = attribute(mesh, PART_ATTRIBUTE)
    layer = mesh.uv_layers.get(ATLAS)
    if layer is None and part is not None:  # the subject's own mesh
        layer = mesh.uv_layers.active
        if layer is None:
            raise InputError(f"{thing.name} has lost its UV map")
    if layer is None:
        nowhere = np.full(count, -1, np.int32)
        return Topology(corners.reshape(-1, 3), np.zeros((count, 3, 2), np.float32), nowhere)
    atlas = np.empty(2 * len(mesh.loops), np.float32)
    layer.uv.foreach_get("vector", atlas)
    return Topology(
        corners.reshape(-1, 3),
        atlas.reshape(-1, 2)[loops].reshape(-1, 3, 2),
        part[faces] if part is not None else np.zeros(count, np.int32),
    )


def attribute(mesh: bpy.types.Mesh, name: str) -> np.ndarray | None:
    """Values of an integer attribute, or None where there is none."""
    found = mesh.attributes.get(name)
    if found is None or found.data_type != "INT":
        return None
    values = np.empty(len(found.data), np.int32)
    found.data.foreach_get("value", values)
    return values
