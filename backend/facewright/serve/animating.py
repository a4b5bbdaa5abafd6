"""One Animate stream: a window of frames in flight, batched, answered in order.

Three tasks pass frames along: one reads and checks, one renders in batches on the
device's worker and hands the pictures to encoder threads, one answers. A frame that is
wrong, or that fails, travels as an error in its place. A frame whose animator looks at its
neighbours waits for them, see ``lineup``.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable
from concurrent.futures import Executor
from dataclasses import dataclass

import grpc

from facewright.checks import UInt8
from facewright.errors import FacewrightError, InputError
from facewright.serve import convert
from facewright.serve.convert import Frame, Portion
from facewright.serve.limits import Limits
from facewright.serve.lineup import Batch, Item, Lineup, Wrong
from facewright.serve.staging import Stage
from facewright.serve.status import StatusError, status_of
from facewright.serve.streams import write
from facewright.serve.v1 import face_pb2, service_pb2

#: How long a stream may be silent once the server drains.
DRAIN_SILENCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Rendered:
    """Items in order; a picture or an error on its way for each; seconds for each."""

    items: list[Item]
    pictures: list[Awaitable[bytes | Exception]]
    seconds: float


def frame_result(item: Item, picture: bytes | Exception, seconds: float) -> service_pb2.FrameResult:
    """The answer to one frame."""
    result = service_pb2.FrameResult(index=item.index, time_code=item.time_code, seconds=seconds)
    if isinstance(picture, Exception):
        status = status_of(picture)
        result.error.code, result.error.message = status.number, status.message
    else:
        result.picture = picture
    return result


class AnimateStream:
    """Reads, renders and answers the frames of one call until the client half-closes."""

    def __init__(
        self,
        context: grpc.aio.ServicerContext,
        stage: Stage,
        pool: Executor,
        limits: Limits,
        draining: asyncio.Event,
    ) -> None:
        """Set up a stream whose header was read, checked and answered.

        Args:
            context: of the call.
            stage: what renders its frames.
            pool: threads for encoding.
            limits: of the server.
            draining: set when the server begins to stop.
        """
        self._context, self._stage = context, stage
        self._pool, self._limits, self._draining = pool, limits, draining
        # Half a window, so that one batch renders while another is answered and refilled.
        half = (stage.window - stage.reach) // 2
        self._lineup = Lineup(stage.reach, max(1, min(limits.max_batch, half)))
        self._room = asyncio.Semaphore(stage.window)
        self._unanswered = 0
        self._taken: asyncio.Queue[Item | None] = asyncio.Queue()  # bounded by the window
        self._rendered: asyncio.Queue[_Rendered | None] = asyncio.Queue(2)

    async def run(self) -> None:
        """Serve the stream; the first failure of any of its tasks ends all."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._take_frames())
                tasks.create_task(self._render_frames())
                tasks.create_task(self._answer_frames())
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _take_frames(self) -> None:
        last = -math.inf
        while True:
            await self._room.acquire()
            message = await self._next()
            if message is None:
                break
            item = self._checked(message, last)
            if isinstance(item, Frame):
                last = item.time_code
            elif message.context:  # no answer could say it
                raise InputError(f"frame {item.index}, context: {item.error}")
            self._unanswered += not message.context
            self._taken.put_nowait(item)
        self._taken.put_nowait(None)

    async def _next(self) -> face_pb2.GeometryFrame | None:
        """The client's next frame, or None where it has half-closed.

        Raises:
            StatusError: the client was silent for too long while nothing was in flight.
        """
        reading = asyncio.ensure_future(self._context.read())
        draining = asyncio.ensure_future(self._draining.wait())
        try:
            while not reading.done():
                stopping = draining.done()
                timeout = DRAIN_SILENCE_SECONDS if stopping else self._limits.idle_seconds
                done, _ = await asyncio.wait(
                    {reading} if stopping else {reading, draining},
                    timeout=timeout,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                # What waits for its neighbours waits for the client.
                if done or self._unanswered > len(self._lineup):
                    continue
                raise StatusError.stopping() if stopping else self._silent(timeout)
            request = reading.result()
        finally:
            reading.cancel()
            draining.cancel()
        if request is grpc.aio.EOF:
            return None
        if request.WhichOneof("part") != "frame":
            raise InputError("part: expected a frame in every message after the header")
        return request.frame

    def _silent(self, seconds: float) -> StatusError:
        waiting = self._lineup.first()
        if waiting is not None:
            return StatusError.silent(
                f"no frame came for {seconds:g} s and frame {waiting.index} waits for the next; "
                "send it, as `context` where it needs no answer, or half-close"
            )
        return StatusError.silent(
            f"no frame came for {seconds:g} s; half-close a stream that has ended, open another "
            "to go on"
        )

    def _checked(self, message: face_pb2.GeometryFrame, last: float) -> Item:
        try:
            convert.time_code(message.time_code, last)
            return convert.frame(message, self._stage.rules)
        except FacewrightError as error:
            return Wrong(message.index, message.time_code, error)

    async def _render_frames(self) -> None:
        while batch := await self._gathered():
            started = time.perf_counter()
            portion = batch.portion
            pictures = iter(await self._rendered_or_wrong(portion) if portion else [])
            seconds = (time.perf_counter() - started) / (len(portion) if portion else 1)
            encoding = [
                self._encoded(next(pictures) if isinstance(item, Frame) else item.error)
                for item in batch.items
            ]
            await self._rendered.put(_Rendered(batch.items, encoding, seconds))
        await self._rendered.put(None)

    async def _gathered(self) -> Batch | None:
        """What is ready, once there is something; None at the end."""
        while True:
            while not self._taken.empty():
                self._line_up(self._taken.get_nowait())
            batch = self._lineup.take()
            if batch is not None or self._lineup.ended:
                return batch
            self._line_up(await self._taken.get())

    def _line_up(self, item: Item | None) -> None:
        if item is None:
            self._lineup.end()
            return
        self._lineup.add(item)
        if isinstance(item, Frame) and item.context:
            self._room.release()  # nobody answers it

    async def _rendered_or_wrong(self, portion: Portion) -> list[UInt8 | Exception]:
        try:
            return list(await self._stage.render(portion))
        except Exception as error:
            if len(portion) == 1:
                return [error]
        # One of them is at fault: alone, the others come out.
        alone = [portion.alone(number, self._stage.reach) for number in range(len(portion))]
        return [(await self._rendered_or_wrong(one))[0] for one in alone]

    def _encoded(self, picture: UInt8 | Exception) -> Awaitable[bytes | Exception]:
        def encode() -> bytes | Exception:
            try:
                return picture if isinstance(picture, Exception) else self._stage.encode(picture)
            except Exception as error:
                return error

        return asyncio.get_running_loop().run_in_executor(self._pool, encode)

    async def _answer_frames(self) -> None:
        while (batch := await self._rendered.get()) is not None:
            for item, encoding in zip(batch.items, batch.pictures, strict=True):
                result = frame_result(item, await encoding, batch.seconds)
                response = service_pb2.AnimateResponse(frame=result)
                await write(self._context, response, self._limits.idle_seconds)
                self._unanswered -= 1
                self._room.release()
