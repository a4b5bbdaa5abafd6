"""The Python client: retries, failures on either side, early ends."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from facewright.errors import BackendError, InputError
from facewright.serve.client import Client
from facewright.serve.v1 import face_pb2, service_pb2

OPTIONS = {"animator": "meter", "size": 64, "encoding": service_pb2.FRAME_ENCODING_RAW}


def geometry(index: int) -> face_pb2.GeometryFrame:
    coefficients = face_pb2.CoefficientFrame(expression=np.zeros(64, np.float32))
    return face_pb2.GeometryFrame(index=index, time_code=index, coefficients=coefficients)


def test_a_busy_backend_is_asked_again(meter):
    running, _, animator = meter(max_jobs=1)
    animator.go.clear()
    with Client(running.address) as client:
        got = []

        def preview(index: int) -> None:
            got.append(client.preview("subject", geometry(index), **OPTIONS).index)

        threads = [threading.Thread(target=preview, args=(i,)) for i in range(2)]
        for thread in threads:
            thread.start()
        threading.Timer(0.5, animator.go.set).start()
        for thread in threads:
            thread.join(20)
        assert sorted(got) == [0, 1]


def test_a_failure_of_the_clients_own_frames_reaches_it(meter):
    running, _, _ = meter()

    def frames():
        yield geometry(0)
        raise ZeroDivisionError("the scene failed")

    with Client(running.address) as client:
        results = client.animate("subject", frames(), **OPTIONS)
        assert next(results).index == 0
        with pytest.raises(ZeroDivisionError, match="the scene failed"):
            next(results)


def test_the_window_is_kept(meter):
    running, _, animator = meter()
    taken = []

    def frames():
        for index in range(50):
            taken.append(index)
            yield geometry(index)

    animator.go.clear()
    with Client(running.address) as client:
        results = client.animate("subject", frames(), window=4, **OPTIONS)
        threading.Timer(0.5, lambda: (taken.append("go"), animator.go.set())).start()
        assert sum(1 for _ in results) == 50
    assert taken.index("go") <= 5  # 4 in flight, one waiting at the gate


def test_files_are_put_once(server):
    data = np.random.default_rng(5).bytes(3 << 20)
    with Client(server.address) as client:
        digest = client.put(data, "noise.bin")
        assets = server.server.assets
        before = assets.total_bytes
        assert client.put(data) == digest
        assert assets.total_bytes == before
        with assets.hold("x", digest) as asset:
            assert asset.label == "noise.bin"


def test_an_empty_file_is_refused(server, tmp_path):
    (tmp_path / "voice.wav").touch()
    with Client(server.address) as client:
        with pytest.raises(InputError, match=r"voice\.wav: empty"):
            client.put(tmp_path / "voice.wav")
        with pytest.raises(InputError, match=r"nobody\.png: no such file"):
            client.capture(tmp_path / "nobody.png")


def test_a_backend_that_dies_is_said_to_be_gone(serving, meter):
    running, _, animator = meter({"drain_seconds": 0.0})
    animator.go.clear()
    with Client(running.address) as client:
        results = client.animate("subject", map(geometry, range(9)), **OPTIONS)
        threading.Timer(0.3, running.begin_stop).start()
        with pytest.raises(BackendError, match=running.address):
            list(results)
    animator.go.set()
