"""One thread per device, who may queue for it, and how work is called off."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from facewright.errors import CancelledError
from facewright.serve.status import StatusError

T = TypeVar("T")
E = TypeVar("E")


class ProgressListener(Protocol):
    """Takes a stage's name, the fraction done and the seconds left (negative: unknown)."""

    def __call__(self, stage: str, fraction: float, seconds_left: float) -> None: ...


class Job:
    """The thread's end of a piece of work: tells progress, learns of cancellation."""

    def __init__(self, listener: ProgressListener | None = None) -> None:
        self._listener = listener
        self._called_off = threading.Event()

    def call_off(self) -> None:
        """Ask the work to stop at its next check."""
        self._called_off.set()

    def check(self) -> None:
        """Raise CancelledError where nobody waits any more."""
        if self._called_off.is_set():
            raise CancelledError("called off: nobody waits for the result")

    def progress(self, stage: str, fraction: float, seconds_left: float = -1.0) -> None:
        """Tell how far the work is, and stop where nobody waits."""
        self.check()
        if self._listener is not None:
            self._listener(stage, fraction, seconds_left)


class Worker(Generic[E]):
    """Runs work one piece at a time, in order, on a thread that owns an engine.

    The engine is built in that thread and used nowhere else: neither MediaPipe nor a
    CUDA context has to be shared.
    """

    def __init__(self, device: str, engine: Callable[[], E]) -> None:
        self.device = device
        self._make = engine
        self._engine: E | None = None
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"facewright {device}")

    @property
    def waiting(self) -> int:
        """Pieces of work that wait or run."""
        return self._waiting

    async def run(self, work: Callable[[E, Job], T], job: Job | None = None) -> T:
        """The result of ``work(engine, job)``.

        Cancelling the awaiting task takes work that waits out of the queue and asks work
        that runs to stop at its next ``job.check()``.
        """
        job = job or Job()
        self._waiting += 1
        try:
            return await asyncio.wrap_future(self._thread.submit(self._run, work, job))
        finally:
            self._waiting -= 1
            job.call_off()

    def close(self) -> None:
        """Forget what waits, wait for what runs."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _run(self, work: Callable[[E, Job], T], job: Job) -> T:
        job.check()
        if self._engine is None:
            self._engine = self._make()
        return work(self._engine, job)


class Slots:
    """Room for so many at a time; who comes beyond is told when to try again.

    For use on the event loop's thread only.
    """

    def __init__(self, count: int, what: str, retry_ms: int) -> None:
        self._count, self._what, self._retry_ms = count, what, retry_ms
        self._taken = 0

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold a place for the block.

        Raises:
            StatusError: RESOURCE_EXHAUSTED with a retry delay.
        """
        if self._taken >= self._count:
            raise StatusError.busy(
                f"the backend already has {self._count} {self._what}; try again later",
                self._retry_ms,
            )
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1
