"""Measures by networks whose weights the user brings: what they look like to a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from facewright.checks import UInt8

if TYPE_CHECKING:
    from facewright.evaluate.tasks import Task


class Judge(Protocol):
    """One network that scores frames."""

    def start(self, task: Task) -> None:
        """A new task begins."""
        ...

    def frame(
        self, row: str, made: UInt8, truth: UInt8, before: UInt8 | None
    ) -> dict[str, float | None]:
        """Scores of a made (S, S, 3) frame.

        Args:
            row: whose frame.
            made: the frame; the clip's own in the row of the truth.
            truth: the clip's frame.
            before: the row's previous frame, None where that was not compared.
        """
        ...

    def finish(self) -> dict[str, dict[str, float | None]]:
        """By row: scores of the task as a whole."""
        ...
