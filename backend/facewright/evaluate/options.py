"""What is evaluated, and how: checked once, before any work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from facewright import __version__, checks
from facewright.errors import InputError
from facewright.evaluate.rows import STILL, Row
from facewright.evaluate.tasks import Choice

SIZES = (256, 512)
_MOST = 1_000_000
_SHIPPED = Path(__file__).resolve().parents[1] / "animate" / "weights"
_VIDEOS = (".mp4", ".m4v", ".mov", ".mkv", ".avi", ".webm", ".mpg")
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")


@dataclass(frozen=True, slots=True)
class Options:
    """How to evaluate.

    Attributes:
        rows: methods in the order of the report; the last is the one under test.
        against: label of the row that others are held against.
        size: side at which frames are captured, made and compared: 256 or 512.
        step: compare every STEP-th frame.
        most: compare at most this many frames of a clip, None for all.
        seed: of animators and drivers.
        smooth: follow landmarks over time; else capture each frame on its own.
        recapture_every: every how many compared frames to capture made frames again, 0:
            never.
        weights: a folder with the weights of further measures, or None.
        driver: makes motion from sound.
        video: write each task's rows side by side as a video too.

    Raises:
        InputError: naming the option.
    """

    rows: tuple[Row, ...]
    against: str = "reproject"
    size: int = 256
    step: int = 1
    most: int | None = None
    seed: int = 0
    smooth: bool = True
    recapture_every: int = 5
    weights: Path | None = None
    driver: str = "emoa2e"
    video: bool = False

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise InputError(f"size: expected one of {SIZES}, got {self.size}")
        checks.number("step", self.step, low=1, high=_MOST)
        checks.number("recapture-every", self.recapture_every, low=0, high=_MOST)
        if self.most is not None:
            checks.number("frames", self.most, low=1, high=_MOST)
        if not 0 <= self.seed < 2**63:
            raise InputError(f"seed: expected 0 to 2^63 - 1, got {self.seed}")
        if not self.rows:
            raise InputError("animator: expected at least one")
        if self.weights is not None and not self.weights.is_dir():
            raise InputError(f"{self.weights}: expected a folder with weights")

    def choice(self, reach: int) -> Choice:
        """Which frames are captured, for methods of that reach."""
        return Choice(self.size, self.step, self.most, self.smooth, reach)

    def fingerprint(self, mode: str, sources: Sequence[Path]) -> str:
        """What tells one task's result from another's: options, rows, files' contents."""
        said = {
            "version": __version__,
            "mode": mode,
            "rows": [row.fingerprint() for row in self.rows],
            "shipped": _listing(_SHIPPED) if _SHIPPED.is_dir() else None,
            "size": self.size,
            "step": self.step,
            "most": self.most,
            "seed": self.seed,
            "smooth": self.smooth,
            "recapture_every": self.recapture_every,
            "weights": None if self.weights is None else _listing(self.weights),
            "video": self.video,
            "driver": self.driver if mode == "audio" else None,
            "sources": [_digest(path) for path in sources],
        }
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def rows_of(animators: Sequence[str], steps: int | None, against: str) -> tuple[Row, ...]:
    """The rows of a report: the still source, what others are held against, the animators.

    Args:
        animators: as :meth:`Row.parse` takes them.
        steps: for animators that do not say their own; None for their default.
        against: an animator too, at its own steps.

    Raises:
        InputError: for other texts, and for steps that no animator would take.
    """
    rows = {STILL: Row(STILL, STILL)}
    took = steps is None
    for text in (against, *animators):
        row = Row.parse(text)
        if steps is not None and row.steps is None and text != against:
            row = Row.parse(text.replace(row.animator, f"{row.animator}@{steps}", 1))
            took = True
        if rows.setdefault(row.label, row) != row:
            raise InputError(
                f"animator: two rows would be called {row.label!r}: {rows[row.label].weights} "
                f"and {row.weights}; rename one"
            )
    if not took:
        raise InputError(f"steps: got {steps}, but no --animator NAME that would take them")
    return tuple(rows.values())


def find_clips(paths: Sequence[Path]) -> list[Path]:
    """The videos that ``paths`` name: files as they are, folders with all videos in them.

    Raises:
        InputError: for a path that does not exist and a folder without videos.
    """
    return _found(paths, _VIDEOS, "videos")


def find_pictures(paths: Sequence[Path]) -> list[Path]:
    """The pictures that ``paths`` name, as :func:`find_clips`."""
    return _found(paths, _PICTURES, "pictures")


def _found(paths: Sequence[Path], suffixes: tuple[str, ...], kind: str) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in suffixes)
            if not inside:
                raise InputError(f"{path}: expected {kind} in the folder, found none")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise InputError(f"{path}: no such file or folder")
    return list(dict.fromkeys(found))


def _listing(folder: Path) -> list[list[str]]:
    return sorted([path.name, _digest(path)] for path in folder.iterdir() if path.is_file())


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
