# SPDX-License-Identifier: GPL-3.0-or-later
"""A and B: the textured frames, and the geometry that they were made of."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import bpy
import numpy as np

from ...core import cache, png
from ...core.errors import AddonError, InputError
from ...core.shelf import Shelf
from ...core.subject_data import Pinhole
from ...film import sequence
from ...film.paths import geometry_folder
from ...subject import objects
from ...subject.objects import SubjectObjects
from ...texture import geometry, overlay
from ...texture.look import Look
from .. import session
from ..jobs import LATER, Job, JobOperator, made_folder
from . import settings

if TYPE_CHECKING:
    from ...texture.offscreen import Drawing, ImagePass

GEOMETRY = "Facewright geometry"
#: Behind the mesh, 8-bit sRGB.
_BACKGROUND = 64
#: Pictures that may wait to be written while another is drawn.
_BEHIND = 4


def show(scene: bpy.types.Scene, which: str) -> None:
    """Let the sequencer and the cameras' views show "TEXTURE" or "GEOMETRY".

    Without a strip of geometry the sequencer shows what lies below the frames.
    """
    textured = which == "TEXTURE"
    for rig in objects.in_scene(scene):
        try:
            who = objects.find(rig)
            folder = settings.frames_folder(who)
        except (AddonError, KeyError):
            continue  # a subject without pictures
        for strip in sequence.frame_strips(scene, folder):
            strip.mute = not textured
        for strip in geometry_strips(scene, geometry_folder(folder)):
            strip.mute = textured
        if who.camera is not None:
            overlay.reveal(who, textured)


def geometry_strips(scene: bpy.types.Scene, folder: Path) -> list[bpy.types.Strip]:
    """The strips that show a folder's pictures of geometry."""
    return [
        strip
        for strip in sequence.strips(scene)
        if strip.type == "IMAGE"
        and strip.name.startswith(GEOMETRY)
        and Path(bpy.path.abspath(strip.directory)) == folder
    ]


class Compare(bpy.types.Operator):
    """Switch between the textured frames and the geometry, in the sequencer and in the
    camera's view"""

    bl_idname = "facewright.compare"
    bl_label = "Texture or Geometry"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return bool(objects.in_scene(context.scene))

    def execute(self, context: bpy.types.Context) -> set[str]:
        chosen = context.scene.facewright_texture
        chosen.shown = "GEOMETRY" if chosen.shown == "TEXTURE" else "TEXTURE"
        return {"FINISHED"}


class Overlay(bpy.types.Operator):
    """Show the textured frames in the camera's view, in front of the mesh"""

    bl_idname = "facewright.overlay"
    bl_label = "Frames in Camera View"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            who = objects.chosen(context)
            folder = settings.frames_folder(who)
            frames = settings.frame_range(context.scene)
            first = next((frame for frame in frames if (folder / Shelf.name(frame)).exists()), -1)
            image = overlay.frames_image(who, folder, first)
            if image is None:
                raise InputError("Texture the frame range first")
        except AddonError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        overlay.lay(who, image, frames[-1])
        context.scene.facewright_texture.shown = "TEXTURE"
        return {"FINISHED"}


class GeometryStrip(JobOperator, bpy.types.Operator):
    """Draw the frame range's geometry and put it beside the textured frames in the sequencer,
    to switch between the two"""

    bl_idname = "facewright.geometry_strip"
    bl_label = "Draw Geometry Strip"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    def job(self, context: bpy.types.Context) -> Job:
        scene, who = context.scene, objects.chosen(context)
        sequence.check_editable(scene)
        if not geometry.can_draw():
            raise InputError("This machine cannot draw without a display (no usable EGL)")
        frames = settings.frame_range(scene)
        folder = made_folder(geometry_folder(settings.frames_folder(who)))
        view = _view(scene, who)
        from ...texture.offscreen import ImagePass  # only where something can draw

        source = ImagePass(who, 256)
        yield from source.prepare()
        strips = _Strips(source, view, Shelf(folder))
        resume = (scene.frame_current, scene.frame_subframe)
        try:
            for count, frame in enumerate(frames):
                scene.frame_set(frame)
                strips.add(frame)
                session.state.report("drawing", count / len(frames), -1.0)
                yield
                while strips.waiting > _BEHIND:
                    yield LATER
            while strips.waiting:
                yield LATER
        finally:
            scene.frame_set(resume[0], subframe=resume[1])
            strips.close()
        for strip in geometry_strips(scene, folder):
            sequence.strips(scene).remove(strip)
        names = [Shelf.name(frame) for frame in frames for _ in range(frames.step)]
        for strip in sequence.place_frames(scene, folder, names, frames[0], view.size):
            strip.name = GEOMETRY
        scene.facewright_texture.shown = "GEOMETRY"
        self.report({"INFO"}, f"{len(frames)} frames of geometry")


class _Strips:
    """Draws on the main thread, packs and writes in another."""

    def __init__(self, source: ImagePass, view: Pinhole, shelf: Shelf) -> None:
        from ...texture.offscreen import Canvas

        self._source, self._shelf, self._size = source, shelf, view.size
        self._canvas = Canvas(view, source.atlas)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="facewright-geometry")
        self._jobs: deque[Future] = deque()

    @property
    def waiting(self) -> int:
        """How many pictures are still to be written."""
        while self._jobs and self._jobs[0].done():
            self._jobs.popleft().result()
        return len(self._jobs)

    def add(self, frame: int) -> None:
        look = self._source.look()
        self._jobs.append(self._pool.submit(self._write, frame, look, self._canvas.draw(look)))

    def close(self) -> None:
        self._pool.shutdown(wait=True)
        for job in self._jobs:
            job.result()
        self._shelf.save()

    def _write(self, frame: int, look: Look, drawn: Drawing) -> None:
        key = cache.key("geometry", [self._canvas.style, self._source.digest(look)])
        if self._shelf.fetch(frame, key):
            return
        width, height = self._size
        shaded = np.frombuffer(drawn.shaded, np.uint8).reshape(height, width, 4)[::-1]
        pixels = np.where(shaded[..., 3:] > 0, shaded[..., :3], np.uint8(_BACKGROUND))
        self._shelf.deliver(frame, key, png.encode(pixels))


def _view(scene: bpy.types.Scene, who: SubjectObjects) -> Pinhole:
    """The subject's camera as a pinhole with the scene's size."""
    lens, render = who.camera.data, scene.render
    width, height = render.resolution_x, render.resolution_y
    side = lens.sensor_width
    return Pinhole(
        lens.lens * width / side,
        (width / 2 - lens.shift_x * width, height / 2 + lens.shift_y * width),
        (width, height),
    )


CLASSES = (Compare, Overlay, GeometryStrip)
