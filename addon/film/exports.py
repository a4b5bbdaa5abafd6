# SPDX-License-Identifier: GPL-3.0-or-later
"""A subject's performance for other programs: glTF, FBX, USD, Alembic, ARKit CSV."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy

from ..core import arkit_csv
from ..core.client import Progress
from ..core.errors import InputError, OutputError
from ..subject.objects import SubjectObjects
from . import arkit, baked, formats, stage
from .formats import FORMATS
from .sampling import sample


def export(
    subject: SubjectObjects,
    path: Path | str,
    *,
    format: str,
    frames: range | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write what a subject does over a range of the open scene; blocks.

    The scene is left as it was: selection, mode, frame, and no object more.

    Args:
        subject: of the open scene.
        path: of the file.
        format: one of :data:`.formats.FORMATS`.
        frames: default the scene's range.
        progress: told while the scene is stepped through; raise to stop.

    Returns:
        ``path``, absolute.

    Raises:
        InputError: the path, the format or the subject do not do, or the exporter is not
            there.
        OutputError: it could not be written; nothing is there then.
    """
    steps = exporting(subject, path, format=format, frames=frames)
    try:
        while True:
            share = next(steps)
            if progress:
                progress(f"exporting {FORMATS[format].label}", share, -1.0)
    except StopIteration as end:
        return end.value
    finally:
        steps.close()


def exporting(
    subject: SubjectObjects,
    path: Path | str,
    *,
    format: str,
    frames: range | None = None,
) -> Generator[float, None, Path]:
    """:func:`export` in steps: yields the share that is done."""
    target = formats.checked_path(path, format)
    formats.check_there(format)
    if FORMATS[format].baked:
        _check_bakeable(subject)
    scene = bpy.context.scene
    if frames is None:
        frames = range(scene.frame_start, scene.frame_end + 1)
    if not len(frames) or frames.step != 1:
        raise InputError("frames: expected one frame or more, without gaps")
    with _object_mode(), _workplace(target) as work:
        file = work / target.name
        if format == "alembic":
            with stage.shown(subject, frames):
                formats.write(format, file, frames)
        else:
            sampled = yield from sample(subject, frames)
            if format == "csv":
                file.write_bytes(arkit_csv.encode(arkit.recording(subject, sampled)))
            else:
                with baked.copy(subject, sampled, shaded=format != "gltf"):
                    formats.write(format, file, frames)
        _deliver(work, target)
    return target


def left_out(subject: SubjectObjects, format: str) -> str:
    """What a file will not show of what Blender shows, for people; empty where nothing."""
    names = [modifier.name for thing in subject.meshes for modifier in _modifiers(thing)]
    if FORMATS[format].baked and names:
        label = FORMATS[format].label
        return f"{label} carries no modifiers ({', '.join(names[:3])}); Alembic does"
    return ""


def _modifiers(thing: bpy.types.Object) -> list[bpy.types.Modifier]:
    return [modifier for modifier in thing.modifiers if modifier.show_viewport]


def _check_bakeable(subject: SubjectObjects) -> None:
    """Refuse a mesh that bones of its own bend: a copy would not."""
    for thing in subject.meshes:
        if any(modifier.type == "ARMATURE" for modifier in _modifiers(thing)):
            raise InputError(
                f"export: {thing.name} is skinned to an armature of its own; take Alembic, or Bake "
                "to Keys and Blender's own exporter (File > Export)"
            )


@contextmanager
def _object_mode() -> Iterator[None]:
    """Leave what mode there is for a while: what is edited is only seen outside of it."""
    active = bpy.context.view_layer.objects.active
    mode = active.mode if active is not None else "OBJECT"
    if mode == "OBJECT":
        yield
        return
    bpy.ops.object.mode_set(mode="OBJECT")
    try:
        yield
    finally:
        bpy.ops.object.mode_set(mode=mode)


@contextmanager
def _workplace(target: Path) -> Iterator[Path]:
    """A hidden folder beside the result, removed whatever happens."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".facewright-", dir=target.parent))
    except OSError as error:
        raise OutputError(f"{target.parent}: {error.strerror}") from error
    try:
        yield work
    except OSError as error:
        raise OutputError(f"{error.filename or target}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _deliver(work: Path, target: Path) -> None:
    """Move everything that was written beside ``target``, itself last."""
    files = [file for file in work.rglob("*") if file.is_file()]
    files.sort(key=lambda file: file.name == target.name)
    for file in files:
        place = target.parent / file.relative_to(work)
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)
