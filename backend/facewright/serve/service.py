"""The RPC methods: each checks its header, hands the work on and answers."""

from __future__ import annotations

import asyncio
import functools
import itertools
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any, TypeVar

import grpc

import facewright
from facewright.capture.subject import Subject
from facewright.errors import InputError
from facewright.serve import limits as bounds
from facewright.serve import messages
from facewright.serve.abilities import OLDEST_CLIENT
from facewright.serve.animating import AnimateStream, frame_result
from facewright.serve.assets import AssetStore
from facewright.serve.capturing import captured_from
from facewright.serve.combining import Combiner
from facewright.serve.driving import SAMPLE_RATES, drive_options, live_options
from facewright.serve.engine import Engine
from facewright.serve.limits import Limits
from facewright.serve.live import LiveStream
from facewright.serve.reviewing import review_assets, review_message
from facewright.serve.sessions import SubjectStore, subject_id
from facewright.serve.staging import Stage, previewed, stage
from facewright.serve.status import StatusError, abort
from facewright.serve.streams import read, write
from facewright.serve.tracking import track_messages, track_options
from facewright.serve.v1 import service_pb2, service_pb2_grpc
from facewright.serve.worker import Job, Slots, Worker

T = TypeVar("T")


def _call(method: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T | None]]:
    """Count a call while it runs, refuse it while draining, answer what it raises."""

    @functools.wraps(method)
    async def call(
        self: FacewrightService, request: Any, context: grpc.aio.ServicerContext
    ) -> T | None:
        self._calls += 1
        self._idle.clear()
        try:
            if self.draining.is_set():
                raise StatusError.stopping()
            return await method(self, request, context)
        except Exception as error:
            await abort(context, error)
            return None
        finally:
            self._calls -= 1
            if not self._calls:
                self._idle.set()

    return call


