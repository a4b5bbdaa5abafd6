# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the NLA stack into accord with the layers' settings; safe to repeat."""

from __future__ import annotations

import bpy
import numpy as np

from ..subject.channels import Channel
from ..subject.objects import SubjectObjects
from . import keys, record, settings, stack
from .channels import Curves, Owner, neutral, owners, read, region_table, write
from .settings import DRIVEN, LAYERS

_IN = {"face": ("mouth", "eyes", "brows"), "head": ("head", "gaze")}


def arrange(subject: SubjectObjects) -> None:
    """Blend types, neutral values, muted regions, influence and mutes, as set."""
    table = region_table(subject)
    chosen = settings.of(subject.rig)
    for owner in owners(subject):
        if owner.id.animation_data is None:
            continue
        lowest = not stack.foreign(owner)
        for layer in DRIVEN:
            lowest = not _driven(owner, layer, chosen, table, lowest) and lowest
        if not chosen.baked:
            _hand(owner, chosen, table)
        _mutes(owner, chosen)


def rest(owner: Owner, curves: Curves, animated: set[Channel]) -> None:
    """Give every channel a value below all layers: what it was before it was driven."""
    held = stack.strips(owner, stack.REST, record.REST)
    action = held[0][1].action if held else None
    known = set(keys.curves(action, owner.id)) if action else set()
    for strip in stack.foreign(owner):  # their values show below the layers
        known |= set(keys.curves(strip.action, owner.id)) if strip.action else set()
    fresh = [channel for channel in curves.channels if channel not in known]
    if not fresh:
        return
    values = [
        neutral(owner, channel) if channel in animated else read(owner, channel)
        for channel in fresh
    ]
    if action is None:
        action = keys.new_action(owner.id, f"rest {owner.word}")
        record.mark(action, stack.REST, record.REST)
    keys.write(action, owner.id, fresh, np.ones(1), np.array(values)[:, None])
    if not held:
        strip = stack.put(owner, stack.REST, stack.REST, action, 1, 2)
        strip.extrapolation = "HOLD"


def clean(owner: Owner) -> None:
    """Leave nothing behind where no layer holds anything: values as before, sliders free."""
    data = owner.id.animation_data
    held = [
        pair
        for layer in LAYERS
        for kind in (record.DRIVEN, record.EDITS, record.HAND)
        for pair in stack.strips(owner, layer, kind)
    ]
    if data is None or held or (data.action and keys.curves(data.action, owner.id)):
        return
    for track, strip in stack.strips(owner, stack.REST, record.REST):
        for channel, curve in keys.curves(strip.action, owner.id).items():
            write(owner, channel, curve.evaluate(1.0))
        stack.drop(owner, track, strip)
    for track, strip in stack.strips(owner, "hand", record.BASE):
        stack.drop(owner, track, strip)
    if record.kind_of(data.action) == record.HAND:
        stale, data.action = data.action, None
        keys.discard(stale)


def hand_action(owner: Owner) -> bpy.types.Action:
    """The action that keys set by hand go to: the active one, made where there is none."""
    data = stack.data_of(owner)
    if data.action is None:
        action = keys.new_action(owner.id, f"hand {owner.word}")
        record.mark(action, "hand", record.HAND)
        data.action = action
    elif data.action.library is not None:  # an override's, whose keys cannot be changed here
        data.action = data.action.copy()
        record.mark(data.action, "hand", record.HAND)
    elif not record.kind_of(data.action):
        record.mark(data.action, "hand", record.HAND)
    if hasattr(data, "action_slot") and data.action_slot is None:
        data.action_slot = keys.slot_of(data.action, owner.id)
    return data.action


def _driven(
    owner: Owner,
    layer: str,
    chosen: settings.LayerSettings,
    table: dict[str, str],
    lowest: bool,
) -> bool:
    """Arrange a driven layer; whether it has strips."""
    one = getattr(chosen, layer)
    modes = {region: getattr(one, region) for region in _IN[owner.word]}
    used = set(modes.values()) - {"OFF"}
    mixed = len(used) == 2
    driven = stack.strips(owner, layer)
    for place, strip in stack.strips(owner, layer, record.BASE):
        stack.drop(owner, place, strip)
    first = min((strip.frame_start for _, strip in driven), default=0)
    for place, strip in sorted(driven, key=lambda pair: pair[1].frame_start):
        strip.blend_type = "REPLACE" if used == {"REPLACE"} else owner.additive
        held = lowest and place == driven[0][0]
        strip.extrapolation = "NOTHING"
        if held:
            strip.extrapolation = "HOLD" if strip.frame_start == first else "HOLD_FORWARD"
        group_regions(owner, strip.action, table)
        _mute_regions(owner, strip.action, {r for r, mode in modes.items() if mode == "OFF"})
    _fade([strip for _, strip in driven], used != {"REPLACE"}, one.influence)
    for _, strip in stack.strips(owner, layer, record.EDITS):
        group_regions(owner, strip.action, table)
        _mute_regions(owner, strip.action, {r for r, mode in modes.items() if mode == "OFF"})
    if mixed and driven:
        hidden = {region for region, mode in modes.items() if mode != "REPLACE"}
        action = _base_action(owner, layer, table, hidden)
        for place, strip in driven:
            below = stack.put(
                owner,
                f"{place.name} base",
                f"{layer} base",
                action,
                strip.frame_start,
                strip.frame_end,
            )
            below.extrapolation, below.mute = strip.extrapolation, strip.mute
            stack.copy_influence(strip, below)
    return bool(driven)


