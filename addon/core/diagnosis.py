# SPDX-License-Identifier: GPL-3.0-or-later
"""Why no backend answers at an address, in one line with the remedy; neither bpy nor gRPC.

gRPC says "failed to connect" for a wrong port, a wrong certificate and a missing one alike.
"""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass

from .errors import AddonError, BackendError, InputError

#: What an HTTP/2 client says first, with an empty SETTINGS frame (RFC 9113, 3.4).
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
_SETTINGS = 4
_START = "start one with `facewright serve`, or leave the address empty so that Blender starts it"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong.

    Attributes:
        text: one line with the remedy.
        passing: it may end by itself, as when a backend is just starting.
        input: the settings are to blame, and no backend was asked.
    """

    text: str
    passing: bool = False
    input: bool = False

    def error(self) -> AddonError:
        """To be raised."""
        return InputError(self.text) if self.input else BackendError(self.text)


def split(address: str) -> tuple[str, int] | None:
    """("host", port) of "host:port" or "[::1]:port"; None where it is neither."""
    host, colon, port = address.strip().rpartition(":")
    host = host.strip("[]")
    if not colon or not host or "/" in host or not port.isdecimal() or not 0 < int(port) < 65536:
        return None
    return host, int(port)


def why(address: str, certificate: bytes | None, timeout: float = 3.0) -> Fault | None:
    """Why no backend can be reached at ``address``; None where nothing is found wrong.

    Args:
        address: ``host:port``.
        certificate: PEM of the authority, or None for an unencrypted connection.
        timeout: seconds that each of the few attempts may take.
    """
    place = split(address)
    if place is None:
        if address.startswith("unix:"):
            return None
        text = f"address: expected host:port, such as 127.0.0.1:50551, got {address!r}"
        return Fault(text, input=True)
    try:
        with socket.create_connection(place, timeout):
            pass
    except OSError as error:
        return _unreachable(address, place[0], error)
    if certificate is None:
        text = _plain(address, place, timeout)
    else:
        text = _encrypted(address, place, certificate, timeout)
    return Fault(text) if text else None


def _unreachable(address: str, host: str, error: OSError) -> Fault:
    if isinstance(error, socket.gaierror):
        return Fault(
            f"address: there is no computer called {host!r}; correct the address", input=True
        )
    if isinstance(error, TimeoutError):
        return Fault(
            f"no backend answers at {address}: the computer is off, or a firewall is in "
            "between; correct the address or open the port"
        )
    return Fault(f"no backend answers at {address}: {_START}", passing=True)


def _plain(address: str, place: tuple[str, int], timeout: float) -> str:
    try:
        with socket.create_connection(place, timeout) as channel:
            channel.sendall(_PREFACE)
            if _is_http2(channel):
                return ""
    except OSError:
        pass  # a TLS server hangs up on plain text
    if _speaks_tls(place, timeout):
        return (
            f"{address} uses TLS, and no certificate is given: enter the certificate (PEM) of "
            "the authority that signed the backend's"
        )
    return _other(address)


def _encrypted(address: str, place: tuple[str, int], certificate: bytes, timeout: float) -> str:
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=certificate.decode("ascii"))
    except (ssl.SSLError, UnicodeDecodeError, ValueError):
        return "certificate: the file holds no certificate in PEM; choose the authority's .pem"
    context.set_alpn_protocols(["h2"])
    try:
        with (
            socket.create_connection(place, timeout) as raw,
            context.wrap_socket(raw, server_hostname=place[0]) as channel,
        ):
            channel.sendall(_PREFACE)
            return "" if _is_http2(channel) else _other(address)
    except ssl.SSLCertVerificationError as error:
        return _distrusted(address, place[0], error)
    except OSError:
        if _speaks_tls(place, timeout):
            return f"{address} ended the TLS connection: look at the backend's log"
        if not _plain(address, place, timeout):
            return (
                f"{address} is a backend without TLS: empty the certificate, or start the "
                "backend with --tls-cert and --tls-key"
            )
        return _other(address)


def _distrusted(address: str, host: str, error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in (62, 64):  # X509_V_ERR_HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH
        return (
            f"the certificate of {address} is for other names than {host!r}: use a name that it "
            "has, or make one for this name"
        )
    if error.verify_code == 10:  # X509_V_ERR_CERT_HAS_EXPIRED
        return f"the certificate of {address} has expired: make a new one for the backend"
    return (
        f"the certificate of {address} is not signed by the authority that is given "
        f"({error.verify_message}): choose the certificate of the authority that signed it"
    )


def _speaks_tls(place: tuple[str, int], timeout: float) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # only asked, not used
    context.set_alpn_protocols(["h2"])
    try:
        with (
            socket.create_connection(place, timeout) as raw,
            context.wrap_socket(raw, server_hostname=place[0]),
        ):
            return True
    except OSError:
        return False


def _is_http2(channel: socket.socket) -> bool:
    """Whether the peer begins with a SETTINGS frame, as every HTTP/2 server does."""
    head = b""
    while len(head) < 9:
        data = channel.recv(9 - len(head))
        if not data:
            return False
        head += data
    return head[3] == _SETTINGS


def _other(address: str) -> str:
    return (
        f"another service than a Facewright backend listens at {address}: correct the address, "
        f"or {_START}"
    )
