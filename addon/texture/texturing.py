# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames of the scene out, pictures back onto the disk."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import bpy

from ..core.client import Progress
from ..core.errors import BackendError, OutputError
from ..core.stream import FrameStream
from .geometry import Pass


class Texturing:
    """Sends a range of frames through a stream, a step at a time.

    The interface calls :meth:`step` from a timer and batch mode in a loop; each step
    evaluates one frame or takes one answer, so neither ever waits for all.

    Attributes:
        names: picture files in ``folder``, in order, of the frames that came back.

    Args:
        stream: open, for this subject.
        make_frame: the geometry pass.
        scene: whose frames.
        frames: scene frame numbers, increasing. Those around them that the scene has are
            sent as well where the animator looks at neighbours, so that a part comes out
            as it does in the whole.
        folder: where the pictures go; must exist.
        progress: told of every picture.
    """

    def __init__(
        self,
        stream: FrameStream,
        make_frame: Pass,
        scene: bpy.types.Scene,
        frames: Sequence[int],
        folder: Path,
        progress: Progress | None = None,
    ) -> None:
        self._stream, self._make_frame, self._scene = stream, make_frame, scene
        self._frames, self._folder, self._progress = frames, folder, progress
        self._plan = deque(with_neighbours(frames, stream.reach, _clip(scene, frames)))
        self._resume = scene.frame_current
        self._begun = time.monotonic()
        self.names: list[str] = []

    @property
    def done(self) -> bool:
        """Whether every frame came back."""
        return len(self.names) == len(self._frames)

    def step(self, wait: float | None = None) -> bool:
        """Send one frame if there is room, else take one answer; whether anything happened.

        Args:
            wait: seconds to wait for an answer; None for ever.

        Raises:
            BackendError: a frame could not be textured, or the stream ended.
            OutputError: a picture could not be written.
        """
        if self._plan and self._stream.has_room:
            self._send(*self._plan.popleft())
            if not self._plan:
                self._stream.finish()
            return True
        result = self._stream.receive(wait)
        if result is None:
            return False
        if result.HasField("error"):
            raise BackendError(f"frame {result.index}: {result.error.message}")
        name = f"frame_{result.index:05d}.png"
        try:
            (self._folder / name).write_bytes(result.picture)
        except OSError as error:
            raise OutputError(f"{self._folder / name}: {error.strerror}") from error
        self.names.append(name)
        if self._progress:
            spent = time.monotonic() - self._begun
            left = spent / len(self.names) * (len(self._frames) - len(self.names))
            self._progress("texturing", len(self.names) / len(self._frames), left)
        return True

    def _send(self, frame: int, context: bool) -> None:
        self._scene.frame_set(frame)
        rate = self._scene.render.fps / self._scene.render.fps_base
        message = self._make_frame(frame, (frame - self._frames[0]) / rate)
        message.context = context
        self._stream.send(message)

    def restore(self) -> None:
        """Go back to the frame that was shown."""
        self._scene.frame_set(self._resume)


def with_neighbours(frames: Sequence[int], reach: int, clip: range) -> list[tuple[int, bool]]:
    """Frames to send, and whether each is there as a neighbour only.

    Args:
        frames: that are wanted.
        reach: frames either side of each that count.
        clip: frames that there are.
    """
    wanted = set(frames)
    around = {frame + step for frame in wanted for step in range(-reach, reach + 1)}
    return [(frame, frame not in wanted) for frame in sorted(wanted | around.intersection(clip))]


def _clip(scene: bpy.types.Scene, frames: Sequence[int]) -> range:
    """The scene's frames; negative ones have no number on the way."""
    first = max(0, min(scene.frame_start, frames[0]))
    return range(first, max(scene.frame_end, frames[-1]) + 1)
