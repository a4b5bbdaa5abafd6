"""What is evaluated: one subject, the geometry it follows, and frames to compare with.

``reenactment``   a clip's first frame follows the clip; the truth is the clip
``transfer``      a portrait follows a clip of somebody else; there is no truth
``dubbing``       a clip's first frame speaks the clip's sound; lips have a truth, the
    head's motion, which is invented, has none
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facewright.animate.base import CoefficientGeometry
from facewright.capture import CaptureSession, Subject
from facewright.errors import InputError
from facewright.evaluate.geometry import ClipGeometry, clip_geometry, first_frame, square_frames
from facewright.media.picture import read_picture
from facewright.media.video import read_video_info

#: Told the share of the capture that is done, 0..1; it may raise to call it off.
Tell = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Task:
    """One line of a report.

    Attributes:
        name: unique in a report.
        mode: "self", "cross" or "audio".
        clip: the driving clip.
        subject: who is animated, at the compared size.
        driver: the clip's own subject; the same as ``subject`` but across identities.
        geometry: what the subject is to do, in ascending frames.
        clip_geometry: what the clip does.
        numbers: the frames to compare, ascending.
        fps: of the clip.
        notes: what a reader should know ("4 frames show no face").
    """

    name: str
    mode: str
    clip: Path
    subject: Subject
    driver: Subject
    geometry: CoefficientGeometry
    clip_geometry: ClipGeometry
    numbers: tuple[int, ...]
    fps: float
    notes: tuple[str, ...] = ()

    @property
    def has_truth(self) -> bool:
        """Whether made frames should equal the clip's, pixel by pixel."""
        return self.mode == "self"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which frames are compared, and how the clip is captured.

    Attributes:
        size: side at which frames are captured, made and compared.
        step: every how many frames to compare.
        most: compare at most this many of a clip, None for all.
        smooth: follow landmarks over time; else capture each frame on its own.
        reach: neighbours that a method looks at.
    """

    size: int = 256
    step: int = 1
    most: int | None = None
    smooth: bool = True
    reach: int = 0

    def numbers(self, total: int) -> range:
        """Frame numbers to compare, of a clip of ``total`` frames; the first is the source."""
        found = range(self.step, total, self.step)
        return found if self.most is None else found[: self.most]


def reenactment(
    clip: Path, session: CaptureSession, choice: Choice, tell: Tell = lambda share: None
) -> Task:
    """The self-reenactment of a clip.

    Raises:
        InputError: naming a clip that cannot be used; NoFaceError where it shows no face.
    """
    with _named(clip):
        subject = session.capture(
            first_frame(clip, choice.size), size=choice.size, box=_whole(choice.size)
        )
        found, numbers, notes, fps = _driven(clip, subject, session, choice, tell)
    return Task(
        clip.stem, "self", clip, subject, subject, found.geometry, found, numbers, fps, notes
    )


def transfer(
    portrait: Path,
    clip: Path,
    session: CaptureSession,
    choice: Choice,
    tell: Tell = lambda share: None,
) -> Task:
    """A portrait made to follow another person's clip.

    Expression and gaze are the clip's; the head moves from the portrait's pose as the
    clip's moves from its first frame.
    """
    with _named(portrait):
        subject = session.capture(read_picture(portrait), size=choice.size)
    driven = reenactment(clip, session, choice, tell)
    if driven.subject.model.expression_names != subject.model.expression_names:
        raise InputError(f"{clip}: its face model is not {portrait}'s")
    name = f"{portrait.stem} x {clip.stem}"
    return dataclasses.replace(driven, name=name, mode="cross", subject=subject)


def dubbing(
    clip: Path,
    session: CaptureSession,
    choice: Choice,
    tell: Tell = lambda share: None,
    *,
    driver: str = "emoa2e",
    seed: int = 0,
) -> Task:
    """A clip's first frame made to speak the clip's sound.

    Raises:
        InputError: also for a clip without sound.
    """
    from facewright import drive
    from facewright.media.speech import read_speech

    speech = read_speech(clip)
    task = reenactment(clip, session, choice, tell)
    controls = drive.DriveControls(fps=task.fps, seed=seed)
    motion = drive.create(driver)(speech, task.subject, controls)
    geometry = CoefficientGeometry(
        np.arange(len(motion)), motion.expression, motion.pose, motion.gaze
    )
    numbers = tuple(n for n in task.numbers if n < len(motion))
    if not numbers:
        raise InputError(f"{clip}: its sound ends before its second frame")
    return dataclasses.replace(task, mode="audio", geometry=geometry, numbers=numbers)


def pairs(
    portraits: Sequence[Path], clips: Sequence[Path], most: int | None
) -> list[tuple[Path, Path]]:
    """Portrait and clip pairs: all, or ``most`` that use everyone about equally often."""
    count = len(clips)
    turns = [
        (portrait, clips[(row + turn) % count])
        for turn in range(count)
        for row, portrait in enumerate(portraits)
    ]
    return turns if most is None else turns[:most]


def _driven(
    clip: Path, subject: Subject, session: CaptureSession, choice: Choice, tell: Tell
) -> tuple[ClipGeometry, tuple[int, ...], tuple[str, ...], float]:
    info = read_video_info(clip)
    fps = float(np.clip(info.fps or 25.0, 1, 240))
    last = _last(choice, info.frames)
    wanted = {
        near
        for number in (choice.numbers(last) if last else ())
        for near in range(number - choice.reach, number + choice.reach + 1)
    }
    found = clip_geometry(
        itertools.islice(square_frames(clip, choice.size), last),
        subject,
        session,
        smooth=choice.smooth,
        wanted=sorted(wanted) or None,
        fps=fps,
        check=lambda number: tell(number / max(last or info.frames, number + 1)),
    )
    asked = choice.numbers(len(found.known))
    numbers = tuple(n for n in asked if found.known[n])
    if not numbers:
        raise InputError("expected at least two frames with a face")
    missing = len(asked) - len(numbers)
    notes = (f"{missing} of {len(asked)} frames show no face",) if missing else ()
    return found, numbers, notes, fps


def _last(choice: Choice, frames: int) -> int | None:
    """How many of a clip's frames are looked at; None for all."""
    if choice.most is None:
        return frames or None
    return choice.most * choice.step + 1 + max(choice.reach, 2)


def _whole(size: int) -> tuple[int, int, int, int]:
    return (0, 0, size, size)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Errors within name the file."""
    try:
        yield
    except InputError as error:
        text = str(error).removeprefix("photo: ")
        if str(path) in text:
            raise
        raise type(error)(f"{path}: {text}") from error
