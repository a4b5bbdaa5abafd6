"""The methods that are compared, and how each makes the frames that are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facewright.animate.base import Animator, CoefficientGeometry, answered, rows_of
from facewright.capture import Subject
from facewright.checks import UInt8
from facewright.errors import InputError

#: The row that repeats the source.
STILL = "still"


@dataclass(frozen=True, slots=True)
class Row:
    """One method.

    Attributes:
        label: as the user wrote it, and as reports show it.
        animator: its name, or ``STILL``.
        steps: sampling steps, None for the animator's default.
        weights: a weights file, None for the animator's own.
    """

    label: str
    animator: str
    steps: int | None = None
    weights: Path | None = None

    @classmethod
    def parse(cls, text: str) -> Row:
        """``NAME``, ``NAME@STEPS``, ``NAME=WEIGHTS`` or ``NAME@STEPS=WEIGHTS``.

        Raises:
            InputError: for anything else.
        """
        head, _, weights = text.partition("=")
        name, at, steps = head.partition("@")
        if not name or (at and not steps.isdecimal()) or ("=" in text and not weights):
            raise InputError(
                f"animator: expected NAME, NAME@STEPS or NAME@STEPS=WEIGHTS, got {text!r}"
            )
        path = Path(weights) if weights else None
        label = head if path is None else f"{head}={path.name}"
        return cls(label, name, int(steps) if at else None, path)

    def fingerprint(self) -> str:
        """What tells this row's frames from another's: its label and its weights' SHA-256."""
        if self.weights is None:
            return self.label
        with self.weights.open("rb") as stream:
            return f"{self.label} {hashlib.file_digest(stream, 'sha256').hexdigest()}"


class Maker:
    """Makes a row's frames; prepares each subject once.

    Args:
        row: the method.
        size: side of the frames, pixels.
        seed: of what is random.

    Raises:
        InputError: for an unknown animator, a size or steps that it does not take, or
            weights that do not fit.
    """

    def __init__(self, row: Row, size: int, seed: int = 0) -> None:
        self.row, self._size, self._seed = row, size, seed
        self._animator: Animator | None = None
        if row.animator != STILL:
            self._animator = _created(row, size)
        self._state: Any = None
        self._subject: Subject | None = None

    @property
    def reach(self) -> int:
        """Frames either side that a frame looks at."""
        return 0 if self._animator is None else self._animator.reach

    def prepare(self, subject: Subject) -> None:
        """Get ready for a subject's frames."""
        self._subject = subject
        if self._animator is not None:
            self._state = self._animator.prepare(subject, self._size)

    def __call__(
        self,
        geometry: CoefficientGeometry,
        numbers: Sequence[int],
        check: Callable[[], None] | None = None,
    ) -> UInt8:
        """(B, S, S, 3) frames with the given numbers, of a clip's whole geometry.

        Each is made as in a dub of the whole clip: with its neighbours where it looks at
        them, whichever frames were asked for.
        """
        if self._animator is None:
            assert self._subject is not None
            return np.repeat(self._subject.crop[None], len(numbers), axis=0)
        made = [
            self._animator(part, self._state, self._seed, steps=self.row.steps, check=check)
            for part in parts(geometry, numbers, self.reach)
        ]
        return np.concatenate(made)


def parts(
    geometry: CoefficientGeometry, numbers: Sequence[int], reach: int
) -> list[CoefficientGeometry]:
    """Batches that answer the frames ``numbers`` in order, each with its neighbours.

    Args:
        geometry: a clip's frames, ``indices`` ascending.
        numbers: ascending, each one of the indices.
        reach: neighbours either side that frames look at.
    """
    rows = np.searchsorted(geometry.indices, numbers)
    if reach == 0:
        return [rows_of(geometry, rows)]
    breaks = np.flatnonzero(np.diff(rows) != 1) + 1
    return [_with_neighbours(geometry, run, reach) for run in np.split(rows, breaks)]


def _with_neighbours(
    geometry: CoefficientGeometry, rows: np.ndarray, reach: int
) -> CoefficientGeometry:
    first, last = int(rows[0]), int(rows[-1])
    low, high = max(0, first - reach), min(len(geometry.indices) - 1, last + reach)
    taken = slice(low, high + 1)
    batch = CoefficientGeometry(
        geometry.indices[taken],
        geometry.expression[taken],
        geometry.pose[taken],
        geometry.gaze[taken],
        context=(first - low, high - last),
    )
    assert len(answered(batch)) == len(rows)
    return batch


def _created(row: Row, size: int) -> Animator:
    from facewright import animate
    from facewright.animate.base import checked_steps

    animator = animate.create(row.animator, row.weights)
    checked_steps(animator, row.steps)
    if size not in animator.sizes:
        raise InputError(f"size: {row.animator!r} makes {animator.sizes}, got {size}")
    return animator
