# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress on the terminal or in a log; no bpy."""

from __future__ import annotations

import sys
import time

#: Seconds between two lines of a stage: redrawn on a terminal, or each its own in a log.
_REDRAWN, _LOGGED = 0.2, 5.0


class ProgressLine:
    """Prints progress with the time left: one line redrawn, or lines where it is a log.

    Attributes:
        interrupted: set when the user asked to stop. An interrupt that came while Blender
            called Python is lost there; the next report raises it again.
    """

    def __init__(self) -> None:
        self.interrupted = False
        self._terminal = sys.stderr.isatty()
        self._stage, self._at, self._open = "", 0.0, False

    def __call__(self, stage: str, fraction: float, seconds_left: float) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        now = time.monotonic()
        pause = _REDRAWN if self._terminal else _LOGGED
        if stage == self._stage and now - self._at < pause:
            return
        self._stage, self._at = stage, now
        left = f", {duration(seconds_left)} left" if seconds_left >= 0 else ""
        share = f" {100 * fraction:3.0f} %" if fraction > 0 else ""
        text = f"facewright: {stage}{share}{left}"
        if self._terminal:
            print(f"\r\x1b[2K{text}", end="", file=sys.stderr, flush=True)
            self._open = True
        else:
            print(text, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the redrawn line."""
        if self._open:
            print(file=sys.stderr)
        self._open = False

    def say(self, text: str) -> None:
        """A line that stays, for people, beside the progress."""
        self.end()
        print(f"facewright: {text}", file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """A time for people: "8 s", "3 min 05 s", "2 h 10 min"."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
