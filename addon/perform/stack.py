# SPDX-License-Identifier: GPL-3.0-or-later
"""The NLA stack of one datablock: tracks in order, strips in free places.

From below: ``rest`` (the face as it was before it was driven, so that every channel has a
value on every frame), then per layer ``speech base`` (neutral values under a layer that
replaces some regions and combines others), ``speech``, ``speech 2`` (strips that overlap)
and ``speech edits``; above all the active action, which is the hand layer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import bpy

from . import keys, record
from .channels import Owner
from .settings import LAYERS

REST = "rest"


def data_of(owner: Owner) -> bpy.types.AnimData:
    """The owner's animation data, made where it is missing."""
    return owner.id.animation_data or owner.id.animation_data_create()


def strips(
    owner: Owner, layer: str, kind: str = record.DRIVEN, name: str | None = None
) -> list[tuple[bpy.types.NlaTrack, bpy.types.NlaStrip]]:
    """Strips of a layer with their tracks, by what their actions say.

    An overridden subject's strips that its library holds are not among them.
    """
    data = owner.id.animation_data
    return [
        (track, strip)
        for track, strip in (_all(data) if data else ())
        if _local(track)
        and record.layer_of(strip.action) == layer
        and record.kind_of(strip.action) == kind
        and name in (None, record.name_of(strip.action))
    ]


def _all(data: bpy.types.AnimData) -> Iterator[tuple[bpy.types.NlaTrack, bpy.types.NlaStrip]]:
    for track in data.nla_tracks:
        for strip in track.strips:
            yield track, strip


def foreign(owner: Owner) -> list[bpy.types.NlaStrip]:
    """Strips that are no layer's: the animator's own, and those of an override's library."""
    data = owner.id.animation_data
    return [
        strip
        for track, strip in (_all(data) if data else ())
        if not record.kind_of(strip.action) or not _local(track)
    ]


def _rank(name: str) -> float:
    """Where a track belongs, by its name; negative for one that is not ours."""
    if name == REST:
        return 0.0
    words = name.split()
    if not words or words[0] not in LAYERS:
        return -1.0
    rank = 100.0 * (1 + LAYERS.index(words.pop(0)))
    below = bool(words) and words[-1] == "base"
    words = words[:-1] if below else words
    if words and words[0] == "edits":
        rank += 50.0
        words.pop(0)
    if words and words[0].isdigit():
        rank += min(int(words[0]), 48)
    return rank - 0.5 * below


def track(data: bpy.types.AnimData, name: str) -> bpy.types.NlaTrack:
    """The track of that name, made in its place where it is missing."""
    for one in data.nla_tracks:
        if one.name == name and _local(one):
            return one
    rank = _rank(name)
    lower = [one for one in data.nla_tracks if _local(one) and 0.0 <= _rank(one.name) < rank]
    made = data.nla_tracks.new(prev=lower[-1]) if lower else data.nla_tracks.new()
    made.name = name
    return made


def _local(one: bpy.types.NlaTrack) -> bool:
    """Whether a track may be changed: those of an override's library may not."""
    return not one.is_override_data


def _free(one: bpy.types.NlaTrack, start: float, end: float) -> bool:
    """Whether a track has room for frames ``start`` to ``end``."""
    return all(strip.frame_start >= end or strip.frame_end <= start for strip in one.strips)


