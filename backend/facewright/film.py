"""Subject + motion -> video: animate and encode, whichever way the motion came about.

Frames stream. The animator fills a short queue that a second thread encodes, and nothing
else is kept, so that an hour takes no more memory than a minute.
"""

from __future__ import annotations

import dataclasses
import itertools
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facewright import __version__
from facewright.checks import UInt8
from facewright.dub import DubOptions, DubResult, Job
from facewright.errors import CancelledError, InputError
from facewright.media.files import Source, pending_bytes

if TYPE_CHECKING:
    from facewright.animate.base import CoefficientGeometry
    from facewright.capture.subject import Subject
    from facewright.face.motion import Motion
    from facewright.media.video import VideoWriter

_BATCH_PIXELS = 8 * 256 * 256  # of one pass of the animator
_BATCH_BYTES = 1 << 25  # of photographs that wait in one batch
_QUEUE = 3  # batches between animator and encoder
_SHEET_FRAMES, _TILE = 7, 256  # beside the portrait on a contact sheet, and their side


def performance(motion: Motion, subject: Subject) -> Motion:
    """A given motion with its columns in the order of the subject's blendshapes.

    Raises:
        InputError: for a motion of another model, or of no frames.
    """
    model = subject.model
    if motion.model != model.name:
        raise InputError(
            f"motion: belongs to model {motion.model!r}, the subject to {model.name!r}; "
            "facewright.face.retarget carries it over"
        )
    if not len(motion):
        raise InputError("motion: expected one frame or more, got none")
    expression = np.zeros((len(motion), len(model.expression_names)), np.float32)
    expression[:, [model.expression_index(name) for name in motion.names]] = motion.expression
    return dataclasses.replace(motion, names=model.expression_names, expression=expression)


def animate(
    subject: Subject,
    motion: Motion,
    options: DubOptions,
    check: Callable[[], None] | None = None,
) -> Iterator[UInt8]:
    """Yield batches of (B, H, W, 3) uint8 frames, of the crop or the subject's photo.

    Batches bring their neighbours along, so that their borders do not show. ``check`` is
    called between sampling steps and ends the work by raising.
    """
    from facewright import animate as animators

    if options.extent == "photo":
        from facewright.animate.paste import Paster

        paste = Paster(subject)
    animator = animators.create(options.animator, options.weights)
    state = animator.prepare(subject, options.size)
    batch, seed = max(1, _BATCH_PIXELS // options.size**2), options.controls.seed
    for first in range(0, len(motion), batch):
        geometry = geometry_of(motion, first, first + batch, animator.reach)
        frames = animator(geometry, state, seed, steps=options.steps, check=check)
        if options.extent == "crop":
            yield frames
            continue
        few = max(1, _BATCH_BYTES // subject.photo.nbytes)
        for start in range(0, len(frames), few):
            yield np.stack([paste(frame) for frame in frames[start : start + few]])


def _within(subject: Subject, side: int) -> Subject:
    """The subject with a photo of at most ``side`` pixels a side; its crop stays."""
    height, width = subject.photo.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return subject
    import cv2

    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    x0, y0, x1, _ = (round(edge * scale) for edge in subject.box)  # whole pixels, a square
    return dataclasses.replace(
        subject,
        photo=cv2.resize(subject.photo, size, interpolation=cv2.INTER_AREA),
        box=(x0, y0, x1, y0 + x1 - x0),
    )


class _Behind:
    """A video writer in a thread of its own behind a short queue."""

    def __init__(self, writer: VideoWriter) -> None:
        self._writer = writer
        self._queue: queue.Queue[UInt8 | None] = queue.Queue(_QUEUE)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="encoder", daemon=True)
        self._thread.start()

    def write(self, frames: UInt8) -> None:
        """Queue frames, waiting where the encoder is behind; raises its errors."""
        self._queue.put(frames)
        if self._error is not None:
            raise self._error

    def __enter__(self) -> _Behind:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Wait until all is encoded, or only until the thread stands still on an error.

        It has to end before the writer may be closed.
        """
        if kind is not None:
            self._error = self._error or CancelledError("cancelled")
        self._queue.put(None)
        self._thread.join()
        if kind is None and self._error is not None:
            raise self._error

    def _run(self) -> None:
        while (frames := self._queue.get()) is not None:
            if self._error is None:  # after an error the queue is only emptied
                try:
                    self._writer.write(frames)
                except BaseException as error:
                    self._error = error


def render(
    subject: Subject,
    motion: Motion,
    speech: Source,
    out: str | Path,
    options: DubOptions,
    *,
    motion_out: str | Path | None = None,
    sheet_out: str | Path | None = None,
    job: Job | None = None,
) -> DubResult:
    """Animate and encode; all files get their names together, at the end.

    See :func:`facewright.dub.dub` for arguments and errors.
    """
    from facewright.capture.box import cut
    from facewright.face.motion_io import encode_motion
    from facewright.media.picture import encode_picture
    from facewright.media.sheet import Tile, contact_sheet, spread
    from facewright.media.video import VideoWriter

    job = job or Job()
    tiles = [Tile(subject.crop, "portrait")]
    wanted = set(spread(len(motion), _SHEET_FRAMES)) if sheet_out is not None else set()
    job.tell("animating")
    with ExitStack() as outputs:
        if motion_out is not None:
            data = encode_motion(motion, Path(motion_out).suffix)
            outputs.enter_context(pending_bytes(motion_out, data))
        whole = options.extent == "photo"
        shown = _within(subject, options.max_side) if whole else subject
        batches = animate(shown, motion, options, job.check)
        first = next(batches)
        height, width = first.shape[1:3]
        comment, done = _comment(options), 0
        with VideoWriter(out, (width, height), motion.fps, sound=speech, comment=comment) as writer:
            with _Behind(writer) as behind:
                for frames in itertools.chain([first], batches):
                    behind.write(frames)
                    for index in sorted(wanted.intersection(range(done, done + len(frames)))):
                        frame = frames[index - done]
                        face = cut(frame, shown.box, _TILE) if whole else frame.copy()
                        tiles.append(Tile(face, f"{index / motion.fps:.2f} s"))
                    done += len(frames)
                    job.tell("animating", done / len(motion))
            if sheet_out is not None:
                data = encode_picture(contact_sheet(tiles, side=_TILE), Path(sheet_out).suffix[1:])
                outputs.enter_context(pending_bytes(sheet_out, data))
    return DubResult(subject, motion, width, height, done, subject.warnings)


def _comment(options: DubOptions) -> str:
    steps = "" if options.steps is None else f", {options.steps} steps"
    driver = f"driver {options.driver}" if options.driver else "a given motion"
    return (
        f"Synthetic: a portrait animated by Facewright {__version__} (animator"
        f" {options.animator}{steps}, {driver}, seed {options.controls.seed})."
        " The person shown did not say this."
    )


def geometry_of(motion: Motion, first: int, last: int, reach: int) -> CoefficientGeometry:
    """Frames ``first`` to ``last`` of a motion, with ``reach`` neighbours where there are."""
    from facewright.animate.base import CoefficientGeometry

    last = min(last, len(motion))
    low, high = max(0, first - reach), min(len(motion), last + reach)
    return CoefficientGeometry(
        np.arange(low, high),
        motion.expression[low:high],
        motion.pose[low:high],
        motion.gaze[low:high],
        (first - low, high - last),
    )
