# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that waits for the network, away from Blender's main thread; no bpy.

bpy may only be used on the main thread, and in batch mode neither timers nor modal
operators run. So the work goes to a thread and reports through a queue, which a modal
timer drains in the interface and :meth:`Task.wait` in batch mode.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from .client import Progress


@dataclass(frozen=True, slots=True)
class Step:
    """How far the work is: a stage, a fraction 0..1, seconds left (negative: unknown)."""

    stage: str
    fraction: float
    seconds_left: float


class Task:
    """A call in a thread.

    Args:
        work: called with a :data:`.client.Progress`; its value is the task's.
        cancel: makes ``work`` end early; called from another thread.
    """

    def __init__(
        self, work: Callable[[Progress], Any], cancel: Callable[[], None] | None = None
    ) -> None:
        self._steps: queue.SimpleQueue = queue.SimpleQueue()
        self._cancel = cancel
        self._value: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(
            target=self._run, args=(work,), name="facewright-task", daemon=True
        )
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether :meth:`result` returns at once."""
        return not self._thread.is_alive()

    def poll(self, timeout: float = 0.0) -> Step | None:
        """The latest report since the last call; waits up to ``timeout`` seconds for one."""
        latest = None
        try:
            latest = self._steps.get(timeout=timeout) if timeout else self._steps.get_nowait()
            while True:
                latest = self._steps.get_nowait()
        except queue.Empty:
            return latest

    def cancel(self) -> None:
        """Ask the work to end; :meth:`result` then raises what it raised."""
        if self._cancel:
            self._cancel()

    def result(self) -> Any:
        """The value of the work, or its exception, raised here."""
        self._thread.join()
        if self._error:
            raise self._error
        return self._value

    def abandon(self, release: Callable[[Any], object]) -> None:
        """Nobody will ask for the value: ``release`` it in the task's thread once it is there."""
        threading.Thread(target=self._release, args=(release,), daemon=True).start()

    def wait(self, progress: Progress | None = None) -> Any:
        """Report until the work ends, then :meth:`result`; for batch mode."""
        try:
            while not self.done:
                step = self.poll(timeout=0.1)
                if step and progress:
                    progress(step.stage, step.fraction, step.seconds_left)
        except KeyboardInterrupt:
            self.cancel()
            raise
        return self.result()

    def _release(self, release: Callable[[Any], object]) -> None:
        self._thread.join()
        if self._error is None:
            release(self._value)

    def _run(self, work: Callable[[Progress], Any]) -> None:
        try:
            self._value = work(lambda *step: self._steps.put(Step(*step)))
        except BaseException as error:  # raised again by `result`, in the caller's thread
            self._error = error


def waited(task: Task, report: Progress) -> Generator[Any, None, Any]:
    """Yield True until a task is done; ``yield from`` gives its value."""
    while not task.done:
        if step := task.poll():
            report(step.stage, step.fraction, step.seconds_left)
        yield True
    return task.result()
