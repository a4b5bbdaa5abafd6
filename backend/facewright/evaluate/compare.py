"""One task, several rows: frames are made, scored and shown side by side, a few at a time."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from facewright.capture import CaptureSession
from facewright.checks import Float32, UInt8
from facewright.evaluate import flicker, recapture, scores
from facewright.evaluate.boxes import Box, boxes
from facewright.evaluate.geometry import square_frames
from facewright.evaluate.judges import Judge, View
from facewright.evaluate.rows import Maker
from facewright.evaluate.scores import Scores
from facewright.evaluate.shown import Shown
from facewright.evaluate.tasks import Task

#: The row of the real clip: what of it can be measured alone.
TRUTH = "truth"
_BATCH_PIXELS = 8 * 256**2


@dataclass(slots=True)
class Result:
    """How a task came out.

    Attributes:
        task: what was done.
        rows: scores by row label, ``TRUTH`` among them.
        milliseconds: per frame, by row label.
        shown: frames kept for a person to look at.
    """

    task: Task
    rows: dict[str, Scores]
    milliseconds: dict[str, float]
    shown: Shown


@dataclass(slots=True)
class _Truth:
    """What is worked out once per frame of the clip."""

    number: int
    frame: UInt8
    face: Box
    follows: bool  # the frame before it is compared too
    moved: flicker.Flow | None = None
    seen: recapture.Seen | None = None
    looked: bool = False


@dataclass(slots=True)
class Comparison:
    """Compares rows on one task.

    Attributes:
        task: what to make.
        makers: by row label, prepared here.
        session: captures made frames again.
        against: label of the row that the last is held against.
        recapture_every: every how many compared frames to capture again; 0: never.
        judges: measures by networks that the user has weights for.
        check: called between frames with the share done; what it raises ends the work.
        watch: given the clip's frame and each row's, as they come.
    """

    task: Task
    makers: dict[str, Maker]
    session: CaptureSession
    against: str
    recapture_every: int = 5
    judges: Sequence[Judge] = ()
    check: Callable[[float], None] = lambda share: None
    watch: Callable[[list[UInt8]], None] = lambda pictures: None
    _rows: dict[str, Scores] = field(default_factory=dict)
    _before: dict[str, UInt8] = field(default_factory=dict)
    _seen: recapture.Seen | None = None

    def run(self) -> Result:
        """Make and score every compared frame."""
        task = self.task
        for judge in self.judges:
            judge.start(task)
        for maker in self.makers.values():
            maker.prepare(task.subject)
        self._rows = {label: Scores() for label in (TRUTH, *self.makers)}
        seconds = dict.fromkeys(self.makers, 0.0)
        shown = Shown(task, tuple(self.makers), self.against)
        moved_eyes = dict(
            zip(
                task.geometry.indices.tolist(),
                scores.eyes_moved(task.subject, task.geometry).tolist(),
                strict=True,
            )
        )
        done = 0
        for truths in self._truths():
            numbers = [truth.number for truth in truths]
            made: dict[str, UInt8] = {}
            share = done / len(task.numbers)
            for label, maker in self.makers.items():
                begin = time.perf_counter()
                made[label] = maker(task.geometry, numbers, partial(self.check, share))
                seconds[label] += time.perf_counter() - begin
            for row, truth in enumerate(truths):
                self.check(done / len(task.numbers))
                frames = {label: made[label][row] for label in self.makers}
                found = self._scored(truth, frames, moved_eyes[truth.number])
                shown.offer(truth.number, truth.frame, frames, found)
                self.watch([truth.frame, *frames.values()])
                done += 1
        for judge in self.judges:
            for label, whole in judge.finish().items():
                self._rows[label].whole |= whole
        cost = {label: 1000 * spent / done for label, spent in seconds.items()}
        return Result(task, self._rows, cost, shown)

    def _scored(
        self, truth: _Truth, frames: dict[str, UInt8], eyes_moved: bool
    ) -> dict[str, dict[str, float | None]]:
        """Scores of one frame, by row; kept in ``self._rows`` too."""
        every: dict[str, dict[str, float | None]] = {}
        for label, frame in {TRUTH: truth.frame, **frames}.items():
            found: dict[str, float | None] = {}
            if label != TRUTH and self.task.has_truth:
                points = self.task.clip_geometry.boxes[truth.number]
                found = scores.likeness(frame, truth.frame, points, eyes_moved)
            if truth.follows:
                found |= scores.steadiness(self._before[label], frame, truth.moved, truth.face)
            points = None
            if truth.looked:
                again, points = self._looked_at(label, frame, truth.seen)
                found |= again
            before = self._before.get(label) if truth.follows else None
            view = View(label, truth.number, frame, truth.frame, before, points)
            for judge in self.judges:
                found |= judge.frame(view)
            self._rows[label].add(found)
            self._before[label] = frame
            every[label] = found
        return every

    def _looked_at(
        self, label: str, frame: UInt8, seen: recapture.Seen | None
    ) -> tuple[dict[str, float | None], Float32 | None]:
        """Scores of a frame that is captured again, and its landmarks."""
        if seen is None:
            return {}, None
        if label == TRUTH:
            return {"opening": seen.opening}, seen.points
        same = self.task.mode != "cross"
        made = recapture.look(self.session, self.task.subject, frame, seen if same else None)
        if made is None:
            return {"lost": 1.0}, None
        found = recapture.differences(made, seen, same_face=same)
        return {"lost": 0.0, "opening": made.opening, **found}, made.points

    def _truths(self) -> Iterator[list[_Truth]]:
        """The compared frames in order, in batches."""
        task = self.task
        size = task.subject.camera.size[0]
        batch = max(1, _BATCH_PIXELS // size**2)
        wanted = set(task.numbers)
        frames = (
            (number, frame)
            for number, frame in enumerate(square_frames(task.clip, size))
            if number in wanted
        )
        before: _Truth | None = None
        counted = 0
        while pieces := list(itertools.islice(frames, batch)):
            truths = []
            for number, frame in pieces:
                before = self._truth(number, frame, before, counted)
                counted += 1
                truths.append(before)
            yield truths
            if pieces[-1][0] == task.numbers[-1]:
                return

    def _truth(self, number: int, frame: UInt8, before: _Truth | None, counted: int) -> _Truth:
        task = self.task
        points = task.clip_geometry.boxes[number]
        face = boxes(points, (frame.shape[1], frame.shape[0]))["face"]
        follows = before is not None and before.number == number - 1
        truth = _Truth(number, frame, face, follows)
        if follows and task.has_truth:
            assert before is not None
            truth.moved = flicker.flow(before.frame, frame)
        if self.recapture_every and counted % self.recapture_every == 0:
            truth.looked = True
            truth.seen = recapture.look(self.session, task.driver, frame, self._seen)
            self._seen = truth.seen or self._seen
        return truth


def opening_correlation(made: Scores, truth: Scores) -> float | None:
    """Pearson's correlation of the lips' opening over a clip; None where it does not vary."""
    both = (scored.series.get("opening", ()) for scored in (made, truth))
    pairs = [(a, b) for a, b in zip(*both, strict=False) if a is not None and b is not None]
    if len(pairs) < 3:
        return None
    a, b = np.array(pairs).T
    if min(a.std(), b.std()) < 1e-6:
        return None
    return float(np.corrcoef(a, b)[0, 1])