class FacewrightService(service_pb2_grpc.FacewrightServiceServicer):
    """One instance per server; everything but the work itself happens on the event loop.

    Attributes:
        subjects: captured ones.
        draining: set when the server stops taking calls.
    """

    def __init__(self, limits: Limits, assets: AssetStore, workers: list[Worker[Engine]]) -> None:
        self._limits, self._assets, self._workers = limits, assets, workers
        self.subjects = SubjectStore(limits)
        self._jobs = Slots(limits.max_jobs, "calls waiting for its device", retry_ms=1000)
        self._streams = Slots(limits.max_streams, "Animate streams", retry_ms=2000)
        self._uploads = Slots(limits.max_uploads, "uploads", retry_ms=500)
        # Disk and picture encoding: both let go of the interpreter's lock.
        self._pool = ThreadPoolExecutor(2 + len(workers), thread_name_prefix="facewright io")
        self._combiners = {worker: Combiner(worker, limits.max_batch) for worker in workers}
        self._abilities: service_pb2.GetCapabilitiesResponse | None = None
        self._model = ""  # id of the morphable model, with the abilities
        self._ability_lock = asyncio.Lock()
        self._calls = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.draining = asyncio.Event()

    async def drained(self) -> None:
        """Wait until no call is in flight; call after setting ``draining``."""
        await self._idle.wait()

    def close(self) -> None:
        """End the threads, once the calls have ended."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    @_call
    async def GetCapabilities(
        self, request: service_pb2.GetCapabilitiesRequest, context: grpc.aio.ServicerContext
    ) -> service_pb2.GetCapabilitiesResponse:
        """Limits, animators, drivers and models."""
        bounds.protocol_version(request.protocol_version)
        bounds.name("client", request.client)
        return await self._capabilities()

    @_call
    async def FindAssets(
        self, request: service_pb2.FindAssetsRequest, context: grpc.aio.ServicerContext
    ) -> service_pb2.FindAssetsResponse:
        """Which digests need not be put."""
        bounds.whole("sha256", len(request.sha256), 0, bounds.MAX_FIND)
        asked = [bounds.sha256("sha256", digest) for digest in request.sha256]
        present = [digest for digest in asked if digest in self._assets]
        return service_pb2.FindAssetsResponse(present=present)

    @_call
    async def PutAsset(
        self, requests: Any, context: grpc.aio.ServicerContext
    ) -> service_pb2.PutAssetResponse:
        """Header, chunks, half-close."""
        with self._uploads.take():
            header = await self._first(context, "header")
            bounds.protocol_version(header.protocol_version)
            with self._assets.begin(header.sha256, header.size, header.file_name) as upload:
                while (request := await self._read(context)) is not None:
                    if request.WhichOneof("part") != "chunk":
                        raise InputError("part: expected a chunk after the header")
                    await self._in_pool(partial(upload.write, request.chunk))
                digest = upload.finish()
        return service_pb2.PutAssetResponse(sha256=digest)

    @_call
    async def CaptureSubject(
        self, request: service_pb2.CaptureSubjectRequest, context: grpc.aio.ServicerContext
    ) -> None:
        """Photo or subject asset -> subject, in pieces."""
        source = captured_from(request)
        await self._capabilities()
        key = subject_id(source.sha256, source.face, source.size, self._model)
        answer = service_pb2.CaptureSubjectResponse
        with self._jobs.take():
            subject = self.subjects.find(key)
            if subject is None:
                with self._assets.hold(source.field, source.sha256) as asset:

                    def capture(engine: Engine, job: Job) -> Subject:
                        # Whoever waited behind the same capture finds it done.
                        found = self.subjects.find(key) or source.read(engine, asset, job)
                        self.subjects.put(key, found)
                        return found

                    subject = await self._progressing(context, answer, capture)
            await self._write(context, answer(header=messages.subject_header(key, subject)))
            await self._write(context, answer(mesh=messages.subject_mesh(subject)))
            for keys in messages.shape_keys(subject.model):
                await self._write(context, answer(shape_keys=keys))
            whole = request.whole_photo
            pictures = self._progressing(
                context, answer, lambda engine, job: engine.pictures(subject, whole, job)
            )
            for picture in await pictures:
                await self._write(context, answer(pictures=picture))

    @_call
    async def GetPoses(
        self, request: service_pb2.GetPosesRequest, context: grpc.aio.ServicerContext
    ) -> service_pb2.GetPosesResponse:
        """Visemes and emotions, as the drivers show them."""
        bounds.protocol_version(request.protocol_version)
        models = (await self._capabilities()).models
        name = request.model or models[0]
        if name not in models:
            raise InputError(f"model: expected one of {', '.join(models)}, got {name[:64]!r}")
        return await self._worker().run(lambda engine, job: engine.poses(name))

    @_call
    async def TrackVideo(
        self, request: service_pb2.TrackVideoRequest, context: grpc.aio.ServicerContext
    ) -> None:
        """Video asset -> motion, in runs of frames, and how surely each was seen."""
        bounds.protocol_version(request.protocol_version)
        subject = self.subjects.get(request.subject_id) if request.subject_id else None
        options = track_options(request, self._limits)
        digest = request.video_sha256
        with self._jobs.take(), self._assets.hold("video_sha256", digest) as video:
            tracked = await self._progressing(
                context,
                service_pb2.TrackVideoResponse,
                lambda engine, job: engine.track(video, subject, options, job),
            )
            for message in track_messages(tracked):
                await self._write(context, message)

    @_call
    async def DriveSpeech(
        self, request: service_pb2.DriveSpeechRequest, context: grpc.aio.ServicerContext
    ) -> None:
        """Speech asset or script -> motion, in runs of frames."""
        bounds.protocol_version(request.protocol_version)
        subject = self.subjects.get(request.subject_id) if request.subject_id else None
        with self._jobs.take(), ExitStack() as held:
            options = drive_options(request, self._limits, held, self._assets.hold)
            speech = None
            if options.script is None:
                digest = request.speech_sha256
                speech = held.enter_context(self._assets.hold("speech_sha256", digest))
            motion, said = await self._progressing(
                context,
                service_pb2.DriveSpeechResponse,
                lambda engine, job: engine.drive(speech, subject, options, job),
            )
            for message in itertools.chain(messages.sound(said), messages.motion(motion)):
                await self._write(context, message)

    @_call
    async def DriveLive(self, requests: Any, context: grpc.aio.ServicerContext) -> None:
        """Header, then samples; frames as soon as they are known."""
        with self._streams.take(), ExitStack() as held:
            header = await self._first(context, "header")
            controls = header.controls
            bounds.protocol_version(controls.protocol_version)
            subject = self.subjects.get(controls.subject_id) if controls.subject_id else None
            options = live_options(header, held, self._assets.hold)
            rate = bounds.whole("sample_rate", header.sample_rate, *SAMPLE_RATES)
            worker = self._worker()
            live = await worker.run(lambda engine, job: engine.live(subject, options, rate))
            stream = LiveStream(context, live, options.controls.fps, rate, self._limits)
            await stream.run(self._in_pool)  # not on the worker: others' work would delay it

    @_call
    async def Animate(self, requests: Any, context: grpc.aio.ServicerContext) -> None:
        """Header, then frames; see ``animating``."""
        with self._streams.take():
            staged = await self._staged(await self._first(context, "header"))
            fingerprint = await staged.prepare()
            ready = service_pb2.AnimateReady(
                window=staged.window,
                width=staged.width,
                height=staged.height,
                steps=staged.steps,
                reach=staged.reach,
                fingerprint=fingerprint,
            )
            await self._write(context, service_pb2.AnimateResponse(ready=ready))
            stream = AnimateStream(context, staged, self._pool, self._limits, self.draining)
            await stream.run()

    @_call
    async def PreviewFrame(
        self, request: service_pb2.PreviewFrameRequest, context: grpc.aio.ServicerContext
    ) -> service_pb2.PreviewFrameResponse:
        """One frame."""
        with self._jobs.take():
            staged = await self._staged(request.header)
            frame, portion = previewed(request, staged)
            fingerprint = await staged.prepare()
            started = asyncio.get_running_loop().time()
            rendered = await staged.render(portion)
            seconds = asyncio.get_running_loop().time() - started
            picture = await self._in_pool(partial(staged.encode, rendered[0]))
        result = frame_result(frame, picture, seconds)
        return service_pb2.PreviewFrameResponse(frame=result, fingerprint=fingerprint)

    @_call
    async def ReviewClip(
        self, request: service_pb2.ReviewClipRequest, context: grpc.aio.ServicerContext
    ) -> None:
        """Movie asset -> what was measured of it."""
        bounds.protocol_version(request.protocol_version)
        answer = service_pb2.ReviewClipResponse
        with self._jobs.take(), ExitStack() as held:
            assets = review_assets(request, held, self._assets.hold)
            found = await self._progressing(
                context, answer, lambda engine, job: engine.review(assets, job)
            )
            await self._write(context, answer(review=review_message(found)))

    async def _staged(self, header: service_pb2.AnimateHeader) -> Stage:
        animators, worker = (await self._capabilities()).animators, self._worker()
        combiner = self._combiners[worker]
        return stage(header, animators, self.subjects, worker, combiner, self._limits)

    def _worker(self) -> Worker[Engine]:
        return min(self._workers, key=lambda worker: worker.waiting)

    async def _in_pool(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def _capabilities(self) -> service_pb2.GetCapabilitiesResponse:
        async with self._ability_lock:
            if self._abilities is None:
                response, self._model = await self._workers[0].run(
                    lambda engine, job: (engine.abilities(), engine.model_id())
                )
                response.protocol_version = service_pb2.PROTOCOL_VERSION
                response.version = facewright.__version__
                response.oldest_client = OLDEST_CLIENT
                response.device = ", ".join(worker.device for worker in self._workers)
                response.limits.CopyFrom(self._limits.to_proto())
                self._abilities = response
            return self._abilities

    async def _read(self, context: grpc.aio.ServicerContext) -> Any:
        return await read(context, self._limits.idle_seconds)

    async def _write(self, context: grpc.aio.ServicerContext, response: Any) -> None:
        await write(context, response, self._limits.idle_seconds)

    async def _first(self, context: grpc.aio.ServicerContext, part: str) -> Any:
        request = await self._read(context)
        if request is None or request.WhichOneof("part") != part:
            raise InputError(f"part: expected a {part} in the first message")
        return getattr(request, part)

    async def _progressing(
        self,
        context: grpc.aio.ServicerContext,
        answer: Callable[..., Any],
        work: Callable[[Engine, Job], T],
    ) -> T:
        """The result of ``work`` on a worker, with its progress written as it comes."""
        loop = asyncio.get_running_loop()
        told: asyncio.Queue[service_pb2.Progress | None] = asyncio.Queue()

        def listen(stage: str, fraction: float, seconds_left: float) -> None:
            progress = service_pb2.Progress(
                stage=stage, fraction=fraction, seconds_left=seconds_left
            )
            loop.call_soon_threadsafe(told.put_nowait, progress)

        task = asyncio.create_task(self._worker().run(work, Job(listen)))
        task.add_done_callback(lambda _: told.put_nowait(None))
        try:
            while (progress := await told.get()) is not None:
                await self._write(context, answer(progress=progress))
            return await task
        finally:
            task.cancel()
