"""Health, versions, draining; the process itself."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import threading
import time

import grpc
import pytest
from facewright.errors import BackendError
from facewright.serve import client as client_module
from facewright.serve.client import Client
from facewright.serve.server import SERVICE
from facewright.serve.v1 import face_pb2, service_pb2, service_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

VERSION = service_pb2.PROTOCOL_VERSION
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def test_health_answers(server):
    with server.channel() as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", SERVICE):
            request = health_pb2.HealthCheckRequest(service=name)
            assert health.Check(request).status == SERVING
        with pytest.raises(grpc.RpcError) as caught:
            health.Check(health_pb2.HealthCheckRequest(service="another"))
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_every_header_carries_the_version(stub):
    """A client of another version is told both, whatever it calls."""
    other = {"protocol_version": 2}
    animate = service_pb2.AnimateHeader(**other)
    calls = [
        lambda: stub.GetCapabilities(service_pb2.GetCapabilitiesRequest(**other)),
        lambda: stub.PutAsset(
            iter([service_pb2.PutAssetRequest(header=service_pb2.AssetHeader(**other))])
        ),
        lambda: next(stub.CaptureSubject(service_pb2.CaptureSubjectRequest(**other))),
        lambda: next(stub.DriveSpeech(service_pb2.DriveSpeechRequest(**other))),
        lambda: next(stub.Animate(iter([service_pb2.AnimateRequest(header=animate)]))),
        lambda: stub.PreviewFrame(service_pb2.PreviewFrameRequest(header=animate)),
    ]
    for call in calls:
        with pytest.raises(
            grpc.RpcError, match=r"client speaks version 2, this backend version 1"
        ) as caught:
            call()
        assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION


def test_the_client_of_another_version_says_so(server, monkeypatch):
    monkeypatch.setattr(client_module, "service_pb2", _Version(service_pb2, 4))
    with pytest.raises(BackendError, match=r"speaks version 4, this backend version 1; install"):
        Client(server.address)


class _Version:
    """The stubs with another number."""

    def __init__(self, stubs, version: int) -> None:
        self._stubs, self.PROTOCOL_VERSION = stubs, version

    def __getattr__(self, name):
        return getattr(self._stubs, name)


def test_capabilities_tell_limits_and_abilities(server):
    with Client(server.address) as client:
        told = client.capabilities
    assert told.protocol_version == VERSION
    assert told.device == "cpu"
    assert told.limits.max_photo_pixels == 50_000_000
    assert {"reproject"} <= {animator.name for animator in told.animators}
    assert {"emoa2e"} <= {driver.name for driver in told.drivers}
    for thing in (*told.animators, *told.drivers):
        assert thing.summary and thing.licence
    assert all(256 in animator.sizes for animator in told.animators)
    assert len(told.models) == 1


def test_an_overlong_client_name_is_refused(stub):
    request = service_pb2.GetCapabilitiesRequest(protocol_version=VERSION, client="x" * 201)
    with pytest.raises(grpc.RpcError, match="client: expected at most 200"):
        stub.GetCapabilities(request)


@pytest.mark.parametrize("method", ["PutAsset", "Animate"])
def test_noise_is_refused(server, method):
    with server.channel() as channel:
        call = channel.stream_stream(f"/{SERVICE}/{method}")
        with pytest.raises(grpc.RpcError, match="not of this contract's kind") as caught:
            next(call(iter([b"\xff\xff\xff"])))
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_the_client_says_that_nobody_answers(serving):
    with serving() as running:
        address = running.address
    with pytest.raises(BackendError, match=rf"no backend answers at {address}; start one with"):
        Client(address, timeout=0.5)


def test_draining_finishes_what_is_in_flight(meter, meter_header):
    running, stub, animator = meter({"drain_seconds": 20.0})
    animator.go.clear()
    sent = threading.Event()

    def requests():
        yield service_pb2.AnimateRequest(header=meter_header)
        for i in range(3):
            coefficients = face_pb2.CoefficientFrame(expression=[0.0] * 64)
            frame = face_pb2.GeometryFrame(index=i, time_code=i, coefficients=coefficients)
            yield service_pb2.AnimateRequest(frame=frame)
        sent.set()
        threading.Event().wait(5)  # the stream stays open, as a viewport's does

    call = stub.Animate(requests())
    next(call)
    assert sent.wait(10)
    time.sleep(0.2)
    running.begin_stop()
    health = health_pb2_grpc.HealthStub(running.channel())
    deadline = time.monotonic() + 5
    while health.Check(health_pb2.HealthCheckRequest()).status != NOT_SERVING:
        assert time.monotonic() < deadline
    with pytest.raises(grpc.RpcError, match="shutting down") as caught:
        stub.FindAssets(service_pb2.FindAssetsRequest())
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    animator.go.set()
    assert [next(call).frame.index for _ in range(3)] == [0, 1, 2]
    with pytest.raises(grpc.RpcError, match="shutting down") as caught:
        next(call)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    running.stop()
    assert running.drained
    assert not running.server.assets.folder.exists()


def test_draining_has_an_end(meter, meter_header):
    running, stub, animator = meter({"drain_seconds": 0.3})
    animator.go.clear()
    coefficients = face_pb2.CoefficientFrame(expression=[0.0] * 64)
    frame = face_pb2.GeometryFrame(coefficients=coefficients)
    requests = [
        service_pb2.AnimateRequest(header=meter_header),
        service_pb2.AnimateRequest(frame=frame),
    ]
    call = stub.Animate(iter(requests))
    next(call)
    running.begin_stop()
    with pytest.raises(grpc.RpcError):
        next(call)
    animator.go.set()  # a thread can be asked to stop, not made to
    running.stop()
    assert running.drained is False


class Process:
    """``run(config)`` in a process of its own, as ``facewright serve`` is."""

    def __init__(self, *options: str) -> None:
        code = (
            "from facewright.serve.config import ServeConfig\n"
            "from facewright.serve.server import run\n"
            f"raise SystemExit(run(ServeConfig(port=0, devices=('cpu',), {', '.join(options)})))"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        found = re.fullmatch(r"listening on (127\.0\.0\.1:\d+)\n", self.process.stdout.readline())
        assert found
        self.address = found[1]

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_sigterm_drains_the_process(tmp_path):
    with Process(f"cache_folder=__import__('pathlib').Path({str(tmp_path)!r})") as running:
        channel = grpc.insecure_channel(running.address)
        stub = service_pb2_grpc.FacewrightServiceStub(channel)
        over = threading.Event()
        header = service_pb2.AssetHeader(
            protocol_version=VERSION,
            sha256=hashlib.sha256(b"SECRET").hexdigest(),
            size=6,
        )

        def requests():
            yield service_pb2.PutAssetRequest(header=header)
            over.wait(30)
            yield service_pb2.PutAssetRequest(chunk=b"SECRET")

        upload = stub.PutAsset.future(requests())
        deadline = time.monotonic() + 10
        while not list(tmp_path.glob("facewright-*/*.part")):
            assert time.monotonic() < deadline
        running.process.send_signal(signal.SIGTERM)
        assert running.process.stdout.readline() == "draining\n"
        over.set()
        assert upload.result(10).sha256 == header.sha256
        assert running.process.wait(20) == 0
        channel.close()
    assert list(tmp_path.iterdir()) == []


def test_a_closed_standard_input_ends_the_process():
    with Process("stop_with_stdin=True") as running:
        assert running.process.poll() is None
        running.process.stdin.close()
        assert running.process.wait(20) == 0


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_second_signal_does_not_wait():
    with (
        Process("drain_seconds=600") as running,
        grpc.insecure_channel(running.address) as channel,
    ):
        over = threading.Event()
        stub = service_pb2_grpc.FacewrightServiceStub(channel)
        upload = stub.PutAsset.future(iter(lambda: over.wait(30) or None, None))
        grpc.channel_ready_future(channel).result(10)
        time.sleep(0.3)
        running.process.send_signal(signal.SIGINT)
        assert running.process.stdout.readline() == "draining\n"
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(20) == 0
        over.set()
        with pytest.raises(grpc.RpcError):
            upload.result(10)
