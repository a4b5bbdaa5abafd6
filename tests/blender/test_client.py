"""The add-on's client against backends that misbehave in ways that the real one does not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("core")


def ready(window: int):
    from addon.v1 import service_pb2

    return service_pb2.AnimateResponse(
        ready=service_pb2.AnimateReady(window=window, width=256, height=256)
    )


def answer(index: int):
    from addon.v1 import service_pb2

    return service_pb2.AnimateResponse(
        frame=service_pb2.FrameResult(index=index, picture=bytes([index % 256]))
    )


def geometry(index: int):
    from addon.v1 import face_pb2

    return face_pb2.GeometryFrame(index=index, time_code=index / 25)


def test_nobody_there() -> None:
    from addon.core.client import Backend
    from addon.core.errors import BackendError

    with (
        Backend("127.0.0.1:1") as backend,
        pytest.raises(BackendError, match=r"no backend answers at 127\.0\.0\.1:1: start one"),
    ):
        backend.hello(timeout=1.0)


def test_a_backend_here_is_not_looked_for_at_a_proxy(
    serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from addon.core.client import Backend
    from addon.v1 import service_pb2

    def capabilities(self, request, context):
        return service_pb2.GetCapabilitiesResponse(protocol_version=1)

    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with Backend(serve(GetCapabilities=capabilities)) as backend:
        assert backend.hello(timeout=5.0).protocol_version == 1


def test_other_protocol_version(serve: Callable[..., str]) -> None:
    from addon.core.client import Backend
    from addon.core.errors import BackendError
    from addon.v1 import service_pb2

    def capabilities(self, request, context):
        return service_pb2.GetCapabilitiesResponse(protocol_version=7)

    with (
        Backend(serve(GetCapabilities=capabilities)) as backend,
        pytest.raises(BackendError, match="protocol version 7, this add-on version 1"),
    ):
        backend.hello()


def test_another_service_is_named(serve: Callable[..., str]) -> None:
    from addon.core.client import Backend
    from addon.core.errors import BackendError

    with (
        Backend(serve()) as backend,
        pytest.raises(BackendError, match="not a Facewright backend"),
    ):
        backend.hello()


def test_window_bounds_what_is_in_flight(serve: Callable[..., str]) -> None:
    from addon.core.client import Backend

    seen, gate = [], threading.Event()

    def animate(self, requests, context):
        next(requests)
        yield ready(3)
        for request in requests:
            seen.append(request.frame.index)
            gate.wait(20)
            yield answer(request.frame.index)

    with Backend(serve(Animate=animate)) as backend, backend.animate("5e", size=256) as stream:
        assert (stream.window, stream.size) == (3, (256, 256))
        sent = 0
        while stream.has_room:
            stream.send(geometry(sent))
            sent += 1
        assert sent == 3
        assert stream.receive(timeout=0.05) is None
        gate.set()
        got = []
        while len(got) < 20:
            if sent < 20 and stream.has_room:
                stream.send(geometry(sent))
                sent += 1
            elif result := stream.receive(timeout=10):
                got.append(result.index)
    assert got == list(range(20)) == seen


def test_steps_quality_and_the_end_are_said(serve: Callable[..., str]) -> None:
    from addon.core.client import Backend
    from addon.v1 import service_pb2

    headers, ended = [], threading.Event()

    def animate(self, requests, context):
        headers.append(next(requests).header)
        reply = ready(4)
        reply.ready.steps, reply.ready.reach = 7, 1
        yield reply
        frames = [request.frame for request in requests]  # until the half-close
        ended.set()
        yield from (answer(frame.index) for frame in frames if not frame.context)

    options = {"steps": 7, "quality": "preview", "seed": 3, "animator": "x"}
    with (
        Backend(serve(Animate=animate)) as backend,
        backend.animate("5e", size=256, **options) as stream,
    ):
        assert (stream.steps, stream.reach) == (7, 1)
        for index in range(4):
            frame = geometry(index)
            frame.context = index in (0, 3)
            stream.send(frame)
        assert stream.in_flight == 2 and not ended.is_set()
        stream.finish()
        assert [stream.receive(timeout=10).index for _ in range(2)] == [1, 2]
        assert stream.in_flight == 0
    (header,) = headers
    assert (header.steps, header.seed, header.animator) == (7, 3, "x")
    assert header.quality == service_pb2.QUALITY_PREVIEW


@pytest.mark.parametrize(
    ("options", "says"),
    [({"steps": -1}, "steps: expected 1 or more"), ({"quality": "best"}, "quality: expected one")],
)
def test_sampling_that_cannot_be_is_refused(options: dict, says: str) -> None:
    from addon.core.client import Backend
    from addon.core.errors import InputError

    with Backend("127.0.0.1:1") as backend, pytest.raises(InputError, match=says):
        backend.animate("5e", size=256, **options)


def test_stream_that_ends_early(serve: Callable[..., str]) -> None:
    from addon.core.client import Backend
    from addon.core.errors import BackendError

    def animate(self, requests, context):
        next(requests)
        yield ready(8)
        next(requests)

    with Backend(serve(Animate=animate)) as backend, backend.animate("5e", size=256) as stream:
        stream.send(geometry(0))
        with pytest.raises(BackendError, match="ended the stream with 1 frames open"):
            stream.receive(timeout=10)


def test_cancel_ends_a_capture(serve: Callable[..., str], tmp_path: Path) -> None:
    from addon.core.client import Backend
    from addon.core.errors import Cancelled
    from addon.core.tasks import Task
    from addon.v1 import service_pb2

    ended = threading.Event()

    def find(self, request, context):
        return service_pb2.FindAssetsResponse(present=request.sha256)

    def capture(self, request, context):
        context.add_callback(ended.set)
        yield service_pb2.CaptureSubjectResponse(
            progress=service_pb2.Progress(stage="fitting", fraction=0.5, seconds_left=9)
        )
        ended.wait(20)

    photo = tmp_path / "photo.png"
    photo.write_bytes(b"x")
    with Backend(serve(FindAssets=find, CaptureSubject=capture)) as backend:
        task = Task(lambda report: backend.capture(photo, progress=report), backend.cancel)
        step = task.poll(timeout=10)
        assert step is not None and step.stage == "fitting"
        task.cancel()
        with pytest.raises(Cancelled):
            task.result()
    assert ended.wait(10)


def test_forgotten_subject_is_captured_again(serve: Callable[..., str], tmp_path: Path) -> None:
    from addon.core.client import Backend
    from addon.core.errors import BackendError, SubjectUnknownError

    with Backend(serve()) as backend:
        captured = []

        def capture(photo: Path, size: int, face: int):
            captured.append((photo, size, face))
            return type("Data", (), {"subject_id": "5e"})

        backend.capture = capture  # type: ignore[assignment,method-assign]
        calls = iter([SubjectUnknownError("gone"), "done"])

        def call():
            result = next(calls)
            if isinstance(result, Exception):
                raise result
            return result

        assert backend.with_subject("5e", tmp_path, 512, call, 2) == "done"
        assert captured == [(tmp_path, 512, 2)]
        calls = iter([SubjectUnknownError("gone")])
        with pytest.raises(BackendError, match="another subject than before"):
            backend.with_subject("77", tmp_path, 512, call)


@pytest.mark.parametrize("content", [None, b""])
def test_files_are_checked_before_anything_is_sent(tmp_path: Path, content: bytes | None) -> None:
    from addon.core.client import Backend
    from addon.core.errors import InputError

    photo = tmp_path / "photo.png"
    if content is not None:
        photo.write_bytes(content)
    with (
        Backend("127.0.0.1:1") as backend,
        pytest.raises(InputError, match=r"photo: (there is no file|.* is empty)"),
    ):
        backend.capture(photo)
