"""Files to pack: which clips and portraits there are, and who is on each."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from facewright.errors import InputError
from facewright.face.reading import read_limited

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".ogv", ".flv"}
)
STILL_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})

#: Columns of a manifest that tell licence and credit, the first that is there.
_CREDIT_COLUMNS = ("credit", "licence_note", "licence", "license")
_MAX_MANIFEST_BYTES = 1 << 28
_MAX_NAME = 120
_TAKE = re.compile(r"_\d+$")
_HDTF = re.compile(r"(W[DR]A_.*?)\d*")


@dataclass(frozen=True, slots=True)
class Source:
    """A file to pack.

    Attributes:
        path: of the file.
        relative: the same below the folder that was given, with forward slashes.
        name: for its files in the pack.
        identity: who is on it.
        credit: licence and credit, where a manifest tells them.
    """

    path: Path
    relative: str
    name: str
    identity: str
    credit: str = ""

    @property
    def is_still(self) -> bool:
        """Whether it is a picture."""
        return self.path.suffix.lower() in STILL_SUFFIXES


def find_sources(folders: Iterable[Path], manifest: Path | None = None) -> list[Source]:
    """Every clip and portrait below ``folders``, sorted.

    Identity is the first folder below the given one (VoxCeleb's id10001/..., MEAD's
    M003/...); for a file right in it, its name without the number of the take, and for
    HDTF's WDA_ and WRA_ names without the number of the video, for those are of one
    person. A manifest overrides all that; what it does not name is left out.

    Args:
        folders: where to look.
        manifest: a CSV with columns ``file`` (relative to the manifest or to one of the
            folders, or absolute) and ``identity``; licence and credit are taken from a
            column credit, licence_note, licence or license.

    Raises:
        InputError: no such folder, no clip in any, a manifest that cannot be used.
    """
    folders = [Path(folder) for folder in folders]
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"{folder}: expected a folder of clips")
    known = None if manifest is None else read_manifest(manifest, folders)
    found: dict[Path, Source] = {}
    for folder in folders:
        for path in _files(folder):
            relative = path.relative_to(folder)
            told = None if known is None else known.get(path.resolve())
            if (known is None or told is not None) and path.resolve() not in found:
                identity, credit = told or (identity_by_name(relative), "")
                found[path.resolve()] = Source(path, relative.as_posix(), "", identity, credit)
    if not found:
        listed = "" if known is None else f" that {manifest} names"
        raise InputError(f"{', '.join(map(str, folders))}: no clips or portraits{listed}")
    return list(_named(sorted(found.values(), key=lambda s: (s.relative, str(s.path)))))


def identity_by_name(relative: Path) -> str:
    """Who is on a file, told by where it lies below the folder that is packed."""
    if len(relative.parts) > 1:
        return relative.parts[0]
    name = _TAKE.sub("", relative.stem) or relative.stem
    person = _HDTF.fullmatch(name)
    return person[1] if person else name


def read_manifest(path: Path, folders: Iterable[Path]) -> Mapping[Path, tuple[str, str]]:
    """File -> identity and credit. Raises InputError."""
    try:
        text = read_limited(path, "manifest", _MAX_MANIFEST_BYTES).decode("utf-8-sig")
        reader = csv.DictReader(text.splitlines(keepends=True), strict=True)
        rows, columns = list(reader), reader.fieldnames or ()
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a CSV file in UTF-8 ({error})") from error
    for column in ("file", "identity"):
        if column not in columns:
            raise InputError(f"{path}: expected columns file and identity, got {list(columns)}")
    credit = next((column for column in _CREDIT_COLUMNS if column in columns), "")
    known: dict[Path, tuple[str, str]] = {}
    for number, row in enumerate(rows, 1):
        file, identity = (row["file"] or "").strip(), (row["identity"] or "").strip()
        if not file or not identity:
            raise InputError(f"{path}: row {number}: expected a file and an identity")
        told = identity, " ".join((row.get(credit) or "").split())[:2000]
        # A name may be true below the manifest and below a folder that was given.
        for below in (path.parent, *folders):
            resolved = (below / file).resolve()
            if known.setdefault(resolved, told)[0] != identity:
                raise InputError(f"{path}: row {number}: {file} has two identities")
    return known


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in VIDEO_SUFFIXES | STILL_SUFFIXES and path.is_file() and not hidden:
            yield path


def _named(sources: Iterable[Source]) -> Iterator[Source]:
    """Give each source a name of plain characters, unique without regard to case."""
    taken: set[str] = set()
    for source in sources:
        stem = source.relative.removesuffix(source.path.suffix)
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "_", stem.replace("/", "-")).lstrip(".")
        plain = plain[-_MAX_NAME:].lstrip(".") or "clip"
        name, number = plain, 2
        while name.lower() in taken:
            name, number = f"{plain}-{number}", number + 1
        taken.add(name.lower())
        yield Source(source.path, source.relative, name, source.identity, source.credit)
