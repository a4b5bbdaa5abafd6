# SPDX-License-Identifier: GPL-3.0-or-later
"""Items at work: each in a process of its own, so that one that crashes ends alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..columns import BY_NAME
from ..leftovers import clear_away
from .manifest import Item

#: Seconds that a process has to end by itself once it was asked to.
PATIENCE = 20.0
#: Seconds after which it is asked again.
_AGAIN = 5.0
_MARK = "facewright: "


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an item's process ended.

    Attributes:
        status: its exit status; below zero: the signal that ended it.
        made: what ``dub --result`` wrote; empty where it failed.
        message: its last word, where it failed.
        seconds: that it took.
    """

    status: int
    made: dict[str, Any]
    message: str
    seconds: float


class Worker:
    """A process that makes one item.

    Args:
        item: to make.
        program: that runs a command, without its arguments.
        options: beside the item's: how the backend is reached.
        log: file for all that it prints.
        environment: of the process.

    Attributes:
        item: as given.
        stage: what it said last.
    """

    def __init__(
        self,
        item: Item,
        program: Sequence[str],
        options: Sequence[str],
        log: Path,
        environment: dict[str, str],
    ) -> None:
        self.item, self.stage = item, ""
        self._last, self._begun = "", time.monotonic()
        handle, name = tempfile.mkstemp(prefix="facewright-", suffix=".json")
        os.close(handle)
        self._result = Path(name)
        command = [*program, *arguments(item), f"--result={name}", *options]
        self._log = log.open("w", encoding="utf-8")
        self._log.write(subprocess.list2cmdline(command) + "\n")
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=environment,
            # Ctrl-C is for the batch alone, which then asks its workers to end.
            start_new_session=sys.platform != "win32",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        self._reader = threading.Thread(target=self._read, name="facewright-worker", daemon=True)
        self._reader.start()

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def outcome(self) -> Outcome:
        """How it ended; waits until it has."""
        status = self._process.wait()
        self._reader.join(timeout=5.0)
        self._log.close()
        if status != 0:  # it may not have tidied up
            clear_away(self.item.values, self._process.pid)
        try:
            made = json.loads(self._result.read_text("utf-8")) if status == 0 else {}
        except (OSError, ValueError):
            made = {}
        self._result.unlink(missing_ok=True)
        if status == 0 and not made:
            status, self._last = 1, "ended without saying what it made; see its log"
        return Outcome(status, made, self._message(status), time.monotonic() - self._begun)

    def stop(self) -> None:
        """Ask it to end."""
        if self.done:
            return
        if sys.platform == "win32":
            self._process.send_signal(signal.CTRL_BREAK_EVENT)
        else:
            self._process.terminate()

    def end(self, until: float) -> None:
        """Wait until the time ``until`` (``time.monotonic``), then end it by force."""
        while not self.done and time.monotonic() < until:
            try:
                self._process.wait(min(_AGAIN, max(0.1, until - time.monotonic())))
            except subprocess.TimeoutExpired:
                self.stop()
        if not self.done:
            self._process.kill()
        self._process.wait()

    def _message(self, status: int) -> str:
        if status == 0:
            return ""
        if self._last:
            return self._last
        if status < 0:
            return f"Blender was ended by signal {-status}; see its log"
        return f"Blender ended with status {status}; see its log"

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        with stream:
            for line in stream:
                self._log.write(line)
                self._log.flush()
                if line.startswith(_MARK):
                    self.stage = self._last = line.removeprefix(_MARK).strip()


def arguments(item: Item) -> list[str]:
    """The words after the program that make an item: ``dub`` and its options."""
    words = ["dub"]
    for name in ("portrait", "speech"):
        if item.values.get(name):
            words.append(str(item.values[name]))
    for name, value in item.values.items():
        if name in ("portrait", "speech") or value in (None, "", ()):
            continue
        text = " ".join(value) if isinstance(value, tuple) else str(value)
        words.append(f"{BY_NAME[name].option}={text}")
    return words
