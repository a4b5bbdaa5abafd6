"""The log of a run: one line of JSON every so many steps."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from facewright.errors import FacewrightError
from facewright.train.tgdm.plan import Plan


class Log:
    """Means since the last line, and the file that keeps the lines."""

    def __init__(self, path: Path | None, plan: Plan, step: int, last: int) -> None:
        """Open the log, without the lines after ``step``: they belong to a run that was lost.

        Args:
            path: of the file, or None where another process writes it.
            plan: of the run.
            step: steps that are done.
            last: the step that the run goes up to.
        """
        self._path, self._plan, self._last = path, plan, last
        self.line: dict[str, float] = {"step": step}
        if path is not None:
            _cut(path, step)
        self._restart()

    def add(self, parts: Mapping[str, Tensor], images: int) -> None:
        """Count one step: its scalars, and how many images it saw."""
        for key, value in parts.items():
            self._sums[key] = self._sums.get(key, 0) + value.float()
        self._steps += 1
        self._images += images

    def write(self, step: int, report: Callable[[dict[str, float]], None] | None) -> None:
        """Write the means since the last line, after ``step`` steps.

        Raises:
            FacewrightError: where the loss is no number.
        """
        if not self._steps:
            return
        means = {key: float(value) / self._steps for key, value in self._sums.items()}
        if not math.isfinite(means["loss"]):
            raise FacewrightError(
                f"training: the loss is {means['loss']} before step {step}; "
                "start again from the checkpoint with a lower rate"
            )
        seconds = max(time.monotonic() - self._since, 1e-9)
        self.line = {
            "step": step,
            **{key: float(f"{value:.6g}") for key, value in means.items()},
            "rate": float(f"{self._plan.rate_at(step - 1):.6g}"),
            "images_per_second": round(self._images / seconds, 2),
            "seconds_left": round((self._last - step) * seconds / self._steps, 1),
        }
        if self._path is not None:
            with self._path.open("a") as file:
                file.write(json.dumps(self.line) + "\n")
            if report:
                report(self.line)
        self._restart()

    def _restart(self) -> None:
        self._sums: dict[str, Any] = {}
        self._steps = self._images = 0
        self._since = time.monotonic()


def _cut(path: Path, step: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_text().splitlines() if path.is_file() else []
    kept = [line for line in lines if _step_of(line) <= step]
    path.write_text("".join(line + "\n" for line in kept) if step else "")


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")  # cut off while it was written
