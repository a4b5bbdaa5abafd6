"""An Animate stream: order, window, batches, errors in their place, cancellation.

The animator here is a meter that shows each frame's first weight; the real animators go
through the same stream in test_flow.py.
"""

from __future__ import annotations

import threading
import time

import grpc
import numpy as np
import pytest
from facewright.serve.v1 import face_pb2, service_pb2

SIDE = 64


def geometry(index: int, weight: float, time_code: float | None = None) -> face_pb2.GeometryFrame:
    """A coefficient frame of the default model's size."""
    expression = np.zeros(64, np.float32)
    expression[0] = weight
    return face_pb2.GeometryFrame(
        index=index,
        time_code=index / 25 if time_code is None else time_code,
        coefficients=face_pb2.CoefficientFrame(expression=expression),
    )


def requests(header, frames):
    yield service_pb2.AnimateRequest(header=header)
    for frame in frames:
        yield service_pb2.AnimateRequest(frame=frame)


def answers(stub, header, frames):
    """(ready, results) of a whole stream."""
    call = stub.Animate(requests(header, frames))
    ready = next(call).ready
    return ready, [answer.frame for answer in call]


def level(result) -> int:
    pixels = np.frombuffer(result.picture, np.uint8)
    assert pixels.size == SIDE * SIDE * 3 and np.ptp(pixels) == 0
    return int(pixels[0])


def wait_until(condition, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "timed out"
        time.sleep(0.01)


def test_each_frame_is_answered_in_order(meter, meter_header):
    _, stub, animator = meter()
    weights = [i % 11 / 10 for i in range(40)]
    frames = (geometry(i, w) for i, w in enumerate(weights))
    ready, results = answers(stub, meter_header, frames)
    assert (ready.window, ready.width, ready.height) == (4, SIDE, SIDE)
    assert [r.index for r in results] == list(range(40))
    assert [r.time_code for r in results] == [i / 25 for i in range(40)]
    assert [level(r) for r in results] == [round(w * 255) for w in weights]
    assert sum(animator.batches) == 40
    assert max(animator.batches) <= 2  # half a window


def test_frames_that_wait_share_a_batch(meter, meter_header):
    _, stub, animator = meter()
    meter_header.window = 32
    animator.go.clear()
    sent = threading.Event()

    def frames():
        for i in range(17):
            yield geometry(i, 0)
        sent.set()

    call = stub.Animate(requests(meter_header, frames()))
    assert sent.wait(10)
    time.sleep(0.5)  # on their way to the backend
    animator.go.set()
    assert len(list(call)) == 1 + 17
    # The first that came was taken at once, perhaps with others; the rest waited.
    assert animator.batches[1] == 8  # Limits.max_batch
    assert len(animator.batches) <= 4


def test_no_more_than_a_window_is_taken(meter, meter_header):
    running, stub, animator = meter()
    animator.go.clear()
    sent = []

    def frames():
        for i in range(500):
            sent.append(i)
            yield geometry(i, 0)

    call = stub.Animate(requests(meter_header, frames()))
    assert next(call).ready.window == 4
    time.sleep(0.5)
    # 4 are taken; what gRPC buffers on the way is bytes, not the backend's memory.
    assert animator.batches == []
    worker = running.server.service._workers[0]
    assert worker.waiting == 1
    animator.go.set()
    assert sum(1 for _ in call) == 500
    assert len(sent) == 500


def test_a_window_is_granted_within_the_limit(meter, meter_header):
    _, stub, _ = meter(max_window=3)
    meter_header.window = 1000
    ready, _ = answers(stub, meter_header, [])
    assert ready.window == 3


def test_wrong_frames_are_answered_in_their_place(meter, meter_header):
    _, stub, _ = meter()
    frames = [geometry(i, i / 10) for i in range(8)]
    frames[1].coefficients.expression[5] = float("nan")
    frames[2].coefficients.ClearField("expression")
    frames[3].vertices.positions = bytes(12)
    frames[4].time_code = 0.0  # goes back; the last accepted frame is 0
    frames[5].time_code = float("inf")
    frames[6].coefficients.expression[0] = 1 / 255  # makes the meter fail
    _, results = answers(stub, meter_header, frames)
    assert [r.index for r in results] == list(range(8))
    assert [r.WhichOneof("result") for r in results] == ["picture"] + ["error"] * 6 + ["picture"]
    messages = [r.error.message for r in results[1:7]]
    assert [r.error.code for r in results[1:7]] == [3] * 5 + [13]
    assert "coefficients.expression: expected finite numbers, got nan at [5]" in messages[0]
    assert "coefficients.expression: expected shape (64), got (0,)" in messages[1]
    assert "vertices.positions: expected" in messages[2]
    assert "time_code: expected more than the last accepted frame's 0 s, got 0 s" in messages[3]
    assert "time_code: expected a finite number" in messages[4]
    assert "the backend failed (ZeroDivisionError); its log has the details" in messages[5]
    assert (level(results[0]), level(results[7])) == (0, round(0.7 * 255))


def test_one_failing_frame_spares_its_batch(meter, meter_header):
    _, stub, animator = meter()
    meter_header.window = 16
    animator.go.clear()
    threading.Timer(0.3, animator.go.set).start()
    frames = [geometry(i, 1 / 255 if i == 5 else 0.5) for i in range(8)]
    _, results = answers(stub, meter_header, frames)
    assert [r.WhichOneof("result") == "error" for r in results] == [i == 5 for i in range(8)]


def test_kinds_of_geometry_may_alternate(meter, meter_header, plain_subject):
    _, stub, animator = meter()
    positions = np.full((plain_subject.model.vertex_count, 3), -1, "<f4").tobytes()
    frames = [geometry(i, 0.2) for i in range(6)]
    for frame in frames[1::2]:
        frame.vertices.positions = positions
    _, results = answers(stub, meter_header, frames)
    assert [level(r) for r in results] == [51, 255] * 3
    assert animator.batches == [1] * 6


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"protocol_version": 2}, "FAILED_PRECONDITION", r"client speaks version 2.*version 1"),
        ({"subject_id": "other"}, "NOT_FOUND", r"does not know 'other'.*CaptureSubject again"),
        ({"animator": "magic"}, "INVALID_ARGUMENT", r"animator: 'magic' is not one of .*meter"),
        ({"size": 100}, "INVALID_ARGUMENT", r"size: animator 'meter' makes frames of 64 pixels"),
        ({"steps": 4}, "INVALID_ARGUMENT", r"steps: animator 'meter' has no sampling steps, got 4"),
        ({"quality": 9}, "INVALID_ARGUMENT", r"quality: expected a Quality"),
        ({"seed": 1 << 63}, "INVALID_ARGUMENT", r"seed: expected 0 to"),
        ({"encoding": 9}, "INVALID_ARGUMENT", r"encoding: expected a FrameEncoding"),
        ({"extent": 9}, "INVALID_ARGUMENT", r"extent: expected a FrameExtent"),
    ],
)
def test_a_bad_header_ends_the_stream(meter, meter_header, changes, code, message):
    _, stub, _ = meter()
    for field, value in changes.items():
        setattr(meter_header, field, value)
    with pytest.raises(grpc.RpcError, match=message) as caught:
        answers(stub, meter_header, [])
    assert caught.value.code().name == code


