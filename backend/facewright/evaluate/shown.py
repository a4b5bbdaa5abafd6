"""Frames kept while a clip runs, for a person to look at, and the sheet they make."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from facewright.checks import UInt8
from facewright.evaluate.tasks import Task
from facewright.media.sheet import Tile, contact_sheet, spread

_SPREAD = 3  # frames over the clip, beside the worst one
_SIDE = 192  # of a tile, pixels
_GAIN = 4.0  # an error of a quarter of the range is the brightest


@dataclass(slots=True)
class Kept:
    """One frame: its number, why it is shown, the clip's frame, and each row's."""

    number: int
    label: str
    truth: UInt8
    made: dict[str, UInt8]
    psnr: dict[str, float]


@dataclass(slots=True)
class Shown:
    """Chooses frames as they come: some spread over the clip, and the last row's worst.

    Worst is by the face's PSNR against the row that it is held against, so that the frame
    shown is one where the method itself does harm.

    Attributes:
        task: what is made.
        rows: labels in order; the last is under test.
        against: label that it is held against.
        kept, worst: what was chosen so far.
    """

    task: Task
    rows: tuple[str, ...]
    against: str
    kept: list[Kept] = field(default_factory=list)
    worst: Kept | None = None
    _deficit: float = -np.inf

    def offer(
        self,
        number: int,
        truth: UInt8,
        made: dict[str, UInt8],
        found: dict[str, dict[str, float | None]],
    ) -> None:
        """Keep a frame if it is to be shown."""
        numbers = self.task.numbers
        values = {label: found[label].get("psnr_face") for label in self.rows}
        psnr = {label: value for label, value in values.items() if value is not None}
        if number in {numbers[k] for k in spread(len(numbers), _SPREAD + 2)[1:-1]}:
            self.kept.append(Kept(number, "", truth, dict(made), psnr))
        main = self.rows[-1]
        if main not in psnr:
            return
        deficit = (psnr[self.against] if main != self.against else 0.0) - psnr[main]
        if deficit > self._deficit:
            self._deficit = deficit
            self.worst = Kept(number, "worst", truth, dict(made), psnr)

    def sheet(self) -> UInt8:
        """One line per kept frame: source, the clip's frame, each row, the last's error."""
        tiles = []
        lines = [*self.kept, *([self.worst] if self.worst else [])]
        for kept in sorted(lines, key=lambda k: (bool(k.label), k.number)):
            truth = "truth" if self.task.has_truth else "driver"
            time = f"{kept.number / self.task.fps:.2f} s"
            tiles.append(Tile(self.task.subject.crop, "source"))
            tiles.append(Tile(kept.truth, f"{truth} {time} {kept.label}".strip()))
            for label in self.rows:
                value = f" {kept.psnr[label]:.1f} dB" if label in kept.psnr else ""
                tiles.append(Tile(kept.made[label], f"{label}{value}"))
            if self.task.has_truth:
                last = self.rows[-1]
                tiles.append(Tile(error_map(kept.made[last], kept.truth), f"error of {last}"))
        columns = len(self.rows) + (3 if self.task.has_truth else 2)
        return contact_sheet(tiles, columns=columns, side=_SIDE)


def error_map(made: UInt8, truth: UInt8) -> UInt8:
    """(H, W, 3) absolute difference as a heat map: black none, yellow a quarter and more."""
    error = np.abs(made.astype(np.float32) - truth).mean(-1)
    heat = np.clip(error * _GAIN, 0, 255).astype(np.uint8)
    return cv2.cvtColor(cv2.applyColorMap(heat, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
