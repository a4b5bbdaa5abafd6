"""Portrait -> a sheet that shows the inside of one frame of ``tgdm``; for the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facewright import checks
from facewright.drive.base import DriveControls
from facewright.dub import (
    PICTURE_SUFFIXES,
    DubOptions,
    Job,
    ProgressListener,
    capture_subject,
    drive,
)
from facewright.errors import InputError
from facewright.media.files import Source, check_writable

if TYPE_CHECKING:
    from facewright.animate.tgdm.inspect import Inside
    from facewright.capture.subject import Subject
    from facewright.face.motion import Motion

# Without a motion: a mouth half open in a head that is turned a little.
_JAW, _TURN = 0.5, 0.15
_TINY = 0.01  # of its input: a layer that adds less is as good as not there


@dataclass(frozen=True, slots=True)
class Inspected:
    """What was shown.

    Attributes:
        frame: its number in the motion.
        frames: of the motion.
        inside: the frame's parts.
        warnings: for the user.
    """

    frame: int
    frames: int
    inside: Inside
    warnings: tuple[str, ...]


def inspect(
    portrait: Source,
    out: str | Path,
    *,
    speech: Source | None = None,
    motion: str | Path | None = None,
    frame: int | None = None,
    points: Sequence[tuple[float, float]] = (),
    size: int = 256,
    steps: int | None = None,
    seed: int = 0,
    face: int = 0,
    weights: Path | None = None,
    progress: ProgressListener | None = None,
) -> Inspected:
    """Write a contact sheet of what the network did in one frame.

    Args:
        portrait: a photograph (path or bytes), or a captured subject's path (.npz).
        out: the picture to write.
        speech: drives the portrait, or
        motion: is performed; with neither, the mouth opens and the head turns a little.
        frame: number in the motion; the one with the widest mouth if None.
        points: (x, y) in pixels of the frame, whose attention is shown; places of the face
            if there are none.
        size: side of the frame, one of ``dub.SIZES``.
        steps: sampling steps, None for the animator's default.
        seed: of driver and animator.
        face: which face of the photo, 0 = the largest.
        weights: a file; those that ship if None.
        progress: called from this thread.

    Raises:
        InputError: an input or option that cannot be used; NoFaceError without a face.
        OutputError: ``out`` cannot be written.
    """
    from facewright.animate.base import checked_steps
    from facewright.animate.tgdm import inspect as parts
    from facewright.animate.tgdm.animator import Tgdm
    from facewright.film import geometry_of
    from facewright.media.picture import write_picture

    options = DubOptions(controls=DriveControls(seed=seed), size=size, face=face)
    if speech is not None and motion is not None:
        raise InputError("motion: expected speech or motion, got both")
    check_writable(out, PICTURE_SUFFIXES)
    chosen = {f"{x:g},{y:g}": parts.checked_point((x, y), size, f"{x:g},{y:g}") for x, y in points}
    job = Job(progress)
    job.tell("reading")
    animator = Tgdm(weights)
    checked_steps(animator, steps)
    subject = capture_subject(portrait, options, job)
    performed = _performed(subject, speech, motion, options, job)
    number = _number(frame, performed)
    job.tell("inspecting")
    state = animator.prepare(subject, size)
    geometry = geometry_of(performed, number, number + 1, animator.reach)
    inside = parts.look_inside(animator, geometry, state, seed, steps, job.check)
    title = f"frame {number} of {len(performed)}, {size} x {size}"
    title += f", {steps or animator.steps[1]} steps, seed {seed}"  # type: ignore[index]
    sheet = parts.sheet(inside, chosen or parts.face_points(geometry, state), title)
    write_picture(out, sheet)
    return Inspected(number, len(performed), inside, subject.warnings + _unused(inside))


def read_point(text: str) -> tuple[float, float]:
    """The point (x, y) that "X,Y" stands for.

    Raises:
        InputError: for other text.
    """
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError(f"point: expected X,Y in pixels of the frame, got {text!r}") from error
    return x, y


def _performed(
    subject: Subject,
    speech: Source | None,
    motion: str | Path | None,
    options: DubOptions,
    job: Job,
) -> Motion:
    from facewright.face.motion import Motion
    from facewright.face.motion_io import load_motion
    from facewright.film import performance
    from facewright.media.speech import read_speech

    if motion is not None:
        return performance(load_motion(motion), subject)
    if speech is not None:
        return drive(read_speech(speech), subject, options, job)
    model, rho = subject.model, subject.coefficients
    expression = rho.expression.copy()
    expression[model.expression_index("jawOpen")] = _JAW
    pose = np.array([[0, _TURN, 0, 0, 0, 0]], np.float32)
    names = model.expression_names
    return Motion(25.0, model.name, names, expression[None], pose, rho.gaze[None])


def _number(frame: int | None, motion: Motion) -> int:
    if frame is None:
        return int(motion.column("jawOpen").argmax())
    return int(checks.number("frame", frame, low=0, high=len(motion) - 1))


def _unused(inside: Inside) -> tuple[str, ...]:
    """What a reader of attention maps should know: whether they matter."""
    quiet = [look for look in inside.looks if look.added < _TINY]
    return tuple(
        f"{look.name} adds {look.added:.2%} to what it is given: with these weights, where it "
        "looks hardly matters"
        for look in quiet
    )
