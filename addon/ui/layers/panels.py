# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel of layers: the topmost first, as they lie."""

from __future__ import annotations

import bpy

from ...core.errors import AddonError
from ...perform import follow, layers, record, settings, stack
from ...perform.channels import REGIONS, owners
from ...subject import objects
from ...subject.objects import SubjectObjects
from ..panels import Section


class LayersPanel(Section, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_layers"
    bl_label = "Layers"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012 - as Blender wants it

    def rows(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        who = _subject(context)
        if who is None:
            layout.label(text="Select a subject, or make one", icon="INFO")
            return
        chosen = settings.of(who.rig)
        if chosen.baked:
            layout.label(text="Baked: the layers are hidden", icon="INFO")
            layout.operator("facewright.restore_layers", icon="LOOP_BACK")
        column = layout.column()
        column.enabled = not chosen.baked
        opened = layers.opened(who)
        for layer in reversed(layers.LAYERS):
            _layer(column, who, layer, opened)
        _timing(layout, context, who)


class BakePanel(Section, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_bake"
    bl_label = "Bake and Simplify"
    bl_parent_id = "FACEWRIGHT_PT_layers"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012

    def rows(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        who = _subject(context)
        if who is None:
            return
        chosen = settings.of(who.rig)
        layout.prop(chosen, "bake_after")
        baking = layout.operator("facewright.bake", icon="ACTION")
        baking.after = chosen.bake_after
        layout.separator()
        for name in ("weight", "degrees", "millimetres", "smooth"):
            layout.prop(chosen, name)
        opened = layers.opened(who)
        wanted = "hand" if chosen.baked else opened
        label = "baked keys" if chosen.baked else f"{opened} layer"
        thinning = layout.operator(
            "facewright.simplify", text=f"Simplify Keys of {label.title()}", icon="IPO_BEZIER"
        )
        thinning.layer = wanted
        for name in ("weight", "degrees", "millimetres", "smooth"):
            setattr(thinning, name, getattr(chosen, name))


def _subject(context: bpy.types.Context) -> SubjectObjects | None:
    """The subject that is meant; None where it is not whole."""
    rig = objects.meant(context)
    try:
        return objects.find(rig) if rig is not None else None
    except AddonError:
        return None


def _layer(layout: bpy.types.UILayout, who: SubjectObjects, layer: str, opened: str) -> None:
    """A layer's row and, unfolded, its regions and strips."""
    one = getattr(settings.of(who.rig), layer)
    strips = _strips(who, layer)
    header, body = layout.panel(f"FACEWRIGHT_layer_{layer}", default_closed=True)
    title = f"{layer.capitalize()} ({len(strips)})" if strips else layer.capitalize()
    header.label(text=title)
    edit = header.row(align=True)
    edit.enabled = layer == "hand" or bool(strips)
    button = edit.operator(
        "facewright.edit_layer", text="Edit", icon="GREASEPENCIL", depress=opened == layer
    )
    button.layer = layer
    header.prop(one, "solo", text="", icon="SOLO_ON" if one.solo else "SOLO_OFF")
    header.prop(one, "mute", text="", icon="HIDE_ON" if one.mute else "HIDE_OFF")
    if body is None:
        return
    body.active = not one.mute
    body.prop(one, "influence")
    for region in REGIONS:
        body.prop(one, region)
    for name in strips:
        row = body.row(align=True)
        row.label(text=name, icon="NLA")
        gone = row.operator("facewright.remove_strip", text="", icon="X")
        gone.layer, gone.name = layer, name
    if layer == "hand":
        body.operator("facewright.clear_hand", icon="TRASH")


def _strips(who: SubjectObjects, layer: str) -> list[str]:
    """Names of a layer's strips, in time."""
    found = {
        record.name_of(strip.action): strip.frame_start
        for owner in owners(who)
        for _, strip in stack.strips(owner, layer)
    }
    return sorted(found, key=lambda name: found[name])


def _timing(layout: bpy.types.UILayout, context: bpy.types.Context, who: SubjectObjects) -> None:
    """Strips that no longer fit the sound or the frame rate."""
    rate = follow.stale(who, context.scene)
    if rate is not None:
        layout.label(text=f"Strips play for {rate:.5g} frames a second", icon="ERROR")
        layout.operator("facewright.retime", icon="TIME")
    layout.operator("facewright.follow_sounds", icon="SOUND")


CLASSES = (LayersPanel, BakePanel)
