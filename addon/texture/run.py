# SPDX-License-Identifier: GPL-3.0-or-later
"""Texturing a range to its end, also where the backend goes away in between.

:func:`run` is a generator that the interface advances from a timer; :func:`texture_range`
is the same to its end, for scripts and batch work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy

from ..core.cache import FrameCache
from ..core.client import Progress
from ..core.errors import BackendGoneError
from ..core.shelf import Shelf
from ..core.stream import FrameStream
from ..core.tasks import Task
from ..subject.objects import SubjectObjects
from . import geometry
from .reel import Reel
from .survey import Notice, Survey, clip_of
from .texturing import Texturing
from .wish import Opener, Outcome, Wish

#: Attempts without a single picture before giving up.
RETRIES = 5
#: Seconds before the second of them; each waits twice as long as the one before.
PAUSE = 0.5
#: Seconds between two looks of the sequencer at what came.
_SHOW = 0.5


def run(
    scene: bpy.types.Scene,
    who: SubjectObjects,
    wish: Wish,
    folder: Path,
    open_stream: Opener,
    outcome: Outcome,
    *,
    cache: FrameCache | None = None,
    report: Progress | None = None,
    lost: Callable[[], object] | None = None,
    notice: Notice | None = None,
    show: bool = True,
    wait: float = 0.0,
) -> Generator[Any, None, None]:
    """Texture a range, step by step; yields True where it waits, else None.

    Args:
        scene: whose frames, and whose sequencer.
        who: the subject.
        wish: what is wanted.
        folder: for the pictures; must exist.
        open_stream: called in a thread, again after each loss.
        outcome: filled as it goes.
        cache: of pictures; None: the folder alone.
        report: told of every picture, and of waiting.
        lost: called when the backend has gone, before it is looked for again.
        notice: told how each frame's picture stands.
        show: put the pictures into the sequencer.
        wait: seconds that a step may wait on the main thread.

    Raises:
        BackendGoneError: it did not come back; what came is kept.
        AddonError: anything else that ends it; what came is kept.
    """
    tell = report or (lambda stage, fraction, left: None)
    shelf, left, attempt = Shelf(folder, cache), list(wish.frames), 0
    clip, fingerprint = clip_of(scene, wish.frames), ""
    reel: Reel | None = None
    while True:
        before = len(outcome.came)
        try:
            stream = yield from _opened(open_stream, tell)
            with stream:
                if fingerprint not in ("", stream.fingerprint):  # another backend came back
                    left, outcome.came, reel = list(wish.frames), set(), None
                fingerprint, outcome.size = stream.fingerprint, stream.size
                shelf.note(**wish.asked, fingerprint=fingerprint, reach=stream.reach)
                if show and reel is None:
                    reel = Reel(scene, folder, stream.size, clip.step, wish.frames[-1])
                make_frame = geometry.create_pass(who, wish.size, wish.kind, rho=wish.rho)
                yield from make_frame.prepare()
                texturing = Texturing(
                    stream,
                    make_frame,
                    scene,
                    left,
                    folder,
                    _shared(tell, len(wish.frames), before),
                    shelf=shelf,
                    clip=clip,
                    notice=notice,
                    strict=False,
                )
                with _kept(texturing, outcome, reel):
                    yield from _stepped(texturing, reel, wait, outcome)
            return
        except BackendGoneError as error:
            outcome.broken += 1
            attempt = 1 if len(outcome.came) > before else attempt + 1
            left = [frame for frame in left if frame not in outcome.came]
            if attempt >= RETRIES:
                raise BackendGoneError(_kept_words(error, outcome)) from error
            if lost:
                lost()
            pause = PAUSE * 2 ** (attempt - 1)
        yield from _paused(pause, tell, outcome)


def texture_range(
    scene: bpy.types.Scene,
    who: SubjectObjects,
    wish: Wish,
    folder: Path,
    open_stream: Opener,
    *,
    cache: FrameCache | None = None,
    progress: Progress | None = None,
    lost: Callable[[], object] | None = None,
    show: bool = True,
) -> Outcome:
    """Texture a range of the open scene; blocks. What is there already is not made again, so
    that the same call goes on where an earlier one was ended.

    Args, Raises: as of :func:`run`.
    """
    outcome = Outcome(len(wish.frames))
    steps = run(
        scene,
        who,
        wish,
        folder,
        open_stream,
        outcome,
        cache=cache,
        report=progress,
        lost=lost,
        show=show,
        wait=0.02,
    )
    try:
        for waits in steps:
            if waits:
                time.sleep(0.001)
    finally:
        steps.close()
    return outcome


def check(
    scene: bpy.types.Scene,
    who: SubjectObjects,
    wish: Wish,
    folder: Path,
    *,
    reach: int,
    fingerprint: str,
    cache: FrameCache | None = None,
    report: Progress | None = None,
    notice: Notice | None = None,
) -> Generator[Any, None, None]:
    """Find out how each frame's picture stands, without a backend; step by step as :func:`run`.

    Args:
        reach, fingerprint: of the stream that would make them.
        notice: told of each frame.
    """
    make_frame = geometry.create_pass(who, wish.size, wish.kind, rho=wish.rho)
    yield from make_frame.prepare()
    clip = clip_of(scene, wish.frames)
    survey = Survey(
        make_frame,
        scene,
        wish.frames,
        Shelf(folder, cache),
        reach,
        fingerprint,
        clip,
        notice,
    )
    try:
        while not survey.done:
            moved = survey.step(0.0)
            if report:
                report("checking", len(survey.states) / len(wish.frames), -1.0)
            yield None if moved else True
    finally:
        survey.restore()
        survey.close()


def _opened(open_stream: Opener, tell: Progress) -> Generator[Any, None, FrameStream]:
    task = Task(open_stream)
    try:
        while not task.done:
            if step := task.poll():
                tell(step.stage, step.fraction, step.seconds_left)
            yield True
    except GeneratorExit:
        task.abandon(lambda stream: stream.close())
        raise
    return task.result()


def _stepped(
    texturing: Texturing, reel: Reel | None, wait: float, outcome: Outcome
) -> Generator[Any, None, None]:
    shown, at, before = 0, time.monotonic(), outcome.evaluating
    while not texturing.done:
        moved = texturing.step(wait)
        outcome.evaluating = before + texturing.evaluating
        if reel and len(texturing.came) > shown and time.monotonic() - at > _SHOW:
            _show(reel, texturing, texturing.came[shown:])
            shown, at = len(texturing.came), time.monotonic()
        yield None if moved else True


@contextmanager
def _kept(texturing: Texturing, outcome: Outcome, reel: Reel | None) -> Iterator[None]:
    """Whatever ends it: pictures are written, noted and shown, and the scene put back."""
    try:
        yield
    finally:
        try:
            texturing.restore()
        finally:
            try:
                texturing.close()
            finally:
                outcome.came.update(texturing.came)
                outcome.textured += texturing.answered
                outcome.context += texturing.context
                failed = outcome.failed | texturing.failed
                outcome.failed = {f: why for f, why in failed.items() if f not in outcome.came}
                if reel:
                    _show(reel, texturing, texturing.came)


def _show(reel: Reel, texturing: Texturing, frames: Iterable[int]) -> None:
    reel.show({frame: texturing.name(frame) for frame in frames})


def _shared(tell: Progress, total: int, before: int) -> Progress:
    """Progress of what is left, told as of the whole."""

    def share(stage: str, fraction: float, left: float) -> None:
        tell(stage, (before + fraction * (total - before)) / total, left)

    return share


def _paused(seconds: float, tell: Progress, outcome: Outcome) -> Generator[Any, None, None]:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        share = len(outcome.came) / outcome.wanted
        tell(f"backend gone; {len(outcome.came)} frames kept, trying again", share, left)
        yield True


def _kept_words(error: BackendGoneError, outcome: Outcome) -> str:
    return (
        f"{error}; {len(outcome.came)} of {outcome.wanted} frames came and are kept: texture "
        "again to go on from there"
    )
