# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames of the scene out, pictures back onto the disk; only those that are not there yet.

A frame is sent where neither the folder nor the cache has its picture.
"""

from __future__ import annotations

import concurrent.futures
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from ..core.client import Progress
from ..core.errors import BackendError
from ..core.shelf import Shelf, State
from ..core.stream import FrameStream
from ..v1 import face_pb2, service_pb2
from .geometry import Pass
from .look import Look
from .survey import Notice, Survey

#: Seconds between two writes of the folder's record.
_SAVE = 5.0
#: A stream whose first frames are all refused is not gone on with.
_REFUSED = 8


@dataclass(slots=True)
class _Waiting:
    """Frames whose pictures are one, on its way."""

    key: str
    frames: list[int]


class Texturing(Survey):
    """Sends frames of a range through a stream and puts the pictures into a folder.

    Attributes:
        came: frames whose pictures are in their place.
        sent, context: how many frames were sent, for an answer and as neighbours.
        answered: how many pictures the backend made.
        failed: frame -> why the backend refused it.

    Args:
        stream: open, for this subject.
        make_frame: the geometry pass.
        scene: whose frames.
        frames: scene frame numbers, increasing. Those around them that the scene has are
            sent as well where the animator looks at neighbours, so that a part comes out
            as it does in the whole.
        folder: where the pictures go; must exist.
        progress: told of every picture.
        shelf: of that folder, which keeps its record; default: all frames are sent.
        clip, notice: see :class:`Survey`.
        strict: end with the first frame that the backend refuses, instead of noting it.
    """

    def __init__(
        self,
        stream: FrameStream,
        make_frame: Pass,
        scene: bpy.types.Scene,
        frames: Sequence[int],
        folder: Path,
        progress: Progress | None = None,
        *,
        shelf: Shelf | None = None,
        clip: range | None = None,
        notice: Notice | None = None,
        strict: bool = True,
    ) -> None:
        # Without a fingerprint nothing says what a kept picture depends on.
        self._recorded = shelf is not None and bool(stream.fingerprint)
        kept = shelf or Shelf(folder)
        super().__init__(
            make_frame, scene, frames, kept, stream.reach, stream.fingerprint, clip, notice
        )
        self._stream, self._progress, self._strict = stream, progress, strict
        self._wanted = list(frames)
        self._seconds = scene.render.fps_base / scene.render.fps
        self._begun = self._saved = time.monotonic()
        self._messages: deque[tuple[bool, Future]] = deque()
        self._answers: dict[int, _Waiting] = {}  # by the frame that was sent
        self._on_its_way: dict[str, _Waiting] = {}
        self._made: set[str] = set()
        self._again: set[int] = set()  # frames looked for a second time
        self._writing: deque[tuple[int, Future]] = deque()
        self._finished = False
        self.came: list[int] = []
        self.failed: dict[int, str] = {}
        self.sent = self.context = self.answered = 0

    @property
    def done(self) -> bool:
        """Whether every frame came, or was refused."""
        return len(self.came) + len(self.failed) == len(self._wanted)

    @property
    def names(self) -> list[str]:
        """Picture files in the folder, in order, of the frames that came."""
        return [self._shelf.name(frame) for frame in sorted(self.came)]

    def name(self, frame: int) -> str:
        """The picture file of a frame, in the folder."""
        return self._shelf.name(frame)

    def step(self, wait: float | None = None) -> bool:
        return self._collect() or self._post() or self._decide() or self._look() or self._idle(wait)

    def close(self) -> None:
        self._pool.shutdown(wait=True)
        self._take_written(last=True)
        if self._recorded:
            self._shelf.save()

    def _find(self, frame: int, key: str) -> State:
        if self._recorded and self._shelf.fetch(frame, key):
            return State.FRESH
        return State.STALE if self._shelf.path(frame).exists() else State.MISSING

    def _found(self, frame: int, key: str, state: State) -> None:
        if state is State.FRESH:
            self._arrived(frame)
        elif key in self._on_its_way:  # another frame shows the very same
            self._on_its_way[key].frames.append(frame)
        elif key in self._made and self._recorded and frame not in self._again:
            self._again.add(frame)  # it was made since it was looked for
            self._fetches.append((frame, key, self._pool.submit(self._find, frame, key)))
            return
        else:
            self._answers[frame] = self._on_its_way[key] = _Waiting(key, [frame])
            self._tell(frame, state)
            self._plan.settled(frame, False)
            return
        self._plan.settled(frame, True)

    def _decide(self) -> bool:
        """Draw the next frame where it is sent, or pass it over."""
        decision = self._plan.peek()
        if decision is None:
            return False
        if decision.send and self._stream.in_flight + len(self._messages) >= self._stream.window:
            return False
        if len(self._writing) > self._stream.window:  # a disk slower than the backend
            return False
        self._plan.take()
        look = self._looks.pop(decision.frame)
        if decision.send or decision.context:
            drawn = self._make_frame.draw(look)
            made = self._pool.submit(self._message, decision.frame, decision.context, look, drawn)
            self._messages.append((decision.context, made))
        return True

    def _message(self, frame: int, context: bool, look: Look, drawn: Any) -> face_pb2.GeometryFrame:
        """In the worker. Numbers on the way count the clip's frames from 0."""
        clip = self._clip
        number = (frame - clip.start) // clip.step
        seconds = (frame - clip.start) * self._seconds
        message = self._make_frame.message(look, drawn, number, seconds)
        message.context = context
        return message

    def _post(self) -> bool:
        """Send the next message, once it is made."""
        if self._messages and self._messages[0][1].done():
            context, made = self._messages.popleft()
            self._stream.send(made.result())
            self.context += context
            self.sent += not context
            return True
        if self._plan.decided and not self._messages and not self._finished:
            self._finished = True
            self._stream.finish()
        return False

    def _collect(self) -> bool:
        moved = super()._collect() or self._take_written()
        if self._stream.in_flight and (result := self._stream.receive(0.0)) is not None:
            self._take(result)
            return True
        return moved

    def _idle(self, wait: float | None) -> bool:
        """Wait for the worker, or else for the backend."""
        if waiting := self._asked():
            concurrent.futures.wait(waiting[:1], wait)
        elif self._stream.in_flight and (result := self._stream.receive(wait)) is not None:
            self._take(result)
            return True
        return False

    def _asked(self) -> list[Future]:
        made = [one for _, one in self._messages]
        return super()._asked() + made + [one for _, one in self._writing]

    def _take(self, result: service_pb2.FrameResult) -> None:
        """One answer: write its picture wherever it belongs."""
        frame = self._clip[result.index]
        waiting = self._answers.pop(frame)
        del self._on_its_way[waiting.key]
        if result.HasField("error"):
            if self._strict:
                raise BackendError(f"frame {frame}: {result.error.message}")
            self.failed |= dict.fromkeys(waiting.frames, result.error.message)
            if not self.came and len(self.failed) >= _REFUSED:
                raise BackendError(f"frame {frame} and others: {result.error.message}")
            return
        self.answered += 1
        self._made.add(waiting.key)
        for each in waiting.frames:
            deliver = self._pool.submit(self._shelf.deliver, each, waiting.key, result.picture)
            self._writing.append((each, deliver))

    def _take_written(self, last: bool = False) -> bool:
        moved = False
        while self._writing and (last or self._writing[0][1].done()):
            frame, written = self._writing.popleft()
            written.result()
            self._arrived(frame)
            moved = True
        if moved and self._recorded and not last and time.monotonic() - self._saved > _SAVE:
            self._saved = time.monotonic()
            self._pool.submit(self._shelf.save)
        return moved

    def _arrived(self, frame: int) -> None:
        self.came.append(frame)
        self._tell(frame, State.FRESH)
        if self._progress:
            spent, count = time.monotonic() - self._begun, len(self.came)
            left = spent / count * (len(self._wanted) - count)
            self._progress("texturing", count / len(self._wanted), left)
