# SPDX-License-Identifier: GPL-3.0-or-later
"""The NLA stack of one datablock: tracks in order, strips in free places.

From below: ``rest`` (the face as it was before it was driven, so that every channel has a
value on every frame), then per layer ``speech base`` (neutral values under a layer that
replaces some regions and combines others), ``speech``, ``speech 2`` (strips that overlap)
and ``speech edits``; above all the active action, which is the hand layer.
"""

from __future__ import annotations

from collections.abc import Iterator

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
    """Strips of a layer with their tracks, by what their actions say."""
    data = owner.id.animation_data
    return [
        (track, strip)
        for track, strip in (_all(data) if data else ())
        if record.layer_of(strip.action) == layer
        and record.kind_of(strip.action) == kind
        and name in (None, record.name_of(strip.action))
    ]


def _all(data: bpy.types.AnimData) -> Iterator[tuple[bpy.types.NlaTrack, bpy.types.NlaStrip]]:
    for track in data.nla_tracks:
        for strip in track.strips:
            yield track, strip


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
    lower = [one for one in data.nla_tracks if 0.0 <= _rank(one.name) < rank]
    made = data.nla_tracks.new(prev=lower[-1]) if lower else data.nla_tracks.new()
    made.name = name
    return made


def _local(one: bpy.types.NlaTrack) -> bool:
    """Whether a track may be changed: those of an override's library may not."""
    override = one.id_data.override_library
    return override is None or not getattr(one, "is_override_data", False)


def _free(one: bpy.types.NlaTrack, start: float, end: float, mine: object = None) -> bool:
    """Whether a track has room for frames ``start`` to ``end``."""
    return all(
        strip == mine or strip.frame_start >= end or strip.frame_end <= start
        for strip in one.strips
    )


def put(
    owner: Owner, base: str, name: str, start: int, end: int, action: bpy.types.Action
) -> bpy.types.NlaStrip:
    """A new strip of ``action`` on the first of the tracks ``base``, ``base 2``… with room."""
    data, number = data_of(owner), 1
    while True:
        place = track(data, base if number == 1 else f"{base} {number}")
        if _free(place, start, end):
            break
        number += 1
    strip = place.strips.new(name, int(start), action)
    slot = keys.slot_of(action, owner.id)
    if slot is not None:
        strip.action_slot = slot
    stretch(strip, start, end)
    strip.extrapolation = "NOTHING"
    return strip


def stretch(strip: bpy.types.NlaStrip, start: float, end: float, scale: float = 1.0) -> None:
    """Give a strip its place, where there is room: the whole action, at a scale."""
    strip.frame_start_raw = min(start, strip.frame_start)  # never shorter than nothing
    strip.frame_end_raw = max(end, strip.frame_end)
    strip.frame_start_raw, strip.frame_end_raw = start, end
    strip.scale = scale


def move(
    owner: Owner,
    place: bpy.types.NlaTrack,
    strip: bpy.types.NlaStrip,
    base: str,
    start: float,
    end: float,
    scale: float = 1.0,
) -> bpy.types.NlaStrip:
    """Put a strip elsewhere in time, on another track of the layer where it must."""
    if _free(place, start, end, strip):
        stretch(strip, start, end, scale)
        return strip
    kept = {name: getattr(strip, name) for name in ("mute", "influence", "blend_type")}
    action, name = strip.action, strip.name
    place.strips.remove(strip)
    made = put(owner, base, name, round(start), round(end), action)
    stretch(made, start, end, scale)
    made.name = name
    for key, value in kept.items():
        setattr(made, key, value)
    return made


def drop(owner: Owner, place: bpy.types.NlaTrack, strip: bpy.types.NlaStrip) -> None:
    """Remove a strip, its action where nothing else uses it, and its track where empty."""
    action = strip.action
    place.strips.remove(strip)
    keys.discard(action)
    if not len(place.strips):
        owner.id.animation_data.nla_tracks.remove(place)
