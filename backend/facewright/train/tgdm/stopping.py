"""Ending a run on SIGTERM or Ctrl-C, at a step's end, in all its processes at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

import torch

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """A context in which a first signal asks for an end; a second does what it always did.

    Attributes:
        by_signal: whether a signal ended the run.
    """

    def __init__(self, accelerator: Any) -> None:
        self._accelerator = accelerator
        self._former: dict[int, Any] = {}
        self._asked = False
        self.by_signal = False

    def __enter__(self) -> Stopping:
        # Python lets the main thread alone handle signals.
        if threading.current_thread() is threading.main_thread():
            self._former = {number: signal.signal(number, self._ask) for number in _SIGNALS}
        return self

    def __exit__(self, *exception: object) -> None:
        self._restore()

    def agreed(self, over: bool = False) -> bool:
        """Whether to stop now: for all processes if one was told to, or is ``over``."""
        votes = [self._asked, over]
        if self._accelerator.num_processes > 1:
            cast = torch.tensor(votes, dtype=torch.float32, device=self._accelerator.device)
            votes = [bool(v) for v in self._accelerator.reduce(cast, reduction="sum").tolist()]
        self.by_signal = votes[0]
        return any(votes)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        self._restore()

    def _restore(self) -> None:
        while self._former:
            number, handler = self._former.popitem()
            signal.signal(number, handler)
