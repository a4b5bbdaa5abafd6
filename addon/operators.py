# SPDX-License-Identifier: GPL-3.0-or-later
"""The buttons. Each is a job that yields while it waits.

A job is a generator on the main thread: it starts a :class:`.tasks.Task` for what waits
for the network and yields until that is done. In the interface a modal timer advances it;
called from a script or in batch mode, where timers never tick, a loop does.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import bpy

from . import geometry, motion, sequence, session, subject
from .client import CONTROLS, Backend, Progress
from .errors import AddonError, Cancelled, InputError, OutputError
from .stream import FrameStream
from .subject_data import MotionData
from .tasks import Task
from .texturing import Texturing
from .v1 import service_pb2

T = TypeVar("T")
Job = Generator[None, None, None]
#: Seconds of each timer tick that a job may take from the interface.
_SLICE = 0.05


class _JobOperator:
    """What every job's operator shares; ``job`` is the work."""

    bl_options: ClassVar[set[str]] = {"REGISTER"}
    _timer: bpy.types.Timer | None = None
    _job: Job
    report: Callable[[set[str], str], None]  # Blender's

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not session.state.busy

    def job(self, context: bpy.types.Context) -> Job:
        raise NotImplementedError

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Run to the end; for scripts and batch mode."""
        status = self._begin(context)
        try:
            while status == {"RUNNING_MODAL"}:
                status = self._advance()
                time.sleep(0.001)
        except KeyboardInterrupt:
            session.state.cancelled = True
            status = self._advance()
        return status

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Run beside the interface."""
        status = self._begin(context)
        manager = context.window_manager
        self._timer = manager.event_timer_add(0.05, window=context.window)
        manager.modal_handler_add(self)
        return status

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        until = time.monotonic() + _SLICE
        status = self._advance()
        while status == {"RUNNING_MODAL"} and time.monotonic() < until:
            status = self._advance()
        for area in context.screen.areas if context.screen else ():
            if area.type == "VIEW_3D":
                area.tag_redraw()
        if status != {"RUNNING_MODAL"} and self._timer:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None
        return status if status != {"RUNNING_MODAL"} else {"PASS_THROUGH"}

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator, as when another file is opened."""
        self._end()

    def _begin(self, context: bpy.types.Context) -> set[str]:
        state = session.state
        state.busy, state.cancelled = True, False
        state.report("starting", 0.0, -1.0)
        self._job = self.job(context)
        return {"RUNNING_MODAL"}

    def _advance(self) -> set[str]:
        """One step of the job; the operator's status."""
        try:
            if session.state.cancelled:
                raise Cancelled("cancelled")
            next(self._job)
            return {"RUNNING_MODAL"}
        except StopIteration:
            status = {"FINISHED"}
        except Cancelled:
            session.disconnect()
            self.report({"INFO"}, "Cancelled")
            status = {"CANCELLED"}
        except AddonError as error:
            self.report({"ERROR"}, str(error))
            status = {"CANCELLED"}
        except OSError as error:
            self.report({"ERROR"}, f"{error.filename}: {error.strerror}")
            status = {"CANCELLED"}
        except BaseException:  # a fault of ours; the panel must stay usable
            self._end()
            raise
        self._end()
        return status

    def _end(self) -> None:
        self._job.close()
        session.state.busy = False


def _wait(task: Task) -> Generator[None, None, Any]:
    """Yield until a task is done; ``yield from`` gives its value."""
    while not task.done:
        if step := task.poll():
            session.state.report(step.stage, step.fraction, step.seconds_left)
        yield
    return task.result()


def _new_folder(scene: bpy.types.Scene, name: str) -> Path:
    """A folder beside the .blend that no other subject uses."""
    if not bpy.data.filepath:
        raise InputError("Save the .blend first: pictures are kept in a folder beside it")
    blend = Path(bpy.data.filepath)
    base = folder = blend.with_name(f"{blend.stem}_files") / name
    taken = {subject.find(rig).photo.parent for rig in subject.in_scene(scene)}
    number = 2
    while folder in taken:
        folder = base.with_name(f"{name} {number}")
        number += 1
    return _made(folder)


