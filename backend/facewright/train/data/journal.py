"""What was packed so far: one line a file, so that a stopped run goes on where it was."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from facewright.errors import InputError
from facewright.face.reading import read_limited
from facewright.media.files import output_error
from facewright.train.data.index import (
    MAX_FILE_BYTES,
    VERSION,
    Entry,
    Skipped,
    parse_entry,
    parse_skipped,
)
from facewright.train.data.sources import Source

FILE = "journal.jsonl"


@dataclass(frozen=True, slots=True)
class Record:
    """What became of one file.

    Attributes:
        source: as in :class:`~facewright.train.data.index.Entry`.
        stamp: changes when that file does.
        name: that it was given; unique.
        clips: what was made of it.
        reason: why that is nothing, else "".
    """

    source: str
    stamp: str
    name: str
    clips: tuple[Entry, ...] = ()
    reason: str = ""

    @property
    def skipped(self) -> Skipped:
        """As the index tells it."""
        return Skipped(self.source, self.reason)


class Journal:
    """The records of a pack's folder; made, or read where there are some.

    Raises:
        InputError: a folder that holds something else, or a pack made otherwise.
        OutputError: the folder cannot be made or written.
    """

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self._path = folder / FILE
        self._records: dict[str, Record] = {}
        self._files: set[str] = set()  # of all records that there ever were
        head = {"version": VERSION, **settings}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held = any(folder.iterdir())
        except OSError as error:
            raise output_error(folder, error) from error
        if self._path.is_file() and self._path.stat().st_size:
            self._read(head)
        elif held and not self._path.is_file():
            raise InputError(f"{folder}: holds something that is no pack; give another folder")
        else:
            self._append(head)

    def find(self, source: Source, stamp: str) -> Record | None:
        """The record of a file that has not changed and whose clips are there."""
        record = self._records.get(source.name)
        if record is None or (record.source, record.stamp) != (source.relative, stamp):
            return None
        present = all((self._path.parent / file).is_file() for file in _files(record.clips))
        return record if present else None

    def add(self, record: Record) -> None:
        """Keep a record; on the disk when this returns. Raises OutputError."""
        self._keep(record)
        self._append(asdict(record))

    def remove_strays(self, used: Sequence[Entry]) -> None:
        """Delete files of clips that this journal made and that ``used`` lacks."""
        for file in self._files - set(_files(used)):
            with suppress(OSError):
                (self._path.parent / file).unlink(missing_ok=True)

    def _keep(self, record: Record) -> None:
        self._records[record.name] = record
        self._files.update(_files(record.clips))

    def _append(self, tree: dict[str, Any]) -> None:
        try:
            with self._path.open("ab") as file:
                file.write(json.dumps(tree, ensure_ascii=False).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise output_error(self._path, error) from error

    def _read(self, head: dict[str, Any]) -> None:
        data = read_limited(self._path, "journal", MAX_FILE_BYTES)
        whole, _, rest = data.rpartition(b"\n")
        lines = whole.split(b"\n") if whole else []
        if rest:  # a line that was being written when the run was stopped
            self._path.write_bytes(whole + b"\n" if whole else b"")
        if not lines:
            self._append(head)
            return
        if _tree(lines[0]) != head:
            told = ", ".join(f"{key} {value}" for key, value in head.items())
            raise InputError(
                f"{self._path.parent}: a pack made otherwise than with {told}; give another"
                " folder, or remove this one"
            )
        for number, line in enumerate(lines[1:], 2):
            record = _record(f"{self._path}: line {number}", _tree(line))
            self._keep(record)


def _files(entries: Sequence[Entry]) -> list[str]:
    return [file for entry in entries for file in (entry.pictures_file, entry.points_file)]


def _tree(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _record(where: str, tree: Any) -> Record:
    if not isinstance(tree, dict) or tree.keys() != set(Record.__slots__):
        raise InputError(f"{where}: damaged; remove the folder and pack again")
    told = parse_skipped(where, {"source": tree["source"], "reason": tree["reason"]})
    clips = tree["clips"] if isinstance(tree["clips"], list) else [None]
    entries = tuple(parse_entry(f"{where}: clips[{k}]", clip) for k, clip in enumerate(clips))
    return Record(told.source, str(tree["stamp"]), str(tree["name"]), entries, told.reason)
