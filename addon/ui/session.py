# SPDX-License-Identifier: GPL-3.0-or-later
"""What lives as long as Blender does: the backend, and the job that runs.

One session serves every window and scene. It survives opening another file; disabling the
add-on and quitting Blender end it, and the backend where it was started here.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

import bpy

from ..core import handshake
from ..core.backend_process import START_SECONDS, BackendProcess, find_command
from ..core.client import Backend, Progress, is_loopback
from ..core.errors import AddonError, BackendError, Cancelled, InputError
from ..v1 import service_pb2
from . import preferences

#: One thread at a time starts or reaches a backend.
_connecting = threading.Lock()


@dataclass(slots=True)
class _State:
    process: BackendProcess | None = None
    backend: Backend | None = None
    summary: str = ""
    capabilities: service_pb2.GetCapabilitiesResponse | None = None
    generation: int = 0  # of the connection: another one since a call began
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

    def missing(self, feature: str) -> str:
        """Why the backend has no such feature, in a sentence; see :mod:`..core.handshake`."""
        return handshake.missing(self.capabilities, feature)

    @property
    def started_here(self) -> bool:
        """Whether a backend runs that this Blender started."""
        return self.process is not None and self.process.running


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
    token: str = field(default="", repr=False)
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
        if reason := offline(address):
            raise InputError(f"address: {reason}")
        certificate = bpy.path.abspath(chosen.certificate) if chosen.certificate else ""
        return cls(
            address,
            bpy.path.abspath(chosen.command) if chosen.command else "",
            chosen.token,
            Path(certificate) if certificate else None,
        )

    def pem(self) -> bytes | None:
        """The certificate's bytes.

        Raises:
            InputError: its file cannot be read.
        """
        try:
            return self.certificate.read_bytes() if self.certificate else None
        except OSError as error:
            raise InputError(
                f"certificate: {self.certificate} cannot be read: {error.strerror}"
            ) from error


def offline(address: str) -> str:
    """Why Blender may not talk to ``address``, in words; "" where it may."""
    if not address or is_loopback(address) or bpy.app.online_access:
        return ""
    return (
        f"{address} is another computer; allow online access in Preferences > System, or "
        "leave the address empty"
    )


def connect(settings: Settings, progress: Progress) -> Backend:
    """The session's backend, started or reached where it is not yet; any thread.

    Raises:
        AddonError: there is none, or it cannot be talked to; one line with the remedy.
        Cancelled: it was disconnected meanwhile.
    """
    with _connecting:
        if state.process is not None and not state.process.running:
            close()
        if state.backend is not None:
            return state.backend
        generation = state.generation
        address = settings.address or _local(settings.command, progress)
        process = None if settings.address else state.process
        progress("connecting", 0.0, -1.0)

        def wanted() -> bool:
            return generation == state.generation and (process is None or process.running)

        backend = Backend(address, settings.token, settings.pem())
        try:
            # One that was started here answers first when its models are loaded.
            answer = backend.hello(START_SECONDS if process else None, wanted)
            if generation != state.generation:
                raise Cancelled("cancelled")
        except BaseException as error:
            backend.close()
            if isinstance(error, BackendError) and not wanted():
                raise _ended(process) from error
            raise
        state.backend, state.capabilities = backend, answer
        state.summary = f"{address}, {answer.device}, version {answer.version}"
        return backend


def _ended(process: BackendProcess | None) -> AddonError:
    """Why a connection is not wanted any more."""
    if process is None or process.running or not process.lines:
        return Cancelled("cancelled")
    return BackendError(f"the backend has ended: {process.lines[-1].strip()}")


def _local(command: str, progress: Progress) -> str:
    """The address of the backend on this computer, which is started where it is not."""
    if state.process is None:
        progress("starting the backend", 0.0, -1.0)
        # Known before it listens, so that closing the session ends it in between as well.
        process = state.process = BackendProcess(find_command(command))
        try:
            process.start()
        except BaseException:
            state.process = None
            raise
        if state.process is not process:  # closed before it ran
            process.stop()
            raise Cancelled("cancelled")
    return state.process.address


def disconnect() -> None:
    """End every call; a backend that was started here stays for the next."""
    state.generation += 1
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
