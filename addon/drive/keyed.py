# SPDX-License-Identifier: GPL-3.0-or-later
"""Controls with F-curves: a subject's settings over time, read without evaluating the scene.

Keys set by hand are in the rig's active action; while a driven strip is open for editing
they go into that strip's. Both are found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import bpy
import numpy as np

PREFIX = "facewright_perform."
#: F-curve samples that are taken in one go: some milliseconds.
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class _Source:
    """An F-curve and where it holds: scene frame -> its own, and (first, last) of the scene."""

    curve: bpy.types.FCurve
    frame: Callable[[float], float]
    reach: tuple[float, float] | None


def animated(rig: bpy.types.Object) -> set[str]:
    """Names of the controls that have keys."""
    return {name for name, _ in _found(rig)}


def sampled(rig: bpy.types.Object, name: str, frames: np.ndarray) -> Iterator[np.ndarray | None]:
    """(T,) values of a control at (T,) frames of the scene; yields None between pieces of work.

    The last thing it yields is the result. Where a strip's keys and those of the active
    action both say something, the active action does.
    """
    sources = [source for found, source in _found(rig) if found == name]
    values = np.zeros(len(frames))
    first = True
    for source in sources:
        rows = np.arange(len(frames))
        if source.reach is not None and not first:
            low, high = source.reach
            rows = np.flatnonzero((frames >= low) & (frames <= high))
        for begin in range(0, len(rows), _AT_ONCE):
            some = rows[begin : begin + _AT_ONCE]
            evaluate, moved = source.curve.evaluate, source.frame
            values[some] = [evaluate(moved(frame)) for frame in frames[some].tolist()]
            yield None
        first = False
    yield values


def _found(rig: bpy.types.Object) -> Iterator[tuple[str, _Source]]:
    """F-curves of controls, the lowest first."""
    data = rig.animation_data
    if data is None:
        return
    for track in data.nla_tracks:
        for strip in track.strips if not track.mute else ():
            if strip.action is not None and not strip.mute:
                reach = (strip.frame_start, strip.frame_end)
                yield from _of(strip.action, rig, _mapping(strip), reach)
    active = data.action
    if data.use_tweak_mode:
        active = data.action_tweak_storage
    if active is not None:
        yield from _of(active, rig, float, None)


def _of(
    action: bpy.types.Action,
    rig: bpy.types.Object,
    frame: Callable[[float], float],
    reach: tuple[float, float] | None,
) -> Iterator[tuple[str, _Source]]:
    for curve in fcurves(action, rig):
        if curve.data_path.startswith(PREFIX) and not curve.mute and len(curve.keyframe_points):
            yield curve.data_path.removeprefix(PREFIX), _Source(curve, frame, reach)


def fcurves(action: bpy.types.Action, rig: bpy.types.Object) -> list[bpy.types.FCurve]:
    """Those of an action that are of objects; nothing is made that is not there."""
    if not hasattr(action, "slots"):
        return list(action.fcurves)
    fitting = (rig.id_type, "UNSPECIFIED")
    return [
        curve
        for layer in action.layers
        for strip in layer.strips
        for bag in strip.channelbags
        if bag.slot is not None and bag.slot.target_id_type in fitting
        for curve in bag.fcurves
    ]


def _mapping(strip: bpy.types.NlaStrip) -> Callable[[float], float]:
    begin, scale, first = strip.frame_start, strip.scale or 1.0, strip.action_frame_start
    return lambda frame: (frame - begin) / scale + first