def test_the_header_comes_once_and_first(meter, meter_header):
    _, stub, _ = meter()
    frame = service_pb2.AnimateRequest(frame=geometry(0, 0))
    with pytest.raises(grpc.RpcError, match="expected a header in the first message"):
        next(stub.Animate(iter([frame])))
    header = service_pb2.AnimateRequest(header=meter_header)
    call = stub.Animate(iter([header, header]))
    next(call)
    with pytest.raises(grpc.RpcError, match="expected a frame in every message after the header"):
        next(call)


def test_cancelling_stops_the_work(meter, meter_header):
    running, stub, animator = meter()
    animator.go.clear()
    call = stub.Animate(requests(meter_header, (geometry(i, 0) for i in range(1000))))
    next(call)
    worker = running.server.service._workers[0]
    wait_until(lambda: worker.waiting == 1)
    call.cancel()
    wait_until(lambda: worker.waiting == 0)
    animator.go.set()
    wait_until(lambda: running.server.service._calls == 0)
    time.sleep(0.1)
    assert animator.batches == [] and animator.begun == 1  # it stopped where it was
    meter_header.window = 1
    assert len(answers(stub, meter_header, [geometry(0, 0)])[1]) == 1


def test_a_client_that_vanishes_stops_the_work(meter, meter_header):
    running, _, animator = meter()
    animator.go.clear()
    from facewright.serve.v1 import service_pb2_grpc

    channel = running.channel()
    call = service_pb2_grpc.FacewrightServiceStub(channel).Animate(
        requests(meter_header, (geometry(i, 0) for i in range(1000)))
    )
    next(call)
    service = running.server.service
    wait_until(lambda: service._workers[0].waiting == 1)
    wait_until(lambda: animator.begun == 1)  # and not only queued
    channel.close()
    wait_until(lambda: service._calls == 0)
    animator.go.set()
    time.sleep(0.2)
    assert animator.batches == [] and animator.begun == 1  # it stopped where it was


