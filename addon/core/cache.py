# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures by what made them, in a folder of bounded size; no bpy.

A picture's key is a hash of everything that it depends on, so what is found is never
stale. A file is the picture with its own SHA-256 behind it, which picture readers skip:
one that was cut short or damaged is found out and thrown away. Files appear whole or not
at all, and nothing is locked: several Blenders may share a folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

#: Behind the picture: this word, then 32 bytes of SHA-256.
_MARK = b"FWSHA256"
_TRAILER = len(_MARK) + 32
#: Files that were not finished are somebody's work for so long; seconds.
_ABANDONED = 3600.0
#: What is left of the limit after making room.
_KEPT = 0.9
#: What is ours in a folder that a user chose, which may hold other things: nothing else is
#: counted, and nothing else is ever removed.
_FOLDER = re.compile(r"[0-9a-f]{2}")
_FILE = re.compile(r"([0-9a-f]{64})\.png|\.([0-9a-f]{64})\.png\.[0-9a-f]+\.part")


def key(fingerprint: str, geometry: Sequence[bytes]) -> str:
    """(64 hex digits) of a picture.

    Args:
        fingerprint: of the stream: ``AnimateReady.fingerprint``.
        geometry: digests of what is seen from ``reach`` frames before it to ``reach``
            after it, in order, with those that stand in where one lacks.
    """
    digest = hashlib.sha256(f"frame 1 {fingerprint} {len(geometry)}\n".encode())
    for one in geometry:
        digest.update(len(one).to_bytes(4, "little"))
        digest.update(one)
    return digest.hexdigest()


def write_whole(path: Path, *parts: bytes) -> None:
    """Write a file so that it is there in full or not at all.

    Raises:
        OSError: no room, no such folder, not allowed; what was there before stays.
    """
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        with scratch.open("xb") as file:
            for part in parts:
                file.write(part)
        scratch.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            scratch.unlink()
        raise


class FrameCache:
    """A folder of pictures; the least recently used go where it grows beyond its limit.

    Every method may be called from any thread.

    Args:
        folder: made when the first picture comes.
        limit_bytes: of all files together; 0 or more.
    """

    key = staticmethod(key)

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self.folder, self.limit_bytes = folder, limit_bytes
        self._lock = threading.Lock()
        self._bytes: int | None = None  # an estimate: others write here too
        self._since = 0  # bytes put since the folder was last looked through

    def path(self, key: str) -> Path:
        """Where a picture would be."""
        return self.folder / key[:2] / f"{key}.png"

    def read(self, key: str) -> bytes | None:
        """A picture's bytes, or None where it is not there, or damaged."""
        path = self.path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        body, trailer = data[:-_TRAILER], data[-_TRAILER:]
        if trailer != _MARK + hashlib.sha256(body).digest():
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # it was of use: others go first
        return body

    def find(self, key: str) -> Path | None:
        """The file of a picture that is there and sound, or None."""
        return None if self.read(key) is None else self.path(key)

    def put(self, key: str, data: bytes) -> Path:
        """Keep a picture; others make room.

        Raises:
            OSError: it could not be written; nothing is left of it.
        """
        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data, _MARK, hashlib.sha256(data).digest())
        with self._lock:
            size = len(data) + _TRAILER
            self._since += size
            if self._bytes is not None:
                self._bytes += size
            # Others' pictures are seen when a tenth of the limit was put since.
            due = self._bytes is None or self._since > self.limit_bytes * (1 - _KEPT)
            if due or (self._bytes or 0) > self.limit_bytes:
                self._bytes, self._since = self._trim(path), 0
        return path

    def clear(self) -> None:
        """Remove every picture."""
        with self._lock:
            for entry in self._files():
                _remove(entry.path)
            self._bytes = None

    def size(self) -> int:
        """Bytes of all pictures, counted now."""
        return sum(_stat(entry)[1] for entry in self._files())

    def _trim(self, newest: Path) -> int:
        """Remove what is too much, least recently used first; the bytes that stay."""
        found, now = [], time.time()
        for entry in self._files():
            used, size = _stat(entry)
            if entry.name.endswith(".part"):
                if now - used > _ABANDONED:
                    _remove(entry.path)
            elif size:
                found.append((used, size, entry.path))
        total = sum(size for _, size, _ in found)
        if total <= self.limit_bytes:
            return total
        for _, size, path in sorted(found):
            if total <= self.limit_bytes * _KEPT:
                break
            if Path(path) != newest:
                _remove(path)
                total -= size
        return total

    def _files(self) -> Iterator[os.DirEntry]:
        for folder in _entries(self.folder):
            if _FOLDER.fullmatch(folder.name) and folder.is_dir():
                for entry in _entries(folder.path):
                    found = _FILE.fullmatch(entry.name)
                    if found and (found[1] or found[2]).startswith(folder.name):
                        yield entry


def _entries(folder: Path | str) -> list[os.DirEntry]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def _stat(entry: os.DirEntry) -> tuple[float, int]:
    """When a file was last used, and its size; size 0 where it has gone."""
    try:
        about = entry.stat()
    except OSError:
        return 0.0, 0
    return about.st_mtime, about.st_size


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):  # another Blender was faster
        Path(path).unlink()
