"""The folder of a report: results of finished tasks, which a later run may keep."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from facewright.errors import OutputError
from facewright.media.files import output_error, write_bytes


class Store:
    """Results of finished tasks: numbers as JSON and the sheet as JPEG, one pair each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "clips"

    def write(self, numbers: dict[str, Any], mark: str, sheet: bytes) -> None:
        """Keep a result; the numbers last, since they say that it is whole."""
        name = _file_name(numbers["name"])
        self._make()
        write_bytes(self._folder / f"{name}.jpg", sheet)
        data = json.dumps({"mark": mark, "numbers": numbers}).encode()
        write_bytes(self._folder / f"{name}.json", data)

    def _make(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise output_error(self._folder, error) from error

    def film(self, name: str) -> Path:
        """Where the task's video goes; the folder is made."""
        self._make()
        return self._folder / f"{_file_name(name)}.mp4"

    def read(self, name: str, mark: str) -> dict[str, Any] | None:
        """A result that was kept with this mark, or None."""
        path = self._folder / f"{_file_name(name)}.json"
        try:
            kept = json.loads(path.read_bytes())
            whole = kept["mark"] == mark and self.sheet(name) != b""
            return kept["numbers"] if whole else None
        except (OSError, ValueError, KeyError, TypeError):
            return None  # absent or damaged: done again

    def sheet(self, name: str) -> bytes:
        """The JPEG of a finished task."""
        return (self._folder / f"{_file_name(name)}.jpg").read_bytes()


def _file_name(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_. " else "_" for c in name)[:120]


def check_folder(folder: Path) -> None:
    """Raise OutputError where a report cannot be written to ``folder``; makes nothing."""
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: exists and is not a folder; choose another name")
    near = folder.resolve()
    while not near.exists():
        near = near.parent
    if not near.is_dir() or not os.access(near, os.W_OK | os.X_OK):
        raise OutputError(f"{folder}: no permission to write into {near}")
