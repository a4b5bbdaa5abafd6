# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's tweak mode: a strip's action stands in for the active one and can be edited."""

from __future__ import annotations

import bpy

from ..subject.objects import SubjectObjects
from .channels import owners


def leave(subject: SubjectObjects) -> dict[str, bpy.types.Action]:
    """Close what is open; which action of each owner it was."""
    was = {}
    for owner in owners(subject):
        data = owner.id.animation_data
        if data is not None and data.use_tweak_mode:
            was[owner.word] = data.action
            data.use_tweak_mode = False
    return was


def enter(subject: SubjectObjects, actions: dict[str, bpy.types.Action]) -> None:
    """Open the strips of these actions, by owner; one that has no strip any more is skipped."""
    wanted = {}
    for owner in owners(subject):
        data, action = owner.id.animation_data, actions.get(owner.word)
        if data is not None and action is not None and _choose(data, action):
            wanted[owner.word] = data
    if not wanted:
        return
    _enter_with_upper(subject)
    for word, data in wanted.items():
        if not data.use_tweak_mode:  # no window: the layers above do not show
            data.use_tweak_mode = True
        if data.action != actions[word]:
            data.use_tweak_mode = False


def _choose(data: bpy.types.AnimData, action: bpy.types.Action) -> bool:
    """Select the strip of ``action`` alone, which tells Blender what to open."""
    found = False
    for track in data.nla_tracks:
        track.select = False
        for strip in track.strips:
            strip.select = strip.action == action and not found
            if strip.select:
                found, track.select = True, True
                data.nla_tracks.active = track
    return found


def _enter_with_upper(subject: SubjectObjects) -> None:
    """Enter by Blender's operator, which alone can keep the tracks above in view.

    It needs an NLA editor and works on what is selected: an area that is not the
    caller's plays one for a moment.
    """
    context = bpy.context
    windows = context.window_manager.windows
    window = getattr(context, "window", None) or (windows[0] if len(windows) else None)
    areas = [area for area in window.screen.areas if area != context.area] if window else []
    layer = context.view_layer
    things = [thing for thing in (subject.face, subject.rig) if layer.objects.get(thing.name)]
    if not areas or (context.mode != "OBJECT" and context.mode != "POSE"):
        return
    area = max(areas, key=lambda one: (one.type == "NLA_EDITOR", one.width * one.height))
    kind, selected, active = area.type, list(context.selected_objects), layer.objects.active
    try:
        area.type = "NLA_EDITOR"
        sheet = area.spaces.active.dopesheet
        only, sheet.show_only_selected = sheet.show_only_selected, True
        for thing in layer.objects:
            if thing.select_get():
                thing.select_set(False)
        for thing in things:
            thing.select_set(True)
        region = next(one for one in area.regions if one.type == "WINDOW")
        with context.temp_override(window=window, area=area, region=region):
            if bpy.ops.nla.tweakmode_enter.poll():
                bpy.ops.nla.tweakmode_enter(isolate_action=False, use_upper_stack_evaluation=True)
        sheet.show_only_selected = only
    finally:
        area.type = kind
        for thing in things:
            thing.select_set(thing in selected)
        for thing in selected:
            thing.select_set(True)
        layer.objects.active = active
