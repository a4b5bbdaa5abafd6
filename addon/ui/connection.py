# SPDX-License-Identifier: GPL-3.0-or-later
"""The backend in the interface: connect, progress of what runs, cancel."""

from __future__ import annotations

import bpy

from ..core.tasks import Task
from . import session
from .jobs import Job, JobOperator, wait


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
        elif state.backend:
            layout.label(text=state.summary, icon="LINKED")
        else:
            layout.operator("facewright.connect", icon="UNLINKED")


_CLASSES = (
    Connect,
    Cancel,
    MainPanel,
)


def register() -> None:
    for kind in _CLASSES:
        bpy.utils.register_class(kind)


def unregister() -> None:
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
