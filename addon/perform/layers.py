# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers of a performance: speech below, video, hand on top.

Driven motions are NLA strips, each with one action for the face's shape keys and one for
the rig. Keys set by hand go to the datablocks' active actions, above all strips, so that
driving again never touches them. How regions combine is in :mod:`.settings`; how the stack
is laid out in :mod:`.stack` and :mod:`.arrange`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy
import numpy as np

from ..core.errors import InputError
from ..core.subject_data import MotionData
from ..subject import objects
from ..subject.objects import SubjectObjects
from . import arrange, carry, keys, record, settings, stack, timing, tweak
from .channels import REGIONS, Curves, Owner, curves_of, owners, region_table, widen
from .settings import DRIVEN, LAYERS

__all__ = ["DRIVEN", "LAYERS", "REGIONS", "open_layer", "opened", "place", "refresh", "remove"]


def place(
    motion: MotionData,
    subject: SubjectObjects,
    *,
    layer: str,
    name: str,
    start: int,
    regions: tuple[str, ...] = REGIONS,
) -> tuple[str, ...]:
    """Write a motion as the strip ``name`` of a layer, in place of that strip alone.

    What somebody edited inside that strip since it was driven is kept: the differences
    move to the strip "… edits" above it, and go with it from then on.

    Args:
        motion: at the scene's frame rate.
        subject: who performs it; blendshapes that it lacks are left out.
        layer: "speech" or "video".
        name: of the strip; a sound strip's name, where one is to be followed.
        start: the scene's frame of the motion's first.
        regions: those of :data:`REGIONS` to write.

    Returns:
        What a person should know: blendshapes left out, edits kept.

    Raises:
        InputError: no such layer or region, the subject has nothing that the motion
            moves, or it is linked from another file.
    """
    if layer not in DRIVEN:
        raise InputError(f"layer: expected {' or '.join(DRIVEN)}, got {layer!r}")
    if not name:
        raise InputError("name: expected a name for the strip, got none")
    editable(subject)
    curves, notes = curves_of(motion, subject, regions)
    with closed(subject):
        for owner in owners(subject):
            notes += _place(owner, subject, curves[owner.word], layer, name, start)
        arrange.arrange(subject)
    if settings.of(subject.rig).baked:
        notes += ("The layers are hidden since they were baked; Restore Layers shows them",)
    return notes


def remove(subject: SubjectObjects, layer: str, name: str | None = None) -> None:
    """Remove a strip of a driven layer, or all that a layer holds.

    Args:
        subject: whose.
        layer: one of :data:`LAYERS`; "hand" loses the keys set by hand.
        name: of the strip; default: all of the layer.

    Raises:
        InputError: no such layer or strip, or the subject is linked from another file.
    """
    if layer not in LAYERS:
        raise InputError(f"layer: expected one of {', '.join(LAYERS)}, got {layer!r}")
    editable(subject)
    with closed(subject):
        found = False
        for owner in owners(subject):
            for kind in (record.DRIVEN, record.EDITS):
                for track, strip in stack.strips(owner, layer, kind, name):
                    stack.drop(owner, track, strip)
                    found = True
            if layer == "hand" and owner.id.animation_data is not None:
                _clear_hand(owner, region_table(subject))
        if name is not None and not found:
            raise InputError(f"name: the {layer} layer has no strip {name!r}")
        arrange.arrange(subject)
        for owner in owners(subject):
            arrange.clean(owner)


def open_layer(
    subject: SubjectObjects, layer: str, *, scene: bpy.types.Scene | None = None
) -> None:
    """Show a layer's keys in the dope sheet and graph editor; keys that are set go there.

    "hand" is the way it is after driving. Of a driven layer the strips at the current
    frame are opened, or those nearest to it; the layers above still show where Blender
    has a window.

    Raises:
        InputError: no such layer, or it has no strips.
    """
    if layer not in LAYERS:
        raise InputError(f"layer: expected one of {', '.join(LAYERS)}, got {layer!r}")
    editable(subject)
    tweak.leave(subject)
    if layer == "hand":
        arrange.arrange(subject)
        return
    frame = (scene or bpy.context.scene).frame_current
    chosen = {}
    for owner in owners(subject):
        held = stack.strips(owner, layer)
        if held:
            chosen[owner.word] = min(held, key=lambda pair: _distance(pair[1], frame))
    if not chosen:
        raise InputError(f"layer: the {layer} layer has no strip yet; drive one first")
    arrange.arrange(subject)
    tweak.enter(subject, {word: pair[1].action for word, pair in chosen.items()})


def opened(subject: SubjectObjects) -> str:
    """The layer whose keys the editors show: "hand" where no strip is open."""
    for owner in owners(subject):
        data = owner.id.animation_data
        if data is not None and data.use_tweak_mode:
            return record.layer_of(data.action)
    return "hand"


