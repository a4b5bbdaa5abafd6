# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene of a dub: made empty, filled, saved."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bpy

from ..core.client import Backend, Progress
from ..core.errors import OutputError
from ..core.subject_data import SubjectData
from ..film import kinds, sequence
from ..perform import layers
from ..subject import construct
from ..subject.objects import SubjectObjects
from .delivery import Targets, Work
from .footage import Calm, calmest, still
from .performing import Performed

__all__ = ["SubjectObjects", "portrait_of", "save", "stage", "write"]


def portrait_of(
    values: Mapping[str, Any], backend: Backend, work: Work, progress: Progress
) -> tuple[Path, Calm | None]:
    """The photograph; of footage, its calmest frame as a picture among the scene's files."""
    if values["portrait"]:
        return values["portrait"], None
    calm = calmest(values["footage"], backend, progress, face=values["face"])
    picture = work.root / f"{values['footage'].stem}.png"
    still(values["footage"], calm.seconds, picture)
    return picture, calm


def stage(
    data: SubjectData,
    done: Performed,
    portrait: Path,
    work: Work,
    whole: bool,
    face: int,
) -> SubjectObjects:
    """An empty scene with the subject, its performance and its sound.

    Args:
        data: of the capture.
        done: what it performs.
        portrait: the photograph, or a subject's file.
        work: where everything goes.
        whole: whether the whole photograph is framed.
        face: which of the photograph's faces it is.
    """
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    scene = bpy.context.scene
    # Saved first, so that everything after is found relative to the .blend.
    write(work.blend)
    sequence.set_rate(scene, done.motion.fps)
    sequence.set_colour(scene)
    scene.frame_start, scene.frame_end = 1, len(done.motion)
    photo = work.files / portrait.name
    shutil.copyfile(portrait, photo)
    name = done.speech.name
    sound = work.files / (name if name != portrait.name else f"speech_{name}")
    shutil.copyfile(done.speech, sound)
    staged = construct.build(
        data,
        name=portrait.stem,
        photo=photo,
        folder=work.files,
        whole_photo=whole,
        face=face,
        scene=scene,
    )
    sequence.place_sound(scene, sound)
    layers.place(done.motion, staged, layer="speech", name=sequence.SOUND, start=1)
    if done.taken is not None:
        layers.place(
            done.taken, staged, layer="video", name="footage", start=1, regions=done.regions
        )
    return staged


def save(scene: bpy.types.Scene, targets: Targets, work: Work, kind: str) -> None:
    """Write the .blend as it should open: relative paths, first frame, the movie's ``kind``
    and file as output.
    """
    scene.frame_set(scene.frame_start)
    name = targets.movie.name if kinds.KINDS[kind].suffix else f"{targets.movie.name}/"
    kinds.set_up(scene, f"//{name}" + kinds.PICTURES * name.endswith("/"), kind)
    write(work.blend)


def write(blend: Path) -> None:
    """Save the open file, without keeping the version before.

    Raises:
        OutputError: Blender could not.
    """
    blend.unlink(missing_ok=True)
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(blend), compress=True, relative_remap=False)
    except RuntimeError as error:
        raise OutputError(str(error).strip().removeprefix("Error: ")) from error
