"""What the command line shows: progress with time left, warnings, one line per error."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

from facewright.errors import FacewrightError

#: Set to anything, errors that were not foreseen show their traceback.
DEBUG_VARIABLE = "FACEWRIGHT_DEBUG"

_PATIENCE = 0.5  # seconds that a signal waits for progress to be told
_IMPORT_SECONDS = 0.02  # after which one that met an import looks again
_received: list[int] = []  # signals, within signals_unwind
_LINE_SECONDS = 5.0  # between plain lines of one stage


class ProgressDisplay:
    """Shows stages on stderr: a bar on a terminal, plain lines elsewhere.

    Call it as a :data:`facewright.dub.ProgressListener`; use it as a context manager.

    Args:
        quiet: show nothing.
    """

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar: Any = None
        self._task: Any = None
        self._stage, self._last_line = "", 0.0

    def __enter__(self) -> ProgressDisplay:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

            self._bar = Progress(
                TextColumn("{task.description:<10}"),
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.fields[left]}"),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, stage: str, fraction: float, seconds_left: float) -> None:
        if _received:
            raise Stopped(_received[0])
        if self._quiet:
            return
        left = f"{_duration(seconds_left)} left" if seconds_left >= 0 and fraction < 1 else ""
        if self._bar is not None:
            if stage != self._stage:
                if self._task is not None:
                    self._bar.remove_task(self._task)
                # Without a fraction yet the bar pulses.
                self._task = self._bar.add_task(stage, total=None, left="")
            if fraction > 0:
                self._bar.update(self._task, total=1.0, completed=fraction, left=left)
        else:
            now = time.monotonic()
            if stage != self._stage:
                say(stage)
                self._last_line = now
            elif fraction < 1 and now - self._last_line >= _LINE_SECONDS:
                say(f"{stage} {fraction:.0%}" + (f", {left}" if left else ""))
                self._last_line = now
        self._stage = stage


def say(text: str) -> None:
    """One line on stderr."""
    print(text, file=sys.stderr, flush=True)


def report(error: BaseException) -> int:
    """Tell an error in one line on stderr; the process's exit status for it."""
    if isinstance(error, KeyboardInterrupt):
        error = Stopped(signal.SIGINT)
    if isinstance(error, Stopped):
        say(f"facewright: {'interrupted' if error.number == signal.SIGINT else 'terminated'}")
        return 128 + error.number
    if isinstance(error, BrokenPipeError):
        # The reader of our output went away; flushing at exit would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    if hasattr(error, "format_message"):  # of the option parser
        message = _one_line(error.format_message()).rstrip(".")
        say(f"facewright: {message}; see `facewright --help`")
        return int(getattr(error, "exit_code", 2))
    if isinstance(error, FacewrightError):
        say(f"facewright: {_one_line(str(error))}")
        return error.exit_code
    if os.environ.get(DEBUG_VARIABLE):
        traceback.print_exception(error)
    reason = _one_line(f"{type(error).__name__}: {error}")
    say(f"facewright: internal error: {reason}; {DEBUG_VARIABLE}=1 shows where")
    return 1


class Stopped(BaseException):
    """Raised in the main thread by Ctrl-C or SIGTERM, so that outputs are cleaned up.

    Attributes:
        number: the signal's.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def signals_unwind() -> Iterator[None]:
    """Within it, Ctrl-C and SIGTERM raise :class:`Stopped` in the main thread.

    Not KeyboardInterrupt, which the option parser's versions take in various ways. It is
    raised where progress is told; where none is told for a while, or at a second signal,
    wherever the work is, but for imports: native code may turn an exception that comes out
    of nowhere into another, or crash.
    """
    alarm = getattr(signal, "SIGALRM", None)

    def stop(number: int, frame: FrameType | None) -> None:
        first, again = not _received, number != alarm
        if again:
            _received.append(number)
        if alarm is None or (not (first and again) and not _importing(frame)):
            raise Stopped(_received[0])
        signal.setitimer(signal.ITIMER_REAL, _PATIENCE if first else _IMPORT_SECONDS)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [signal.SIGINT, signal.SIGTERM] + ([] if alarm is None else [alarm])
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    except Exception as error:
        if _received:  # whatever native code made of it
            raise Stopped(_received[0]) from error
        raise
    finally:
        _received.clear()
        if alarm is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _one_line(text: str) -> str:
    return " ".join(text.split()) or "unknown"


def _duration(seconds: float) -> str:
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
