# SPDX-License-Identifier: GPL-3.0-or-later
"""A backend on this machine that lives as long as Blender needs it; no bpy."""

from __future__ import annotations

import atexit
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from .errors import BackendError, Cancelled

#: Environment variable with the command, e.g. "/opt/facewright/bin/facewright".
VARIABLE = "FACEWRIGHT_BACKEND"
#: Importing the backend's libraries from a cold disk takes this long at the most.
START_SECONDS = 180.0
STOP_SECONDS = 30.0

_LISTENING = re.compile(r"listening on (\S+:\d+)")


def find_command(preference: str = "") -> list[str]:
    """The command that runs ``facewright``, without its arguments.

    The first of: ``preference``, $FACEWRIGHT_BACKEND, `facewright` beside the running
    Python, on the PATH, and in a checkout's .venv around this add-on.

    Raises:
        BackendError: there is none; says how to install one.
    """
    for origin, command in (("backend command", preference), (VARIABLE, os.environ.get(VARIABLE))):
        if command and command.strip():
            # A path may hold blanks; anything else is a program and its arguments.
            whole = Path(command.strip()).is_file()
            words = [command.strip()] if whole else shlex.split(command, posix=os.name == "posix")
            if shutil.which(words[0]) is None:
                raise BackendError(f"{origin}: there is no program {words[0]!r}")
            return words
    for candidate in _candidates():
        if found := shutil.which(candidate):
            return [found]
    raise BackendError(
        "the Facewright backend is not installed here: `pip install facewright` into a Python "
        f"3.11 environment, then give its `facewright` program as {VARIABLE} or in the add-on's "
        "preferences, or give the address of a running backend"
    )


def version_of(command: Sequence[str], timeout: float = START_SECONDS) -> str:
    """The release that ``command`` runs, from `facewright --version`; blocks.

    Raises:
        BackendError: it cannot be run, takes too long, or is another program; says so.
    """
    program = command[0]
    try:
        done = subprocess.run(
            [*command, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            env=_environment(),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except subprocess.TimeoutExpired:
        raise BackendError(f"{program} did not answer within {timeout:g} s") from None
    except OSError as error:
        raise BackendError(f"{program} cannot be run: {error.strerror or error}") from error
    found = re.search(r"^facewright (\d\S*)$", done.stdout, re.MULTILINE)
    if done.returncode == 0 and found:
        return found[1]
    said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    last = f": {said[-1][:200]}" if said else ""
    raise BackendError(
        f"{program} is not Facewright's program (it ended with status {done.returncode}{last})"
    )


def _environment() -> dict[str, str]:
    """Of a backend: a Blender with a Python of its own must not lend it to the backend's."""
    lent = ("PYTHONHOME", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if name not in lent}


def _candidates() -> Iterator[str]:
    scripts = "Scripts" if os.name == "nt" else "bin"
    yield str(Path(sys.executable).with_name("facewright"))
    yield "facewright"
    yield str(Path(__file__).resolve().parents[2] / ".venv" / scripts / "facewright")


class BackendProcess:
    """``facewright serve`` on a free loopback port; a context manager.

    It is told to end when its standard input closes, so that it ends with this process
    even where that one crashes.

    Args:
        command: from :func:`find_command`.
        echo: given every line that the backend prints, in a thread of its own.
        options: of ``facewright serve``, more than are given here.

    Attributes:
        address: ``host:port``, after :meth:`start`.
    """

    def __init__(
        self,
        command: Sequence[str],
        echo: Callable[[str], object] | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self._command = [*command, "serve", "--host", "127.0.0.1", "--port", "0"]
        self._command += ["--stop-with-stdin", *options]
        self._echo = echo
        self._process: subprocess.Popen[str] | None = None
        self._log: deque[str] = deque(maxlen=200)
        self._heard = threading.Event()
        self.address = ""

    def __enter__(self) -> BackendProcess:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def lines(self) -> list[str]:
        """The last lines that it printed, the latest last."""
        return [line for line in list(self._log) if line.strip()]

    def start(self, timeout: float = START_SECONDS) -> str:
        """Start and wait until it listens; the address.

        Raises:
            BackendError: it ended or did not listen in time; with its last line.
            Cancelled: it was stopped meanwhile.
        """
        try:
            process = self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                env=_environment() | {"PYTHONUNBUFFERED": "1"},
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise BackendError(f"{self._command[0]} cannot be run: {error.strerror}") from error
        atexit.register(self.stop)
        reader = threading.Thread(
            target=self._read, args=(process,), name="facewright-backend-log", daemon=True
        )
        reader.start()
        until = time.monotonic() + timeout
        while not self._heard.wait(0.1):
            if time.monotonic() > until:
                self.stop()
                raise BackendError(f"the backend did not start within {timeout:g} s{self._last()}")
        if self._process is None:  # another thread
            raise Cancelled("cancelled")
        if not self.address:
            status = process.wait()
            self.stop()
            raise BackendError(f"the backend ended with status {status}{self._last()}")
        return self.address

    def stop(self) -> None:
        """End the process: politely, then not."""
        atexit.unregister(self.stop)
        process, self._process = self._process, None
        if process is None:
            return
        try:
            if process.stdin:
                process.stdin.close()
        except OSError:
            pass  # it ended before
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _read(self, process: subprocess.Popen[str]) -> None:
        """Keep the output flowing; note the address; wake :meth:`start`, also at the end."""
        if process.stdout is None:
            return
        with process.stdout as lines:
            for line in lines:
                self._log.append(line.rstrip())
                if self._echo:
                    self._echo(line.rstrip())
                if not self.address and (found := _LISTENING.search(line)):
                    self.address = found[1]
                    self._heard.set()
        self._heard.set()

    def _last(self) -> str:
        lines = self.lines
        return f": {lines[-1].strip()}" if lines else ""
