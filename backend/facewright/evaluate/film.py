"""Rows side by side as a video: flicker and lips cannot be judged from stills."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import numpy as np

from facewright.checks import UInt8
from facewright.evaluate.tasks import Task
from facewright.media.video import MAX_SIDE, VideoWriter, read_video_info


class Film:
    """Writes the clip and every row, left to right, as frames come; a context manager.

    It begins with the source, so that it runs with the clip; where every frame is in it,
    it carries the clip's sound.

    Args:
        path: the .mp4 to write, or None to write nothing.
        task: what is compared.
        columns: pictures side by side.
    """

    def __init__(self, path: Path | None, task: Task, columns: int) -> None:
        self._stack = ExitStack()
        self._writer: VideoWriter | None = None
        side = task.subject.camera.size[0]
        self._most = max(1, MAX_SIDE // side)  # columns that fit
        if path is None:
            return
        whole = task.numbers == tuple(range(1, len(task.clip_geometry.known)))
        sound = read_video_info(task.clip).sound_seconds is not None
        step = task.numbers[0] if len(task.numbers) < 2 else task.numbers[1] - task.numbers[0]
        self._writer = VideoWriter(
            path,
            (side * min(columns, self._most), side),
            max(1.0, task.fps / step),
            sound=task.clip if whole and sound else None,
            comment="Synthetic, but for the leftmost picture: an evaluation by Facewright.",
        )
        self.add([task.subject.crop] * columns)

    def add(self, pictures: list[UInt8]) -> None:
        """Append a frame: the clip's, then each row's."""
        if self._writer is not None:
            self._writer.write(np.hstack(pictures[: self._most]))

    def __enter__(self) -> Film:
        if self._writer is not None:
            self._stack.enter_context(self._writer)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)
