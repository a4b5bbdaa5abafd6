"""The fingerprint names all that pictures depend on beside their geometry."""

from __future__ import annotations

import dataclasses

import grpc
import numpy as np
import pytest
from facewright.animate import base
from facewright.animate.tgdm.weights import SHIPPED
from facewright.serve import fingerprint as prints
from facewright.serve.v1 import face_pb2, service_pb2


def told(stub, header: service_pb2.AnimateHeader) -> str:
    """The fingerprint of a stream that sends nothing."""
    request = service_pb2.AnimateRequest(header=header)
    (answer,) = stub.Animate(iter([request]))
    return answer.ready.fingerprint


@pytest.fixture
def sampling(meter):
    """(running, stub, animator) with a meter that has steps, sizes and weights."""
    running, stub, animator = meter()
    animator.steps, animator.preview_steps, animator.sizes = (1, 4, 20), 2, (64, 128)
    animator.weights_sha256 = "one"
    base.register("other", lambda: animator)
    yield running, stub, animator
    base._FACTORIES.pop("other")


def test_it_is_hex_and_the_same_again(sampling, meter_header):
    _, stub, _ = sampling
    first = told(stub, meter_header)
    assert len(first) == 64 and int(first, 16)
    assert told(stub, meter_header) == first


def test_it_survives_a_restart(meter, meter_header):
    _, stub, _ = meter()
    first = told(stub, meter_header)
    _, again, _ = meter()
    assert told(again, meter_header) == first


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 7},
        {"size": 128},
        {"steps": 5},
        {"quality": service_pb2.QUALITY_PREVIEW},
        {"extent": service_pb2.FRAME_EXTENT_PHOTO},
        {"encoding": service_pb2.FRAME_ENCODING_PNG},
        {"animator": "other"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_it_changes_with_what_is_asked(sampling, meter_header, change):
    _, stub, _ = sampling
    first = told(stub, meter_header)
    for field, value in change.items():
        setattr(meter_header, field, value)
    assert told(stub, meter_header) != first


def test_asking_for_the_same_in_other_words_is_the_same(sampling, meter_header):
    _, stub, _ = sampling
    first = told(stub, meter_header)
    meter_header.steps, meter_header.window = 4, 2
    assert told(stub, meter_header) == first


def test_it_changes_with_the_weights(sampling, meter_header):
    _, stub, animator = sampling
    first = told(stub, meter_header)
    animator.weights_sha256 = "two"
    assert told(stub, meter_header) != first


def test_it_changes_with_what_the_subject_holds(sampling, meter_header, plain_subject):
    """Not with its id alone: another capture under the same one counts."""
    running, stub, _ = sampling
    first = told(stub, meter_header)
    crop = plain_subject.crop.copy()
    crop[3, 5, 1] += 1
    other = dataclasses.replace(plain_subject, crop=crop)
    running.server.service.subjects.put("subject", other)
    assert told(stub, meter_header) != first
    same = dataclasses.replace(plain_subject, warnings=("two faces",))
    running.server.service.subjects.put("subject", same)
    assert told(stub, meter_header) == first


def test_a_preview_tells_it_too(sampling, meter_header):
    _, stub, _ = sampling
    count = len(face_pb2.CoefficientFrame(expression=[0.0] * 64).expression)
    frame = face_pb2.GeometryFrame(
        index=1, coefficients=face_pb2.CoefficientFrame(expression=[0.5] * count)
    )
    answer = stub.PreviewFrame(service_pb2.PreviewFrameRequest(header=meter_header, frame=frame))
    assert answer.fingerprint == told(stub, meter_header)


def test_device_and_code_count(monkeypatch):
    def made(device: str) -> str:
        return prints.fingerprint(base.create("reproject"), device, "subject", {"size": 256})

    first = made("cpu")
    monkeypatch.setattr(prints, "device_kind", lambda device: "cuda Other")
    assert made("cuda:0") != first
    monkeypatch.undo()
    monkeypatch.setattr(prints, "code_digest", lambda: "another release")
    assert made("cpu") != first


def test_the_learned_animator_names_its_weights():
    import hashlib

    animator = base.create("tgdm", device="cpu")
    assert animator.weights_sha256 == hashlib.sha256(SHIPPED.read_bytes()).hexdigest()
    assert base.create("reproject").weights_sha256 == ""


def test_it_is_announced(meter):
    _, stub, _ = meter()
    request = service_pb2.GetCapabilitiesRequest(protocol_version=service_pb2.PROTOCOL_VERSION)
    assert "fingerprints" in stub.GetCapabilities(request).features


def test_digests_tell_arrays_apart(plain_subject):
    digest = prints.subject_digest(plain_subject)
    matte = plain_subject.matte * np.float32(0.5)
    assert prints.subject_digest(dataclasses.replace(plain_subject, matte=matte)) != digest
    assert prints.subject_digest(dataclasses.replace(plain_subject)) == digest


def test_an_unknown_subject_has_none(meter, meter_header):
    _, stub, _ = meter()
    meter_header.subject_id = "other"
    with pytest.raises(grpc.RpcError, match="does not know"):
        told(stub, meter_header)
