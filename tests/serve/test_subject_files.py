"""Subjects from files, and the whole photograph, over the socket."""

from __future__ import annotations

import dataclasses
import io
import json

import grpc
import numpy as np
import pytest
from facewright.capture.subject_io import save_subject
from facewright.errors import InputError
from facewright.media.picture import read_picture
from facewright.serve.client import Client
from facewright.serve.v1 import service_pb2
from PIL import Image

VERSION = service_pb2.PROTOCOL_VERSION


@pytest.fixture
def client(server):
    with Client(server.address) as client:
        yield client


@pytest.fixture
def subject(plain_subject):
    """One whose numbers are its own."""
    rng = np.random.default_rng(4)
    rho = plain_subject.coefficients
    changed = dataclasses.replace(
        rho,
        identity=rng.normal(0, 1, rho.identity.shape),
        expression=rng.uniform(0, 0.3, rho.expression.shape),
    )
    photo = rng.integers(0, 256, (48, 80, 3), dtype=np.uint8)
    return dataclasses.replace(
        plain_subject, coefficients=changed, photo=photo, warnings=("seen from the side",)
    )


@pytest.fixture
def file(subject, tmp_path):
    path = tmp_path / "Åsa's face.npz"
    save_subject(subject, path)
    return path


def rewritten(path, **arrays):
    """The file's bytes with arrays replaced."""
    with np.load(path) as old:
        stored = {name: old[name] for name in old.files} | arrays
    out = io.BytesIO()
    np.savez(out, **stored)
    return out.getvalue()


def test_a_file_gives_the_subject_that_was_saved(client, subject, file):
    got = client.capture(subject=file)
    rho = subject.coefficients
    np.testing.assert_array_equal(np.array(got.header.pose.expression, "f4"), rho.expression)
    np.testing.assert_allclose(
        got.vertices, subject.model.vertices(rho.identity, np.zeros(64, np.float32)), atol=1e-6
    )
    assert got.header.camera.width == 64
    assert (got.header.photo_width, got.header.photo_height) == (80, 48)
    assert list(got.header.warnings) == ["seen from the side"]
    assert got.photo == b""
    np.testing.assert_array_equal(read_picture(got.plate), subject.crop)


def test_the_id_depends_on_the_file_alone(serving, client, file):
    first = client.capture(subject=file).id
    with serving() as other, Client(other.address) as again:  # as after a restart
        assert again.capture(subject=file.read_bytes()).id == first
    changed = rewritten(file, matte=np.zeros((64, 64), np.float16))
    assert client.capture(subject=changed).id != first


def test_the_photograph_comes_where_it_is_asked_for(client, subject, file):
    got = client.capture(subject=file, whole_photo=True)
    np.testing.assert_array_equal(read_picture(got.photo), subject.photo)


def test_a_photograph_too_large_for_a_message_comes_as_jpeg(serving, file):
    with serving(max_answer_bytes=4 << 20) as server, Client(server.address) as client:
        large = np.random.default_rng(0).integers(0, 256, (1500, 2000, 3), dtype=np.uint8)
        png = io.BytesIO()
        Image.fromarray(large).save(png, "png", compress_level=1)
        photo = np.frombuffer(png.getvalue(), np.uint8)
        got = client.capture(subject=rewritten(file, photo=photo), whole_photo=True)
    assert got.photo[:3] == b"\xff\xd8\xff"
    assert len(got.photo) < 4 << 20
    assert read_picture(got.photo).shape == (1500, 2000, 3)


def test_a_turned_photograph_comes_upright(client, examples):
    """EXIF orientation 6: stored lying on its side."""
    upright = Image.open(examples / "portrait.png").convert("RGB")
    stored = upright.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    stored.save(out, "png", exif=exif)
    got = client.capture(out.getvalue(), size=256, whole_photo=True)
    assert (got.header.photo_width, got.header.photo_height) == upright.size
    np.testing.assert_array_equal(read_picture(got.photo), np.asarray(upright))


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"coefficients": np.full(261, np.nan, np.float32)}, "finite"),
        ({"coefficients": np.zeros(261, np.float32)}, "before the camera"),
        ({"coefficients": np.zeros(7, np.float32)}, "coefficients|vector"),
        ({"matte": np.full((64, 64), 2, np.float16)}, "matte"),
        ({"photo": np.zeros(30, np.uint8)}, "photo"),
        ({"header": np.frombuffer(b"{}", np.uint8)}, "format"),
        ({"header": np.frombuffer(b"\xff", np.uint8)}, "not a subject"),
    ],
)
def test_damaged_files_are_refused(client, file, arrays, says):
    with pytest.raises(InputError, match=says) as caught:
        client.capture(subject=rewritten(file, **arrays))
    assert "/" not in str(caught.value).split(":")[0]  # never the backend's own path


@pytest.mark.parametrize(("column", "value"), [(-1, 1.5), (85, 50.0), (3, 1e6)])
def test_numbers_that_no_face_has_are_refused(client, file, subject, column, value):
    vector = subject.coefficients.to_vector()
    vector[column] = value
    with pytest.raises(InputError, match="expected values"):
        client.capture(subject=rewritten(file, coefficients=vector))


def test_other_files_are_refused(client, file, tmp_path):
    pickled = io.BytesIO()
    np.savez(pickled, header=np.array([{}], object))
    for data in (b"PK\x03\x04", b"no subject", pickled.getvalue(), file.read_bytes()[:900]):
        with pytest.raises(InputError, match="not a subject"):
            client.capture(subject=data)


def test_a_file_of_another_model_is_refused(client, file):
    with np.load(file) as old:
        header = json.loads(old["header"].tobytes())
    header["model"] = "another"
    told = np.frombuffer(json.dumps(header).encode(), np.uint8)
    with pytest.raises(InputError, match="belongs to model 'another'"):
        client.capture(subject=rewritten(file, header=told))


def test_a_photograph_beyond_the_limit_is_refused(serving, file):
    with (
        serving(max_photo_pixels=1000) as server,
        Client(server.address) as client,
        pytest.raises(InputError, match=r"photo.*pixels"),
    ):
        client.capture(subject=file)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"photo_sha256": "0" * 64}, "got both"),
        ({"face": 1}, "face: a subject's file has its own, got 1"),
        ({"size": 512}, "size: a subject's file has its own"),
        ({"subject_sha256": "xyz"}, "subject_sha256"),
    ],
)
def test_fields_that_mean_nothing_are_refused(stub, fields, says):
    values = {"protocol_version": VERSION, "subject_sha256": "0" * 64} | fields
    with pytest.raises(grpc.RpcError, match=says) as caught:
        list(stub.CaptureSubject(service_pb2.CaptureSubjectRequest(**values)))
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_file_that_was_never_put_is_a_precondition(stub):
    request = service_pb2.CaptureSubjectRequest(protocol_version=VERSION, subject_sha256="0" * 64)
    with pytest.raises(grpc.RpcError, match="subject_sha256: the backend has no asset") as caught:
        list(stub.CaptureSubject(request))
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
