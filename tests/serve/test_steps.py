"""Sampling steps, quality and seed, from a header to the animator; cancelling between steps."""

from __future__ import annotations

import grpc
import numpy as np
import pytest
from facewright.animate import base
from facewright.errors import InputError
from facewright.serve.client import Client
from facewright.serve.v1 import service_pb2
from test_animating import answers, geometry, requests, wait_until


@pytest.fixture
def stepping(meter):
    """(server, stub, animator) of a meter with 2 to 50 steps."""
    running, stub, animator = meter()
    animator.steps, animator.preview_steps = (2, 8, 50), 3
    return running, stub, animator


def shown(result) -> tuple[int, int]:
    """(steps, seed) that the meter shows."""
    pixels = np.frombuffer(result.picture, np.uint8).reshape(-1, 3)
    assert (pixels == pixels[0]).all()
    return int(pixels[0, 1]), int(pixels[0, 2])


@pytest.mark.parametrize(
    ("fields", "steps"),
    [
        ({}, 8),
        ({"quality": service_pb2.QUALITY_FINAL}, 8),
        ({"quality": service_pb2.QUALITY_PREVIEW}, 3),
        ({"steps": 2}, 2),
        ({"steps": 50, "quality": service_pb2.QUALITY_PREVIEW}, 50),
    ],
)
def test_steps_and_quality_reach_the_animator(stepping, meter_header, fields, steps):
    _, stub, _ = stepping
    for name, value in fields.items():
        setattr(meter_header, name, value)
    meter_header.seed = 77
    ready, (result,) = answers(stub, meter_header, [geometry(0, 0.5)])
    assert ready.steps == steps
    assert shown(result) == (steps, 77)
    request = service_pb2.PreviewFrameRequest(header=meter_header, frame=geometry(0, 0.5))
    assert shown(stub.PreviewFrame(request).frame) == (steps, 77)


@pytest.mark.parametrize("steps", [1, 51])
def test_steps_out_of_bounds_are_refused(stepping, meter_header, steps):
    _, stub, _ = stepping
    meter_header.steps = steps
    with pytest.raises(grpc.RpcError, match=f"steps: expected 2 to 50, got {steps}") as caught:
        answers(stub, meter_header, [])
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_an_animator_without_steps_has_any_quality(meter, meter_header):
    _, stub, _ = meter()
    meter_header.quality = service_pb2.QUALITY_PREVIEW
    ready, results = answers(stub, meter_header, [geometry(0, 0.5)])
    assert ready.steps == 0 and len(results) == 1


def test_capabilities_tell_steps_and_reach(meter):
    running, _, animator = meter()
    animator.steps, animator.preview_steps, animator.reach = (2, 8, 50), 3, 1
    with Client(running.address) as client:
        told = {one.name: one for one in client.capabilities.animators}
        name = client.capabilities.default_animator
    one = told["meter"]
    assert (one.min_steps, one.default_steps, one.max_steps, one.preview_steps) == (2, 8, 50, 3)
    assert one.reach == 1
    assert name in told
    plain = told["reproject"]
    assert (plain.min_steps, plain.default_steps, plain.max_steps, plain.preview_steps) == (0,) * 4
    assert plain.reach == 0


def test_cancelling_stops_between_steps(stepping, meter_header):
    running, stub, animator = stepping
    meter_header.steps = 50
    animator.go.clear()
    call = stub.Animate(requests(meter_header, [geometry(i, 0) for i in range(4)]))
    next(call)
    wait_until(lambda: animator.begun == 1)
    call.cancel()
    service = running.server.service
    wait_until(lambda: service._calls == 0)
    animator.go.set()
    meter_header.steps = 2
    assert len(answers(stub, meter_header, [geometry(0, 0)])[1]) == 1
    assert animator.begun == 1 + 2  # one of fifty steps, then two of another stream
    assert animator.batches == [1]


def test_an_animator_that_cannot_be_used_is_left_out(meter, caplog):
    def damaged():
        raise InputError("weights: broken.safetensors is cut short")

    running, _, _ = meter()
    base.register("broken", damaged)
    try:
        with Client(running.address) as client:
            told = {one.name for one in client.capabilities.animators}
    finally:
        base._FACTORIES.pop("broken")
    assert "meter" in told and "broken" not in told
    assert "animator broken cannot be used: weights: broken.safetensors" in caplog.text
