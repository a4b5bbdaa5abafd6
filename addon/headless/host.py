# SPDX-License-Identifier: GPL-3.0-or-later
"""The backend that a command works with: one that runs, or one that is started here."""

from __future__ import annotations

import argparse
import threading
from types import TracebackType

from ..core.backend_process import BackendProcess, find_command
from ..core.client import Backend, Progress
from . import options as shared


class Host:
    """Starts a backend where none is named, connects, and again after it went away.

    A context manager; what it started ends with the block. Any thread may call it.

    Args:
        options: of the command line; see :func:`.options.add_backend`.
        report: told that one is being started.

    Raises:
        AddonError: on entering, another computer where Blender is offline; later, a backend
            that does not start or does not answer.
    """

    def __init__(self, options: argparse.Namespace, report: Progress) -> None:
        self._options, self._report = options, report
        self._process: BackendProcess | None = None
        self._backend: Backend | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Host:
        if self._options.address:
            shared.check_online(self._options.address)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.lost()
        if self._process is not None:
            self._process.stop()

    def address(self) -> str:
        """Where it listens; started first, or again, where it does not."""
        if self._options.address:
            return self._options.address
        with self._lock:
            if self._process is not None and not self._process.running:
                self._process.stop()
                self._process = None
            if self._process is None:
                self._report("starting the backend", 0.0, -1.0)
                command = find_command(self._options.backend)
                process = BackendProcess(command, shared.echo(self._options))
                process.start()
                self._process = process
            return self._process.address

    def backend(self) -> Backend:
        """A connection that has answered; the same one until it was lost."""
        address = self.address()
        with self._lock:
            if self._backend is None:
                options = self._options
                backend = Backend(address, shared.token(options), shared.certificate(options))
                try:
                    backend.hello()
                except BaseException:
                    backend.close()
                    raise
                self._backend = backend
            return self._backend

    def lost(self) -> None:
        """Let the connection go; the next :meth:`backend` is a new one."""
        with self._lock:
            backend, self._backend = self._backend, None
        if backend is not None:
            backend.close()