def _fade(strips: list[bpy.types.NlaStrip], additive: bool, influence: float) -> None:
    """Cross-fade strips of a layer that overlap; what is added has to fade out as well."""
    for early in strips:
        for late in strips:
            begins, ends = late.frame_start - early.frame_start, late.frame_end - early.frame_end
            shared = early.frame_end - late.frame_start
            if begins > 0 and ends > 0 and shared > 0:
                late.blend_in, early.blend_out = shared, shared if additive else 0.0
                stack.influence(late, influence)


def _hand(owner: Owner, chosen: settings.LayerSettings, table: dict[str, str]) -> None:
    """Arrange the active action, and what is below it in regions that it replaces."""
    data, action = stack.data_of(owner), hand_action(owner)
    modes = {region: getattr(chosen.hand, region) for region in _IN[owner.word]}
    data.action_blend_type = owner.additive
    data.action_extrapolation = "HOLD"
    data.action_influence = 0.0 if settings.silent(chosen, "hand") else chosen.hand.influence
    group_regions(owner, action, table)
    _mute_regions(owner, action, {r for r, mode in modes.items() if mode == "OFF"})
    for place, strip in stack.strips(owner, "hand", record.BASE):
        stack.drop(owner, place, strip)
    below = [pair for layer in DRIVEN for pair in stack.strips(owner, layer)]
    if not below and set(modes.values()) == {"REPLACE"}:
        data.action_blend_type = "REPLACE"  # plain keys, as baking leaves them
    elif "REPLACE" in modes.values():
        hidden = {region for region, mode in modes.items() if mode != "REPLACE"}
        action = _base_action(owner, "hand", table, hidden)
        strip = stack.put(owner, "hand base", "hand base", action, 1, 2)
        strip.extrapolation = "HOLD"
        stack.influence(strip, chosen.hand.influence)


def _base_action(
    owner: Owner, layer: str, table: dict[str, str], hidden: set[str]
) -> bpy.types.Action:
    """Neutral values of all channels outside ``hidden`` regions."""
    channels = dict.fromkeys(
        channel
        for kind, of in ((record.REST, stack.REST), *((record.DRIVEN, one) for one in DRIVEN))
        for _, strip in stack.strips(owner, of, kind)
        for channel in keys.curves(strip.action, owner.id)
    )
    if layer == "hand":
        channels |= dict.fromkeys(keys.curves(stack.data_of(owner).action, owner.id))
    shown = [channel for channel in channels if table.get(channel[0], "") not in {*hidden, ""}]
    action = keys.new_action(owner.id, f"{layer} base {owner.word}")
    record.mark(action, layer, record.BASE)
    values = np.array([[neutral(owner, channel)] for channel in shown]).reshape(-1, 1)
    keys.write(action, owner.id, shown, np.ones(1), values)
    return action


def group_regions(owner: Owner, action: bpy.types.Action, table: dict[str, str]) -> None:
    """Sort F-curves into groups named after their regions."""
    holder = keys.bag(action, owner.id)
    for curve in holder.fcurves:
        region = table.get(curve.data_path)
        if region and (curve.group is None or curve.group.name != region):
            curve.group = keys.group(holder, region)


def _mute_regions(owner: Owner, action: bpy.types.Action, off: set[str]) -> None:
    for group in keys.bag(action, owner.id).groups:
        if group.name in _IN[owner.word] and group.mute != (group.name in off):
            group.mute = group.name in off


def _mutes(owner: Owner, chosen: settings.LayerSettings) -> None:
    """Mute the tracks of layers that do not show; all of ours once they are baked."""
    for layer in LAYERS:
        hidden = chosen.baked or settings.silent(chosen, layer)
        kinds = (record.DRIVEN, record.EDITS, record.BASE, record.HAND)
        for place, _ in (pair for kind in kinds for pair in stack.strips(owner, layer, kind)):
            if place.mute != hidden:
                place.mute = hidden