def test_a_silent_stream_ends(meter, meter_header):
    _, stub, _ = meter(idle_seconds=0.3)
    over = threading.Event()

    def frames():
        yield geometry(0, 0)
        over.wait(30)

    call = stub.Animate(requests(meter_header, frames()))
    next(call)
    assert next(call).frame.index == 0
    with pytest.raises(grpc.RpcError, match=r"no frame came for 0\.3 s") as caught:
        next(call)
    over.set()
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_waiting_for_a_slow_backend_is_not_silence(meter, meter_header):
    _, stub, animator = meter(idle_seconds=0.3)
    over = threading.Event()

    def frames():
        yield geometry(0, 0)
        over.wait(30)

    animator.go.clear()
    call = stub.Animate(requests(meter_header, frames()))
    next(call)
    threading.Timer(1.0, animator.go.set).start()
    assert next(call).frame.index == 0
    over.set()
    assert list(call) == []


def test_a_client_that_never_reads_is_dropped(meter, meter_header):
    """Its answers would pile up; flow control holds them and the stream ends."""
    running, stub, animator = meter(idle_seconds=0.5, max_window=32)
    meter_header.window = 32
    call = stub.Animate(requests(meter_header, (geometry(i, 0) for i in range(100_000))))
    wait_until(lambda: sum(animator.batches) > 100)
    service = running.server.service
    wait_until(lambda: service._calls == 0, 30)
    rendered = sum(animator.batches)
    assert rendered < 100_000
    with pytest.raises(grpc.RpcError):
        for _ in call:
            pass


def test_streams_at_once_are_bounded(meter, meter_header):
    _, stub, _ = meter(max_streams=1)
    over = threading.Event()

    def frames():
        over.wait(30)
        yield geometry(0, 0)

    first = stub.Animate(requests(meter_header, frames()))
    next(first)
    with pytest.raises(grpc.RpcError, match="already has 1 Animate streams") as caught:
        next(stub.Animate(requests(meter_header, [])))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert int(dict(caught.value.trailing_metadata())["retry-after-ms"]) > 0
    over.set()
    assert len(list(first)) == 1
    assert answers(stub, meter_header, [])[1] == []


def test_a_preview_is_one_frame_or_the_calls_error(meter, meter_header):
    _, stub, _ = meter()
    request = service_pb2.PreviewFrameRequest(header=meter_header, frame=geometry(9, 0.4))
    result = stub.PreviewFrame(request).frame
    assert (result.index, level(result)) == (9, 102)
    request.frame.coefficients.expression[0] = float("nan")
    with pytest.raises(grpc.RpcError, match=r"coefficients\.expression: expected finite") as caught:
        stub.PreviewFrame(request)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("encoding", "magic"),
    [
        (service_pb2.FRAME_ENCODING_UNSPECIFIED, b"\x89PNG"),
        (service_pb2.FRAME_ENCODING_PNG, b"\x89PNG"),
        (service_pb2.FRAME_ENCODING_JPEG, b"\xff\xd8\xff"),
    ],
)
def test_pictures_are_encoded_as_asked(meter, meter_header, encoding, magic):
    import io

    from PIL import Image

    _, stub, _ = meter()
    meter_header.encoding = encoding
    _, (result,) = answers(stub, meter_header, [geometry(0, 0.4)])
    assert result.picture.startswith(magic)
    with Image.open(io.BytesIO(result.picture)) as picture:
        assert picture.size == (SIDE, SIDE)
        assert picture.getpixel((3, 5)) == (102, 102, 102)


def test_frames_too_large_for_a_message_are_refused_at_once(meter, meter_header):
    _, stub, _ = meter(max_answer_bytes=20_000)
    meter_header.extent = service_pb2.FRAME_EXTENT_PHOTO
    with pytest.raises(grpc.RpcError, match=r"extent: frames of the whole photo \(80 x 96\)"):
        answers(stub, meter_header, [])


def test_memory_stays_flat_over_many_frames(meter, meter_header):
    import tracemalloc

    _, stub, animator = meter()
    meter_header.window = 8
    answers(stub, meter_header, (geometry(i, 0) for i in range(200)))  # warm
    tracemalloc.start()
    call = stub.Animate(requests(meter_header, (geometry(i, 0) for i in range(3000))))
    next(call)
    sizes = []
    for count, _ in enumerate(call):
        if count % 500 == 499:
            animator.batches.clear()
            sizes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert sizes[-1] - sizes[0] < 20 * SIDE * SIDE * 3  # of 2500 frames between
