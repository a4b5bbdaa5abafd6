# SPDX-License-Identifier: GPL-3.0-or-later
"""Driven strips follow what they were driven from: moved sound, another frame rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import bpy
import numpy as np

from ..subject.objects import SubjectObjects
from . import arrange, keys, layers, record, stack
from .channels import Owner, owners
from .settings import DRIVEN
from .timing import rate, sources


@dataclass(frozen=True, slots=True)
class _Move:
    """A strip and where it goes; scales are frames of the scene for one of its keys."""

    layer: str
    kind: str
    track: bpy.types.NlaTrack
    strip: bpy.types.NlaStrip
    start: float
    scale: float


def follow(subject: SubjectObjects, scene: bpy.types.Scene) -> int:
    """Move driven strips to where their sound or movie strips are now; how many moved.

    Raises:
        InputError: the subject is linked from another file.
    """
    return _apply(subject, scene, lambda move: move.strip.scale, sources(scene))


def retime(subject: SubjectObjects, scene: bpy.types.Scene, *, hand: bool = True) -> int:
    """Make what was driven at another frame rate last as long as it did; how many strips.

    Strips are scaled, each from its sound's place on. Keys set by hand move with the strip
    that they are in.

    Args:
        subject: whose.
        scene: the one whose frame rate changed.
        hand: keys of the hand layer too.

    Raises:
        InputError: the subject is linked from another file.
    """
    fps = rate(scene)

    def scale(move: _Move) -> float:
        known = _fps(subject, move)
        return move.strip.scale if known is None else fps / known

    return _apply(subject, scene, scale, sources(scene), hand)


def stale(subject: SubjectObjects, scene: bpy.types.Scene) -> float | None:
    """The frame rate that some strip still plays for, where the scene's is another."""
    fps = rate(scene)
    for owner in owners(subject):
        for layer in DRIVEN:
            for _, strip in stack.strips(owner, layer):
                known = record.fps_of(strip.action)
                if known and abs(strip.scale * known / fps - 1.0) > 1e-4:
                    return known * strip.scale
    return None


def _fps(subject: SubjectObjects, move: _Move) -> float | None:
    """The rate that a strip's keys were written for; edits go by the strip they edit."""
    name = record.name_of(move.strip.action)
    for owner in owners(subject):
        for _, strip in stack.strips(owner, move.layer, record.DRIVEN, name):
            return record.fps_of(strip.action)
    return record.fps_of(move.strip.action)


def _apply(
    subject: SubjectObjects,
    scene: bpy.types.Scene,
    scale: Callable[[_Move], float],
    begins: dict[str, float],
    hand: bool = False,
) -> int:
    """Take out the strips that move, put them back, and hand keys after them."""
    layers.editable(subject)
    moved = 0
    with layers.closed(subject):
        for owner in owners(subject):
            moves = [
                _planned(owner, move, scale(move), begins, rate(scene)) for move in _strips(owner)
            ]
            moves = [one for one in moves if _differs(one)]
            if hand:
                _move_hand(owner, moves)
            moved += len([one for one in moves if one.kind == record.DRIVEN])
            _carry_out(owner, moves)
        arrange.arrange(subject)
    return moved


def _strips(owner: Owner) -> list[_Move]:
    return [
        _Move(layer, kind, track, strip, strip.frame_start, strip.scale)
        for layer in DRIVEN
        for kind in (record.DRIVEN, record.EDITS)
        for track, strip in stack.strips(owner, layer, kind)
    ]


def _planned(
    owner: Owner, move: _Move, scale: float, begins: dict[str, float], now: float
) -> _Move:
    """Where a strip belongs: as far after its source as when it was driven."""
    strip, name = move.strip, record.name_of(move.strip.action)
    driven = stack.strips(owner, move.layer, record.DRIVEN, name)
    action = driven[0][1].action if driven else strip.action
    lead, known = record.lead_of(action), record.written(action)
    start = move.start
    if lead is not None and name in begins and known is not None:
        fps = record.fps_of(action) or 1.0
        trimmed = strip.action_frame_start - known.first
        start = begins[name] + lead * now / fps + trimmed * scale
    return _Move(move.layer, move.kind, move.track, strip, start, scale)


def _differs(move: _Move) -> bool:
    strip = move.strip
    return abs(move.start - strip.frame_start) > 1e-4 or abs(move.scale - strip.scale) > 1e-6


def _carry_out(owner: Owner, moves: list[_Move]) -> None:
    taken = []
    for move in sorted(moves, key=lambda one: one.start):
        strip = move.strip
        first, last = strip.action_frame_start, strip.action_frame_end
        base = move.layer if move.kind == record.DRIVEN else f"{move.layer} edits"
        taken.append((move, base, first, last, stack.take(move.track, strip)))
    for move, base, first, last, one in taken:
        end = move.start + (last - first) * move.scale
        stack.put_back(owner, one, base, move.start, end, move.scale, first)


def _move_hand(owner: Owner, moves: list[_Move]) -> None:
    """Move keys of the hand layer with the strip that begins last before them."""
    spans = sorted(
        (one.strip.frame_start, one.start, one.scale / one.strip.scale)
        for one in moves
        if one.kind == record.DRIVEN
    )
    data = owner.id.animation_data
    if not spans or data is None or data.action is None:
        return
    old, new, factor = (np.array(column) for column in zip(*spans, strict=True))

    def moved(frames: np.ndarray) -> np.ndarray:
        at = np.clip(np.searchsorted(old, frames + 1e-3, side="right") - 1, 0, None)
        return new[at] + (frames - old[at]) * factor[at]

    for curve in keys.curves(data.action, owner.id).values():
        points = curve.keyframe_points
        for name in ("handle_left", "handle_right", "co"):
            both = np.empty(2 * len(points), np.float32)
            points.foreach_get(name, both)
            both[::2] = moved(both[::2])
            points.foreach_set(name, both)
        curve.update()
