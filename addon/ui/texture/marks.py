# SPDX-License-Identifier: GPL-3.0-or-later
"""How each frame's picture stands, as far as it was found out; for panels and the timeline."""

from __future__ import annotations

from pathlib import Path

from ...core.shelf import State


class Marks:
    """States of one folder's frames.

    Attributes:
        edited: something was edited since; what was found out may hold no more.
        version: counts changes, for what is drawn of it.
    """

    def __init__(self) -> None:
        self._states: dict[int, State] = {}
        self._runs: list[tuple[int, int, State]] | None = []
        self.edited = False
        self.version = 0

    def __call__(self, frame: int, state: State) -> None:
        """Note a state; a :data:`...texture.survey.Notice`."""
        self._states[frame] = state
        self._runs = None
        self.version += 1

    def __len__(self) -> int:
        return len(self._states)

    def edit(self) -> None:
        """Note that the scene was edited."""
        if not self.edited:
            self.edited, self.version = True, self.version + 1

    def checked(self) -> None:
        """Note that what is known is of the scene as it is."""
        self.edited, self.version = False, self.version + 1

    def forget(self, frames: range) -> None:
        """Drop what is known of frames outside a range."""
        for frame in [frame for frame in self._states if frame not in frames]:
            del self._states[frame]
        self._runs = None

    def runs(self, step: int = 1) -> list[tuple[int, int, State]]:
        """First frame, last frame and state of each run, in time."""
        if self._runs is None:
            found: list[tuple[int, int, State]] = []
            for frame, state in sorted(self._states.items()):
                if found and found[-1][2] is state and frame - found[-1][1] <= step:
                    found[-1] = (found[-1][0], frame, state)
                else:
                    found.append((frame, frame, state))
            self._runs = found
        return self._runs

    def count(self, *states: State) -> int:
        """How many frames are in any of these states."""
        return sum(state in states for state in self._states.values())


_marks: dict[Path, Marks] = {}


def of(folder: Path) -> Marks:
    """Those of a folder."""
    return _marks.setdefault(folder, Marks())


def known() -> dict[Path, Marks]:
    """Every folder's."""
    return _marks


def clear() -> None:
    """Forget all, as when another file is opened."""
    _marks.clear()
