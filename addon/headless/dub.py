# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole job without an interface: portrait and speech in, .blend and movie out.

`blender --command facewright dub` and `python -m addon dub` (with bpy as a module) are
this one function; a batch runs it once an item, each in a process of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from ..core.client import Backend, Progress, check_sampling, existing_file
from ..core.client_review import ClipReview, review
from ..core.errors import AddonError, Cancelled, InputError
from ..core.subject_data import SubjectData
from ..film import movie, sequence, sheet
from ..texture import geometry
from ..texture.texturing import Texturing
from ..v1 import service_pb2
from . import staging
from .columns import DEFAULTS, FORMATS, conflicts
from .delivery import Targets, Work, check_pictures, workplace
from .performing import Performed, perform

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
        review: what was measured, where that was asked for and can be.
    """

    movie: Path
    blend: Path | None
    sheet: Path | None
    frames: int
    fps: float
    warnings: tuple[str, ...]
    review: ClipReview | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A dub that can be begun: every value checked as far as it can be without a backend.

    Attributes:
        values: by column of :mod:`.columns`, defaults filled in, inputs absolute.
        targets: where results go.
    """

    values: Mapping[str, Any]
    targets: Targets

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Job:
        """Check what was told.

        Raises:
            InputError: naming the argument, what was expected and what came.
        """
        for name, wrong in conflicts(told):
            raise InputError(f"{name}: {wrong}")
        values = DEFAULTS | {name: value for name, value in told.items() if value is not None}
        for name in ("portrait", "footage", "speech", "script_file"):
            if values[name]:
                values[name] = existing_file(name, Path(values[name])).resolve()
        check_sampling(values["steps"], values["quality"])
        targets = Targets.of(*(values[name] for name in ("output", "blend", "sheet")))
        if not FORMATS[values["format"]]:
            check_pictures(targets.movie)
        return cls(values, targets)


def dub(job: Job, backend: Backend, progress: Progress, *, reviewed: bool = False) -> Result:
    """Make a portrait say a sentence. Replaces what Blender has open.

    Args:
        job: what to make of what.
        backend: connected.
        progress: told of every step.
        reviewed: measure the movie as well (not pictures).

    Raises:
        AddonError: one clear line; no output was changed.
    """
    values, targets = job.values, job.targets
    with workplace(targets) as work:
        portrait, calm = staging.portrait_of(values, backend, work, progress)
        size = max(512, values["size"])
        data = backend.capture(portrait, face=values["face"], size=size, progress=progress)
        done = perform(values, data, backend, work, progress, calm)
        whole = values["extent"] == "photo" or (
            values["extent"] == "auto" and max(data.photo_size) <= AUTO_PHOTO_SIDE
        )
        staged = staging.stage(data, done, portrait, work, whole)
        scene = bpy.context.scene
        pictures = _texture(values, data, staged, backend, work, whole, progress)
        progress("rendering the movie", 0.0, -1.0)
        movie.render(scene, work.movie, kind=values["format"], progress=progress)
        if targets.sheet:
            sheet.write(pictures, work.sheet, box=data.box if whole else None)
        staging.save(scene, targets, work)
        measured, notes = _measured(values, backend, work, progress) if reviewed else (None, ())
        work.deliver(targets)
    progress("done", 1.0, 0.0)
    return Result(
        targets.movie,
        targets.blend,
        targets.sheet,
        len(done.motion),
        values["fps"],
        (*data.warnings, *done.warnings, *notes),
        measured,
    )


def _texture(
    values: Mapping[str, Any],
    data: SubjectData,
    staged: staging.SubjectObjects,
    backend: Backend,
    work: Work,
    whole: bool,
    progress: Progress,
) -> list[Path]:
    """Pictures of every frame, placed on the timeline."""
    scene, size = bpy.context.scene, values["size"]
    frames = range(scene.frame_start, scene.frame_end + 1)
    with backend.animate(
        data.subject_id,
        size=size,
        animator=values["animator"],
        seed=values["seed"],
        steps=values["steps"],
        quality=values["quality"],
        extent=service_pb2.FRAME_EXTENT_PHOTO if whole else service_pb2.FRAME_EXTENT_CROP,
    ) as stream:
        make_frame = geometry.create_pass(staged, size, values["geometry"])
        texturing = Texturing(stream, make_frame, scene, frames, work.frames, progress)
        while not texturing.done:
            texturing.step()
        sequence.place_frames(scene, work.frames, texturing.names, frames[0], stream.size)
        return [work.frames / name for name in texturing.names]


def _measured(
    values: Mapping[str, Any], backend: Backend, work: Work, progress: Progress
) -> tuple[ClipReview | None, tuple[str, ...]]:
    """The movie's review; a note in its place where there can be none."""
    if not FORMATS[values["format"]]:
        return None, ("a folder of pictures is not reviewed",)
    portrait = values["portrait"] or values["footage"]
    try:
        return review(backend, work.movie, portrait=portrait, progress=progress), ()
    except Cancelled:
        raise
    except AddonError as error:  # the movie is no worse for it
        return None, (f"not reviewed: {error}",)


__all__ = ["AUTO_PHOTO_SIDE", "Job", "Performed", "Result", "dub"]
