"""Tokens and TLS, with certificates made for the test."""

from __future__ import annotations

import shutil
import subprocess

import grpc
import pytest
from facewright.errors import BackendError, InputError
from facewright.serve.client import Client
from facewright.serve.v1 import service_pb2, service_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

TOKEN = "correct-horse-battery-staple"
REQUEST = service_pb2.GetCapabilitiesRequest(protocol_version=service_pb2.PROTOCOL_VERSION)


@pytest.fixture(scope="module")
def guarded(serving):
    with serving({"token": TOKEN}) as running:
        yield running


def code_of(call) -> str:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value.code().name


@pytest.mark.parametrize(
    "metadata",
    [
        (),
        (("authorization", ""),),
        (("authorization", TOKEN),),
        (("authorization", f"bearer {TOKEN}"),),
        (("authorization", f"Bearer {TOKEN}x"),),
        (("authorization", f"Bearer {TOKEN[:-1]}"),),
        (("authorization", f"Bearer {TOKEN}"), ("authorization", f"Bearer {TOKEN}")),
    ],
)
def test_a_call_without_the_token_is_refused(guarded, metadata):
    with guarded.channel() as channel:
        stub = service_pb2_grpc.FacewrightServiceStub(channel)
        asset = service_pb2.PutAssetRequest(chunk=b"x")
        calls = [
            lambda: stub.FindAssets(service_pb2.FindAssetsRequest(), metadata=metadata),
            lambda: stub.PutAsset(iter([asset]), metadata=metadata),
            lambda: next(stub.DriveSpeech(service_pb2.DriveSpeechRequest(), metadata=metadata)),
            lambda: next(stub.Animate(iter([]), metadata=metadata)),
        ]
        assert [code_of(call) for call in calls] == ["UNAUTHENTICATED"] * 4


def test_the_token_opens_every_method(guarded):
    with guarded.channel() as channel:
        stub = service_pb2_grpc.FacewrightServiceStub(channel)
        metadata = (("authorization", f"Bearer {TOKEN}"),)
        assert not stub.FindAssets(
            service_pb2.FindAssetsRequest(sha256=["0" * 64]), metadata=metadata
        ).present
        assert code_of(lambda: next(stub.Animate(iter([]), metadata=metadata))) == (
            "INVALID_ARGUMENT"
        )


def test_health_needs_no_token_but_watching_does(guarded):
    with guarded.channel() as channel:
        health = health_pb2_grpc.HealthStub(channel)
        answer = health.Check(health_pb2.HealthCheckRequest())
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        watch = health.Watch(health_pb2.HealthCheckRequest())
        assert code_of(lambda: next(watch)) == "UNAUTHENTICATED"


def test_the_client_says_what_is_wrong_with_its_token(guarded):
    with pytest.raises(BackendError, match="authorization: the token is missing or wrong"):
        Client(guarded.address, token="another-token-altogether")
    with Client(guarded.address, token=TOKEN) as client:
        assert client.put(b"voice")


def make_certificate(folder):
    """(cert, key) of "localhost" and 127.0.0.1, self-signed."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl program to make a certificate")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = f"{openssl} req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    files = ["-addext", names, "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    return cert, key


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def encrypted(serving, certificate):
    """Reachable from other machines, so with TLS and a token."""
    cert, key = certificate
    config = {"host": "0.0.0.0", "tls_cert": cert, "tls_key": key, "token": TOKEN}
    with serving(config) as running:
        yield running


def test_tls_with_a_token(encrypted, certificate):
    port = encrypted.address.rpartition(":")[2]
    pem = certificate[0].read_bytes()
    with Client(f"127.0.0.1:{port}", token=TOKEN, certificate=pem) as client:
        assert client.put(b"voice")
    with pytest.raises(BackendError, match="the token is missing or wrong"):
        Client(f"127.0.0.1:{port}", certificate=pem)


def test_plain_text_to_a_tls_server_fails(encrypted):
    port = encrypted.address.rpartition(":")[2]
    with pytest.raises(BackendError, match=r"no backend answers .* whether it uses TLS"):
        Client(f"127.0.0.1:{port}", token=TOKEN, timeout=1)


def test_an_unknown_certificate_fails(encrypted, tmp_path):
    other, _ = make_certificate(tmp_path)
    port = encrypted.address.rpartition(":")[2]
    with pytest.raises(BackendError, match="no backend answers"):
        Client(f"127.0.0.1:{port}", token=TOKEN, certificate=other.read_bytes(), timeout=1)


def test_the_client_sends_nothing_in_the_clear_to_other_machines():
    with pytest.raises(InputError, match=r"certificate: 192\.0\.2\.1:1 is another machine"):
        Client("192.0.2.1:1")
