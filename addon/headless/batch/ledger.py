# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done of a batch: a folder beside the manifest, a file an item.

Files of their own let several computers work on parts of one list. Each is replaced
atomically, and says of which inputs and options its outputs were made, so that what
changed is made anew and what did not is skipped.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...core.errors import OutputError
from .manifest import Item

_VERSION = 1
#: An item's outcomes.
DONE, FAILED, CANCELLED = "done", "failed", "cancelled"

Record = dict[str, Any]


class Ledger:
    """The folder ``<manifest>_batch`` beside a manifest.

    Attributes:
        folder: itself.

    Raises:
        OutputError: it cannot be made.
    """

    def __init__(self, manifest: Path) -> None:
        path = manifest.resolve()
        self._base = path.parent
        self.folder = path.with_name(f"{path.name.replace('.', '_')}_batch")
        self._digests: dict[tuple[str, int, int], str] = {}
        try:
            for folder in (self.folder / "items", self.folder / "logs"):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{error.filename}: {error.strerror}") from error

    def log(self, item: Item) -> Path:
        """Where an item's process tells what it does."""
        return self.folder / "logs" / f"{item.name}.log"

    def recipe(self, item: Item) -> str:
        """A digest of an item's options and of its inputs' contents."""
        told = {}
        for name, value in sorted(item.values.items()):
            if name in item.inputs:
                told[name] = self.digest(value)
            elif value not in (None, "", ()):
                told[name] = self._told(value) if isinstance(value, Path) else str(value)
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def digest(self, file: Path) -> str:
        """SHA-256 of a file; read once while it does not change."""
        status = file.stat()
        key = (str(file), status.st_size, status.st_mtime_ns)
        if key not in self._digests:
            with file.open("rb") as stream:
                self._digests[key] = hashlib.file_digest(stream, "sha256").hexdigest()
        return self._digests[key]

    def write(self, item: Item, record: Record) -> None:
        """Keep how an item came out; with its outputs' digests where it is done."""
        record = {"version": _VERSION, "row": item.row, "line": item.line, **record}
        if record["status"] == DONE:
            record["outputs"] = {
                self._told(file): self.digest(file)
                for path in item.outputs
                for file in _files(path)
            }
        replace(self._record(item), json.dumps(record, indent=1, ensure_ascii=False) + "\n")

    def read(self, item: Item) -> Record | None:
        """How an item came out last; None where it was not begun."""
        try:
            record = json.loads(self._record(item).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return record if isinstance(record, dict) and record.get("version") == _VERSION else None

    def finished(self, item: Item) -> Record | None:
        """The record of an item whose outputs are whole and made of what it says now."""
        record = self.read(item)
        if record is None or record.get("status") != DONE or not self.current(item, record):
            return None
        outputs = record.get("outputs")
        if not isinstance(outputs, dict) or not outputs:
            return None
        try:
            whole = all(self.digest(self.place(name)) == told for name, told in outputs.items())
        except OSError:
            return None
        return record if whole else None

    def current(self, item: Item, record: Record) -> bool:
        """Whether a record is of the inputs and options that an item has now."""
        try:
            return record.get("recipe") == self.recipe(item)
        except OSError:  # an input has gone
            return False

    def place(self, name: str) -> Path:
        """The output that a record calls ``name``."""
        return self._base / name

    def _told(self, path: Path) -> str:
        """A path from the list's folder on, as which all computers know it."""
        try:
            return Path(os.path.relpath(path, self._base)).as_posix()
        except ValueError:  # another drive
            return str(path)

    def _record(self, item: Item) -> Path:
        return self.folder / "items" / f"{item.name}.json"


def replace(path: Path, text: str) -> None:
    """Write a file so that there is the old one or the new, whatever happens.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}") from error


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(each for each in path.rglob("*") if each.is_file())
    elif path.is_file():
        yield path
