# SPDX-License-Identifier: GPL-3.0-or-later
"""How each frame's picture stands, as far as it was found out; for panels and the timeline."""

from __future__ import annotations

from pathlib import Path

from ...core.shelf import State


class Marks:
    """States of one folder's frames."""

    def __init__(self) -> None:
        self._states: dict[int, State] = {}
        self._doubted: set[int] = set()
        self._runs: dict[tuple[int, bool | None], list[tuple[int, int, State]]] = {}
        self._edits = self._since = 0

    def __call__(self, frame: int, state: State) -> None:
        """Note a state; a :data:`...texture.survey.Notice`."""
        self._states[frame] = state
        if self._edits == self._since:
            self._doubted.discard(frame)
        else:  # it was looked at before the edit, or after it: nobody knows
            self._doubted.add(frame)
        self._runs.clear()

    def __len__(self) -> int:
        return len(self._states)

    @property
    def edited(self) -> bool:
        """Whether something was edited since a frame was looked at: it may hold no more."""
        return bool(self._doubted)

    def begin(self) -> None:
        """Note that frames are looked at from now on."""
        self._since = self._edits

    def edit(self) -> None:
        """Note that the scene was edited; also while frames are looked at."""
        self._edits += 1
        if len(self._doubted) < len(self._states):
            self._doubted = set(self._states)
            self._runs.clear()

    def forget(self, frames: range) -> None:
        """Drop what is known of frames outside a range."""
        self._states = {f: state for f, state in self._states.items() if f in frames}
        self._doubted &= self._states.keys()
        self._runs.clear()

    def runs(self, step: int = 1, edited: bool | None = None) -> list[tuple[int, int, State]]:
        """First frame, last frame and state of each run, in time.

        Args:
            step: from frame to frame.
            edited: only frames that an edit left in doubt, or only others; None: all.
        """
        if (step, edited) not in self._runs:
            found: list[tuple[int, int, State]] = []
            for frame, state in sorted(self._states.items()):
                if edited is not None and edited != (frame in self._doubted):
                    continue
                if found and found[-1][2] is state and frame - found[-1][1] <= step:
                    found[-1] = (found[-1][0], frame, state)
                else:
                    found.append((frame, frame, state))
            self._runs[step, edited] = found
        return self._runs[step, edited]

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
