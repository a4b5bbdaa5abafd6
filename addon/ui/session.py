# SPDX-License-Identifier: GPL-3.0-or-later
"""What lives as long as Blender does: the backend, and the job that runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import bpy

from ..core.backend_process import BackendProcess, find_command
from ..core.client import Backend, Progress, is_loopback
from ..core.errors import InputError
from ..v1 import service_pb2
from . import preferences


@dataclass(slots=True)
class _State:
    process: BackendProcess | None = None
    backend: Backend | None = None
    summary: str = ""
    capabilities: service_pb2.GetCapabilitiesResponse | None = None
    busy: bool = False
    cancelled: bool = False
    stage: str = ""
    fraction: float = 0.0
    seconds_left: float = -1.0

    def report(self, stage: str, fraction: float, seconds_left: float) -> None:
        """Note how far the job is; a :data:`..core.client.Progress`."""
        self.stage, self.fraction, self.seconds_left = stage, fraction, seconds_left

    def animators(self) -> dict[str, service_pb2.Animator]:
        """Those of the connected backend, by name; empty where none is."""
        told = self.capabilities
        return {animator.name: animator for animator in told.animators} if told else {}

    def animator(self, name: str) -> service_pb2.Animator | None:
        """The one that ``name`` stands for; empty: the backend's default."""
        default = self.capabilities.default_animator if self.capabilities else ""
        return self.animators().get(name or default)


state = _State()


@dataclass(frozen=True, slots=True)
class Settings:
    """How to reach a backend, read on the main thread and used in any.

    Attributes:
        address: ``host:port``; empty: start one with ``command``.
        command: that runs ``facewright``; may be empty.
        token: may be empty.
        certificate: PEM file, or None.
    """

    address: str = ""
    command: str = ""
    token: str = ""
    certificate: Path | None = None

    @classmethod
    def read(cls) -> Settings:
        """From the preferences.

        Raises:
            InputError: another computer is configured and Blender is offline.
        """
        chosen = preferences.current()
        if chosen is None:
            return cls()
        address = chosen.address.strip()
        if address and not is_loopback(address) and not bpy.app.online_access:
            raise InputError(
                f"address: {address} is another computer; allow online access in Preferences > "
                "System, or leave the address empty"
            )
        certificate = bpy.path.abspath(chosen.certificate) if chosen.certificate else ""
        return cls(
            address,
            bpy.path.abspath(chosen.command) if chosen.command else "",
            chosen.token,
            Path(certificate) if certificate else None,
        )


def connect(settings: Settings, progress: Progress) -> Backend:
    """The session's backend, started or reached where it is not yet; any thread."""
    if state.process is not None and not state.process.running:
        close()
    if state.backend is None:
        if not settings.address and state.process is None:
            progress("starting the backend", 0.0, -1.0)
            process = BackendProcess(find_command(settings.command), echo=print)
            process.start()
            state.process = process
        address = settings.address or (state.process.address if state.process else "")
        certificate = settings.certificate.read_bytes() if settings.certificate else None
        backend = Backend(address, settings.token, certificate)
        try:
            answer = backend.hello()
        except BaseException:
            backend.close()
            raise
        state.backend, state.capabilities = backend, answer
        state.summary = f"{address}, {answer.device}, version {answer.version}"
    return state.backend


def disconnect() -> None:
    """End every call; a backend that was started here stays for the next."""
    backend, state.backend = state.backend, None
    state.summary, state.capabilities = "", None
    if backend:
        backend.close()


def close() -> None:
    """Leave the backend; end it where it was started here."""
    disconnect()
    process, state.process = state.process, None
    if process:
        process.stop()
