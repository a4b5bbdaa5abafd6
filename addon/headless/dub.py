# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole job without an interface: portrait and speech in, .blend and movie out.

`blender --command facewright dub` and `python -m addon dub` (with bpy as a module) are
this one function.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import bpy

from ..core.backend_process import BackendProcess, find_command
from ..core.client import Backend, Progress, check_sampling, existing_file
from ..core.errors import InputError, OutputError
from ..core.subject_data import MotionData, SubjectData
from ..film import sequence, sheet
from ..perform import motion
from ..subject import construct
from ..subject import objects as subject
from ..texture import geometry
from ..texture.texturing import Texturing
from ..v1 import service_pb2

EXTENTS = ("auto", "photo", "crop")
#: "auto" frames the whole photograph up to this side, and the head alone above.
AUTO_PHOTO_SIDE = 2160


@dataclass(frozen=True, slots=True)
class Result:
    """What a dub made.

    Attributes:
        movie, blend, sheet: files; None where not asked for.
        frames: how many.
        fps: frames a second.
        warnings: for the user.
    """

    movie: Path
    blend: Path | None
    sheet: Path | None
    frames: int
    fps: float
    warnings: tuple[str, ...]


def dub(
    portrait: Path | str,
    speech: Path | str,
    movie: Path | str,
    *,
    blend: Path | str | None = None,
    contact_sheet: Path | str | None = None,
    fps: float = 25.0,
    size: int = 512,
    animator: str = "",
    driver: str = "",
    emotion: str = "",
    intensity: float = 2.0,
    seed: int = 0,
    steps: int = 0,
    quality: str = "final",
    face: int = 0,
    extent: str = "auto",
    kind: str = "auto",
    address: str = "",
    command: str = "",
    token: str = "",
    certificate: Path | str | None = None,
    progress: Progress | None = None,
    echo: Callable[[str], object] | None = None,
) -> Result:
    """Make a portrait say a recorded sentence. Replaces what Blender has open.

    Args:
        portrait: a photograph.
        speech: a recording.
        movie: .mp4 to write.
        blend: .blend to keep, with a folder ``<name>_files`` of all it refers to beside
            it; both may be moved together.
        contact_sheet: .png of frames side by side.
        fps: frames a second, 1..240.
        size: side of the square that is textured around the head, pixels.
        animator, driver: names; empty: the backend's defaults.
        emotion: what the face feels, in words; empty: neutral.
        intensity: of the emotion, 1..3.
        seed: the same gives the same movie.
        steps: of the animator's sampling; 0: those of ``quality``.
        quality: "final", or "preview" for a quick look.
        face: which of several, counted from the largest, 0.
        extent: "photo" frames the whole photograph, "crop" the head, "auto" chooses.
        kind: of geometry: "image", "vertices" or "auto".
        address: ``host:port`` of a running backend; empty: start one and stop it after.
        command: that runs ``facewright``, where it is not found by itself.
        token, certificate: of a backend on another machine.
        progress: told of every step.
        echo: given what a backend that is started here prints.

    Raises:
        AddonError: one clear line; no output was changed.
    """
    portrait = existing_file("portrait", Path(portrait)).resolve()
    speech = existing_file("speech", Path(speech)).resolve()
    targets = _Targets.of(movie, blend, contact_sheet)
    for name, value, choices in (
        ("extent", extent, EXTENTS),
        ("geometry", kind, geometry.KINDS),
    ):
        if value not in choices:
            raise InputError(f"{name}: expected one of {', '.join(choices)}, got {value!r}")
    if not 1.0 <= fps <= 240.0:
        raise InputError(f"fps: expected 1 to 240, got {fps:g}")
    check_sampling(steps, quality)
    report = progress or (lambda stage, fraction, left: None)

    with ExitStack() as stack:
        work = stack.enter_context(_workplace(targets))
        if not address:
            report("starting the backend", 0.0, -1.0)
            process = BackendProcess(find_command(command), echo)
            address = stack.enter_context(process).address
        pem = Path(certificate).read_bytes() if certificate else None
        backend = stack.enter_context(Backend(address, token, pem))
        backend.hello()
        data = backend.capture(portrait, face=face, size=max(512, size), progress=report)
        performance = backend.drive(
            speech,
            subject_id=data.subject_id,
            driver=driver,
            fps=fps,
            seed=seed,
            emotion=emotion,
            intensity=intensity,
            progress=report,
        )
        whole = extent == "photo" or (extent == "auto" and max(data.photo_size) <= AUTO_PHOTO_SIDE)
        staged = _stage(data, performance, portrait, speech, work, whole)
        stream = stack.enter_context(
            backend.animate(
                data.subject_id,
                size=size,
                animator=animator,
                seed=seed,
                steps=steps,
                quality=quality,
                extent=(service_pb2.FRAME_EXTENT_PHOTO if whole else service_pb2.FRAME_EXTENT_CROP),
            )
        )
        frames = range(1, len(performance) + 1)
        scene = bpy.context.scene
        make_frame = geometry.create_pass(staged, size, kind)
        texturing = Texturing(stream, make_frame, scene, frames, work.frames, report)
        while not texturing.done:
            texturing.step()
        sequence.place_frames(scene, work.frames, texturing.names, 1, stream.size)
        report("rendering the movie", 0.0, -1.0)
        sequence.render_movie(scene, work.movie)
        if targets.sheet:
            paths = [work.frames / name for name in texturing.names]
            sheet.write(paths, work.sheet, box=data.box if whole else None)
        _save(scene, targets, work)
        work.deliver(targets)
    report("done", 1.0, 0.0)
    return Result(targets.movie, targets.blend, targets.sheet, len(performance), fps, data.warnings)


