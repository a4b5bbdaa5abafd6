# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that wait without holding Blender up.

A job is a generator on the main thread: it starts a :class:`..core.tasks.Task` for what waits
for the network and yields until that is done. In the interface a modal timer advances it;
called from a script or in batch mode, where timers never tick, a loop does. A job yields
:data:`LATER` where nothing can be done before something arrives, so that nobody spins.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import bpy

from ..core.errors import AddonError, Cancelled, OutputError
from ..core.tasks import Task, waited
from . import session

#: What a job yields where it only waits; nothing (None) where it has more to do.
LATER = True
Job = Generator[Any, None, None]
#: Told where undo, or deleting something, takes a job's scene or subject from under it.
GONE = "Undone or deleted while it ran: nothing more is made; press the button again"
#: Operators whose jobs run; one at a time.
_running: list[JobOperator] = []
#: Seconds of each timer tick that a job may take from the interface.
_SLICE = 0.01
#: Seconds between ticks.
_TICK = 0.02


class JobOperator:
    """What every job's operator shares; ``job`` is the work."""

    bl_options: ClassVar[set[str]] = {"REGISTER"}
    _timer: bpy.types.Timer | None = None
    _job: Job
    _later = False
    report: Callable[[set[str], str], None]  # Blender's

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not session.state.busy

    def job(self, context: bpy.types.Context) -> Job:
        raise NotImplementedError

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Run to the end; for scripts and batch mode."""
        status = self._begin(context)
        try:
            while status == {"RUNNING_MODAL"}:
                status = self._advance()
                time.sleep(0.001 if self._later else 0.0)
        except KeyboardInterrupt:
            session.state.cancelled = True
            status = self._advance()
        return status

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Run beside the interface."""
        status = self._begin(context)
        manager = context.window_manager
        self._timer = manager.event_timer_add(_TICK, window=context.window)
        manager.modal_handler_add(self)
        return status

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        until = time.monotonic() + _SLICE
        status = self._advance()
        while status == {"RUNNING_MODAL"} and not self._later and time.monotonic() < until:
            status = self._advance()
        for window in context.window_manager.windows:
            for area in window.screen.areas:
                if area.type in ("VIEW_3D", "PREFERENCES"):
                    area.tag_redraw()
        return status if status != {"RUNNING_MODAL"} else {"PASS_THROUGH"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator, as when another file is opened."""
        self._end()

    def _begin(self, context: bpy.types.Context) -> set[str]:
        state = session.state
        state.busy, state.cancelled = True, False
        state.report("starting", 0.0, -1.0)
        self._job = self.job(context)
        _running.append(self)
        return {"RUNNING_MODAL"}

    def _advance(self) -> set[str]:
        """One step of the job; the operator's status."""
        try:
            if session.state.cancelled:
                raise Cancelled("cancelled")
            self._later = next(self._job) is LATER
            return {"RUNNING_MODAL"}
        except StopIteration:
            status = {"FINISHED"}
        except Cancelled:
            session.disconnect()
            self.report({"INFO"}, "Cancelled")
            status = {"CANCELLED"}
        except AddonError as error:
            self.report({"ERROR"}, str(error))
            status = {"CANCELLED"}
        except OSError as error:
            self.report({"ERROR"}, f"{error.filename}: {error.strerror}")
            status = {"CANCELLED"}
        except ReferenceError:  # Blender freed what the job works on
            self.report({"ERROR"}, GONE)
            status = {"CANCELLED"}
        except BaseException:  # a fault of ours; the panel must stay usable
            self._end()
            raise
        self._end()
        return status

    def _end(self) -> None:
        if self in _running:
            _running.remove(self)
        session.state.busy = False
        if self._timer:
            bpy.context.window_manager.event_timer_remove(self._timer)
            self._timer = None
        with suppress(ReferenceError):  # what it would put back may be gone
            self._job.close()


def stop() -> None:
    """End what runs, as before the add-on or the scene goes."""
    for operator in tuple(_running):
        if not getattr(operator._job, "gi_running", False):  # it is not a job's own step that asks
            operator._end()


def wait(task: Task) -> Generator[Any, None, Any]:
    """Yield :data:`LATER` until a task is done; ``yield from`` gives its value."""
    return waited(task, session.state.report)


def made_folder(folder: Path) -> Path:
    """``folder``, made where it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}") from error
    return folder
