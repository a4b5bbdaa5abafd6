"""Frames and their neighbours in time: no pixel depends on how frames are sent or cut."""

from __future__ import annotations

import threading
import time

import grpc
import numpy as np
import pytest
from facewright.serve.client import Client
from facewright.serve.convert import Frame
from facewright.serve.lineup import Lineup, Wrong
from facewright.serve.v1 import face_pb2, service_pb2
from test_animating import answers, geometry, level, requests, wait_until

WEIGHTS = np.random.default_rng(6).uniform(0.1, 0.9, 30).astype(np.float32)


def clip(first: int, last: int, lead: int = 0, trail: int = 0) -> list[face_pb2.GeometryFrame]:
    """Frames ``first`` to ``last`` of the clip, and so many neighbours of them as context."""
    frames = [geometry(i, float(WEIGHTS[i])) for i in range(first - lead, last + trail)]
    for frame in frames:
        frame.context = not first <= frame.index < last
    return frames


def expected(reach: int) -> list[int]:
    """What the meter shows of the whole clip."""
    shares = np.arange(2 * reach + 1, 0, -1, np.float32)
    shares /= shares.sum()
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(WEIGHTS, reach, "edge"), len(shares))
    return np.rint((windows * shares).sum(1) * 255).astype(int).tolist()


@pytest.mark.parametrize("reach", [1, 2])
@pytest.mark.parametrize("window", [1, 3, 32])
def test_frames_do_not_depend_on_batches(meter, meter_header, reach, window):
    _, stub, animator = meter()
    animator.reach = reach
    meter_header.window = window
    ready, results = answers(stub, meter_header, clip(0, 30))
    assert (ready.window, ready.reach) == (window + reach, reach)
    assert [r.index for r in results] == list(range(30))
    assert [level(r) for r in results] == expected(reach)
    assert expected(reach) != expected(0)
    if window == 1:
        assert animator.batches == [1] * 30


@pytest.mark.parametrize("lead", [1, 3])
def test_a_part_with_its_context_is_as_in_the_whole(meter, meter_header, lead):
    _, stub, animator = meter()
    animator.reach = 1
    _, results = answers(stub, meter_header, clip(10, 17, lead, 2))
    assert [r.index for r in results] == list(range(10, 17))
    assert [level(r) for r in results] == expected(1)[10:17]
    # Without them the edges stand for their neighbours, which shows.
    _, bare = answers(stub, meter_header, clip(10, 17))
    assert [level(r) for r in bare][1:-1] == expected(1)[11:16]
    assert level(bare[0]) != expected(1)[10] and level(bare[-1]) != expected(1)[16]


def test_parts_of_a_clip_in_one_stream_are_kept_apart(meter, meter_header):
    _, stub, animator = meter()
    animator.reach = 1
    meter_header.window = 32
    animator.go.clear()
    threading.Timer(0.3, animator.go.set).start()
    sent = [*clip(3, 6, 1, 1), *clip(12, 14, 1, 1), *clip(20, 21, 1, 1)]
    _, results = answers(stub, meter_header, sent)
    assert [r.index for r in results] == [3, 4, 5, 12, 13, 20]
    assert [level(r) for r in results] == [expected(1)[r.index] for r in results]


def test_only_what_is_needed_of_a_long_context_is_kept(meter, meter_header):
    _, stub, animator = meter()
    animator.reach = 1
    _, results = answers(stub, meter_header, clip(28, 29, 28, 1))
    assert [level(r) for r in results] == [expected(1)[28]]
    assert animator.passes == [3]


def test_a_frame_waits_for_the_next_or_for_the_end(meter, meter_header):
    _, stub, animator = meter()
    animator.reach = 1
    go_on = threading.Event()

    def frames():
        yield from clip(0, 2)
        assert go_on.wait(20)
        yield from clip(2, 3)

    call = stub.Animate(requests(meter_header, frames()))
    next(call)
    assert next(call).frame.index == 0
    time.sleep(0.2)
    assert animator.batches == [1]  # 1 waits for 2
    go_on.set()
    assert [answer.frame.index for answer in call] == [1, 2]


def test_a_client_that_never_sends_the_next_is_told(meter, meter_header):
    _, stub, animator = meter(idle_seconds=0.3)
    animator.reach = 1
    over = threading.Event()

    def frames():
        yield from clip(0, 2)
        over.wait(30)

    call = stub.Animate(requests(meter_header, frames()))
    next(call)
    assert next(call).frame.index == 0
    with pytest.raises(grpc.RpcError, match="frame 1 waits for the next; send it") as caught:
        next(call)
    over.set()
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_wrong_frame_is_nobodys_neighbour(meter, meter_header):
    _, stub, animator = meter()
    animator.reach = 1
    frames = clip(0, 6)
    frames[3].coefficients.expression[0] = float("nan")
    _, results = answers(stub, meter_header, frames)
    assert [r.WhichOneof("result") == "error" for r in results] == [i == 3 for i in range(6)]
    good = [level(r) for r in results if r.index != 3]
    _, before = answers(stub, meter_header, clip(0, 3))
    _, after = answers(stub, meter_header, clip(4, 6))
    assert good == [level(r) for r in [*before, *after]]


