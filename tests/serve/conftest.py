"""A real server on a loopback socket, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import grpc
import numpy as np
import pytest
from facewright.animate import base
from facewright.capture.subject import Subject
from facewright.face.coefficients import TOTAL, Coefficients
from facewright.face.library import load_model
from facewright.render.camera import Camera
from facewright.serve.config import ServeConfig
from facewright.serve.limits import Limits
from facewright.serve.server import Server
from facewright.serve.v1 import service_pb2, service_pb2_grpc


class Running:
    """A started server; ``stop`` drains it."""

    def __init__(self, config: ServeConfig) -> None:
        self._config = config
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()))
        self._failure: BaseException | None = None
        self.server: Server | None = None
        self.drained: bool | None = None

    def __enter__(self) -> Running:
        self._thread.start()
        assert self._started.wait(60)
        if self._failure:
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        return self.server.address

    def begin_stop(self) -> None:
        """Let draining begin; returns at once."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)

    def stop(self) -> None:
        self.begin_stop()
        self._thread.join(60)
        assert not self._thread.is_alive()

    def channel(self) -> grpc.Channel:
        return grpc.insecure_channel(self.address, [("grpc.max_receive_message_length", 1 << 28)])

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            self.server = Server(self._config)
            await self.server.start()
        except BaseException as error:
            self._failure = error
            return
        finally:
            self._started.set()
        await self._stop.wait()
        self.drained = await self.server.stop(self._config.drain_seconds)


@pytest.fixture(scope="session")
def serving() -> Callable[..., Running]:
    """``with serving(max_jobs=1) as server``: a server of these limits."""

    def make(config: dict | None = None, **limits: float) -> Running:
        options = {"port": 0, "devices": ("cpu",), "drain_seconds": 5.0} | (config or {})
        return Running(ServeConfig(limits=Limits(**limits), **options))

    return make


@pytest.fixture(scope="module")
def server(serving: Callable[..., Running]) -> Iterator[Running]:
    """A server of default limits that the tests of a module share."""
    with serving() as running:
        yield running


@pytest.fixture
def stub(server: Running) -> Iterator[service_pb2_grpc.FacewrightServiceStub]:
    """Raw calls to ``server``."""
    with server.channel() as channel:
        yield service_pb2_grpc.FacewrightServiceStub(channel)


@pytest.fixture(scope="session")
def plain_subject() -> Subject:
    """A subject of the default model that no photograph was needed for."""
    model = load_model()
    grey = np.full((64, 64, 3), 128, np.uint8)
    vector = np.zeros(TOTAL, np.float32)
    vector[-10:-4] = 0, 0, 0, 0, 0, -0.6  # pose: in front of the camera
    return Subject(
        model=model,
        coefficients=Coefficients.from_vector(vector),
        camera=Camera(150.0, (32.0, 32.0), (64, 64)),
        crop=grey,
        box=(0.0, 0.0, 64.0, 64.0),
        photo=np.full((96, 80, 3), 128, np.uint8),
        matte=np.ones((64, 64), np.float32),
        landmarks=np.zeros((478, 2), np.float32),
    )


class MeterAnimator:
    """Draws each frame's first expression weight as a grey; counts and can be held.

    It takes the place of an animator where a test is about the stream around it. With a
    reach, the grey is the weights of the frames around as well, each with a share of its
    own; with steps, these show in the second channel, and the seed in the third.
    """

    name = "meter"
    summary = "shows one weight as a grey"
    licence = "Apache-2.0"
    sizes = (64,)
    needs_correspondence = True
    reach = 0
    steps: tuple[int, int, int] | None = None
    preview_steps: int | None = None

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.passes: list[int] = []  # frames of each, neighbours among them
        self.seeds: list[int] = []
        self.begun = 0
        self.go = threading.Event()
        self.go.set()
        self.hold, self.held = 0, threading.Event()  # stops again in this step

    def prepare(self, subject: Subject, size: int) -> int:
        return size

    def __call__(
        self,
        geometry: base.Geometry,
        state: int,
        seed: int = 0,
        *,
        steps: int | None = None,
        check: Callable[[], None] | None = None,
    ) -> np.ndarray:
        count = base.checked_steps(self, steps)
        rows = base.window(geometry, self.reach)
        for _ in range(max(1, count)):
            self.begun += 1
            assert self.go.wait(30)
            if self.begun == self.hold:
                assert self.held.wait(30)
            if check is not None:
                check()
        self.batches.append(len(rows))
        self.passes.append(len(geometry.indices))
        self.seeds.append(seed)
        if geometry.rho is None:
            level = np.full(len(rows), 255)
        else:
            shares = np.arange(rows.shape[1], 0, -1, np.float32)
            weights = geometry.rho.expression[rows, 0] * (shares / shares.sum())
            level = np.rint(weights.sum(1) * 255)
        if (level == 1).any():
            raise ZeroDivisionError("this weight makes the meter fail")
        frames = np.empty((len(rows), state, state, 3), np.uint8)
        frames[:] = level.astype(np.uint8)[:, None, None, None]
        if count:
            frames[..., 1], frames[..., 2] = count, seed
        return frames


@pytest.fixture
def meter(serving: Callable[..., Running], plain_subject: Subject) -> Iterator[Callable]:
    """``meter(max_window=4)``: (server, stub, animator) with the meter and "subject"."""
    animator = MeterAnimator()
    base.register("meter", lambda: animator)
    with ExitStack() as stack:

        def make(config: dict | None = None, **limits: float) -> tuple:
            running = stack.enter_context(serving(config, **limits))
            running.server.service.subjects.put("subject", plain_subject)
            channel = stack.enter_context(running.channel())
            return running, service_pb2_grpc.FacewrightServiceStub(channel), animator

        yield make
        animator.go.set()
        animator.held.set()
    base._FACTORIES.pop("meter")


@pytest.fixture
def meter_header() -> service_pb2.AnimateHeader:
    """Opens a stream on the meter; raw pictures, a window of 4."""
    return service_pb2.AnimateHeader(
        protocol_version=service_pb2.PROTOCOL_VERSION,
        subject_id="subject",
        animator="meter",
        size=64,
        window=4,
        encoding=service_pb2.FRAME_ENCODING_RAW,
    )
