"""Portrait + speech -> talking video, without Blender: capture, drive, animate, encode.

Frames stream. The animator fills a short queue that a second thread encodes, and nothing
else is kept, so that an hour takes no more memory than a minute.
"""

from __future__ import annotations

import dataclasses
import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from facewright import __version__, checks, defaults
from facewright.checks import UInt8
from facewright.drive.base import DriveControls
from facewright.errors import CancelledError, InputError
from facewright.media.files import Source, check_writable, pending_bytes, source_name

if TYPE_CHECKING:
    from facewright.animate.base import CoefficientGeometry
    from facewright.capture.subject import Subject
    from facewright.face.motion import Motion
    from facewright.media.speech import Speech
    from facewright.media.video import VideoWriter

#: Takes a stage's name, the fraction done (0..1) and the seconds left (negative: unknown).
ProgressListener = Callable[[str, float, float], None]

SIZES = (256, 512, 1024)
EXTENTS = ("photo", "crop")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
SUBJECT_SUFFIXES = (".npz", ".glb", ".obj", ".ply")

_BATCH_PIXELS = 8 * 256 * 256  # of one pass of the animator
_BATCH_BYTES = 1 << 25  # of photographs that wait in one batch
_QUEUE = 3  # batches between animator and encoder
_SHEET_FRAMES, _TILE = 7, 256  # beside the portrait on a contact sheet, and their side


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
        face: which face, 0 = the largest.
    """

    controls: DriveControls = field(default_factory=DriveControls)
    size: int = 256
    extent: str = "photo"
    max_side: int = 1920
    animator: str = defaults.ANIMATOR
    driver: str = "emoa2e"
    steps: int | None = None
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
    speech: Source,
    out: str | Path,
    options: DubOptions | None = None,
    *,
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
        speech: a sound file (path or bytes).
        motion: a motion to perform (.npz) instead of one driven by the speech; of the
            subject's morphable model.
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
    from facewright.face import motion_io
    from facewright.media.speech import read_speech
    from facewright.media.video import VIDEO_SUFFIXES

    options = options or DubOptions()
    job = Job(progress, cancelled)
    for path, suffixes in (
        (out, VIDEO_SUFFIXES),
        (motion_out, motion_io.SUFFIXES),
        (sheet_out, PICTURE_SUFFIXES),
    ):
        if path is not None:
            check_writable(path, suffixes)
    for registry, name in ((animate_package, options.animator), (drive_package, options.driver)):
        if name not in registry.names():
            registry.create(name)  # raises what it says of unknown names
    if options.steps is not None:
        checked_steps(animate_package.create(options.animator), options.steps)
    job.tell("reading")
    given = motion_io.load_motion(motion) if motion is not None else None
    sound = read_speech(speech)
    subject = capture_subject(portrait, options, job)
    if given is None:
        performed = drive(sound, subject, options, job)
    else:
        performed = performance(given, subject)
        options = dataclasses.replace(options, driver="")
    del sound  # an hour of it would wait for the last frame
    return render(
        subject,
        performed,
        speech,
        out,
        options,
        motion_out=motion_out,
        sheet_out=sheet_out,
        job=job,
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


def drive(speech: Speech, subject: Subject, options: DubOptions, job: Job) -> Motion:
    """Make the subject's motion from speech."""
    from facewright.drive import base as drivers
    from facewright.media.video import frame_rate

    job.tell("driving")
    controls = dataclasses.replace(options.controls, fps=float(frame_rate(options.controls.fps)))
    driver = drivers.create(options.driver)
    motion = driver(speech, subject, controls, lambda share: job.tell("driving", share))
    job.tell("driving", 1.0)
    return motion


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
    animator = animators.create(options.animator)
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

    See :func:`dub` for arguments and errors.
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