def test_a_wrong_context_ends_the_stream(meter, meter_header):
    _, stub, _ = meter()
    frames = clip(5, 7, 1)
    frames[0].coefficients.expression[0] = float("nan")
    with pytest.raises(
        grpc.RpcError, match=r"frame 4, context: coefficients\.expression"
    ) as caught:
        answers(stub, meter_header, frames)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_failing_frame_spares_those_that_do_not_see_it(meter, meter_header):
    _, stub, animator = meter()
    animator.reach = 1
    meter_header.window = 32
    frames = clip(0, 8)
    for frame in frames:
        frame.coefficients.expression[0] = 0.5 if frame.index < 4 else 1 / 255
    animator.go.clear()
    threading.Timer(0.3, animator.go.set).start()
    _, results = answers(stub, meter_header, frames)
    failed = [r.index for r in results if r.WhichOneof("result") == "error"]
    assert failed == [5, 6, 7]


def test_a_preview_with_neighbours_is_the_streams_frame(meter, meter_header):
    _, stub, animator = meter()
    animator.reach = 1
    request = service_pb2.PreviewFrameRequest(header=meter_header, frame=clip(9, 10)[0])
    alone = level(stub.PreviewFrame(request).frame)
    request.neighbours.extend(clip(8, 12))
    del request.neighbours[1]  # the frame itself
    assert level(stub.PreviewFrame(request).frame) == expected(1)[9] != alone
    request.neighbours.extend(clip(8, 9))
    with pytest.raises(grpc.RpcError, match="time_code: expected more than"):
        stub.PreviewFrame(request)
    request.neighbours.extend(clip(12, 20))
    with pytest.raises(grpc.RpcError, match="neighbours: expected 0 to 8, got"):
        stub.PreviewFrame(request)
    del request.neighbours[:]
    request.frame.context = True
    with pytest.raises(grpc.RpcError, match=r"frame\.context: a preview's frame is answered"):
        stub.PreviewFrame(request)


def test_the_client_sends_context_beyond_its_window(meter):
    running, _, animator = meter()
    animator.reach = 2
    options = {"animator": "meter", "size": 64, "encoding": service_pb2.FRAME_ENCODING_RAW}
    with Client(running.address) as client:
        results = client.animate("subject", clip(4, 12, 4, 4), window=1, **options)
        assert [level(r) for r in results] == expected(2)[4:12]
        frame, *around = clip(6, 7), *clip(4, 6), *clip(7, 9)
        preview = client.preview("subject", frame[0], neighbours=around, **options)
        assert level(preview) == expected(2)[6]


def frame(index: int, *, context: bool = False, kind: type = int) -> Frame:
    return Frame(index, index / 25, kind, {}, context)  # type: ignore[arg-type]


def test_a_lineup_holds_back_exactly_what_may_change():
    line = Lineup(reach=2, most=8)
    for index in range(5):
        line.add(frame(index))
    batch = line.take()
    assert [item.index for item in batch.items] == [0, 1, 2]
    assert [f.index for f in batch.portion.frames] == [0, 1, 2, 3, 4]
    assert batch.portion.context == (0, 2)
    assert line.take() is None and len(line) == 2 and line.first().index == 3
    line.add(Wrong(5, 0.2, ValueError()))
    assert line.take() is None  # 5 may come again, well
    line.add(frame(5, context=True))
    assert [item.index for item in line.take().items] == [3]
    line.add(frame(7))  # a gap: nothing more joins 4
    batch = line.take()
    assert [item.index for item in batch.items] == [4, 5]
    assert [f.index for f in batch.portion.frames] == [2, 3, 4, 5]
    assert batch.portion.context == (2, 1)
    line.end()
    batch = line.take()
    assert [f.index for f in batch.portion.frames] == [7] and batch.portion.context == (0, 0)
    assert line.take() is None and line.first() is None


def test_a_lineup_parts_kinds_and_forgets_what_is_past():
    line = Lineup(reach=1, most=8)
    line.add(frame(0))
    line.add(frame(1, kind=float))
    batch = line.take()
    assert [item.index for item in batch.items] == [0] and batch.portion.context == (0, 0)
    for index in range(2, 200):
        line.add(frame(index, context=True, kind=float))
        while line.take():
            pass
    assert len(line._line) <= 1 and len(line._past) == 1


