# SPDX-License-Identifier: GPL-3.0-or-later
"""One run over a list: some items at a time until none is left; no bpy."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...core.client import Progress
from ...core.errors import BackendError, InputError
from .crew import PATIENCE, Outcome, Worker
from .ledger import DONE, FAILED, Ledger, Record
from .manifest import Item

#: Seconds between two looks at the workers.
_PAUSE = 0.1
_RETRIES = 1  # of an item whose backend failed


@dataclass(slots=True)
class Shift:
    """Makes items.

    Attributes:
        items: to make; those that are finished are skipped, unless ``again``.
        ledger: what is done.
        program: that runs a command.
        backend: gives the options by which a worker reaches the backend; called before
            each, so that one that ended can be started again.
        environment: of the workers.
        jobs: how many at a time.
        keep_going: whether a failure leaves the rest to be made.
        again: whether finished ones are made anew.
        progress: told what runs, how much is done and how long the rest takes.
        say: given a line for each item as it ends.
    """

    items: Sequence[Item]
    ledger: Ledger
    program: Sequence[str]
    backend: Callable[[], list[str]]
    environment: dict[str, str]
    jobs: int
    keep_going: bool
    again: bool
    progress: Progress
    say: Callable[[str], None]
    _workers: list[Worker] = field(default_factory=list)
    _waiting: deque[Item] = field(default_factory=deque)
    _tries: dict[str, int] = field(default_factory=dict)
    _recipes: dict[str, str] = field(default_factory=dict)
    _took: list[float] = field(default_factory=list)
    _failed: int = 0

    def run(self) -> int:
        """Make what is not finished; how many failed.

        Raises:
            KeyboardInterrupt: after the workers have ended.
            BackendError: there is none to work with.
        """
        for item in self.items:
            finished = None if self.again else self.ledger.finished(item)
            if finished:
                self.say(f"{self._label(item)}: unchanged, skipped")
            else:
                self._waiting.append(item)
        whole = len(self._waiting)
        try:
            while self._workers or self._waiting:
                if self._failed and not self.keep_going:
                    self._give_up()
                    break
                if self._waiting and len(self._workers) < self.jobs:
                    self._begin(self._waiting.popleft())
                    continue
                for worker in [worker for worker in self._workers if worker.done]:
                    self._workers.remove(worker)
                    self._end(worker.item, worker.outcome())
                self._tell(whole)
                time.sleep(_PAUSE)
        except BaseException:
            self._stop()
            raise
        return self._failed

    def _begin(self, item: Item) -> None:
        try:  # inputs may change while they are used: what is made is of those of now
            self._recipes[item.name] = self.ledger.recipe(item)
        except OSError as error:
            reason = f"{error.filename}: {error.strerror}"
            self._fail(item, {"exit": InputError.exit_code, "message": reason})
            return
        options = self.backend()
        log = self.ledger.log(item)
        self._workers.append(Worker(item, self.program, options, log, self.environment))

    def _end(self, item: Item, outcome: Outcome) -> None:
        if outcome.status == BackendError.exit_code:
            tries = self._tries[item.name] = self._tries.get(item.name, 0) + 1
            if tries <= _RETRIES:
                self.say(f"{self._label(item)}: {outcome.message}; once more")
                self._waiting.append(item)
                return
        took = round(outcome.seconds, 2)
        record: Record = {"recipe": self._recipes[item.name], "took": took}
        if outcome.status != 0:
            self._fail(item, record | {"exit": outcome.status, "message": outcome.message})
            return
        made = {name: outcome.made.get(name) for name in ("frames", "fps", "warnings")}
        record |= made | {"status": DONE, "review": outcome.made.get("review")}
        self._took.append(outcome.seconds)
        self.say(f"{self._label(item)}: {made['frames']} frames in {took:.1f} s")
        self.ledger.write(item, record)

    def _fail(self, item: Item, record: Record) -> None:
        self._failed += 1
        self.say(f"{self._label(item)}: failed: {record['message']}")
        self.ledger.write(item, record | {"status": FAILED})

    def _give_up(self) -> None:
        """After a failure: end the others; they stay to be made."""
        left = len(self._waiting) + len(self._workers)
        self._stop()
        if left:
            self.say(f"{left} items are left, since one failed; --keep-going makes them")

    def _stop(self) -> None:
        for worker in self._workers:
            worker.stop()
        until = time.monotonic() + PATIENCE
        while self._workers:
            worker = self._workers.pop()
            worker.end(until)
            outcome = worker.outcome()
            if outcome.status == 0:  # it was done before it heard
                self._end(worker.item, outcome)

    def _tell(self, whole: int) -> None:
        left = len(self._waiting) + len(self._workers)
        seconds = -1.0
        if self._took:
            mean = sum(self._took) / len(self._took)
            rounds = (len(self._waiting) + 0.5 * len(self._workers)) / self.jobs
            seconds = mean * rounds
        running = ", ".join(worker.item.output.name for worker in self._workers[:3])
        more = len(self._workers) - 3
        running += f" and {more} more" if more > 0 else ""
        stage = f"{whole - left} of {whole} made; at work: {running or 'none'}"
        self.progress(stage, (whole - left) / max(whole, 1), seconds)

    def _label(self, item: Item) -> str:
        return f"row {item.row}, {Path(item.output).name}"
