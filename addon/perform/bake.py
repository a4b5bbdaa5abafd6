# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers, drivers and constraints as one plain key on every frame, and back again."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import bpy
import numpy as np

from ..core.errors import InputError
from ..subject.channels import Channel
from ..subject.gaze import AMOUNT
from ..subject.objects import SubjectObjects
from . import arrange, keys, layers, record, settings, stack, visuals
from .channels import REGIONS, Owner, owners, region_table
from .settings import DRIVEN

BAKED = "baked"
_HIDDEN = "hidden"  # names the hand action meanwhile
_DRIVERS, _CONSTRAINTS = "facewright_drivers", "facewright_constraints"
_AIM = "facewright_aim"  # how far the eyes followed their target before


@dataclass(slots=True)
class _Plan:
    """What is baked of one owner, and the rows that fill up frame by frame."""

    owner: Owner
    channels: list[Channel]
    visual: bool  # the head as its constraints leave it
    aimed: bool  # the eyes as their target leaves them
    rows: list[np.ndarray]


def bake(subject: SubjectObjects, frames: range, *, after: str = "MUTE") -> int:
    """Key what shows, on every frame of a range; how many keys that are.

    Args:
        subject: whose.
        frames: of the scene that is shown.
        after: "MUTE" hides the layers, so that :func:`restore` brings them back;
            "REMOVE" deletes them.

    Raises:
        InputError: nothing is animated, or the subject is linked from another file.
    """
    work = baking(subject, frames, after=after)
    while True:
        try:
            next(work)
        except StopIteration as done:
            return done.value


def baking(
    subject: SubjectObjects, frames: range, *, after: str = "MUTE"
) -> Generator[float, None, int]:
    """:func:`bake`, a frame a step; yields the part that is done."""
    if after not in ("MUTE", "REMOVE"):
        raise InputError(f"after: expected MUTE or REMOVE, got {after!r}")
    if not len(frames):
        raise InputError("frames: expected one at least, got none")
    layers.editable(subject)
    if layers.opened(subject) != "hand":
        layers.open_layer(subject, "hand")
    plans = [plan for plan in (_plan(owner, subject) for owner in owners(subject)) if plan]
    if not plans:
        raise InputError("bake: nothing of this subject is animated yet")
    scene = bpy.context.scene
    shown = scene.frame_current
    try:
        for number, frame in enumerate(frames):
            scene.frame_set(frame)
            depsgraph = bpy.context.evaluated_depsgraph_get()
            for plan in plans:
                plan.rows.append(_values(plan, subject, depsgraph))
            yield (number + 1) / len(frames)
    finally:
        scene.frame_set(shown)
    total = sum(_write(plan, subject, frames, after) for plan in plans)
    _hide(subject, after)
    scene.frame_set(shown)
    return total


def restore(subject: SubjectObjects) -> None:
    """Remove baked keys and show the layers that they came from.

    Raises:
        InputError: the layers are not hidden.
    """
    chosen = settings.of(subject.rig)
    if not chosen.baked:
        raise InputError("layers: they are not hidden; there is nothing to restore")
    layers.editable(subject)
    for owner in owners(subject):
        data = stack.data_of(owner)
        if record.kind_of(data.action) == BAKED:
            _unmute(owner, subject, data.action)
            stale, data.action = data.action, None
            keys.discard(stale)
        for track, strip in stack.strips(owner, "hand", record.HAND, _HIDDEN):
            action = strip.action
            record.mark(action, "hand", record.HAND)
            data.action = action
            if hasattr(data, "action_slot"):
                data.action_slot = keys.slot_of(action, owner.id)
            stack.drop(owner, track, strip)
    chosen.baked = False
    arrange.arrange(subject)


def _plan(owner: Owner, subject: SubjectObjects) -> _Plan | None:
    """Channels of an owner that anything moves."""
    data = owner.id.animation_data
    table = region_table(subject)
    found: dict[Channel, None] = {}
    if data is not None:
        actions = [strip.action for track in data.nla_tracks for strip in track.strips]
        for action in filter(None, [data.action, *actions]):
            found |= dict.fromkeys(keys.curves(action, owner.id))
        found |= dict.fromkeys((d.data_path, d.array_index) for d in data.drivers)
    visual = owner.word == "head" and any(not c.mute for c in subject.head.constraints)
    prefix = f"{subject.head_path}." if subject.head_path else ""
    if visual:
        found |= {
            (f"{prefix}{name}", axis): None
            for name in ("location", "rotation_euler")
            for axis in range(3)
        }
    aimed = owner.word == "head" and visuals.aimed(subject, {path for path, _ in found})
    if aimed:
        found |= dict.fromkeys(visuals.gaze_channels(subject))
    channels = [channel for channel in found if table.get(channel[0])]
    return _Plan(owner, channels, visual, aimed, []) if channels else None


