"""``index.json``: what a pack says of its clips. Read as a stranger's, so each entry is checked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from facewright.errors import InputError
from facewright.face.reading import brief, read_limited
from facewright.media.files import write_bytes

FORMAT, VERSION = "facewright.pack", 1
NAME = "index.json"
#: Sides of a picture in pixels, frames of a clip, and bytes of a file that are read.
SIZES = (64, 512)
MAX_FRAMES = 1024
MAX_FILE_BYTES = 1 << 29
#: Who learns and who is held out.
SPLITS = ("train", "validation")

_MAX_TEXT = 2000
_FILE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,159}")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One clip, or one portrait, of a pack.

    Attributes:
        name: of its files, without suffix; unique in the pack.
        identity: who is on it.
        split: "train" or "validation".
        fps: frames a second; 0 for a portrait.
        count: frames.
        size: pixels of a frame's side.
        source: the file it was cut from, relative to the folder that was packed.
        source_sha256: of that file.
        first: the frame of the source that is its first.
        box: (x0, y0, side) of its square in the source, pixels.
        credit: licence and credit as far as they were given.
        pictures_sha256, points_sha256: of its two files.
    """

    name: str
    identity: str
    split: str
    fps: float
    count: int
    size: int
    source: str
    source_sha256: str
    first: int
    box: tuple[int, int, int]
    credit: str
    pictures_sha256: str
    points_sha256: str

    @property
    def is_still(self) -> bool:
        """Whether it is a portrait, kept as a PNG, and not a video."""
        return self.fps == 0

    @property
    def pictures_file(self) -> str:
        """The file of its frames."""
        return self.name + (".png" if self.is_still else ".mp4")

    @property
    def points_file(self) -> str:
        """The file of its landmarks."""
        return self.name + ".npz"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is not in the pack, and why."""

    source: str
    reason: str


def write_index(
    folder: Path, size: int, entries: Iterable[Entry], skipped: Iterable[Skipped]
) -> None:
    """Write ``index.json``, whole or not at all. Raises OutputError."""
    tree = {
        "format": FORMAT,
        "version": VERSION,
        "size": size,
        "clips": [asdict(entry) for entry in entries],
        "skipped": [asdict(file) for file in skipped],
    }
    text = json.dumps(tree, ensure_ascii=False, indent=1) + "\n"
    write_bytes(folder / NAME, text.encode("utf-8"))


def read_index(folder: Path) -> tuple[int, tuple[Entry, ...], tuple[Skipped, ...]]:
    """The frames' side, the clips, and what was left out.

    Raises:
        InputError: no pack, one of another version, or an entry that cannot be.
    """
    path = folder / NAME
    if not path.exists():
        raise InputError(f"{folder}: not a pack (no {NAME}); `facewright data pack` makes one")
    try:
        tree = json.loads(read_limited(path, "index", MAX_FILE_BYTES))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON ({brief(error)})") from error
    if not isinstance(tree, dict) or tree.get("format") != FORMAT:
        raise InputError(f"{path}: not the index of a pack")
    if tree.get("version") != VERSION:
        raise InputError(
            f"{path}: pack of version {tree.get('version')!r}, this one reads {VERSION}; pack again"
        )
    size = _whole(f"{path}: size", tree.get("size"), *SIZES)
    clips = _list(f"{path}: clips", tree.get("clips"))
    entries = tuple(parse_entry(f"{path}: clips[{k}]", clip) for k, clip in enumerate(clips))
    names = [entry.name for entry in entries]
    if len(set(names)) != len(names):
        twice = next(name for k, name in enumerate(names) if name in names[:k])
        raise InputError(f"{path}: clips: {twice!r} is there twice")
    for entry in entries:
        if entry.size != size:
            raise InputError(f"{path}: {entry.name}: size: expected {size}, got {entry.size}")
    left = _list(f"{path}: skipped", tree.get("skipped"))
    return size, entries, tuple(parse_skipped(f"{path}: skipped", item) for item in left)


def parse_entry(where: str, tree: Any) -> Entry:
    """An entry from its JSON. Raises InputError that begins with ``where``."""
    _keys(where, tree, Entry)
    name = _text(f"{where}.name", tree["name"])
    if not _FILE_NAME.fullmatch(name):
        raise InputError(f"{where}.name: expected letters, digits, '.', '_', '-', got {name!r}")
    split = _text(f"{where}.split", tree["split"])
    if split not in SPLITS:
        raise InputError(f"{where}.split: expected {' or '.join(SPLITS)}, got {split!r}")
    identity = _text(f"{where}.identity", tree["identity"])
    if not identity:
        raise InputError(f"{where}.identity: expected a name, got an empty one")
    fps = tree["fps"]
    if not isinstance(fps, int | float) or not (fps == 0 or 1 <= fps <= 240):
        raise InputError(f"{where}.fps: expected 0 (a portrait) or 1..240, got {fps!r}")
    box = _list(f"{where}.box", tree["box"])
    if len(box) != 3:
        raise InputError(f"{where}.box: expected (x0, y0, side), got {box!r:.80}")
    x0, y0 = (_whole(f"{where}.box", v, -(10**6), 10**6) for v in box[:2])
    hashes = {}
    for key in ("source_sha256", "pictures_sha256", "points_sha256"):
        hashes[key] = _text(f"{where}.{key}", tree[key])
        if not _HASH.fullmatch(hashes[key]):
            raise InputError(f"{where}.{key}: expected a SHA-256, got {hashes[key]!r:.80}")
    return Entry(
        name=name,
        identity=identity,
        split=split,
        fps=float(fps),
        count=_whole(f"{where}.count", tree["count"], 1, 1 if fps == 0 else MAX_FRAMES),
        size=_whole(f"{where}.size", tree["size"], *SIZES),
        source=_text(f"{where}.source", tree["source"]),
        first=_whole(f"{where}.first", tree["first"], 0, 10**9),
        box=(x0, y0, _whole(f"{where}.box", box[2], 2, 10**6)),
        credit=_text(f"{where}.credit", tree["credit"]),
        **hashes,
    )


def parse_skipped(where: str, tree: Any) -> Skipped:
    """What was left out, from its JSON. Raises InputError."""
    _keys(where, tree, Skipped)
    return Skipped(
        _text(f"{where}.source", tree["source"]), _text(f"{where}.reason", tree["reason"])
    )


def _keys(where: str, tree: Any, kind: type) -> None:
    expected = {field.name for field in fields(kind)}
    if not isinstance(tree, dict) or tree.keys() != expected:
        got = sorted(tree) if isinstance(tree, dict) else type(tree).__name__
        raise InputError(f"{where}: expected {', '.join(sorted(expected))}, got {got!r:.200}")


def _whole(where: str, value: Any, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise InputError(f"{where}: expected a whole number in {low}..{high}, got {value!r:.80}")
    return value


def _text(where: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise InputError(f"{where}: expected at most {_MAX_TEXT} characters, got {value!r:.80}")
    return value


def _list(where: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise InputError(f"{where}: expected a list, got {type(value).__name__}")
    return value
