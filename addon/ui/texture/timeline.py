# SPDX-License-Identifier: GPL-3.0-or-later
"""A thin line in the timeline and the sequencer: which frames are fresh, stale or missing."""

from __future__ import annotations

from typing import Any

import bpy
import gpu
import numpy as np

from ...core.errors import AddonError
from ...core.shelf import State
from ...subject import objects
from . import marks, settings

#: Pixels, before the interface's scale: like Blender's own lines of what is cached.
_HEIGHT = 4
#: Colours by state, linear RGBA; those not checked since an edit are half as opaque.
COLOURS = {
    State.FRESH: (0.15, 0.65, 0.25, 0.9),
    State.CACHED: (0.15, 0.55, 0.75, 0.9),
    State.STALE: (0.95, 0.55, 0.10, 0.9),
    State.MISSING: (0.75, 0.15, 0.15, 0.6),
}

_handles: list[tuple[Any, Any]] = []


def bars(
    runs: list[tuple[int, int, State]],
    edited: bool,
    step: int,
    to_region: Any,
    low: float,
    height: float = _HEIGHT,
) -> list[tuple[tuple[float, ...], list[tuple[float, float]]]]:
    """(colour, two triangles) of each run.

    Args:
        runs: of :meth:`.marks.Marks.runs`.
        edited: whether these were looked at before an edit.
        step: frames that each picture is shown for.
        to_region: frame -> pixels from the region's left edge.
        low, height: pixels of the line's lower edge, and of the line.
    """
    found: list[tuple[tuple[float, ...], list[tuple[float, float]]]] = []
    for first, last, state in runs:
        left, right = to_region(first), to_region(last + step)
        high = low + height
        red, green, blue, alpha = COLOURS[state]
        corners = [(left, low), (right, low), (right, high)]
        corners += [(left, low), (right, high), (left, high)]
        found.append(((red, green, blue, alpha * (0.5 if edited else 1.0)), corners))
    return found


def _draw() -> None:
    context = bpy.context
    scene, region = context.scene, context.region
    if region is None or not scene.facewright_texture.show_states:
        return
    low, height = 0.0, _HEIGHT * context.preferences.system.ui_scale
    for rig in objects.in_scene(scene):
        try:
            states = marks.known().get(settings.frames_folder(objects.find(rig)))
        except (AddonError, KeyError):
            continue
        if not states:
            continue

        def to_region(frame: float) -> float:
            return region.view2d.view_to_region(frame, 0, clip=False)[0]

        shader = gpu.shader.from_builtin("UNIFORM_COLOR")
        gpu.state.blend_set("ALPHA")
        step = scene.frame_step
        drawn = []
        for edited in (False, True):
            runs = states.runs(step, edited)
            drawn += bars(runs, edited, step, to_region, low, height)
        for colour, corners in drawn:
            shader.bind()
            shader.uniform_float("color", colour)
            buffer = gpu.types.GPUVertBuf(shader.format_calc(), len(corners))
            buffer.attr_fill("pos", np.array([(x, y, 0.0) for x, y in corners], np.float32))
            gpu.types.GPUBatch(type="TRIS", buf=buffer).draw(shader)
        gpu.state.blend_set("NONE")
        low += height + 1  # another subject's above


def register() -> None:
    if bpy.app.background:
        return
    for space in (bpy.types.SpaceDopeSheetEditor, bpy.types.SpaceSequenceEditor):
        _handles.append((space, space.draw_handler_add(_draw, (), "WINDOW", "POST_PIXEL")))


def unregister() -> None:
    while _handles:
        space, handle = _handles.pop()
        space.draw_handler_remove(handle, "WINDOW")
