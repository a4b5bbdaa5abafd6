# SPDX-License-Identifier: GPL-3.0-or-later
"""The sequencer as a file: H.264, ProRes, or pictures with the sound beside them.

Everything is written under another name beside the result and moved when it is whole.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import bpy

from ..core.client import Progress
from ..core.errors import InputError, OutputError
from . import sound
from .kinds import KINDS, PICTURES, SOUND_NAME, checked_path, set_up
from .sequence import strips
from .settings import OutputSettings


def render(
    scene: bpy.types.Scene,
    path: Path | str,
    *,
    kind: str = "h264",
    frames: range | None = None,
    progress: Progress | None = None,
) -> Path:
    """Render a scene's sequencer into a file, and leave its settings as they were; blocks.

    Args:
        scene: whose sequencer; its size, rate and colour are the movie's.
        path: of the movie, or of the folder for "png"; a folder may be one that this made.
        kind: one of :data:`.kinds.KINDS`.
        frames: of the scene; default its range.
        progress: told of every frame. Blender cannot be stopped while it renders in batch
            mode: what this raises is raised at the end, and nothing is written.

    Returns:
        ``path``, absolute.

    Raises:
        InputError: nothing to render, or the kind, the size or the path do not do.
        OutputError: it could not be written; nothing is there then.
    """
    take = Take(scene, path, kind=kind, frames=frames)
    watch = _Watch(scene.name, take.frames, progress)
    try:
        with watch:
            bpy.ops.render.render(animation=True, scene=scene.name)
        watch.check()
        return take.finish()
    except RuntimeError as error:
        reason = str(error).strip().removeprefix("Error: ")
        raise OutputError(f"{take.path}: {reason}") from error
    finally:
        take.close()


class Take:
    """One rendering: settings made on creation, :meth:`finish` or not, :meth:`close` always.

    Between creation and :meth:`finish` Blender renders the animation, as a script's call or
    beside the interface.

    Attributes:
        path: of the result.
        frames: that are rendered.
    """

    def __init__(
        self,
        scene: bpy.types.Scene,
        path: Path | str,
        *,
        kind: str = "h264",
        frames: range | None = None,
    ) -> None:
        self.path = checked_path(path, kind)
        self.frames = range(scene.frame_start, scene.frame_end + 1) if frames is None else frames
        self._kind, self._scene = kind, scene.name
        _check(scene, kind, self.frames)
        self._work = _beside(self.path)
        self._before = OutputSettings.of(scene)
        try:
            self._set_up(scene)
        except BaseException:
            self.close()
            raise

    @property
    def _result(self) -> Path:
        """What is rendered, before it is moved to its place."""
        name = self.path.name
        return self._work / (name if KINDS[self._kind].suffix else "pictures")

    def _set_up(self, scene: bpy.types.Scene) -> None:
        scene.frame_start, scene.frame_end = self.frames[0], self.frames[-1]
        scene.frame_step = 1
        scene.render.use_placeholder = scene.render.use_multiview = False
        for name in [name for name in dir(scene.sequence_editor) if name.startswith("use_cache_")]:
            setattr(scene.sequence_editor, name, False)  # it would keep every frame in memory
        if self._kind == "png":
            self._result.mkdir()
        file = self._result if KINDS[self._kind].suffix else self._result / PICTURES
        set_up(scene, str(file), self._kind)

    def finish(self) -> Path:
        """Check what was rendered and move it to its place.

        Raises:
            OutputError: it is not whole, or cannot be moved.
        """
        scene, wanted = bpy.data.scenes[self._scene], len(self.frames)
        if self._kind == "png":
            written = len(list(self._result.glob("*.png")))
        else:
            written = _movie_frames(self._result)
        if written != wanted:
            raise OutputError(
                f"{self.path}: Blender wrote {written} of {wanted} frames; is there room on the "
                "disk?"
            )
        if self._kind == "png" and sound.heard(scene):
            sound.write(scene, self._result / SOUND_NAME, self.frames)
        try:
            _deliver(self._result, self.path)
        except OSError as error:
            raise OutputError(f"{error.filename or self.path}: {error.strerror}") from error
        return self.path

    def close(self) -> None:
        """Put the scene's settings back and remove what was not finished."""
        self._before.restore()
        shutil.rmtree(self._work, ignore_errors=True)


def _check(scene: bpy.types.Scene, kind: str, frames: range) -> None:
    if not len(frames) or frames.step != 1:
        raise InputError("frames: expected one frame or more, without gaps")
    if all(strip.type == "SOUND" or strip.mute for strip in strips(scene)):
        raise InputError("The sequencer shows nothing yet: texture the frame range first")
    share = scene.render.resolution_percentage
    size = [side * share // 100 for side in (scene.render.resolution_x, scene.render.resolution_y)]
    if kind != "png" and any(side % 2 for side in size):
        raise InputError(
            f"size: movies have even sides, the scene has {size[0]} x {size[1]}; change the "
            "resolution in the output properties by a pixel"
        )


def _beside(path: Path) -> Path:
    """A hidden folder on the same disk as ``path``.

    Raises:
        OutputError: there is no way to write there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=".facewright-", dir=path.parent))
    except OSError as error:
        raise OutputError(f"{path.parent}: {error.strerror}") from error


def _deliver(result: Path, path: Path) -> None:
    """Put ``result`` at ``path``, in place of what was there."""
    if result.is_dir() and path.is_dir():
        path.rename(result.with_name("before"))
    result.replace(path)


def _movie_frames(path: Path) -> int:
    """How many frames a movie file has; 0 where it is none."""
    if not path.is_file():
        return 0
    try:
        clip = bpy.data.movieclips.load(str(path))
    except RuntimeError:
        return 0
    try:
        return clip.frame_duration
    finally:
        bpy.data.movieclips.remove(clip)


class _Watch:
    """Tells of every frame that Blender renders."""

    def __init__(self, scene: str, frames: range, progress: Progress | None) -> None:
        self._frames, self._progress = frames, progress
        self._done = 0
        self._raised: BaseException | None = None
        self._handler: Callable[..., None] = self._written

    def _written(self, *_: object) -> None:
        self._done += 1
        if self._progress and self._raised is None:
            try:
                self._progress("rendering the movie", self._done / len(self._frames), -1.0)
            except BaseException as error:  # Blender would print it and go on
                self._raised = error

    def __enter__(self) -> None:
        bpy.app.handlers.render_write.append(self._handler)

    def __exit__(self, *_: object) -> None:
        bpy.app.handlers.render_write.remove(self._handler)

    def check(self) -> None:
        """Raise what the progress callback raised."""
        if self._raised is not None:
            raise self._raised
