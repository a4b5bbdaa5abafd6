# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions and F-curves in bulk, the same in every Blender."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np

from ..core.thinning import Thinned
from ..subject.channels import Channel

LINEAR, BEZIER = 1, 2  # Keyframe.interpolation
FREE, AUTO_CLAMPED = 0, 4  # Keyframe.handle_left_type


def new_action(owner: bpy.types.ID, name: str) -> bpy.types.Action:
    """An empty action with a slot for ``owner`` where Blender has slots (4.4 and later)."""
    action = bpy.data.actions.new(name)
    action.use_fake_user = False
    if hasattr(action, "slots"):
        action.slots.new(id_type=owner.id_type, name=owner.name)
    return action


def slot_of(action: bpy.types.Action, owner: bpy.types.ID) -> bpy.types.ActionSlot | None:
    """The action's slot for ``owner``, made where it is missing; None without slots (4.2)."""
    if not hasattr(action, "slots"):
        return None
    return _fitting(action, owner) or action.slots.new(id_type=owner.id_type, name=owner.name)


def _fitting(action: bpy.types.Action, owner: bpy.types.ID) -> bpy.types.ActionSlot | None:
    """A slot of the owner's kind, the one named after it first."""
    kinds = (owner.id_type, "UNSPECIFIED")
    fitting = [slot for slot in action.slots if slot.target_id_type in kinds]
    named = [slot for slot in fitting if slot.name_display == owner.name]
    return next(iter(named or fitting), None)


def bag(action: bpy.types.Action, owner: bpy.types.ID) -> bpy.types.Action:
    """What holds the owner's ``fcurves`` and ``groups``: a channel bag, or the action."""
    slot = slot_of(action, owner)
    if slot is None:
        return action
    layer = action.layers[0] if action.layers else action.layers.new("Layer")
    strip = layer.strips[0] if layer.strips else layer.strips.new(type="KEYFRAME")
    return strip.channelbag(slot, ensure=True)


def curves(action: bpy.types.Action, owner: bpy.types.ID) -> dict[Channel, bpy.types.FCurve]:
    """F-curves of an action by channel; changes nothing."""
    if not hasattr(action, "slots"):
        found = list(action.fcurves)
    else:
        slot = _fitting(action, owner)
        strips = [strip for layer in action.layers for strip in layer.strips] if slot else []
        bags = [one for strip in strips if (one := strip.channelbag(slot)) is not None]
        found = [curve for one in bags for curve in one.fcurves]
    return {(curve.data_path, curve.array_index): curve for curve in found}


def write(
    action: bpy.types.Action,
    owner: bpy.types.ID,
    channels: Sequence[Channel],
    frames: np.ndarray,
    values: np.ndarray,
    groups: Sequence[str] | None = None,
) -> None:
    """Key every channel on every frame, linearly, in place of keys that it had.

    Args:
        action: of ``owner``.
        owner: the datablock.
        channels: C of them.
        frames: (T,) of the scene.
        values: (C, T).
        groups: C names of F-curve groups.
    """
    holder = bag(action, owner)
    present = curves(action, owner) if len(holder.fcurves) else {}
    points = np.empty((len(channels), len(frames), 2), np.float32)
    points[..., 0] = frames
    points[..., 1] = values
    linear = np.full(len(frames), LINEAR, np.int32)
    handles = np.full(len(frames), AUTO_CLAMPED, np.int32)
    for row, channel in enumerate(channels):
        curve = present.get(channel)
        if curve is None:
            curve = holder.fcurves.new(channel[0], index=channel[1])
            if groups is not None:
                curve.group = group(holder, groups[row])
        keys = curve.keyframe_points
        keys.clear()
        keys.add(len(frames))
        keys.foreach_set("co", points[row].ravel())
        keys.foreach_set("interpolation", linear)
        keys.foreach_set("handle_left_type", handles)  # for who turns them into Bezier keys
        keys.foreach_set("handle_right_type", handles)
        curve.update()


def write_few(
    curve: bpy.types.FCurve, frames: np.ndarray, values: np.ndarray, few: Thinned, smooth: bool
) -> None:
    """Give a curve the keys that thinning left.

    Args:
        curve: whose keys are replaced.
        frames: (T,) that were sampled.
        values: (T,) samples.
        few: from :func:`..core.thinning.thin`.
        smooth: Bezier keys instead of linear ones.
    """
    points = np.column_stack([frames[few.index], values[few.index]]).astype(np.float32)
    gaps = np.diff(points[:, 0], prepend=points[0, 0] - 3.0, append=points[-1, 0] + 3.0) / 3.0
    before, after = np.column_stack([gaps[:-1]] * 2), np.column_stack([gaps[1:]] * 2)
    before[:, 1] *= few.left
    after[:, 1] *= few.right
    keys, count = curve.keyframe_points, len(points)
    keys.clear()
    keys.add(count)
    keys.foreach_set("co", points.ravel())
    keys.foreach_set("interpolation", np.full(count, BEZIER if smooth else LINEAR, np.int32))
    kind = np.full(count, FREE if smooth else AUTO_CLAMPED, np.int32)
    keys.foreach_set("handle_left_type", kind)
    keys.foreach_set("handle_right_type", kind)
    if smooth:
        keys.foreach_set("handle_left", (points - before).astype(np.float32).ravel())
        keys.foreach_set("handle_right", (points + after).astype(np.float32).ravel())
    curve.update()


def copy_curve(source: bpy.types.FCurve, target: bpy.types.FCurve) -> None:
    """Give one curve the keys of another."""
    count = len(source.keyframe_points)
    target.keyframe_points.clear()
    target.keyframe_points.add(count)
    for name, width, kind in (
        ("interpolation", 1, np.int32),
        ("handle_left_type", 1, np.int32),
        ("handle_right_type", 1, np.int32),
        ("co", 2, np.float32),
        ("handle_left", 2, np.float32),
        ("handle_right", 2, np.float32),
    ):
        data = np.empty(count * width, kind)
        source.keyframe_points.foreach_get(name, data)
        target.keyframe_points.foreach_set(name, data)
    target.extrapolation = source.extrapolation
    target.update()


def group(holder: bpy.types.Action, name: str) -> bpy.types.ActionGroup:
    """The F-curve group of that name, made where it is missing."""
    return holder.groups.get(name) or holder.groups.new(name)


def sample(curve: bpy.types.FCurve, frames: np.ndarray) -> np.ndarray:
    """(T,) float32 values of an F-curve at ``frames``, modifiers included."""
    keys = curve.keyframe_points
    if len(keys) == len(frames) and not len(curve.modifiers):
        points = np.empty(2 * len(keys), np.float32)
        keys.foreach_get("co", points)
        if np.array_equal(points[::2], frames.astype(np.float32)):
            return points[1::2].copy()
    return np.array([curve.evaluate(float(frame)) for frame in frames], np.float32)


def discard(action: bpy.types.Action | None) -> None:
    """Delete an action that nothing uses."""
    if action is not None and action.users == 0 and action.library is None:
        bpy.data.actions.remove(action)
