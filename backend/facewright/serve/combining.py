"""Frames of several streams in one pass of an animator, where only their geometry differs.

Nobody waits for company: whoever's turn comes on the device takes along what waits for the
same pass by then. A pass that fails is done again for each stream alone.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from facewright.capture.subject import Subject
from facewright.checks import UInt8
from facewright.errors import CancelledError
from facewright.serve import convert
from facewright.serve.convert import Portion
from facewright.serve.engine import Engine, Recipe
from facewright.serve.worker import Job, Worker


@dataclass(eq=False, slots=True)
class _Request:
    """One stream's frames on their way.

    Attributes:
        portion: what to render.
        early: gets the pictures where another stream's turn made them.
        gone: nobody waits for them any more.
    """

    portion: Portion
    early: asyncio.Future[UInt8]
    pictures: UInt8 | None = field(default=None, init=False)
    gone: bool = field(default=False, init=False)


_Key = tuple[Recipe, tuple]


class Combiner:
    """Renders on one worker; ``render`` is for the event loop's thread."""

    def __init__(self, worker: Worker[Engine], most: int) -> None:
        """Render on ``worker``, at most ``most`` answered frames of several streams a pass."""
        self._worker, self._most = worker, most
        self._waiting: dict[_Key, list[_Request]] = {}
        self._lock = threading.Lock()

    async def render(self, recipe: Recipe, subject: Subject, portion: Portion) -> UInt8:
        """(B, size, size, 3) frames of a portion.

        Cancelling the awaiting task stops the work between steps, unless somebody else
        waits for the same pass.
        """
        request = _Request(portion, asyncio.get_running_loop().create_future())
        key = (recipe, portion.sort)
        with self._lock:
            self._waiting.setdefault(key, []).append(request)
        turn = asyncio.ensure_future(
            self._worker.run(partial(self._turn, key, subject, request, request.early.get_loop()))
        )
        try:
            await asyncio.wait({turn, request.early}, return_when=asyncio.FIRST_COMPLETED)
            return turn.result() if turn.done() else request.early.result()
        finally:
            request.gone = True
            with self._lock:
                self._take(key, [request])
            turn.cancel()

    def _turn(
        self,
        key: _Key,
        subject: Subject,
        request: _Request,
        loop: asyncio.AbstractEventLoop,
        engine: Engine,
        job: Job,
    ) -> UInt8:
        """In the worker's thread: the request's pictures, and those of whoever joins it."""
        group = self._joining(key, request)
        if not group:
            if request.pictures is None:
                job.check()
                raise CancelledError("called off: nobody waits for the result")
            return request.pictures
        recipe = key[0]
        try:
            pictures = _rendered(engine, recipe, subject, group)
        except Exception as error:
            with self._lock:  # the others have turns of their own
                self._waiting.setdefault(key, []).extend(r for r in group[1:] if not r.gone)
            if len(group) == 1 or isinstance(error, CancelledError):
                raise
            return _rendered(engine, recipe, subject, group[:1])
        first = len(request.portion)
        for other in group[1:]:
            other.pictures = pictures[first : first + len(other.portion)]
            first += len(other.portion)
            loop.call_soon_threadsafe(_give, other)
        return pictures[: len(request.portion)]

    def _joining(self, key: _Key, request: _Request) -> list[_Request]:
        """The request and what shares its pass, taken out of what waits; empty where made."""
        with self._lock:
            waiting = self._waiting.get(key, [])
            if request not in waiting:
                return []
            group, count = [request], len(request.portion)
            for other in waiting:
                if other is not request and count + len(other.portion) <= self._most:
                    group.append(other)
                    count += len(other.portion)
            self._take(key, group)
            return group

    def _take(self, key: _Key, group: list[_Request]) -> None:
        left = [request for request in self._waiting.pop(key, []) if request not in group]
        if left:
            self._waiting[key] = left


def _rendered(engine: Engine, recipe: Recipe, subject: Subject, group: list[_Request]) -> UInt8:
    geometry = convert.batch([request.portion for request in group])
    return engine.animate(recipe, subject, geometry, _checking(group))


def _checking(group: list[_Request]) -> Callable[[], None]:
    def check() -> None:
        if all(request.gone for request in group):
            raise CancelledError("called off: nobody waits for the result")

    return check


def _give(request: _Request) -> None:
    if not request.early.done() and request.pictures is not None:
        request.early.set_result(request.pictures)
