# SPDX-License-Identifier: GPL-3.0-or-later
"""A batch's list: CSV with a heading, or one JSON object a line.

Everything that can be known without a backend is checked before any work, and everything
that is wrong is told at once, each with its line, column, value and remedy.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core.errors import InputError
from ..columns import BY_NAME, Column, conflicts

SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json")
MAX_BYTES, MAX_ITEMS = 64 << 20, 100_000
_TOLD = 20  # problems that are named; the rest is counted


class ManifestError(InputError):
    """A list that cannot be used; one problem a line."""


@dataclass(frozen=True, slots=True)
class Item:
    """A row of the list.

    Attributes:
        row: its number, from 1; what ``--rows`` counts.
        line: of the file that it is on.
        name: of its files beside the manifest: the output's, and a digest of its path.
        values: by column; what is not told is absent, paths are absolute.
    """

    row: int
    line: int
    name: str
    values: Mapping[str, Any]

    @property
    def output(self) -> Path:
        """The movie, or the folder of pictures."""
        return self.values["output"]

    @property
    def inputs(self) -> dict[str, Path]:
        """Files that it reads, by column."""
        return {n: v for n, v in self.values.items() if BY_NAME[n].kind == "input"}

    @property
    def outputs(self) -> list[Path]:
        """Files and folders that it writes; the scene's files' folder among them."""
        found = [v for n, v in self.values.items() if BY_NAME[n].kind == "output"]
        blend = self.values.get("blend")
        return [*found, blend.with_name(f"{blend.stem}_files")] if blend else found


def read(path: Path, defaults: Mapping[str, Any] | None = None) -> list[Item]:
    """Read and check a list.

    Args:
        path: of the manifest; paths in it are relative to its folder.
        defaults: values by column, where a row says nothing.

    Raises:
        ManifestError: a line for everything that is wrong.
    """
    problems: list[str] = []
    items: list[Item] = []
    folder = path.resolve().parent
    for line, told in _rows(path, problems):
        where = f"{path.name}:{line}"
        found = len(problems)
        values = _values(told, folder, where, problems)
        understood = len(problems) == found
        values = dict(defaults or {}) | values
        _check_files(values, where, problems)
        if understood:
            problems += [f"{where}: {name}: {wrong}" for name, wrong in conflicts(values)]
        if len(problems) == found:
            name = _name(values["output"], folder)
            items.append(Item(len(items) + 1, line, name, values))
    if not items and not problems:
        problems.append(f"{path.name}: expected at least one row beneath the heading, got none")
    _check_apart(items, path.name, problems)
    if problems:
        more = len(problems) - _TOLD
        problems[_TOLD:] = [f"{path.name}: and {more} more like these"] if more > 0 else []
        raise ManifestError("\n".join(problems))
    return items


def _rows(path: Path, problems: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, cells by column) of every row; empty cells are left out."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ManifestError(f"manifest: {path}: {error.strerror}") from error
    if path.suffix.lower() not in SUFFIXES:
        raise ManifestError(
            f"manifest: expected a file ending in {', '.join(SUFFIXES)}, got {path.name}"
        )
    if len(data) > MAX_BYTES:
        raise ManifestError(f"manifest: {path.name} has {len(data)} bytes, over {MAX_BYTES}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestError(
            f"manifest: {path.name} is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error
    read_rows = _csv if path.suffix.lower() in (".csv", ".tsv") else _json
    for count, row in enumerate(read_rows(path.name, text, problems)):
        if count == MAX_ITEMS:
            problems.append(f"{path.name}: more than {MAX_ITEMS} rows; divide it")
            return
        yield row


def _csv(name: str, text: str, problems: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    heading = text.partition("\n")[0]
    divider = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=divider, strict=True)
    columns: list[str] = []
    last = 0
    try:
        for cells in reader:
            line, last = last + 1, reader.line_num
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if not columns:
                columns = cells
                _check_heading(f"{name}:{line}", columns, problems)
                continue
            if len(cells) > len(columns):
                problems.append(
                    f"{name}:{line}: expected {len(columns)} cells as in the heading, got "
                    f"{len(cells)}; put quotes around text with {divider!r} in it"
                )
                continue
            told = zip(columns, cells, strict=False)
            yield line, {column: cell for column, cell in told if cell and column in BY_NAME}
    except csv.Error as error:
        problems.append(f"{name}:{reader.line_num}: {error}; look for an unclosed quote")


def _json(name: str, text: str, problems: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    for line, content in enumerate(text.split("\n"), 1):  # texts may hold other line ends
        if not content.strip():
            continue
        where = f"{name}:{line}"
        try:
            row = json.loads(content)
        except json.JSONDecodeError as error:
            problems.append(f"{where}: not JSON ({error.msg}, character {error.colno})")
            continue
        if not isinstance(row, dict):
            problems.append(f'{where}: expected an object, as {{"portrait": ...}}, one a line')
            continue
        _check_heading(where, list(row), problems)
        told = {}
        for column, value in row.items():
            if isinstance(value, list) and all(isinstance(word, str) for word in value):
                value = " ".join(value)
            if value is None or value == "" or column not in BY_NAME:
                continue
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                kind = type(value).__name__
                problems.append(f"{where}: {column}: expected text or a number, got {kind}")
                continue
            told[column] = value if isinstance(value, str) else repr(value)
        yield line, told


def _check_heading(where: str, columns: list[str], problems: list[str]) -> None:
    """Name unknown columns, and what was probably meant."""
    for column in columns:
        if column in BY_NAME:
            continue
        near = difflib.get_close_matches(column.lower(), BY_NAME, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(BY_NAME)}"
        problems.append(f"{where}: there is no column {column!r}; {hint}")
    for column in sorted({column for column in columns if columns.count(column) > 1}):
        problems.append(f"{where}: column {column!r} is there more than once")


def _values(
    told: Mapping[str, str], folder: Path, where: str, problems: list[str]
) -> dict[str, Any]:
    values = {}
    for name, text in told.items():
        column: Column = BY_NAME[name]
        try:
            value = column.parse(text)
        except ValueError as error:
            problems.append(f"{where}: {name}: {error}")
            continue
        values[name] = folder / value if isinstance(value, Path) else value
    return values


def _check_files(values: Mapping[str, Any], where: str, problems: list[str]) -> None:
    for name, value in values.items():
        match BY_NAME[name].kind:
            case "input" if not _holds(value, "is_file"):
                problems.append(f"{where}: {name}: there is no file {value}")
            case "input" if not value.stat().st_size:
                problems.append(f"{where}: {name}: {value} is empty (0 bytes)")
            case "output" if values.get("format") != "png" or name != "output":
                if _holds(value, "is_dir"):
                    problems.append(f"{where}: {name}: {value} is a folder; name a file")


def _holds(path: Path, what: str) -> bool:
    """``path.is_file()`` or ``path.is_dir()``; False for what no path can be."""
    try:
        return getattr(path, what)()
    except (OSError, ValueError):  # a name that is too long, such as a script
        return False


def _check_apart(items: list[Item], name: str, problems: list[str]) -> None:
    """No two rows write the same file, and none what another reads."""
    writers: dict[Path, Item] = {}
    readers = {file.resolve(): item for item in items for file in item.inputs.values()}
    for item in items:
        for path in (each.resolve() for each in item.outputs):
            other = writers.setdefault(path, item)
            if other is not item:
                problems.append(
                    f"{name}:{item.line}: {path} is also what line {other.line} writes; give "
                    "each its own"
                )
            if path in readers:
                problems.append(
                    f"{name}:{item.line}: {path} is what line {readers[path].line} reads; "
                    "write elsewhere"
                )
    for path, item in [*writers.items(), *readers.items()]:
        for folder in path.parents:  # one that is written is replaced as a whole
            if folder in writers and writers[folder] is not item:
                problems.append(
                    f"{name}:{item.line}: {path} is in what line {writers[folder].line} writes; "
                    "put it elsewhere"
                )


def _name(output: Path, folder: Path) -> str:
    """Stays the same while the row moves about in the list, and is safe as a file's name."""
    try:
        place = output.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        place = output.resolve().as_posix()
    stem = re.sub(r"[^\w.-]+", "_", output.stem)[:60].strip("._") or "item"
    return f"{stem}-{hashlib.sha256(place.encode()).hexdigest()[:8]}"
