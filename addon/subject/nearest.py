# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a surface is nearest to many points, by Blender's own modifiers on passing objects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy
import numpy as np

from .objects import ATLAS


def added(name: str, points: np.ndarray, triangles: np.ndarray) -> bpy.types.Object:
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(points, [], triangles)
    thing = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(thing)
    return thing


def discard(thing: bpy.types.Object) -> None:
    bpy.data.meshes.remove(thing.data)


@contextmanager
def _evaluated(thing: bpy.types.Object) -> Iterator[bpy.types.Mesh]:
    """A temporary object's evaluated mesh; the object goes with the block."""
    try:
        bpy.context.view_layer.update()
        yield thing.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    finally:
        discard(thing)


def nearest(points: np.ndarray, surface: bpy.types.Object) -> np.ndarray:
    """(N, 3) the nearest points of the surface."""
    thing = added("facewright points", points, np.zeros((0, 3), np.int32))
    wrap = thing.modifiers.new("Nearest", "SHRINKWRAP")
    wrap.target, wrap.wrap_method = surface, "NEAREST_SURFACEPOINT"
    with _evaluated(thing) as mesh:
        near = np.empty(3 * len(mesh.vertices), np.float32)
        mesh.vertices.foreach_get("co", near)
    return near.reshape(-1, 3).astype(np.float64)


def sampled(points: np.ndarray, surface: bpy.types.Object) -> np.ndarray:
    """(N, 2) float32 places in the atlas of the surface nearest to points.

    Blender transfers UV maps to corners, so each point becomes a corner of some triangle.
    """
    rows = np.arange(-(-len(points) // 3) * 3)
    spread = points[np.minimum(rows, len(points) - 1)]  # the last triangle is made full
    copy = added("facewright corners", spread, rows.reshape(-1, 3))
    copy.data.uv_layers.new(name=ATLAS)
    transfer = copy.modifiers.new("Transfer", "DATA_TRANSFER")
    transfer.object, transfer.use_loop_data = surface, True
    transfer.data_types_loops, transfer.loop_mapping = {"UV"}, "POLYINTERP_NEAREST"
    transfer.layers_uv_select_src, transfer.layers_uv_select_dst = "ALL", "NAME"
    with _evaluated(copy) as mesh:
        corner = np.empty(len(mesh.loops), np.int32)
        mesh.loops.foreach_get("vertex_index", corner)
        told = np.empty(2 * len(corner), np.float32)
        mesh.uv_layers[ATLAS].uv.foreach_get("vector", told)
    result = np.zeros((len(rows), 2), np.float32)
    result[corner] = told.reshape(-1, 2)
    return result[: len(points)]
