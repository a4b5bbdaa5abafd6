# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frames of a range have to be sent, decided in order as they are looked at; no bpy."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from . import cache


@dataclass(slots=True)
class _Seat:
    wanted: bool
    digest: bytes | None = None
    sort: object = None
    known: bool | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a frame: ``send`` it for an answer, or as ``context``, or neither."""

    frame: int
    send: bool
    context: bool


class Plan:
    """Frames in order: looked at, keyed by what is in reach, decided.

    A picture depends on the frames within the animator's reach, so a frame has its key
    when these are digested, and is sent, if only as context, where one of these is.

    Attributes:
        frames: to look at, increasing: those wanted and what is in their reach.

    Args:
        wanted: frames whose pictures are wanted; all of them in ``clip``.
        clip: the frames that there are, with their step; beyond its ends the edge frame
            stands in, as it does in the backend.
        reach: of the animator.
        fingerprint: of the stream.
    """

    def __init__(self, wanted: Iterable[int], clip: range, reach: int, fingerprint: str) -> None:
        chosen = set(wanted)
        self._clip, self._reach, self._fingerprint = clip, reach, fingerprint
        around = {near for frame in chosen for near in self._near(frame)}
        self.frames = sorted(chosen | around)
        self._seats = {frame: _Seat(frame in chosen) for frame in self.frames}
        self._unkeyed = deque(frame for frame in self.frames if frame in chosen)
        self._undecided = deque(self.frames)

    @property
    def decided(self) -> bool:
        """Whether :meth:`take` has told of every frame."""
        return not self._undecided

    @property
    def first(self) -> int | None:
        """The frame that is decided next."""
        return self._undecided[0] if self._undecided else None

    def digested(self, frame: int, digest: bytes, sort: object = None) -> list[tuple[int, str]]:
        """Say what a frame shows; frames come in order.

        Args:
            frame: one of ``frames``.
            digest: of its geometry and of what is said beside it.
            sort: frames of another sort are no neighbours.

        Returns:
            Frames whose keys are known now, with these.
        """
        seat = self._seats[frame]
        seat.digest, seat.sort = digest, sort
        keyed = []
        while self._unkeyed:
            first = self._unkeyed[0]
            if any(self._seats[near].digest is None for near in (first, *self._near(first))):
                break
            keyed.append((self._unkeyed.popleft(), cache.key(self._fingerprint, self._seen(first))))
        return keyed

    def settled(self, frame: int, known: bool) -> None:
        """Say whether a frame's picture is there or on its way."""
        self._seats[frame].known = known

    def peek(self) -> Decision | None:
        """What becomes of the next frame; None where that is not known yet."""
        if not self._undecided:
            return None
        frame = self._undecided[0]
        seat = self._seats[frame]
        around = [self._seats[near] for near in self._near(frame) if near in self._seats]
        judged = [one for one in (seat, *around) if one.wanted]
        if any(one.known is None for one in judged):
            return None
        send = seat.wanted and not seat.known
        return Decision(frame, send, not send and any(not one.known for one in judged))

    def take(self) -> Decision | None:
        """:meth:`peek`, and go on to the frame after."""
        decision = self.peek()
        if decision is not None:
            self._undecided.popleft()
        return decision

    def _near(self, frame: int) -> list[int]:
        """The clip's frames within reach of one, without it."""
        step = self._clip.step
        steps = (*range(-self._reach, 0), *range(1, self._reach + 1))
        return [frame + k * step for k in steps if frame + k * step in self._clip]

    def _seen(self, frame: int) -> list[bytes]:
        """Digests from ``reach`` before to ``reach`` after, the edge's where one lacks."""
        own = self._seats[frame].digest
        assert own is not None
        sides: list[list[bytes]] = []
        for direction in (-1, 1):
            side, near, open_ = [], own, True
            for k in range(1, self._reach + 1):
                far = frame + direction * k * self._clip.step
                seat = self._seats.get(far) if far in self._clip else None
                open_ = open_ and seat is not None and seat.sort == self._seats[frame].sort
                if open_ and seat is not None and seat.digest is not None:
                    near = seat.digest
                side.append(near)
            sides.append(side)
        return [*reversed(sides[0]), own, *sides[1]]
