# SPDX-License-Identifier: GPL-3.0-or-later
"""The geometry pass: what Blender shows of a subject, frame by frame.

The scene is evaluated, so sculpting, drivers, constraints and hand-set keys all count.
Where the GPU can draw, each frame is an image with its correspondence (:mod:`.offscreen`);
where not, it is the evaluated vertices and the backend draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import bpy
import numpy as np

from ..core import egl
from ..core.errors import InputError
from ..subject.objects import PART_ATTRIBUTE, VERTEX_ATTRIBUTE, SubjectObjects
from ..v1 import face_pb2
from . import known

#: Choices of :func:`create_pass`.
KINDS = ("auto", "image", "vertices")


@dataclass(frozen=True, slots=True)
class Surface:
    """Evaluated triangles of a subject.

    Attributes:
        positions: (N, 3) float32, camera space, model units.
        triangles: (F, 3) int32.
        uvs: (F, 3, 2) float32 of each corner.
        parts: (F,) int32.
    """

    positions: np.ndarray
    triangles: np.ndarray
    uvs: np.ndarray
    parts: np.ndarray


def camera_positions(
    thing: bpy.types.Object, subject: SubjectObjects, depsgraph: bpy.types.Depsgraph
) -> np.ndarray:
    """(N, 3) float64 evaluated vertices of ``thing`` in camera space, model units."""
    evaluated = thing.evaluated_get(depsgraph)
    vertices = evaluated.data.vertices
    local = np.empty(3 * len(vertices), np.float32)
    vertices.foreach_get("co", local)
    camera = np.array(subject.camera.evaluated_get(depsgraph).matrix_world.normalized())
    matrix = np.linalg.inv(camera) @ np.array(evaluated.matrix_world)
    world = local.reshape(-1, 3).astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
    return world / subject.metres_per_unit


def subject_vertices(subject: SubjectObjects, depsgraph: bpy.types.Depsgraph) -> np.ndarray:
    """(V, 3) float32 camera-space vertices in the order of the subject's mesh.

    Raises:
        InputError: an object's vertices are not the subject's any more.
    """
    result = np.full((subject.vertex_count, 3), np.nan, np.float32)
    for thing in subject.meshes:
        rows = _attribute(thing.data, VERTEX_ATTRIBUTE)
        positions = camera_positions(thing, subject, depsgraph)
        if rows is None or len(rows) != len(positions):
            raise InputError(
                f"{thing.name} has {len(positions)} vertices where its subject has "
                f"{0 if rows is None else len(rows)}: switch off modifiers that add vertices, or "
                "send the geometry as images"
            )
        result[rows] = positions
    if np.isnan(result).any():
        raise InputError(
            f"{subject.rig.name}: {int(np.isnan(result).any(axis=1).sum())} vertices are missing "
            "or not finite; undo the deletion, or send the geometry as images"
        )
    return result


def surface(subject: SubjectObjects, depsgraph: bpy.types.Depsgraph) -> Surface:
    """Every triangle that the subject's objects evaluate to, whatever their modifiers."""
    positions, triangles, uvs, parts, first = [], [], [], [], 0
    for thing in subject.meshes:
        mesh = thing.evaluated_get(depsgraph).data
        count = len(mesh.loop_triangles)
        loops, corners = np.empty(3 * count, np.int32), np.empty(3 * count, np.int32)
        faces = np.empty(count, np.int32)
        mesh.loop_triangles.foreach_get("vertices", corners)
        mesh.loop_triangles.foreach_get("loops", loops)
        mesh.loop_triangles.foreach_get("polygon_index", faces)
        if mesh.uv_layers.active is None:
            raise InputError(f"{thing.name} has lost its UV map")
        atlas = np.empty(2 * len(mesh.loops), np.float32)
        mesh.uv_layers.active.uv.foreach_get("vector", atlas)
        part = _attribute(mesh, PART_ATTRIBUTE)
        positions.append(camera_positions(thing, subject, depsgraph))
        triangles.append(corners.reshape(-1, 3) + first)
        uvs.append(atlas.reshape(-1, 2)[loops].reshape(-1, 3, 2))
        parts.append(part[faces] if part is not None else np.zeros(count, np.int32))
        first += len(positions[-1])
    return Surface(
        np.concatenate(positions).astype(np.float32),
        np.concatenate(triangles),
        np.concatenate(uvs),
        np.concatenate(parts),
    )


def can_draw() -> bool:
    """Whether the GPU can draw here; never ends the process."""
    return not bpy.app.background or egl.usable()


#: Makes the message of the scene's current frame, given its index and time code: geometry,
#: and beside it the weights, pose and gaze that it shows, where they are known.
Pass = Callable[[int, float], face_pb2.GeometryFrame]


def create_pass(subject: SubjectObjects, size: int, kind: str = "auto") -> Pass:
    """A geometry pass over a subject.

    Args:
        subject: what to show.
        size: side of the images, pixels: the stream's.
        kind: "image", "vertices", or "auto": images where the GPU can draw.

    Raises:
        InputError: images were asked for where nothing can draw.
    """
    if kind not in KINDS:
        raise InputError(f"geometry: expected one of {', '.join(KINDS)}, got {kind!r}")
    if kind == "image" and not can_draw():
        raise InputError(
            "geometry: this machine cannot draw images without a display (no usable EGL); "
            "choose 'vertices'"
        )
    if kind == "vertices" or not can_draw():
        return _with_rho(_VertexPass(subject), subject)
    from .offscreen import ImagePass

    return _with_rho(ImagePass(subject, size), subject)


def _with_rho(make_frame: Pass, subject: SubjectObjects) -> Pass:
    def make(index: int, time_code: float) -> face_pb2.GeometryFrame:
        frame = make_frame(index, time_code)
        rho = known.rho(subject, bpy.context.evaluated_depsgraph_get())
        if rho is not None:
            frame.rho.CopyFrom(rho)
        return frame

    return make


class _VertexPass:
    """Frames as evaluated vertices."""

    def __init__(self, subject: SubjectObjects) -> None:
        self._subject = subject

    def __call__(self, index: int, time_code: float) -> face_pb2.GeometryFrame:
        positions = subject_vertices(self._subject, bpy.context.evaluated_depsgraph_get())
        frame = face_pb2.VertexFrame(positions=positions.astype("<f4").tobytes())
        return face_pb2.GeometryFrame(index=index, time_code=time_code, vertices=frame)


def _attribute(mesh: bpy.types.Mesh, name: str) -> np.ndarray | None:
    """Values of an integer attribute, or None where there is none."""
    attribute = mesh.attributes.get(name)
    if attribute is None or attribute.data_type != "INT":
        return None
    values = np.empty(len(attribute.data), np.int32)
    attribute.data.foreach_get("value", values)
    return values
