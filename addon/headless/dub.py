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

from ..core.cache import FrameCache
from ..core.client import Progress, check_sampling, existing_file, is_subject_file
from ..core.client_review import ClipReview, review
from ..core.errors import AddonError, BackendError, Cancelled, InputError
from ..core.shelf import Shelf
from ..core.stream import FrameStream
from ..film import kinds, movie, sheet
from ..subject.objects import SubjectObjects
from ..subject.person import Person
from ..texture.run import texture_range
from ..texture.wish import Wish
from . import staging
from .columns import DEFAULTS, FORMATS, conflicts
from .delivery import Targets, Work, workplace
from .host import Host
from .performing import perform

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
        kinds.checked_path(targets.movie, values["format"])
        return cls(values, targets)


def dub(
    job: Job,
    host: Host,
    progress: Progress,
    *,
    reviewed: bool = False,
    cache: FrameCache | None = None,
) -> Result:
    """Make a portrait say a sentence. Replaces what Blender has open.

    Args:
        job: what to make of what.
        host: of the backend.
        progress: told of every step.
        reviewed: measure the movie as well (not pictures).
        cache: of pictures, so that a dub that was ended early is soon where it was.

    Raises:
        AddonError: one clear line; no output was changed.
    """
    values, targets, backend = job.values, job.targets, host.backend()
    with workplace(targets) as work:
        portrait, calm = staging.portrait_of(values, backend, work, progress)
        size = max(512, values["size"])
        stored = is_subject_file(portrait)
        face = 0 if stored else values["face"]
        data = backend.capture(
            portrait,
            face=face,
            size=size,
            whole_photo=values["extent"] != "crop",
            progress=progress,
        )
        done = perform(values, data, backend, work, progress, calm)
        whole = values["extent"] == "photo" or (
            values["extent"] == "auto" and max(data.photo_size) <= AUTO_PHOTO_SIDE
        )
        staged = staging.stage(data, done, portrait, work, whole, face)
        scene = bpy.context.scene
        pictures = _texture(values, staged, host, work, cache, progress)
        progress("rendering the movie", 0.0, -1.0)
        movie.render(scene, work.movie, kind=values["format"], progress=progress)
        if targets.sheet:
            sheet.write(pictures, work.sheet, box=data.box if whole else None)
        staging.save(scene, targets, work, values["format"])
        if stored:  # reviews want a picture
            portrait = work.root / "plate.png"
            portrait.write_bytes(data.plate)
        measured: ClipReview | None = None
        notes: tuple[str, ...] = ()
        if reviewed:
            measured, notes = _measured(values, portrait, host, work, progress)
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
    staged: SubjectObjects,
    host: Host,
    work: Work,
    cache: FrameCache | None,
    progress: Progress,
) -> list[Path]:
    """Pictures of every frame, placed on the timeline.

    Raises:
        BackendError: the backend refused a frame, or went away and did not come back.
    """
    scene = bpy.context.scene
    wish = Wish(
        frames=range(scene.frame_start, scene.frame_end + 1),
        size=values["size"],
        animator=values["animator"],
        seed=values["seed"],
        steps=values["steps"],
        quality=values["quality"],
        whole_photo=staged.whole_photo,
        kind=values["geometry"],
    )
    person = Person.of(staged)

    def open_stream(report: Progress) -> FrameStream:
        backend = host.backend()
        return person.ensure(backend, lambda: wish.open(backend, person.subject_id))

    outcome = texture_range(
        scene, staged, wish, work.frames, open_stream, cache=cache, progress=progress,
        lost=host.lost,
    )  # fmt: skip
    if outcome.failed:
        frame, why = min(outcome.failed.items())
        raise BackendError(f"frame {frame}: {why}")
    return [work.frames / Shelf.name(frame) for frame in wish.frames]


def _measured(
    values: Mapping[str, Any], portrait: Path, host: Host, work: Work, progress: Progress
) -> tuple[ClipReview | None, tuple[str, ...]]:
    """The movie's review; a note in its place where there can be none."""
    if not FORMATS[values["format"]]:
        return None, ("a folder of pictures is not reviewed",)
    try:
        return review(host.backend(), work.movie, portrait=portrait, progress=progress), ()
    except Cancelled:
        raise
    except AddonError as error:  # the movie is no worse for it
        return None, (f"not reviewed: {error}",)
