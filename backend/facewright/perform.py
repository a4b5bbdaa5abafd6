"""Speech or script -> motion file: what ``facewright drive`` does."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import ExitStack
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
    changed,
    drive,
)
from facewright.errors import InputError
from facewright.face import motion_io
from facewright.media.files import Source, check_writable, pending_bytes
from facewright.spoken import ScriptOptions, sound_of

if TYPE_CHECKING:
    from facewright.face.motion import Motion
    from facewright.media.speech import Speech


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
    speech: Source | None,
    out: str | Path,
    controls: DriveControls,
    *,
    script: ScriptOptions | None = None,
    speech_out: str | Path | None = None,
    sources: SourcesReader | None = None,
    redrive: str | Path | None = None,
    subject: Source | None = None,
    face: int = 0,
    driver: str = "emoa2e",
    progress: ProgressListener | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Performed:
    """Write the performance of ``speech``: .npz, .csv (ARKit) or .json.

    Args:
        speech: a sound file (path or bytes), or None with a script.
        out: where to; the suffix says what.
        controls: how.
        script: spoken in place of a recording.
        speech_out: where to write the sound as well (.wav).
        sources: reads where the channels come from, in place of the controls' own.
        redrive: a performance (.npz) whose mouth is to say the speech; all else in it stays,
            and of the controls, the mouth's opening alone acts; without subject, face, driver.
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
    from facewright.drive.emotion.cues import guessed
    from facewright.media.speech import encode_wav

    job = Job(progress, cancelled)
    if redrive is not None:
        _only_mouth(
            controls,
            subject=subject is not None,
            face=face != 0,
            driver=driver != DubOptions().driver,
            sources=sources is not None,
        )
    check_writable(out, motion_io.SUFFIXES)
    if speech_out is not None:
        check_writable(speech_out, (".wav",))
    if driver not in drivers.names():
        drivers.create(driver)  # raises what it says of unknown names
    job.tell("reading" if script is None else "speaking")
    sound = sound_of(speech, script, controls)
    controls = sound.controls
    who = None if subject is None else capture_subject(subject, DubOptions(face=face), job)
    if sources is not None:
        controls = dataclasses.replace(controls, sources=sources(job.tell))
    if redrive is not None:
        motion = _redriven(redrive, sound.speech, controls, job)
    else:
        options = DubOptions(controls=controls, driver=driver, face=face)
        motion = drive(sound.speech, who, options, job)
    told = guessed(controls.emotion)  # an error here must leave nothing behind
    job.tell("writing")
    with ExitStack() as outputs:  # which get their names together
        if speech_out is not None:
            outputs.enter_context(pending_bytes(speech_out, encode_wav(sound.speech)))
        data = motion_io.encode_motion(motion, Path(out).suffix)
        outputs.enter_context(pending_bytes(out, data))
    warnings = () if who is None else who.warnings
    return Performed(motion, warnings + told)


def _redriven(path: str | Path, speech: Speech, controls: DriveControls, job: Job) -> Motion:
    from facewright.drive.adapt import redrive
    from facewright.drive.heard import hear

    _only_mouth(controls)  # once more: a script's directions are emotions
    motion = motion_io.load_motion(path)
    job.tell("driving")
    return redrive(motion, hear(speech), controls.mouth_opening)


def _only_mouth(controls: DriveControls, **given: bool) -> None:
    """Refuse what would have to change more of a performance than its mouth."""
    names = changed(controls, keep=("mouth_opening",))
    names += [name for name, is_given in given.items() if is_given]
    if names:
        raise InputError(
            f"redrive: all but the mouth stays as it is, so {', '.join(names)} cannot act; "
            "leave it out"
        )
