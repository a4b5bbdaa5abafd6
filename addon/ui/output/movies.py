# SPDX-License-Identifier: GPL-3.0-or-later
"""Movies in the interface: Blender renders them, with its own window and progress."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import bpy

from ...core.errors import Cancelled, OutputError
from ...film import kinds, movie, sequence, sound
from .. import session
from ..jobs import LATER, Job, JobOperator
from . import settings


class MovieOutput(bpy.types.Operator):
    """Set the scene up to render its sequencer to H.264 with sound"""

    bl_idname = "facewright.movie_output"
    bl_label = "Set Up Movie Output"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        name = Path(bpy.data.filepath).stem or "facewright"
        sequence.set_colour(context.scene)
        kinds.set_up(context.scene, f"//{name}.mp4", "h264")
        return {"FINISHED"}


class RenderMovie(JobOperator, bpy.types.Operator):
    """Render the scene's frames from the sequencer, with their sound. What was there is \
replaced once all is written; Esc in the render window stops it"""

    bl_idname = "facewright.render_movie"
    bl_label = "Render Movie"
    _beside = False

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self._beside = True
        return super().invoke(context, event)

    def job(self, context: bpy.types.Context) -> Job:
        scene, chosen = context.scene, context.scene.facewright_output
        path = settings.movie_path(chosen)
        if silent := sound.warning(scene):
            self.report({"WARNING"}, silent)
        if self._beside:
            yield from _rendering(scene, path, chosen.movie_kind)
        else:
            report = session.state.report
            movie.render(scene, path, kind=chosen.movie_kind, progress=report)
        self.report({"INFO"}, f"Rendered {path}")


def _rendering(scene: bpy.types.Scene, path: Path, kind: str) -> Job:
    """Have Blender render beside the interface, and yield until it has."""
    take, end = movie.Take(scene, path, kind=kind), _End()
    try:
        with end:
            begun = bpy.ops.render.render("INVOKE_DEFAULT", animation=True, scene=scene.name)
            if begun == {"CANCELLED"}:
                raise OutputError(f"{path}: Blender cannot render now; let its other jobs end")
            while not end.come:
                session.state.report("rendering the movie", end.done / len(take.frames), -1.0)
                yield LATER
        if end.cancelled:
            raise Cancelled("cancelled")
        take.finish()
    finally:
        again = partial(_close, take)
        if again() is not None:
            bpy.app.timers.register(again, first_interval=0.2)


def _close(take: movie.Take) -> float | None:
    """Put the scene back, as soon as Blender does not render any more; a timer's function."""
    if bpy.app.is_job_running("RENDER"):
        return 0.2
    take.close()
    return None


class _End:
    """Notices how far a render is, and how it ends."""

    def __init__(self) -> None:
        self.done, self.cancelled, self._over = 0, False, False
        handlers = bpy.app.handlers
        # Kept: a method is another object each time it is looked up.
        self._kept: tuple[tuple[list, Any], ...] = (
            (handlers.render_write, self._written),
            (handlers.render_complete, self._completed),
            (handlers.render_cancel, self._stopped),
        )

    @property
    def come(self) -> bool:
        """Whether Blender's job is over."""
        return self._over and not bpy.app.is_job_running("RENDER")

    def _written(self, *_: object) -> None:
        self.done += 1

    def _completed(self, *_: object) -> None:
        self._over = True

    def _stopped(self, *_: object) -> None:
        self._over = self.cancelled = True

    def __enter__(self) -> None:
        for handlers, handler in self._kept:
            handlers.append(handler)

    def __exit__(self, *_: object) -> None:
        for handlers, handler in self._kept:
            if handler in handlers:  # opening a file takes them away
                handlers.remove(handler)


CLASSES = (MovieOutput, RenderMovie)
