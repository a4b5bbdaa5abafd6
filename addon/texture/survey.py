# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at a range of frames and finds out whose pictures are there, a step at a time.

Blender's main thread evaluates, reads and draws; digests, messages and files are made by a
worker.
"""

from __future__ import annotations

import concurrent.futures
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import bpy

from ..core.plan import Plan
from ..core.shelf import Shelf, State
from .geometry import Pass
from .look import Look

#: Frames that are looked at before the first of them is decided, beyond the reach.
AHEAD = 8

#: Told of a frame, and of how its picture stands.
Notice = Callable[[int, State], None]


class Survey:
    """Looks at a range of frames and finds out whose pictures are right, a step at a time.

    The interface calls :meth:`step` from a timer and batch mode in a loop; each step is one
    frame's evaluation or drawing, or less, so none waits for all.

    Attributes:
        evaluating: seconds spent in Blender's own frame_set.
        states: how each frame's picture stands, as far as that is known.

    Args:
        make_frame: the geometry pass.
        scene: whose frames.
        frames: scene frame numbers, increasing.
        shelf: where pictures are kept.
        reach, fingerprint: of the stream that makes them, or that made them.
        clip: the frames that there are; default: the scene's and ``frames``.
        notice: told what is found out.
    """

    def __init__(
        self,
        make_frame: Pass,
        scene: bpy.types.Scene,
        frames: Sequence[int],
        shelf: Shelf,
        reach: int,
        fingerprint: str,
        clip: range | None = None,
        notice: Notice | None = None,
    ) -> None:
        for _ in make_frame.prepare():
            pass  # nothing where the caller did it, in its own time
        self._make_frame, self._scene, self._shelf = make_frame, scene, shelf
        self._clip = clip or clip_of(scene, frames)
        self._plan = Plan(frames, self._clip, reach, fingerprint)
        self._reach, self._notice = reach, notice
        self._ahead = deque(self._plan.frames)
        self._looks: dict[int, Look] = {}
        self._digests: deque[tuple[int, Future]] = deque()
        self._fetches: deque[tuple[int, str, Future]] = deque()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="facewright-pictures")
        self._resume = (scene.frame_current, scene.frame_subframe)
        self.evaluating = 0.0
        self.states: dict[int, State] = {}

    @property
    def done(self) -> bool:
        """Whether every frame's state is known."""
        return self._plan.decided

    def step(self, wait: float | None = None) -> bool:
        """Do one thing; whether there was anything to do.

        Args:
            wait: seconds to wait where nothing can be done; None for ever.

        Raises:
            AddonError: the geometry cannot be sent, or a file not be written.
        """
        return self._collect() or self._decide() or self._look() or self._idle(wait)

    def restore(self) -> None:
        """Go back to the frame that was shown."""
        frame, part = self._resume
        self._scene.frame_set(frame, subframe=part)

    def close(self) -> None:
        """Finish what is being written and end the worker."""
        self._pool.shutdown(wait=True, cancel_futures=False)
        self._shelf.save()

    def _look(self) -> bool:
        """Evaluate and read one frame, where there is room to remember it."""
        if not self._ahead or len(self._looks) > AHEAD + 2 * self._reach:
            return False
        frame = self._ahead.popleft()
        started = time.perf_counter()
        self._scene.frame_set(frame)
        self.evaluating += time.perf_counter() - started
        look = self._looks[frame] = self._make_frame.look()
        self._digests.append((frame, self._pool.submit(self._make_frame.digest, look)))
        return True

    def _collect(self) -> bool:
        """Take what the worker has found out."""
        moved = False
        while self._digests and self._digests[0][1].done():
            frame, digest = self._digests.popleft()
            sort = self._looks[frame].known is None
            for keyed, key in self._plan.digested(frame, digest.result(), sort):
                self._fetches.append((keyed, key, self._pool.submit(self._find, keyed, key)))
            moved = True
        while self._fetches and self._fetches[0][2].done():
            frame, key, found = self._fetches.popleft()
            self._found(frame, key, found.result())
            moved = True
        return moved

    def _find(self, frame: int, key: str) -> State:
        """How a frame's picture stands; in the worker."""
        return self._shelf.state(frame, key)

    def _found(self, frame: int, key: str, state: State) -> None:
        self._tell(frame, state)
        self._plan.settled(frame, True)  # nothing is sent

    def _decide(self) -> bool:
        """Do with the next frame what is to be done with it."""
        decision = self._plan.take()
        if decision is None:
            return False
        del self._looks[decision.frame]
        return True

    def _idle(self, wait: float | None) -> bool:
        """Wait for the worker."""
        if waiting := self._asked():
            concurrent.futures.wait(waiting[:1], wait)
        return False

    def _asked(self) -> list[Future]:
        """What the worker was asked and has not been heard about."""
        return [one for _, one in self._digests] + [one for _, _, one in self._fetches]

    def _tell(self, frame: int, state: State) -> None:
        self.states[frame] = state
        if self._notice is not None:
            self._notice(frame, state)


def clip_of(scene: bpy.types.Scene, frames: Sequence[int]) -> range:
    """The scene's frames, and those wanted; a step of theirs is kept."""
    step = frames.step if isinstance(frames, range) else 1
    first = frames[0] - max(0, (frames[0] - scene.frame_start) // step) * step
    return range(first, max(scene.frame_end, frames[-1]) + 1, step)
