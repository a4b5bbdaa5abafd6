"""Speech -> motion file: what ``facewright drive`` does."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from facewright.drive.base import DriveControls
from facewright.dub import (
    DubOptions,
    Job,
    ProgressListener,
    SourcesReader,
    capture_subject,
    drive,
)
from facewright.face import motion_io
from facewright.media.files import Source, check_writable, write_bytes

if TYPE_CHECKING:
    from facewright.face.motion import Motion


@dataclass(frozen=True, slots=True)
class Performed:
    """What was made.

    Attributes:
        motion: as written.
        warnings: for the user.
    """

    motion: Motion
    warnings: tuple[str, ...]


def perform(
    speech: Source,
    out: str | Path,
    controls: DriveControls,
    *,
    sources: SourcesReader | None = None,
    subject: Source | None = None,
    face: int = 0,
    driver: str = "emoa2e",
    progress: ProgressListener | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Performed:
    """Write the performance of ``speech``: .npz, .csv (ARKit) or .json.

    Args:
        speech: a sound file (path or bytes).
        out: where to; the suffix says what.
        controls: how.
        sources: reads where the channels come from, in place of the controls' own.
        subject: whose resting face: a photograph, or a captured subject (.npz); None for
            the default model's mean face.
        face: which face of a photograph, 0 = the largest.
        driver: by name.
        progress: called from this thread.
        cancelled: asked between parts of the work.

    Raises:
        InputError: an input or control that cannot be used; NoFaceError without a face.
        OutputError: disk full, no such folder, ...
        CancelledError: ``cancelled`` said so. On every error no output is left behind.
    """
    from facewright import drive as drivers
    from facewright.media.speech import read_speech

    job = Job(progress, cancelled)
    check_writable(out, motion_io.SUFFIXES)
    if driver not in drivers.names():
        drivers.create(driver)  # raises what it says of unknown names
    job.tell("reading")
    sound = read_speech(speech)
    who = None if subject is None else capture_subject(subject, DubOptions(face=face), job)
    if sources is not None:
        controls = dataclasses.replace(controls, sources=sources(job.tell))
    options = DubOptions(controls=controls, driver=driver, face=face)
    motion = drive(sound, who, options, job)
    job.tell("writing")
    write_bytes(out, motion_io.encode_motion(motion, Path(out).suffix))
    return Performed(motion, () if who is None else who.warnings)