class Waiting:
    """Streams that are open; the first holds the device while the others' frames arrive."""

    def __init__(self, running, stub, animator) -> None:
        self._worker = running.server.service._workers[0]
        self._stub, self._animator = stub, animator
        self._gates: list[threading.Event] = []
        self.calls: list[grpc.Call] = []

    def open(self, header, frames) -> grpc.Call:
        gate = threading.Event()

        def sent():
            yield service_pb2.AnimateRequest(header=header)
            assert gate.wait(20)
            for frame in frames:
                yield service_pb2.AnimateRequest(frame=frame)

        call = self._stub.Animate(sent())
        next(call)  # ready
        self._gates.append(gate)
        self.calls.append(call)
        return call

    def send(self) -> None:
        """Let every stream send; each has a piece of work waiting, in order."""
        self._animator.go.clear()
        for count, gate in enumerate(self._gates, 1):
            gate.set()
            wait_until(lambda wanted=count: self._worker.waiting == wanted)
        time.sleep(0.2)  # what else they send is on its way

    def levels(self) -> list[list[int]]:
        return [[level(answer.frame) for answer in call] for call in self.calls]


def test_streams_share_a_pass_and_change_no_pixel(meter, meter_header):
    running, stub, animator = meter()
    animator.reach = 1
    waiting = Waiting(running, stub, animator)
    other = service_pb2.AnimateHeader()
    other.CopyFrom(meter_header)
    other.seed = 5  # may give other pixels, so it has passes of its own
    parts = [(0, 1), (0, 8), (8, 16), (0, 8)]
    headers = [meter_header, meter_header, meter_header, other]
    for header, part in zip(headers, parts, strict=True):
        waiting.open(header, clip(*part))
    waiting.send()
    animator.go.set()
    shown = waiting.levels()
    # The first came alone; the second's turn took the third along, the fourth had its own.
    together = animator.batches[1]
    assert together >= 2 and animator.passes[1] == together + 2  # the next frame of each
    assert animator.seeds[:3] == [0, 0, 5]
    for (first, last), values in zip(parts, shown, strict=True):
        _, alone = answers(stub, meter_header, clip(first, last))
        assert values == [level(r) for r in alone]


def test_a_stream_that_leaves_does_not_spoil_the_pass_it_shared(meter, meter_header):
    running, stub, animator = meter()
    waiting = Waiting(running, stub, animator)
    for part in ((0, 1), (1, 3), (3, 5)):
        waiting.open(meter_header, clip(*part))
    waiting.send()
    animator.hold = 2  # the pass that both share stops before its end
    animator.go.set()
    wait_until(lambda: animator.begun == 2)
    waiting.calls.pop(1).cancel()
    wait_until(lambda: running.server.service._workers[0].waiting == 1)
    animator.held.set()
    levels = [round(float(w) * 255) for w in WEIGHTS[:5]]
    assert waiting.levels() == [levels[:1], levels[3:]]
    assert animator.batches[1] >= 2 and animator.begun <= 3


def test_a_pass_that_nobody_waits_for_is_stopped(meter, meter_header):
    running, stub, animator = meter()
    waiting = Waiting(running, stub, animator)
    for part in ((0, 1), (1, 3), (3, 5)):
        waiting.open(meter_header, clip(*part))
    waiting.send()
    animator.hold = 2
    animator.go.set()
    wait_until(lambda: animator.begun == 2)
    for _ in range(2):
        waiting.calls.pop().cancel()
    wait_until(lambda: running.server.service._workers[0].waiting == 0)
    animator.held.set()
    assert len(waiting.levels()[0]) == 1
    assert len(answers(stub, meter_header, clip(0, 1))[1]) == 1
    assert animator.batches == [1, 1]
    assert running.server.service._combiners[running.server.service._workers[0]]._waiting == {}


def test_a_failing_stream_does_not_spoil_the_pass_it_shared(meter, meter_header):
    running, stub, animator = meter()
    waiting = Waiting(running, stub, animator)
    bad = clip(0, 2)
    for one in bad:
        one.coefficients.expression[0] = 1 / 255
    for part in (clip(0, 1), bad, clip(2, 4)):
        waiting.open(meter_header, part)
    waiting.send()
    animator.go.set()
    failed = list(waiting.calls.pop(1))
    assert {answer.frame.error.code for answer in failed} == {13}
    levels = [round(float(w) * 255) for w in WEIGHTS[:4]]
    assert waiting.levels() == [levels[:1], levels[2:]]
