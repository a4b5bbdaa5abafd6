"""A stream's frames in order, each held until its neighbours in time are there.

A frame may be rendered once the frames within the animator's reach have come after it, or
cannot come any more: where the stream ends, where a frame's number is not the next, and
where the kind of geometry changes. So how frames are cut into batches changes no pixel.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import islice

from facewright.serve.convert import Frame, Portion


@dataclass(frozen=True, slots=True)
class Wrong:
    """A frame that is answered with an error."""

    index: int
    time_code: float
    error: Exception


Item = Frame | Wrong


@dataclass(frozen=True, slots=True)
class Batch:
    """Items to answer, in order, and the frames among them with their neighbours.

    ``portion`` is None where every item is wrong.
    """

    items: list[Item]
    portion: Portion | None


class Lineup:
    """Takes what a stream brings and gives it in batches that are ready.

    Attributes:
        ended: nothing will be added any more.
    """

    def __init__(self, reach: int, most: int) -> None:
        """Begin a stream.

        Args:
            reach: frames either side that a frame looks at.
            most: items of one batch.
        """
        self._reach, self._most = reach, most
        self._line: deque[Item] = deque()
        self._past: list[Frame] = []  # the last ones that left the line, for neighbours
        self.ended = False

    def __len__(self) -> int:
        """Items that are to be answered."""
        return sum(_answered(item) for item in self._line)

    def first(self) -> Item | None:
        """The item that is answered next."""
        return next((item for item in self._line if _answered(item)), None)

    def add(self, item: Item) -> None:
        """Append what came next."""
        self._line.append(item)

    def end(self) -> None:
        """Nothing more will come: edge frames stand for what lacks."""
        self.ended = True

    def take(self) -> Batch | None:
        """The next batch, or None where no item is ready."""
        while self._line and not _answered(self._line[0]):
            self._leave([item for item in (self._line.popleft(),) if isinstance(item, Frame)])
        items: list[Item] = []
        frames: list[Frame] = []
        for place, item in enumerate(islice(self._line, self._most)):
            if isinstance(item, Frame):
                parted = bool(frames) and not frames[-1].joins(item)
                if item.context or parted or not self._ready(place, item):
                    break
                frames.append(item)
            items.append(item)
        if not items:
            return None
        portion = self._portion(frames, items) if frames else None
        for _ in items:
            self._line.popleft()
        self._leave(frames)
        return Batch(items, portion)

    def _leave(self, frames: list[Frame]) -> None:
        kept = [*self._past, *frames]
        self._past = kept[len(kept) - min(self._reach, len(kept)) :]

    def _ready(self, place: int, frame: Frame) -> bool:
        after, parted = self._after(place, frame)
        return parted or self.ended or len(after) == self._reach

    def _after(self, place: int, frame: Frame) -> tuple[list[Frame], bool]:
        """Up to ``reach`` frames that follow; whether the one after these does not."""
        found: list[Frame] = []
        for item in islice(self._line, place + 1, None):
            if len(found) == self._reach:
                break
            if isinstance(item, Wrong):
                continue
            if not item.follows(found[-1] if found else frame):
                return found, True
            found.append(item)
        return found, False

    def _before(self, frame: Frame) -> list[Frame]:
        found = [frame]
        for earlier in reversed(self._past):
            if not found[0].follows(earlier):
                break
            found.insert(0, earlier)
        return found[:-1]

    def _portion(self, frames: list[Frame], items: list[Item]) -> Portion:
        last = max(place for place, item in enumerate(items) if item is frames[-1])
        before, (after, _) = self._before(frames[0]), self._after(last, frames[-1])
        return Portion((*before, *frames, *after), (len(before), len(after)))


def _answered(item: Item) -> bool:
    return isinstance(item, Wrong) or not item.context
