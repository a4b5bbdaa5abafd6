# SPDX-License-Identifier: GPL-3.0-or-later
"""The backend in the interface: connect, progress of what runs, cancel."""

from __future__ import annotations

from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..core import handshake
from ..core.tasks import Task
from . import jobs, preferences, session
from .jobs import Job, JobOperator, wait
from .panels import characters, paragraph


class Connect(JobOperator, bpy.types.Operator):
    """Reach the backend, or start one on this computer"""

    bl_idname = "facewright.connect"
    bl_label = "Connect"

    def job(self, context: bpy.types.Context) -> Job:
        session.disconnect()
        settings = session.Settings.read()
        yield from wait(Task(lambda report: session.connect(settings, report)))
        self.report({"INFO"}, f"Connected: {session.state.summary}")


class Cancel(bpy.types.Operator):
    """Stop what runs"""

    bl_idname = "facewright.cancel"
    bl_label = "Cancel"

    def execute(self, context: bpy.types.Context) -> set[str]:
        session.state.cancelled = True
        if session.state.backend:
            session.state.backend.cancel()
        return {"FINISHED"}


class MainPanel(bpy.types.Panel):
    bl_label = "Facewright"
    bl_idname = "FACEWRIGHT_PT_main"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Facewright"

    def draw(self, context: bpy.types.Context) -> None:
        layout, state = self.layout, session.state
        if state.busy:
            left = f", {state.seconds_left:.0f} s left" if state.seconds_left >= 0 else ""
            row = layout.row(align=True)
            row.progress(factor=min(1.0, max(0.0, state.fraction)), text=f"{state.stage}{left}")
            row.operator("facewright.cancel", text="", icon="CANCEL")
            return
        width = characters(context)
        if state.backend and (state.process is None or state.started_here):
            layout.label(text=state.summary, icon="LINKED")
            for sentence in handshake.report(state.capabilities):
                paragraph(layout, sentence, width, "ERROR")
            return
        if state.process is not None and not state.started_here:
            said = state.process.lines[-1:] or [""]
            paragraph(layout, f"The backend has ended. {said[0]}".strip(), width, "ERROR")
        chosen = preferences.current()
        if chosen and (reason := session.offline(chosen.address.strip())):
            paragraph(layout, reason, width, "INTERNET_OFFLINE")
        layout.operator("facewright.connect", icon="UNLINKED")


@persistent
def _before_another_file(*_: Any) -> None:
    """What runs works on the scene that goes; the connection stays for the next."""
    if session.state.busy:
        jobs.stop()
        session.disconnect()  # ends the calls that nobody waits for any more


_CLASSES = (
    Connect,
    Cancel,
    MainPanel,
)


def register() -> None:
    for kind in _CLASSES:
        bpy.utils.register_class(kind)
    bpy.app.handlers.load_pre.append(_before_another_file)


def unregister() -> None:
    bpy.app.handlers.load_pre.remove(_before_another_file)
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
