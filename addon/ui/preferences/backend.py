# SPDX-License-Identifier: GPL-3.0-or-later
"""Buttons for the backend on this computer: check its program, start it, stop it."""

from __future__ import annotations

import bpy

from ...core.backend_process import find_command, version_of
from ...core.client import Progress
from ...core.errors import AddonError
from ...core.tasks import Task
from .. import session
from ..jobs import Job, JobOperator, wait
from . import settings

#: Seconds that `facewright --version` may take; the first call after installing is slow.
CHECK_SECONDS = 60.0


class Checked:
    """What the last check found, for the panel.

    Attributes:
        command: that was checked, as the preferences had it.
        text: the release and its path, or why not; "" before the first check.
        good: whether it can be started.
    """

    command, text, good = "", "", False


def _look(command: str, progress: Progress) -> str:
    progress("asking for the version", 0.0, -1.0)
    words = find_command(command)
    return f"Facewright {version_of(words, CHECK_SECONDS)}: {' '.join(words)}"


class CheckBackend(JobOperator, bpy.types.Operator):
    """Run `facewright --version`, to see whether the backend can be started from here"""

    bl_idname = "facewright.check_backend"
    bl_label = "Check"

    def job(self, context: bpy.types.Context) -> Job:
        chosen = settings.current()
        given = chosen.command if chosen else ""
        command = bpy.path.abspath(given) if given else ""
        Checked.command, Checked.text, Checked.good = given, "", False
        try:
            text = yield from wait(Task(lambda report: _look(command, report)))
        except AddonError as error:
            Checked.text = str(error)
            raise
        Checked.text, Checked.good = text, True
        self.report({"INFO"}, text)


class StartBackend(JobOperator, bpy.types.Operator):
    """Start the backend on this computer; it ends with Blender"""

    bl_idname = "facewright.start_backend"
    bl_label = "Start Backend"

    def job(self, context: bpy.types.Context) -> Job:
        session.disconnect()
        chosen = settings.current()
        command = bpy.path.abspath(chosen.command) if chosen and chosen.command else ""
        here = session.Settings(command=command)
        yield from wait(Task(lambda report: session.connect(here, report)))
        self.report({"INFO"}, f"Started: {session.state.summary}")


class StopBackend(JobOperator, bpy.types.Operator):
    """End the backend that was started from here"""

    bl_idname = "facewright.stop_backend"
    bl_label = "Stop Backend"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not session.state.started_here:
            cls.poll_message_set("No backend was started from this Blender")
            return False
        return not session.state.busy

    def job(self, context: bpy.types.Context) -> Job:
        def stop(report: Progress) -> None:
            report("stopping the backend", 0.0, -1.0)
            session.close()

        yield from wait(Task(stop))
        self.report({"INFO"}, "Stopped")


CLASSES = (CheckBackend, StartBackend, StopBackend)
