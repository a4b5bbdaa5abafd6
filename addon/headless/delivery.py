# SPDX-License-Identifier: GPL-3.0-or-later
"""Results appear whole or not at all: made in a hidden folder, then moved."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import InputError, OutputError
from ..core.shelf import RECORD
from .leftovers import prefix


@dataclass(frozen=True, slots=True)
class Targets:
    """Where the results of a dub go, absolute.

    Attributes:
        movie: the file, or the folder of pictures.
        blend, sheet: where wanted.
    """

    movie: Path
    blend: Path | None
    sheet: Path | None

    @classmethod
    def of(cls, movie: Path, blend: Path | None, sheet: Path | None) -> Targets:
        """Resolve, and refuse what is in the way.

        Raises:
            InputError: naming the argument.
        """
        found = []
        for name, path in (("output", movie), ("blend", blend), ("sheet", sheet)):
            found.append(path.resolve() if path else None)
            if name != "output" and path and path.is_dir():  # of it, its kind decides
                raise InputError(f"{name}: {path} is a folder; name a file")
        if found[0] is None:
            raise InputError("output: name the movie to write")
        targets = cls(found[0], found[1], found[2])
        if targets.files:
            _check_files(targets.files)
        return targets

    @property
    def files(self) -> Path | None:
        """The folder of what the .blend refers to."""
        return self.blend.with_name(f"{self.blend.stem}_files") if self.blend else None


@dataclass(frozen=True, slots=True)
class Work:
    """A folder beside the results that holds everything until all of it is right."""

    root: Path
    stem: str
    suffix: str

    @property
    def files(self) -> Path:
        """What the .blend refers to."""
        return self.root / f"{self.stem}_files"

    @property
    def frames(self) -> Path:
        """Pictures that came back."""
        return self.files / "frames"

    @property
    def blend(self) -> Path:
        """The scene."""
        return self.root / f"{self.stem}.blend"

    @property
    def movie(self) -> Path:
        """The movie, or a folder of pictures."""
        return self.root / f"movie{self.suffix}"

    @property
    def sheet(self) -> Path:
        """The contact sheet."""
        return self.root / "sheet.png"

    def deliver(self, targets: Targets) -> None:
        """Move the results to their places.

        A .blend that is there may have been worked on: it stays beside the new one as .blend1,
        as where Blender saves.
        """
        moves = [(self.movie, targets.movie)]
        if targets.sheet:
            moves.append((self.sheet, targets.sheet))
        if targets.blend:
            moves.append((self.blend, targets.blend))
        if targets.files:
            moves.insert(0, (self.files, targets.files))
        if targets.blend and targets.blend.is_file():
            shutil.copy2(targets.blend, targets.blend.with_suffix(".blend1"))
        for source, target in moves:
            target.parent.mkdir(parents=True, exist_ok=True)
            _place(source, target)


@contextmanager
def workplace(targets: Targets) -> Iterator[Work]:
    """A hidden folder beside the .blend (or the movie), removed whatever happens.

    Raises:
        OutputError: it cannot be made, or a result cannot be written.
    """
    final = targets.blend or targets.movie
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        root = Path(tempfile.mkdtemp(prefix=prefix(os.getpid()), dir=final.parent))
    except OSError as error:
        raise OutputError(f"{final.parent}: {error.strerror}") from error
    try:
        work = Work(root, final.stem, targets.movie.suffix)
        work.frames.mkdir(parents=True)
        yield work
    except OSError as error:
        raise OutputError(f"{error.filename or final}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _check_files(folder: Path) -> None:
    """Refuse to replace a folder that no earlier run made.

    Raises:
        InputError: naming the folder.
    """
    if not folder.exists() or (folder / "frames" / RECORD).is_file():
        return
    if folder.is_file() or any(folder.iterdir()):
        raise InputError(
            f"blend: {folder} is in the way, and is of no earlier run; move it, or name another "
            ".blend"
        )


def _place(source: Path, target: Path) -> None:
    """Put ``source`` at ``target``, in place of what was there, which else stays."""
    with tempfile.TemporaryDirectory(prefix=prefix(os.getpid()), dir=target.parent) as near:
        if source.stat().st_dev != target.parent.stat().st_dev:  # copied first, then moved
            source = Path(shutil.move(source, Path(near) / "new"))
        before = Path(near) / "before"
        if source.is_dir() and target.exists():
            target.rename(before)
        try:
            source.replace(target)
        except BaseException:
            if before.exists():
                before.rename(target)
            raise
