"""One DriveLive call: samples in, frames out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np

from facewright.checks import Float32
from facewright.errors import InputError
from facewright.face.names import EXPRESSION_64
from facewright.serve import limits as bounds
from facewright.serve import messages
from facewright.serve.limits import Limits
from facewright.serve.streams import read, write
from facewright.serve.v1 import service_pb2

if TYPE_CHECKING:
    from facewright.drive.live import Live, LiveFrames

_BYTES = 4  # of a sample


class LiveStream:
    """What a client speaks into.

    Args:
        context: of the call, whose header has been read.
        live: the performance.
        fps: of its frames.
        rate: of the samples.
        limits: of the server.
    """

    def __init__(
        self,
        context: grpc.aio.ServicerContext,
        live: Live,
        fps: float,
        rate: int,
        limits: Limits,
    ) -> None:
        self._context, self._live, self._fps, self._rate = context, live, fps, rate
        self._limits, self._left = limits, limits.max_speech_seconds

    async def run(self, work: Callable[[Callable[[], LiveFrames]], Awaitable[LiveFrames]]) -> None:
        """Answer until the client half-closes; ``work`` runs a function off the event loop."""
        live = self._live
        header = messages.motion_header(self._fps, live.model, EXPRESSION_64, live.sources, 0)
        await self._write(service_pb2.DriveLiveResponse(header=header))
        while (samples := await self._samples()) is not None:
            await self._frames(await work(partial(live.feed, samples)))
        await self._frames(await work(live.finish))

    async def _samples(self) -> Float32 | None:
        """The next chunk; None at the sound's end."""
        request = await read(self._context, self._limits.idle_seconds)
        if request is None:
            return None
        if request.WhichOneof("part") != "samples":
            raise InputError("part: expected samples after the header")
        data = request.samples
        if len(data) > bounds.CHUNK_BYTES or len(data) % _BYTES:
            raise InputError(
                f"samples: expected whole float32 in up to {bounds.CHUNK_BYTES} bytes, got "
                f"{len(data)} bytes"
            )
        self._left -= len(data) / _BYTES / self._rate
        if self._left < 0:
            longest = self._limits.max_speech_seconds
            raise InputError(f"samples: more than {longest:g} seconds; begin another performance")
        return np.frombuffer(data, "<f4").astype(np.float32)

    async def _frames(self, made: LiveFrames) -> None:
        if len(made):
            run = messages.motion_frames(
                self._fps, made.first, made.expression, made.pose, made.gaze
            )
            await self._write(service_pb2.DriveLiveResponse(frames=run))

    async def _write(self, response: Any) -> None:
        await write(self._context, response, self._limits.idle_seconds)
