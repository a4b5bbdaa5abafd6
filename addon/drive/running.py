# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that wait for the backend: generators, advanced by a timer or by a loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import bpy

from ..core.client import Backend, Progress
from ..core.errors import InputError
from ..subject import objects
from ..subject.objects import SubjectObjects

T = TypeVar("T")
#: A job yields True where it only waits, None where it has more to do.
Job = Generator[Any, None, T]
#: The connection, made where it is not there yet; called in a worker thread.
Connect = Callable[[Progress], Backend]


@dataclass(frozen=True, slots=True)
class Placed:
    """A strip that was made: on whom, from which frame, how many frames."""

    name: str
    subject: str
    start: int
    frames: int


@dataclass(slots=True)
class Driven:
    """What a job did.

    Attributes:
        placed: strips that were made.
        failed: names of those that could not be, and why.
        notes: what else a person should know.
    """

    placed: list[Placed] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """One line for a person."""
        frames = sum(placed.frames for placed in self.placed)
        done = len(self.placed)
        text = f"{frames} frames" if done == 1 else f"{done} strips, {frames} frames"
        if done == 1:
            text += f" from {self.placed[0].name}"
        if self.failed:
            total = done + len(self.failed)
            first, why = self.failed[0]
            more = f" (and {len(self.failed) - 1} more)" if len(self.failed) > 1 else ""
            text = f"{done} of {total} strips driven; {first}: {why}{more}"
        return "; ".join([text, *dict.fromkeys(self.notes)])


class Overall:
    """Progress over several pieces of work as if they were one.

    Args:
        report: told stage, fraction and seconds left.
        amounts: how much work each piece is, in any unit.
    """

    def __init__(self, report: Progress, amounts: list[float]) -> None:
        self._report, self._amounts = report, amounts
        self._total = max(sum(amounts), 1e-9)
        self._before, self._own, self._label = 0.0, 0.0, ""
        self._started = time.monotonic()

    def begin(self, index: int, name: str) -> None:
        """From now on reports are of the piece number ``index``."""
        self._before, self._own = sum(self._amounts[:index]), self._amounts[index]
        several = len(self._amounts) > 1
        self._label = f"{index + 1} of {len(self._amounts)}: {name}, " if several else ""
        self("starting", 0.0, -1.0)

    def __call__(self, stage: str, fraction: float, seconds_left: float) -> None:
        """A :data:`..core.client.Progress`."""
        done = (self._before + self._own * fraction) / self._total
        spent = time.monotonic() - self._started
        left = spent * (1 / done - 1) if done > 0.02 else -1.0
        self._report(self._label + stage, done, left if len(self._amounts) > 1 else seconds_left)


def finish(job: Job[T]) -> T:
    """Run a job to its end, blocking; for scripts and batch mode."""
    try:
        while True:
            if next(job):
                time.sleep(0.002)
    except StopIteration as done:
        return done.value


def scene_named(name: str) -> bpy.types.Scene:
    """A scene that may have gone while something was waited for."""
    scene = bpy.data.scenes.get(name)
    if scene is None:
        raise InputError(f"scene: {name} is gone; nothing more is made")
    return scene


def subject_named(name: str) -> SubjectObjects:
    """A subject, by its rig, that may have gone while something was waited for."""
    return objects.find(bpy.data.objects.get(name))


def rate_of(scene: bpy.types.Scene) -> float:
    """Frames a second, ``fps_base`` included.

    Raises:
        InputError: more or fewer than can be driven.
    """
    fps = scene.render.fps / scene.render.fps_base
    if not 1.0 <= fps <= 240.0:
        raise InputError(f"fps: expected a scene of 1 to 240 frames a second, got {fps:g}")
    return fps


def extend(scene: bpy.types.Scene, placed: Placed) -> None:
    """Let the scene's range hold a strip's end."""
    scene.frame_end = max(scene.frame_end, placed.start + placed.frames - 1)
