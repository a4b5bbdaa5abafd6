"""Portrait + speech -> talking video, without Blender: capture, drive; ``film`` does the rest."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facewright import checks, defaults
from facewright.drive.base import DriveControls, Sources
from facewright.errors import CancelledError, InputError
from facewright.media.files import Source, check_writable, pending_bytes, source_name
from facewright.spoken import ScriptOptions, sound_of

if TYPE_CHECKING:
    from facewright.capture.subject import Subject
    from facewright.face.motion import Motion
    from facewright.media.speech import Speech

#: Takes a stage's name, the fraction done (0..1) and the seconds left (negative: unknown).
ProgressListener = Callable[[str, float, float], None]

#: Given a listener of stages and their shares (0..1), reads where channels come from.
SourcesReader = Callable[[Callable[[str, float], None]], Sources]

SIZES = (256, 512, 1024)
EXTENTS = ("photo", "crop")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
SUBJECT_SUFFIXES = (".npz", ".glb", ".obj", ".ply")


@dataclass(frozen=True, slots=True)
class DubOptions:
    """How to dub.

    Attributes:
        controls: frame rate, seed and what else a driver is told; 23.976 and 29.97 mean
            NTSC's exact rates. The animator takes the same seed.
        size: side of the animated square around the head in pixels, one of ``SIZES``.
        extent: "photo" pastes the square back into the whole photograph, "crop" leaves
            the square alone.
        max_side: a larger photograph is scaled down to this many pixels for the video.
        animator, driver: by name; no driver where a motion is given.
        steps: the animator's sampling steps; None for its default.
        weights: a file for the animator in place of the weights that ship.
        face: which face, 0 = the largest.
    """

    controls: DriveControls = field(default_factory=DriveControls)
    size: int = 256
    extent: str = "photo"
    max_side: int = 1920
    animator: str = defaults.ANIMATOR
    driver: str = "emoa2e"
    steps: int | None = None
    weights: Path | None = None
    face: int = 0

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise InputError(f"size: expected one of {SIZES}, got {self.size}")
        if self.extent not in EXTENTS:
            raise InputError(f"extent: expected one of {EXTENTS}, got {self.extent!r}")
        checks.number("max_side", self.max_side, low=64, high=4096)
        checks.number("face", self.face, low=0, high=1000)
        if self.steps is not None:
            checks.number("steps", self.steps, low=1)


@dataclass(frozen=True, slots=True)
class DubResult:
    """What was made.

    Attributes:
        subject, motion: captured and driven; the motion is as long as the video.
        width, height: of the video.
        frames: written.
        warnings: for the user.
    """

    subject: Subject
    motion: Motion
    width: int
    height: int
    frames: int
    warnings: tuple[str, ...]


def dub(
    portrait: Source,
    speech: Source | None,
    out: str | Path,
    options: DubOptions | None = None,
    *,
    script: ScriptOptions | None = None,
    speech_out: str | Path | None = None,
    sources: SourcesReader | None = None,
    motion: str | Path | None = None,
    motion_out: str | Path | None = None,
    sheet_out: str | Path | None = None,
    progress: ProgressListener | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> DubResult:
    """Make ``out`` (.mp4): the portrait saying the speech.

    The video is as long as the speech to the nearest frame and carries its sound. With
    ``motion`` it is as long as that and has its frame rate.

    Args:
        portrait: a photograph (path or bytes), or the path of a subject that
            ``facewright capture`` wrote (.npz).
        speech: a sound file (path or bytes), or None with a script.
        script: spoken in place of a recording.
        speech_out: where to write the sound as well (.wav).
        sources: reads where the performance's channels come from, in place of the
            controls' own.
        motion: a motion to perform (.npz) instead of one driven by the speech; of the
            subject's morphable model. Of the controls, the seed alone acts.
        motion_out: where to write the motion as .npz as well.
        sheet_out: where to write a contact sheet (.png, .jpg) as well.
        progress: called from this thread.
        cancelled: asked between batches and between sampling steps.

    Raises:
        InputError: an input or option that cannot be used; NoFaceError without a face.
        OutputError: disk full, no such folder, ...
        CancelledError: ``cancelled`` said so. On every error no output is left behind.
    """
    from facewright import animate as animate_package
    from facewright import drive as drive_package
    from facewright.animate.base import checked_steps
    from facewright.drive.emotion.cues import guessed
    from facewright.face import motion_io
    from facewright.film import performance, render
    from facewright.media.speech import encode_wav
    from facewright.media.video import VIDEO_SUFFIXES

    options = options or DubOptions()
    job = Job(progress, cancelled)
    if motion is not None:
        _as_it_is(options, sources)
    for path, suffixes in (
        (out, VIDEO_SUFFIXES),
        (motion_out, motion_io.SUFFIXES),
        (sheet_out, PICTURE_SUFFIXES),
        (speech_out, (".wav",)),
    ):
        if path is not None:
            check_writable(path, suffixes)
    for registry, name in ((animate_package, options.animator), (drive_package, options.driver)):
        if name not in registry.names():
            registry.create(name)  # raises what it says of unknown names
    # Weights that are missing are told of before the work begins.
    checked_steps(animate_package.create(options.animator, options.weights), options.steps)
    job.tell("reading")
    given = motion_io.load_motion(motion) if motion is not None else None
    if script is not None:
        job.tell("speaking")
    sound = sound_of(speech, script, options.controls)
    options = dataclasses.replace(options, controls=sound.controls)
    subject = capture_subject(portrait, options, job)
    if given is None:
        if sources is not None:
            controls = dataclasses.replace(options.controls, sources=sources(job.tell))
            options = dataclasses.replace(options, controls=controls)
        performed = drive(sound.speech, subject, options, job)
    else:
        performed = performance(given, subject)
        options = dataclasses.replace(options, driver="")
    # Before the work and the files: an error here must leave nothing behind.
    told = () if given is not None else guessed(options.controls.emotion)
    source = sound.source
    with ExitStack() as outputs:
        if speech_out is not None:
            outputs.enter_context(pending_bytes(speech_out, encode_wav(sound.speech)))
        del sound  # an hour of it would wait for the last frame
        result = render(
            subject,
            performed,
            source,
            out,
            options,
            motion_out=motion_out,
            sheet_out=sheet_out,
            job=job,
        )
    return dataclasses.replace(result, warnings=result.warnings + told)


def changed(controls: DriveControls, keep: tuple[str, ...]) -> list[str]:
    """Names of the controls that are not as by default, but for those to ``keep``."""
    plain = DriveControls()
    return [
        control.name
        for control in dataclasses.fields(controls)
        if control.name not in keep
        and getattr(controls, control.name) != getattr(plain, control.name)
    ]


def _as_it_is(options: DubOptions, sources: SourcesReader | None) -> None:
    """Refuse what would have to change a motion that is given."""
    names = changed(options.controls, keep=("seed",))
    if sources is not None:
        names.append("sources")
    if options.driver != DubOptions().driver:
        names.append("driver")
    if names:
        raise InputError(
            f"motion: it is performed as it is, so {', '.join(names)} cannot act; leave it out"
        )


class Job:
    """A run's ends towards its caller: tells progress, asks whether to stop."""

    def __init__(
        self,
        progress: ProgressListener | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self._progress, self._cancelled = progress, cancelled
        self._stage, self._since = "", 0.0

    def check(self) -> None:
        """Raise CancelledError where the caller wants no more."""
        if self._cancelled is not None and self._cancelled():
            raise CancelledError("cancelled")

    def tell(self, stage: str, fraction: float = 0.0) -> None:
        """Tell how far a stage is; raises as ``check`` does."""
        self.check()
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._since = stage, now
        left = (now - self._since) * (1 / fraction - 1) if fraction > 0 else -1.0
        if self._progress is not None:
            self._progress(stage, fraction, left)


def capture_subject(portrait: Source, options: DubOptions, job: Job) -> Subject:
    """Capture a portrait, or read a subject that was captured before (.npz)."""
    from facewright.media.picture import read_picture

    if not isinstance(portrait, bytes) and Path(portrait).suffix.lower() == ".npz":
        from facewright.capture.subject_io import load_subject

        return load_subject(Path(portrait))
    photo = read_picture(portrait)
    job.tell("capturing")
    from facewright.capture.portrait import capture

    try:
        subject = capture(photo, face=options.face, size=512)
    except InputError as error:  # it does not know the file's name
        text = str(error).removeprefix("photo: ")
        raise type(error)(f"{source_name(portrait, 'portrait')}: {text}") from error
    job.tell("capturing", 1.0)
    return subject


def drive(speech: Speech, subject: Subject | None, options: DubOptions, job: Job) -> Motion:
    """Make the subject's motion from speech; the mean face's where it is None."""
    from facewright.drive import base as drivers
    from facewright.media.video import frame_rate

    job.tell("driving")
    controls = dataclasses.replace(options.controls, fps=float(frame_rate(options.controls.fps)))
    driver = drivers.create(options.driver)
    motion = driver(speech, subject, controls, lambda share: job.tell("driving", share))
    job.tell("driving", 1.0)
    return motion


def capture_to(
    portrait: Source,
    out: str | Path,
    *,
    face: int = 0,
    progress: ProgressListener | None = None,
) -> Subject:
    """Capture a portrait and write it: .npz to dub with, .glb, .obj or .ply as a mesh.

    The mesh is the face at rest, in the model's space and units; GLB and OBJ carry the
    photograph as texture.

    Raises:
        InputError: the portrait or the suffix cannot be used; NoFaceError without a face.
        OutputError: ``out`` cannot be written.
    """
    out = Path(out)
    check_writable(out, SUBJECT_SUFFIXES)
    job = Job(progress)
    job.tell("reading")
    subject = capture_subject(portrait, DubOptions(face=face), job)
    job.tell("writing")
    if out.suffix.lower() == ".npz":
        from facewright.capture.subject_io import save_subject

        save_subject(subject, out)
    else:
        _write_mesh(subject, out)
    return subject


def _write_mesh(subject: Subject, out: Path) -> None:
    from facewright.animate.texture import atlas_picture
    from facewright.face.mesh_io import write_mesh

    model = subject.model
    rest = np.zeros(len(model.expression_names), np.float32)
    write_mesh(
        out,
        model.vertices(subject.coefficients.identity, rest),
        model.triangles,
        uvs=model.uvs,
        uv_triangles=model.uv_triangles,
        texture=None if out.suffix.lower() == ".ply" else atlas_picture(subject),
    )
