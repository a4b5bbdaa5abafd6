"""What a user is told where no backend can be reached, with real servers on both ends."""

from __future__ import annotations

import shutil
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import ROOT

pytestmark = pytest.mark.usefixtures("core")

TOKEN = "correct-horse-battery-staple"


def openssl(*words: str) -> None:
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("needs the openssl program to make certificates")
    subprocess.run([program, *words], check=True, capture_output=True)


def make_certificate(folder: Path, name: str, names: str, days: int = 2) -> tuple[Path, Path]:
    """(certificate, key), self-signed."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days)]
    words += ["-subj", f"/CN={name}", "-addext", f"subjectAltName={names}"]
    openssl(*words, "-keyout", str(key), "-out", str(cert))
    return cert, key


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def encrypted(folder: Path) -> Iterator[tuple[str, Path]]:
    """Address and certificate of a real backend that other computers may reach."""
    from addon.core.backend_process import BackendProcess

    cert, key = make_certificate(folder, "backend", "DNS:localhost,IP:127.0.0.1")
    token = folder / "token.txt"
    token.write_text(TOKEN)
    script = ROOT / "tests/blender/backend.py"
    options = ["--tls-cert", str(cert), "--tls-key", str(key), "--token-file", str(token)]
    with BackendProcess([sys.executable, str(script)], options=options) as process:
        yield process.address, cert


def told(address: str, token: str = "", certificate: Path | None = None) -> str:
    """The error of a greeting."""
    from addon.core.client import Backend
    from addon.core.errors import AddonError

    pem = certificate.read_bytes() if certificate else None
    with Backend(address, token, pem) as backend, pytest.raises(AddonError) as caught:
        backend.hello(timeout=10)
    text = str(caught.value)
    assert "\n" not in text and len(text) < 250 and TOKEN not in text
    return text


def test_a_greeting_over_tls(encrypted) -> None:
    from addon.core.client import Backend

    address, cert = encrypted
    with Backend(address, TOKEN, cert.read_bytes()) as backend:
        answer = backend.hello()
    assert answer.oldest_client and "reproject" in {each.name for each in answer.animators}


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("", "asks for a token, and none is given: enter the one"),
        ("another-token-altogether", "refuses the token that is given: enter the one"),
    ],
)
def test_a_wrong_token(encrypted, token: str, says: str) -> None:
    address, cert = encrypted
    assert says in told(address, token, cert)


def test_plain_text_to_a_tls_backend(encrypted) -> None:
    address, _ = encrypted
    assert f"{address} uses TLS, and no certificate is given: enter" in told(address, TOKEN)


def test_an_unknown_authority(encrypted, folder: Path) -> None:
    address, _ = encrypted
    other, _ = make_certificate(folder, "other", "DNS:localhost,IP:127.0.0.1")
    text = told(address, TOKEN, other)
    assert "is not signed by the authority that is given" in text
    assert "choose the certificate of the authority that signed it" in text


def test_a_file_that_is_no_certificate(encrypted, folder: Path) -> None:
    address, _ = encrypted
    wrong = folder / "wrong.pem"
    wrong.write_text("not a certificate")
    assert "the file holds no certificate in PEM" in told(address, TOKEN, wrong)


def test_a_certificate_for_another_name(folder: Path) -> None:
    from addon.core import diagnosis

    cert, key = make_certificate(folder, "elsewhere", "DNS:elsewhere.example")
    with tls_server(cert, key) as address:
        fault = diagnosis.why(address, cert.read_bytes())
    assert fault and "is for other names than '127.0.0.1'" in fault.text


def test_tls_to_a_plain_backend(backend: str, encrypted) -> None:
    assert f"{backend} is a backend without TLS: empty the certificate" in told(
        backend, certificate=encrypted[1]
    )


def test_another_service(encrypted) -> None:
    class Web(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.rfile.readline()
            self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Web) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"127.0.0.1:{server.server_address[1]}"
        for certificate in (None, encrypted[1]):
            text = told(address, certificate=certificate)
            assert f"another service than a Facewright backend listens at {address}" in text
        server.shutdown()


def test_nobody_and_nowhere() -> None:
    from addon.core import diagnosis

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    fault = diagnosis.why(f"127.0.0.1:{port}", None)
    assert fault and fault.passing and "no backend answers" in fault.text
    fault = diagnosis.why("no-such-computer.invalid:50551", None)
    assert fault and fault.input and "there is no computer called" in fault.text
    for address in ("50551", "host:", "host:0", "host:99999", "http://host:1", ":1"):
        fault = diagnosis.why(address, None)
        assert fault and "expected host:port" in fault.text, address
    assert diagnosis.split("[::1]:50551") == ("::1", 50551)


class tls_server:  # noqa: N801 - used as a context manager
    """Accepts TLS connections and says nothing; its address."""

    def __init__(self, cert: Path, key: Path) -> None:
        import ssl

        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(cert, key)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> str:
        self._thread.start()
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                raw, _ = self._socket.accept()
            except OSError:
                return
            try:
                with raw, self._context.wrap_socket(raw, server_side=True):
                    pass
            except OSError:
                continue
