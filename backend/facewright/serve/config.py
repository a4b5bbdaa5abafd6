"""What a server is told when it starts."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from facewright import checks
from facewright.errors import InputError
from facewright.serve.limits import Limits

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 50551
MIN_TOKEN = 16


@dataclass(frozen=True, slots=True)
class ServeConfig:
    """Address, security and bounds of one server.

    Attributes:
        host: a literal IP address or "localhost". Anything but loopback needs
            ``tls_cert``, ``tls_key`` and ``token``: faces and voices are personal data.
        port: 0 lets the system choose; the choice is printed.
        tls_cert, tls_key: PEM files, both or neither; the certificate may be a chain.
        token: what clients send as ``authorization: Bearer TOKEN``; at least 16 visible
            ASCII characters; empty for none.
        devices: "auto" (every CUDA device, else the CPU), or names such as "cpu",
            "cuda:0"; one worker each. What has no GPU path runs on the CPU in any case.
        cache_folder: where the private folder of uploaded assets is made; it is removed
            when the server ends. None for the system's temporary folder.
        drain_seconds: how long calls in flight may go on after SIGTERM.
        stop_with_stdin: end when standard input closes, so that a server started by
            another program never outlives it.
        limits: what is refused.
    """

    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    tls_cert: Path | None = None
    tls_key: Path | None = None
    token: str = field(default="", repr=False)
    devices: tuple[str, ...] = ("auto",)
    cache_folder: Path | None = None
    drain_seconds: float = 20.0
    stop_with_stdin: bool = False
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        checks.number("port", self.port, low=0, high=65535)
        checks.number("drain_seconds", self.drain_seconds, low=0, high=3600)
        if not self.devices:
            raise InputError("devices: expected at least one, e.g. 'cpu'")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise InputError("tls_cert, tls_key: give both files or neither")
        visible = self.token.isascii() and self.token.isprintable() and " " not in self.token
        if self.token and (len(self.token) < MIN_TOKEN or not visible):
            raise InputError(
                f"token: expected at least {MIN_TOKEN} visible ASCII characters without blanks, "
                f"got {len(self.token)}; `openssl rand -hex 32` makes a good one"
            )
        if not is_loopback(self.host) and not (self.tls_cert and self.token):
            raise InputError(
                f"host: {self.host!r} can be reached from other machines, which needs TLS "
                "(tls_cert, tls_key) and a token; or use 127.0.0.1"
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches ``host``, a literal address or "localhost"."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        raise InputError(
            f"host: expected an IP address or 'localhost', got {host!r} (0.0.0.0 is every "
            "IPv4 address of this machine)"
        ) from None


def address(host: str, port: int) -> str:
    """``host:port``, with IPv6 addresses in brackets."""
    host = host.strip("[]")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
