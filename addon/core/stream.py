# SPDX-License-Identifier: GPL-3.0-or-later
"""One Animate stream: geometry out, pictures back, a window of frames in flight; no bpy."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from types import TracebackType

from ..v1 import face_pb2, service_pb2
from . import lazy_grpc as grpc
from .errors import AddonError, BackendGoneError


class FrameStream:
    """Sends from the caller's thread, receives in one of its own, and never blocks to send.

    Blender evaluates geometry on its main thread only, while gRPC wants an iterator that it
    may block on; a queue joins the two.

    Attributes:
        window: frames that may be sent beyond those answered.
        size: (width, height) of every answered frame, pixels.
        steps: sampling steps of each; 0 where the animator has none.
        reach: frames either side that a frame's pixels depend on.
        fingerprint: of all that pictures depend on beside their geometry; empty where the
            backend is too old to tell it.
        in_flight: frames sent and not answered.

    Args:
        header: the stream's first message.
        open_call: starts the call, given the iterator of requests.
        explain: makes the add-on's error of a failed call.
    """

    def __init__(
        self,
        header: service_pb2.AnimateHeader,
        open_call: Callable[[Iterator[service_pb2.AnimateRequest]], grpc.Call],
        explain: Callable[[grpc.RpcError], AddonError],
    ) -> None:
        self._requests: queue.SimpleQueue = queue.SimpleQueue()
        self._answers: queue.SimpleQueue = queue.SimpleQueue()
        self._explain = explain
        self._requests.put(service_pb2.AnimateRequest(header=header))
        self._call = open_call(iter(self._requests.get, None))
        self.in_flight = 0
        self._reader = threading.Thread(target=self._read, name="facewright-frames", daemon=True)
        self._reader.start()
        try:
            answer = self._next(None)
            if answer is None or answer.WhichOneof("part") != "ready":
                raise BackendGoneError("the backend ended the stream before it was ready")
        except BaseException:
            self.close()
            raise
        self.window = max(1, answer.ready.window)
        self.size = (answer.ready.width, answer.ready.height)
        self.steps, self.reach = answer.ready.steps, answer.ready.reach
        self.fingerprint = answer.ready.fingerprint

    def __enter__(self) -> FrameStream:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def has_room(self) -> bool:
        """Whether another frame may be sent."""
        return self.in_flight < self.window

    def send(self, frame: face_pb2.GeometryFrame) -> None:
        """Queue one frame; returns at once. One that is ``context`` gets no answer."""
        self.in_flight += not frame.context
        self._requests.put(service_pb2.AnimateRequest(frame=frame))

    def finish(self) -> None:
        """Say that no frame will follow, so that the last ones wait for none."""
        self._requests.put(None)

    def receive(self, timeout: float | None = None) -> service_pb2.FrameResult | None:
        """The next answer; None where none comes within ``timeout`` seconds.

        Raises:
            AddonError: the stream ended; the backend's reason.
        """
        try:
            answer = self._next(timeout)
        except queue.Empty:
            return None
        if answer is None:
            raise BackendGoneError(
                f"the backend ended the stream with {self.in_flight} frames open"
            )
        self.in_flight -= 1
        return answer.frame

    def close(self) -> None:
        """Half-close where every frame was answered, cancel where not."""
        self._requests.put(None)
        if self.in_flight:
            self._call.cancel()
        self._reader.join(timeout=5.0)
        self._call.cancel()  # a no-op where the call has ended

    def _next(self, timeout: float | None) -> service_pb2.AnimateResponse | None:
        answer = self._answers.get(timeout=timeout)
        if isinstance(answer, grpc.RpcError):
            raise self._explain(answer) from answer
        return answer

    def _read(self) -> None:
        try:
            for answer in self._call:
                self._answers.put(answer)
            self._answers.put(None)
        except grpc.RpcError as error:
            self._answers.put(error)