def _made(folder: Path) -> Path:
    """``folder``, made where it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}") from error
    return folder


def _chosen(context: bpy.types.Context) -> subject.SubjectObjects:
    """The subject that is meant: the active object's, or the scene's only one."""
    rig = subject.rig_of(context.view_layer.objects.active)
    rigs = subject.in_scene(context.scene)
    if rig is None and len(rigs) == 1:
        rig = rigs[0]
    if rig is None and rigs:
        raise InputError("Select one of the subjects first")
    return subject.find(rig)


@dataclass(frozen=True, slots=True)
class Known:
    """A subject as a worker, which may not touch bpy, knows it."""

    subject_id: str
    photo: Path
    crop: int

    @classmethod
    def of(cls, who: subject.SubjectObjects) -> Known:
        return cls(who.subject_id, who.photo, who.crop_camera.size[0])

    def ensure(self, backend: Backend, call: Callable[[], T]) -> T:
        """``call()``, once more after a new capture where the backend forgot the subject."""
        return backend.with_subject(self.subject_id, self.photo, self.crop, call)


def _drive(
    backend: Backend, known: Known, sound: Path, report: Progress, wanted: dict[str, Any]
) -> MotionData:
    return known.ensure(
        backend,
        lambda: backend.drive(sound, subject_id=known.subject_id, progress=report, **wanted),
    )


def _open(backend: Backend, known: Known, options: dict[str, Any]) -> FrameStream:
    return known.ensure(backend, lambda: backend.animate(known.subject_id, **options))


class Connect(_JobOperator, bpy.types.Operator):
    """Reach the backend, or start one on this computer"""

    bl_idname = "facewright.connect"
    bl_label = "Connect"

    def job(self, context: bpy.types.Context) -> Job:
        session.disconnect()
        settings = session.Settings.read()
        yield from _wait(Task(lambda report: session.connect(settings, report)))
        self.report({"INFO"}, f"Connected: {session.state.summary}")


class NewSubject(_JobOperator, bpy.types.Operator):
    """Make a rig of the face in a photo: mesh, shape keys, eyes, head bone, camera"""

    bl_idname = "facewright.new_subject"
    bl_label = "New Subject from Photo"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    def job(self, context: bpy.types.Context) -> Job:
        scene, chosen = context.scene, context.scene.facewright
        if not chosen.photo:
            raise InputError("Choose a photo first")
        photo = Path(bpy.path.abspath(chosen.photo))
        settings, face = session.Settings.read(), chosen.face
        folder = _new_folder(scene, photo.stem)
        data = yield from _wait(
            Task(
                lambda report: session.connect(settings, report).capture(
                    photo, face=face, progress=report
                )
            )
        )
        kept = folder / photo.name
        if not (kept.exists() and kept.samefile(photo)):
            shutil.copyfile(photo, kept)
        made = subject.build(
            data,
            name=folder.name,
            photo=kept,
            folder=folder,
            whole_photo=chosen.extent == "photo",
            scene=scene,
        )
        sequence.set_colour(scene)
        context.view_layer.objects.active = made.rig
        for warning in data.warnings:
            self.report({"WARNING"}, warning)


class DriveSpeech(_JobOperator, bpy.types.Operator):
    """Make the subject say the selected sound strip; keys of an earlier run are replaced"""

    bl_idname = "facewright.drive_speech"
    bl_label = "Drive from Sound Strip"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    def job(self, context: bpy.types.Context) -> Job:
        scene, chosen = context.scene, context.scene.facewright
        who, strip = _chosen(context), _sound_strip(scene)
        fps = scene.render.fps / scene.render.fps_base
        start = round(strip.frame_final_start)
        sound = Path(bpy.path.abspath(strip.sound.filepath))
        wanted: dict[str, Any] = {
            "fps": fps,
            "start_seconds": max(0.0, strip.frame_offset_start / fps),
            "length_seconds": strip.frame_final_duration / fps,
            **{name: getattr(chosen, name) for name in CONTROLS},
        }
        settings, known = session.Settings.read(), Known.of(who)
        performance = yield from _wait(
            Task(
                lambda report: _drive(
                    session.connect(settings, report), known, sound, report, wanted
                )
            )
        )
        motion.apply(performance, who, start=start)
        scene.frame_end = max(scene.frame_end, start + len(performance) - 1)
        self.report({"INFO"}, f"{len(performance)} frames from {sound.name}")


class Texture(_JobOperator, bpy.types.Operator):
    """Texture the preview range, or else the scene's, and put the pictures in the sequencer"""

    bl_idname = "facewright.texture"
    bl_label = "Texture Frame Range"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    def job(self, context: bpy.types.Context) -> Job:
        scene, chosen = context.scene, context.scene.facewright
        who = _chosen(context)
        frames = _range(scene)
        if frames[0] < 0:
            raise InputError("Let the scene's frame range begin at 0 or later")
        folder = _made(who.photo.parent / "frames")
        size, settings, known = int(chosen.size), session.Settings.read(), Known.of(who)
        options: dict[str, Any] = {
            "size": size,
            "animator": chosen.animator,
            "seed": chosen.seed,
            "quality": chosen.quality,
            "steps": chosen.steps,
            "extent": (
                service_pb2.FRAME_EXTENT_PHOTO if who.whole_photo else service_pb2.FRAME_EXTENT_CROP
            ),
        }
        stream = yield from _wait(
            Task(lambda report: _open(session.connect(settings, report), known, options))
        )
        with stream:
            make_frame = geometry.create_pass(who, size, chosen.geometry)
            texturing = Texturing(stream, make_frame, scene, frames, folder, session.state.report)
            try:
                while not texturing.done:
                    texturing.step(wait=0.02)
                    yield
            finally:
                texturing.restore()
        sequence.set_colour(scene)
        sequence.place_frames(scene, folder, texturing.names, frames[0], stream.size)
        self.report({"INFO"}, f"{len(texturing.names)} frames textured")


