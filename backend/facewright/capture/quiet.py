"""Keep the native libraries' start-up chatter off the terminal."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator

# What MediaPipe and TensorFlow Lite say at every start; none of it is news to a user.
_CHATTER = re.compile(
    rb"XNNPACK delegate|absl::InitializeLog|inference_feedback_manager"
    rb"|landmark_projection_calculator|gl_context"
)
_lock = threading.Lock()


@contextlib.contextmanager
def quiet_start() -> Iterator[None]:
    """Hold back stderr and let everything but the known chatter through afterwards.

    The libraries write to file descriptor 2 before their logging can be configured, so
    the descriptor is what has to be replaced. It is the whole process's: use this for
    start-up alone.
    """
    with _lock, tempfile.TemporaryFile() as held:
        _flush()
        try:
            terminal = os.dup(2)
        except OSError:  # a process without stderr has nothing to keep quiet
            yield
            return
        try:
            os.dup2(held.fileno(), 2)
            yield
        finally:
            _flush()
            os.dup2(terminal, 2)
            held.seek(0)
            for line in held:
                if not _CHATTER.search(line):
                    os.write(terminal, line)
            os.close(terminal)


def _flush() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()
