# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene's pictures beside its .blend, and the record of what made each; no bpy.

The folder is all that a .blend refers to, so both may be moved together. Pictures come
into it from the backend or from the cache; a file that was changed, cut short or deleted
by hand does not fit the record any more and is made again.
"""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import asdict, dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from .cache import FrameCache, write_whole
from .errors import OutputError

RECORD = "frames.json"
VERSION = 1


class State(IntEnum):
    """How a frame's picture stands to what the scene shows."""

    MISSING = 0  # there is none
    STALE = 1  # it shows something else
    CACHED = 2  # the right one is in the cache
    FRESH = 3  # the right one is in the folder


@dataclass(frozen=True, slots=True)
class Entry:
    """What made a file, and the file as it was written.

    Attributes:
        key: of :func:`.cache.key`.
        sha256: of the file, hex.
        size: bytes.
        changed: the file's time, nanoseconds.
    """

    key: str
    sha256: str
    size: int
    changed: int


class Shelf:
    """Pictures in a folder. Every method may be called from any thread.

    Attributes:
        asked: what the pictures were asked for with, as the caller noted it; see :meth:`note`.

    Args:
        folder: must exist.
        cache: of pictures of all scenes, or None.
    """

    def __init__(self, folder: Path, cache: FrameCache | None = None) -> None:
        self.folder = folder
        self._cache = cache
        self._lock = threading.Lock()
        self._entries: dict[int, Entry] = {}
        self._frames: dict[str, int] = {}  # key -> a frame that has it
        self.asked: dict[str, Any] = {}
        self._changed = False
        self._read()

    @staticmethod
    def name(frame: int) -> str:
        """The file of a frame."""
        return f"frame_{frame:05d}.png"

    def path(self, frame: int) -> Path:
        return self.folder / self.name(frame)

    def state(self, frame: int, key: str) -> State:
        """How a frame stands, where ``key`` is what it should be; reads the file at most."""
        if self._holds(frame, key):
            return State.FRESH
        if self._cache is not None and self._cache.find(key):
            return State.CACHED
        return State.STALE if self.path(frame).exists() else State.MISSING

    def fetch(self, frame: int, key: str) -> bool:
        """Whether the right picture is in its place now, from wherever it could be had.

        Raises:
            OutputError: it could not be written.
        """
        if self._holds(frame, key):
            return True
        data = self._cache.read(key) if self._cache else None
        if data is None:
            with self._lock:
                twin = self._frames.get(key)
            if twin is None or not self._holds(twin, key):
                return False
            data = self.path(twin).read_bytes()
        self._write(frame, key, data)
        return True

    def deliver(self, frame: int, key: str, data: bytes) -> None:
        """Put a picture that came into its place, and into the cache.

        Raises:
            OutputError: it could not be written; what was there before stays.
        """
        self._write(frame, key, data)
        if self._cache is not None:
            try:
                self._cache.put(key, data)
            except OSError:
                self._cache = None  # it only saves time; the folder has the picture

    def note(self, **asked: Any) -> None:
        """Remember what the pictures are asked for with: JSON's kinds of values."""
        with self._lock:
            self._changed |= asked != self.asked
            self.asked = asked

    def keys(self) -> dict[int, str]:
        """Frame -> key of what is in the folder, as far as the record says."""
        with self._lock:
            return {frame: entry.key for frame, entry in self._entries.items()}

    def save(self) -> None:
        """Write the record where it has changed.

        Raises:
            OutputError: it could not be written; the one before stays.
        """
        with self._lock:
            if not self._changed:
                return
            frames = {str(frame): asdict(entry) for frame, entry in sorted(self._entries.items())}
            text = json.dumps({"version": VERSION, "asked": self.asked, "frames": frames})
            self._changed = False
        try:
            self._put(self.folder / RECORD, text.encode())
        except OutputError:
            self._changed = True  # still to be written
            raise

    def _holds(self, frame: int, key: str) -> bool:
        """Whether a frame's file is what ``key`` made, untouched since."""
        with self._lock:
            entry = self._entries.get(frame)
        if entry is None or entry.key != key:
            return False
        path = self.path(frame)
        try:
            about = path.stat()
            if about.st_size != entry.size:
                return False
            if about.st_mtime_ns == entry.changed:
                return True
            if hashlib.sha256(path.read_bytes()).hexdigest() != entry.sha256:
                return False
        except OSError:
            return False
        self._enter(frame, Entry(key, entry.sha256, entry.size, about.st_mtime_ns))  # moved
        return True

    def _write(self, frame: int, key: str, data: bytes) -> None:
        path = self.path(frame)
        self._put(path, data)
        about = path.stat()
        sha256 = hashlib.sha256(data).hexdigest()
        self._enter(frame, Entry(key, sha256, about.st_size, about.st_mtime_ns))

    def _enter(self, frame: int, entry: Entry) -> None:
        with self._lock:
            self._entries[frame] = entry
            self._frames[entry.key] = frame
            self._changed = True

    def _put(self, path: Path, data: bytes) -> None:
        try:
            write_whole(path, data)
        except OSError as error:
            raise OutputError(f"{path}: {error.strerror or error}") from error

    def _read(self) -> None:
        """Take over the record that is there; one that cannot be read counts for nothing."""
        try:
            told = json.loads((self.folder / RECORD).read_text("utf-8"))
            if told["version"] != VERSION:
                return
            entries = {int(frame): Entry(**entry) for frame, entry in told["frames"].items()}
            asked = dict(told["asked"])
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return
        self._entries, self.asked = entries, asked
        self._frames = {entry.key: frame for frame, entry in entries.items()}
