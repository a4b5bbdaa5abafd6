"""Measures by networks whose weights the user brings: what they look like to a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from facewright.checks import Float32, UInt8

if TYPE_CHECKING:
    from facewright.evaluate.tasks import Task

Found = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class View:
    """One frame of one row; the clip's own frames come as the row ``TRUTH``, first.

    Attributes:
        row: its label.
        number: of the frame.
        frame: (S, S, 3) uint8.
        truth: (S, S, 3) the clip's frame.
        before: the row's previous frame, None where that was not compared.
        points: (478, 2) landmarks seen in ``frame``, None where it was not captured again.
    """

    row: str
    number: int
    frame: UInt8
    truth: UInt8
    before: UInt8 | None
    points: Float32 | None


class Judge:
    """One network that scores frames; what it does not override measures nothing."""

    def start(self, task: Task) -> None:
        """A new task begins."""

    def frame(self, view: View) -> Found:
        """Scores of a frame."""
        return {}

    def finish(self) -> dict[str, Found]:
        """By row: scores of the task as a whole."""
        return {}

    def total(self) -> dict[str, Found]:
        """By row: scores of all tasks together."""
        return {}