class MovieOutput(bpy.types.Operator):
    """Set the scene up to render its sequencer to H.264 with sound"""

    bl_idname = "facewright.movie_output"
    bl_label = "Set Up Movie Output"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        name = Path(bpy.data.filepath).stem or "facewright"
        sequence.set_colour(context.scene)
        sequence.set_movie(context.scene, f"//{name}.mp4")
        return {"FINISHED"}


class Cancel(bpy.types.Operator):
    """Stop what runs"""

    bl_idname = "facewright.cancel"
    bl_label = "Cancel"

    def execute(self, context: bpy.types.Context) -> set[str]:
        session.state.cancelled = True
        if session.state.backend:
            session.state.backend.cancel()
        return {"FINISHED"}


def _range(scene: bpy.types.Scene) -> range:
    """The frames that the timeline plays: the preview range where there is one."""
    if scene.use_preview_range:
        return range(scene.frame_preview_start, scene.frame_preview_end + 1)
    return range(scene.frame_start, scene.frame_end + 1)


def _sound_strip(scene: bpy.types.Scene) -> bpy.types.Strip:
    """The selected sound strip, or the only one."""
    sounds = [strip for strip in sequence.strips(scene) if strip.type == "SOUND"]
    selected = [strip for strip in sounds if strip.select]
    for found in (selected, sounds):
        if len(found) == 1:
            return found[0]
    if not sounds:
        raise InputError("Add a sound strip in the video sequencer first")
    raise InputError(f"Select one sound strip in the video sequencer ({len(sounds)} there)")


_CLASSES = (
    Connect,
    NewSubject,
    DriveSpeech,
    Texture,
    MovieOutput,
    Cancel,
)


def register() -> None:
    for kind in _CLASSES:
        bpy.utils.register_class(kind)


def unregister() -> None:
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