def put(
    owner: Owner,
    base: str,
    name: str,
    action: bpy.types.Action,
    start: float,
    end: float,
    scale: float = 1.0,
    first: float | None = None,
) -> bpy.types.NlaStrip:
    """A new strip of ``action`` on the first track with room.

    Args:
        owner: whose stack.
        base: name of the track; where it is taken, "base 2" and so on.
        name: of the strip.
        action: what it plays.
        start: its first frame.
        end: its last.
        scale: frames of the scene for one of the action.
        first: the action's frame that it begins with; default: the action's first.
    """
    data, number = data_of(owner), 1
    lowest, last = action.frame_range
    first = lowest if first is None else first
    needed = max(end, int(start) + max(last - lowest, 1.0))  # Blender makes it so long at first
    while True:
        place = track(data, base if number == 1 else f"{base} {number}")
        if _free(place, start, needed):
            break
        number += 1
    strip = place.strips.new(name, int(start), action)
    slot = keys.slot_of(action, owner.id)
    if slot is not None:
        strip.action_slot = slot
    strip.action_frame_start, strip.action_frame_end = first, first + (end - start) / scale
    strip.frame_start_raw, strip.frame_end_raw, strip.scale = start, end, scale
    strip.extrapolation = "NOTHING"
    return strip


@dataclass(frozen=True, slots=True)
class Taken:
    """A strip that was taken out, and how it was set."""

    name: str
    action: bpy.types.Action
    mute: bool
    blend: str
    start: float
    influence: tuple[tuple[float, float], ...]


def take(place: bpy.types.NlaTrack, strip: bpy.types.NlaStrip) -> Taken:
    """Take a strip out, to put it back elsewhere: Blender pushes neighbours of one that grows."""
    taken = Taken(
        strip.name,
        strip.action,
        strip.mute,
        strip.blend_type,
        strip.frame_start,
        tuple(influence_keys(strip)),
    )
    place.strips.remove(strip)
    return taken


def put_back(
    owner: Owner,
    taken: Taken,
    base: str,
    start: float,
    end: float,
    scale: float = 1.0,
    first: float | None = None,
) -> bpy.types.NlaStrip:
    """Put back what was taken out; see :func:`put`."""
    made = put(owner, base, taken.name, taken.action, start, end, scale, first)
    made.name, made.mute, made.blend_type = taken.name, taken.mute, taken.blend
    if taken.influence:
        moved = [(frame + start - taken.start, value) for frame, value in taken.influence]
        _key_influence(made, moved)
    return made


def influence(strip: bpy.types.NlaStrip, value: float) -> None:
    """Let a part of a strip show, unless somebody animated that."""
    if len(_influence_keys(strip)) > 2:
        return
    if value == 1.0:
        strip.use_animated_influence = False
        return
    start, fade = strip.frame_start, strip.blend_in
    keyed = [(start, 0.0), (start + fade, value)] if fade else [(start, value)]
    _key_influence(strip, keyed)


def influence_keys(strip: bpy.types.NlaStrip) -> list[tuple[float, float]]:
    """Frames and values of a strip's influence; none where all of it shows."""
    return [tuple(key.co) for key in _influence_keys(strip)]


def copy_influence(source: bpy.types.NlaStrip, target: bpy.types.NlaStrip) -> None:
    """Let as much of one strip show as of another."""
    target.blend_in, target.blend_out = source.blend_in, source.blend_out
    keyed = influence_keys(source)
    if keyed:
        _key_influence(target, keyed)
    else:
        target.use_animated_influence = False


def _influence_keys(strip: bpy.types.NlaStrip) -> list[bpy.types.Keyframe]:
    """Blender counts the influence only where it is animated, if by a single key."""
    if not strip.use_animated_influence:
        return []
    curve = strip.fcurves.find("influence")
    return list(curve.keyframe_points) if curve else []


def _key_influence(strip: bpy.types.NlaStrip, keyed: list[tuple[float, float]]) -> None:
    strip.use_animated_influence = True
    curve = strip.fcurves.find("influence")
    curve.keyframe_points.clear()
    for frame, value in keyed:
        curve.keyframe_points.insert(frame, value).interpolation = "LINEAR"
    curve.update()


def drop(owner: Owner, place: bpy.types.NlaTrack, strip: bpy.types.NlaStrip) -> None:
    """Remove a strip, its action where nothing else uses it, and its track where empty."""
    action = strip.action
    place.strips.remove(strip)
    keys.discard(action)
    if not len(place.strips):
        owner.id.animation_data.nla_tracks.remove(place)
