# SPDX-License-Identifier: GPL-3.0-or-later
"""How much the texture cache takes, and a button that empties it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import bpy

from ...core.cache import FrameCache
from ...core.client import Progress
from ...core.tasks import Task
from ..jobs import Job, JobOperator, wait
from . import storage

#: Seconds that a count of the cache is shown before it is counted again.
_FRESH = 5.0


class _Size:
    """The cache as counted last; a large folder takes too long for drawing."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folder: Path | None = None
        self._bytes, self._at = -1, 0.0

    def of(self, folder: Path) -> int:
        """Bytes in ``folder``; -1 while they are counted for the first time."""
        now = time.monotonic()
        with self._lock:
            if folder != self._folder:
                self._folder, self._bytes, self._at = folder, -1, 0.0
            due = now - self._at > _FRESH or not self._at
            if due:
                self._at = now
            known = self._bytes
        if due:
            name = "facewright-cache-size"
            threading.Thread(target=self.count, args=(folder,), name=name, daemon=True).start()
        return known

    def count(self, folder: Path) -> int:
        """Count now; any thread."""
        size = FrameCache(folder, 0).size()
        with self._lock:
            if folder == self._folder:
                self._bytes, self._at = size, time.monotonic()
        return size


size = _Size()


class ClearCache(JobOperator, bpy.types.Operator):
    """Remove every textured frame that is kept; pictures beside your .blend files stay"""

    bl_idname = "facewright.clear_cache"
    bl_label = "Clear Cache"

    def job(self, context: bpy.types.Context) -> Job:
        folder = storage.cache_folder()

        def clear(report: Progress) -> int:
            report("clearing the cache", 0.0, -1.0)
            cache = FrameCache(folder, 0)
            before = cache.size()
            cache.clear()
            return before - size.count(folder)

        freed = yield from wait(Task(clear))
        self.report({"INFO"}, f"Freed {freed / 1e6:.1f} MB")


CLASSES = (ClearCache,)