@dataclass(frozen=True, slots=True)
class _Targets:
    """Where the results go."""

    movie: Path
    blend: Path | None
    sheet: Path | None

    @classmethod
    def of(
        cls, movie: Path | str, blend: Path | str | None, contact_sheet: Path | str | None
    ) -> _Targets:
        output = _ending("output", movie, ".mp4")
        if output is None:
            raise InputError("output: name the movie to write (.mp4)")
        return cls(
            output, _ending("blend", blend, ".blend"), _ending("sheet", contact_sheet, ".png")
        )


def _ending(name: str, value: Path | str | None, suffix: str) -> Path | None:
    """A file to write, with the right ending; None where none was asked for."""
    if not value:
        return None
    path = Path(value).resolve()
    if path.suffix.lower() != suffix:
        raise InputError(f"{name}: expected a file ending in {suffix}, got {path.name}")
    if path.is_dir():
        raise InputError(f"{name}: {path} is a folder")
    return path


@dataclass(frozen=True, slots=True)
class _Work:
    """A folder beside the results that holds everything until all of it is right."""

    root: Path
    stem: str

    @property
    def files(self) -> Path:
        return self.root / f"{self.stem}_files"

    @property
    def frames(self) -> Path:
        return self.files / "frames"

    @property
    def blend(self) -> Path:
        return self.root / f"{self.stem}.blend"

    @property
    def movie(self) -> Path:
        return self.root / "movie.mp4"

    @property
    def sheet(self) -> Path:
        return self.root / "sheet.png"

    def deliver(self, targets: _Targets) -> None:
        """Move the results to their places."""
        moves = [(self.movie, targets.movie)]
        if targets.sheet:
            moves.append((self.sheet, targets.sheet))
        if targets.blend:
            moves.append((self.blend, targets.blend))
            files = targets.blend.with_name(f"{targets.blend.stem}_files")
            if files.exists():
                shutil.rmtree(files)
            moves.insert(0, (self.files, files))
        for source, target in moves:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(source, target)


@contextmanager
def _workplace(targets: _Targets) -> Iterator[_Work]:
    """A hidden folder beside the .blend (or the movie), removed whatever happens."""
    final = targets.blend or targets.movie
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        root = Path(tempfile.mkdtemp(prefix=".facewright-", dir=final.parent))
    except OSError as error:
        raise OutputError(f"{final.parent}: {error.strerror}") from error
    try:
        work = _Work(root, final.stem)
        work.frames.mkdir(parents=True)
        yield work
    except OSError as error:
        raise OutputError(f"{error.filename or final}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _stage(
    data: SubjectData,
    performance: MotionData,
    portrait: Path,
    speech: Path,
    work: _Work,
    whole: bool,
) -> subject.SubjectObjects:
    """An empty scene with the subject, its motion and its sound."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    scene = bpy.context.scene
    # Saved first, so that everything after is found relative to the .blend.
    _write(work.blend)
    sequence.set_rate(scene, performance.fps)
    sequence.set_colour(scene)
    scene.frame_start, scene.frame_end = 1, len(performance)
    photo = work.files / portrait.name
    shutil.copyfile(portrait, photo)
    sound = work.files / (speech.name if speech.name != portrait.name else f"speech_{speech.name}")
    shutil.copyfile(speech, sound)
    staged = construct.build(
        data, name=portrait.stem, photo=photo, folder=work.files, whole_photo=whole, scene=scene
    )
    motion.apply(performance, staged)
    sequence.place_sound(scene, sound)
    return staged


def _save(scene: bpy.types.Scene, targets: _Targets, work: _Work) -> None:
    """Write the .blend as it should open: relative paths, first frame, movie as output."""
    scene.frame_set(scene.frame_start)
    scene.render.filepath = f"//{targets.movie.name}"
    _write(work.blend)


def _write(blend: Path) -> None:
    """Save the open file, without keeping the version before.

    Raises:
        OutputError: Blender could not.
    """
    blend.unlink(missing_ok=True)
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(blend), compress=True, relative_remap=False)
    except RuntimeError as error:
        raise OutputError(str(error).strip().removeprefix("Error: ")) from error