def refresh(rig: bpy.types.Object) -> None:
    """Bring the stack into accord after a setting of the layers changed."""
    try:
        subject = objects.find(rig)
        editable(subject)
    except InputError:  # no whole subject of this file: there is nothing to arrange
        return
    chosen = settings.of(rig)
    for owner in owners(subject):
        for layer in DRIVEN:
            wanted = getattr(chosen, layer).influence
            for kind in (record.DRIVEN, record.EDITS):
                for _, strip in stack.strips(owner, layer, kind):
                    stack.influence(strip, wanted)
    with closed(subject):
        arrange.arrange(subject)


def editable(subject: SubjectObjects) -> None:
    """Make sure that a subject's animation can be changed here.

    Where its objects are overridden and its mesh is not, the mesh is: shape keys go with it.

    Raises:
        InputError: it is linked from another file, without an override that may be edited.
    """
    rig, mesh = subject.rig.override_library, subject.face.data
    if rig is not None and not rig.is_system_override and mesh.library is not None:
        mesh.override_create(remap_local_usages=True)
    for owner in owners(subject):
        override = owner.id.override_library
        if owner.id.library is not None or (override and override.is_system_override):
            raise InputError(
                f"subject: {subject.rig.name} is linked from another file; make an editable "
                "library override of it (Object > Library Override > Make)"
            )


@contextmanager
def closed(subject: SubjectObjects) -> Iterator[None]:
    """No strip is open within the block; what was is opened again."""
    was = tweak.leave(subject)
    try:
        yield
    finally:
        if was:
            tweak.enter(subject, was)


def _place(
    owner: Owner, subject: SubjectObjects, curves: Curves, layer: str, name: str, start: int
) -> tuple[str, ...]:
    """Write one owner's part of a strip."""
    held = stack.strips(owner, layer, record.DRIVEN, name)
    if not curves.channels:
        for track, strip in held:
            stack.drop(owner, track, strip)
        return ()
    if owner.word == "face":
        widen(subject, curves)
    arrange.rest(owner, curves, _animated(owner))
    frames = start + np.arange(curves.values.shape[1])
    end = max(int(frames[-1]), start + 1)  # a strip is never empty
    notes: tuple[str, ...] = ()
    if held:
        track, strip = held[0]
        for other in held[1:]:  # copies that somebody made stay, as copies
            if other[1].action == strip.action:
                other[1].action = other[1].action.copy()
        notes = carry.keep(owner, strip, layer, name, start, len(frames))
        if strip.action.users - strip.action.use_fake_user > 1:  # a copy's of this subject
            strip.action = strip.action.copy()
        action = strip.action
        _forget(action, owner, curves)
    else:
        action = keys.new_action(owner.id, f"{name} {owner.word}")
        record.mark(action, layer, record.DRIVEN, name)
    keys.write(action, owner.id, curves.channels, frames, curves.values, curves.regions)
    record.remember(action, start, curves)
    scene = bpy.context.scene
    record.set_timing(action, timing.rate(scene), _lead(scene, name, start))
    if held:
        strip = stack.put_back(owner, stack.take(track, strip), layer, start, end)
    else:
        strip = stack.put(owner, layer, name, action, start, end)
    stack.influence(strip, getattr(settings.of(subject.rig), layer).influence)
    return notes


def _forget(action: bpy.types.Action, owner: Owner, curves: Curves) -> None:
    """Take away F-curves that driving wrote and will not write again, and modifiers."""
    known, wanted = record.written(action), set(curves.channels)
    holder, present = keys.bag(action, owner.id), keys.curves(action, owner.id)
    for channel in known.channels if known else ():
        if channel not in present:
            continue
        if channel not in wanted:
            holder.fcurves.remove(present[channel])
        else:  # their effect was carried over with the edits
            for modifier in list(present[channel].modifiers):
                present[channel].modifiers.remove(modifier)


def _animated(owner: Owner) -> set[tuple[str, int]]:
    """Channels that the active action moves already."""
    data = owner.id.animation_data
    action = data.action if data else None
    return set(keys.curves(action, owner.id)) if action else set()


def _lead(scene: bpy.types.Scene, name: str, start: int) -> float | None:
    """Frames from the content of the sound or movie strip ``name`` to the keys."""
    begins = timing.sources(scene)
    return start - begins[name] if name in begins else None


def _clear_hand(owner: Owner, table: dict[str, str]) -> None:
    """Delete the keys that were set by hand."""
    action = owner.id.animation_data.action
    if record.kind_of(action) == record.HAND:
        holder = keys.bag(action, owner.id)
        for curve in list(holder.fcurves):
            if curve.data_path in table:  # keyed controls and the like are not of the layer
                holder.fcurves.remove(curve)


def _distance(strip: bpy.types.NlaStrip, frame: int) -> float:
    return max(strip.frame_start - frame, frame - strip.frame_end, 0.0)