def _values(plan: _Plan, subject: SubjectObjects, depsgraph: bpy.types.Depsgraph) -> np.ndarray:
    """(C,) what the channels are on the frame that is shown."""
    evaluated = plan.owner.id.evaluated_get(depsgraph)
    before = dict(zip(plan.channels, plan.rows[-1], strict=True)) if plan.rows else {}
    place = visuals.place(subject, evaluated, before) if plan.visual else {}
    if plan.aimed:
        place |= visuals.gaze(subject, depsgraph)
    row = np.empty(len(plan.channels), np.float32)
    for column, channel in enumerate(plan.channels):
        if channel in place:
            row[column] = place[channel]
            continue
        value = evaluated.path_resolve(channel[0])
        row[column] = value[channel[1]] if hasattr(value, "__len__") else value
    return row


def _write(plan: _Plan, subject: SubjectObjects, frames: range, after: str) -> int:
    """The owner's baked action in place of its active one; how many keys it has."""
    owner, data, table = plan.owner, stack.data_of(plan.owner), region_table(subject)
    was = data.action
    action = keys.new_action(owner.id, f"baked {owner.word}")
    record.mark(action, "hand", BAKED)
    values = np.stack(plan.rows, axis=1)
    regions = [table[path] for path, _ in plan.channels]
    keys.write(action, owner.id, plan.channels, np.array(frames), values, regions)
    if was is not None:  # curves of other things, such as keyed controls, stay in effect
        holder = keys.bag(action, owner.id)
        aim = visuals.aim_path(subject)
        for (path, index), curve in keys.curves(was, owner.id).items():
            if path not in table and not (plan.aimed and path == aim):
                keys.copy_curve(curve, holder.fcurves.new(path, index=index))
    if plan.aimed:  # from here on the gaze says where the eyes look
        aim = visuals.aim_path(subject)
        action[_AIM] = float(owner.id.path_resolve(aim))
        keys.write(action, owner.id, [(aim, 0)], np.array(frames)[:1], np.zeros((1, 1)))
    elif record.kind_of(was) == BAKED and _AIM in was:
        action[_AIM] = was[_AIM]
    _mute(plan, subject, action, was)
    data.action = action
    if hasattr(data, "action_slot"):
        data.action_slot = keys.slot_of(action, owner.id)
    data.action_blend_type, data.action_influence = "REPLACE", 1.0
    data.action_extrapolation = "HOLD"
    if record.kind_of(was) == record.HAND and after == "MUTE":
        record.mark(was, "hand", record.HAND, _HIDDEN)
        first, last = (round(edge) for edge in was.frame_range)
        strip = stack.put(owner, "hand", "hand", was, first, max(last, first + 1))
        strip.extrapolation, strip.blend_type, strip.mute = "HOLD", owner.additive, False
    else:
        keys.discard(was)
    return values.size


def _mute(
    plan: _Plan, subject: SubjectObjects, action: bpy.types.Action, was: bpy.types.Action | None
) -> None:
    """Take drivers and constraints off what is baked, and note them on the action."""
    wanted = set(plan.channels)
    drivers = [
        driver
        for driver in plan.owner.id.animation_data.drivers
        if (driver.data_path, driver.array_index) in wanted and not driver.mute
    ]
    for driver in drivers:
        driver.mute = True
    noted = [f"{driver.array_index} {driver.data_path}" for driver in drivers]
    constraints = []
    if plan.visual:
        constraints = [one for one in subject.head.constraints if not one.mute]
        for one in constraints:
            one.mute = True
    earlier = was if record.kind_of(was) == BAKED else None
    for key, found in ((_DRIVERS, noted), (_CONSTRAINTS, [one.name for one in constraints])):
        before = earlier.get(key, "").split("\n") if earlier else []
        action[key] = "\n".join(filter(None, [*before, *found]))


def _unmute(owner: Owner, subject: SubjectObjects, action: bpy.types.Action) -> None:
    """Put back the drivers and constraints that baking took off."""
    noted = set(action.get(_DRIVERS, "").split("\n"))
    for driver in owner.id.animation_data.drivers:
        if f"{driver.array_index} {driver.data_path}" in noted:
            driver.mute = False
    if owner.word == "head":
        if _AIM in action:
            subject.head[AMOUNT] = action[_AIM]
        for name in filter(None, action.get(_CONSTRAINTS, "").split("\n")):
            if name in subject.head.constraints:
                subject.head.constraints[name].mute = False


def _hide(subject: SubjectObjects, after: str) -> None:
    """Mute the layers, or remove them."""
    chosen = settings.of(subject.rig)
    chosen.baked = after == "MUTE"
    if after == "MUTE":
        arrange.arrange(subject)
        return
    kinds = (record.DRIVEN, record.EDITS, record.BASE, record.HAND)
    for owner in owners(subject):
        for layer in (*DRIVEN, "hand"):
            for kind in kinds:
                for track, strip in stack.strips(owner, layer, kind):
                    stack.drop(owner, track, strip)
        for track, strip in stack.strips(owner, stack.REST, record.REST):
            stack.drop(owner, track, strip)
        data = owner.id.animation_data
        if data is not None and data.action is not None:  # something of it is animated
            record.mark(data.action, "hand", record.HAND)
    for region in REGIONS:  # the keys say all there is, whatever is driven later
        setattr(chosen.hand, region, "REPLACE")
