# SPDX-License-Identifier: GPL-3.0-or-later
"""The preferences as the user sees them."""

from __future__ import annotations

import bpy

from ...core import handshake
from ...core.client import is_loopback
from .. import session
from ..panels import characters, paragraph
from . import cache, settings, storage
from .backend import Checked

#: Lines of the backend's log that are shown.
_LINES = 6


def draw(
    chosen: settings.FacewrightPreferences,
    layout: bpy.types.UILayout,
    context: bpy.types.Context,
) -> None:
    """Lay everything out."""
    layout.use_property_split = True
    layout.use_property_decorate = False
    width = characters(context)
    _backend(chosen, layout.column(heading=""), context, width)
    layout.separator()
    _cache(chosen, layout.column())


def _backend(
    chosen: settings.FacewrightPreferences,
    layout: bpy.types.UILayout,
    context: bpy.types.Context,
    width: int,
) -> None:
    layout.prop(chosen, "address", placeholder="start one on this computer")
    address = chosen.address.strip()
    if address:
        layout.prop(chosen, "token")
        if problem := settings.token_problem():
            paragraph(layout, problem, width, "ERROR")
        layout.prop(chosen, "certificate")
        _travels(layout, address, context, width)
    else:
        layout.prop(chosen, "command", placeholder="facewright")
        if Checked.text and Checked.command == chosen.command:
            paragraph(layout, Checked.text, width, "CHECKMARK" if Checked.good else "ERROR")
        paragraph(layout, "Starts a backend on this computer; nothing leaves it", width, "LOCKED")
    _state(layout, address, width)


def _travels(
    layout: bpy.types.UILayout, address: str, context: bpy.types.Context, width: int
) -> None:
    """What a backend on another computer means."""
    if is_loopback(address):
        paragraph(layout, "On this computer; nothing leaves it", width, "LOCKED")
        return
    if session.offline(address):
        alert = layout.column()
        alert.alert = True
        paragraph(
            alert,
            "Blender works offline, and this address is another computer: nothing is sent "
            "until online access is allowed",
            width,
            "INTERNET_OFFLINE",
        )
        layout.prop(context.preferences.system, "use_online_access", text="Allow Online Access")
        return
    paragraph(
        layout,
        "Photographs, voices, geometry and textured frames travel to this computer, over TLS",
        width,
        "INTERNET",
    )


def _state(layout: bpy.types.UILayout, address: str, width: int) -> None:
    state = session.state
    row = layout.row(align=True)
    if state.busy:
        row.label(text=state.stage.capitalize(), icon="SORTTIME")
        row.operator("facewright.cancel", icon="CANCEL")
    elif address:
        row.enabled = not session.offline(address)
        row.operator("facewright.connect", icon="LINKED" if state.backend else "UNLINKED")
    else:
        row.operator("facewright.check_backend", icon="CHECKMARK")
        row.operator("facewright.start_backend", icon="PLAY")
        row.operator("facewright.stop_backend", icon="PAUSE")
    if state.backend:
        paragraph(layout, f"Connected: {state.summary}", width, "LINKED")
        for sentence in handshake.report(state.capabilities):
            paragraph(layout, sentence, width, "ERROR")
    elif not address and not state.started_here and not state.busy:
        paragraph(layout, "Not started; whatever needs it starts it", width, "INFO")
    if state.process is not None and (lines := state.process.lines[-_LINES:]):
        box = layout.box().column(align=True)
        for line in lines:
            box.label(text=line)


def _cache(chosen: settings.FacewrightPreferences, layout: bpy.types.UILayout) -> None:
    folder = storage.cache_folder()
    layout.prop(chosen, "cache_folder", placeholder=str(folder))
    layout.prop(chosen, "cache_gigabytes")
    held = cache.size.of(folder)
    row = layout.row(align=True)
    used = f"{held / 1e9:.2f} GB" if held >= 1e8 else f"{held / 1e6:.1f} MB"
    row.label(text=f"{used} in use" if held >= 0 else "Counting")
    row.operator("facewright.clear_cache", icon="TRASH")
