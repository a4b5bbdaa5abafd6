# SPDX-License-Identifier: GPL-3.0-or-later
"""The motion of a face in a movie -> a strip of the video layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from ..core import client_driving
from ..core.client import Backend, Progress
from ..core.errors import InputError
from ..core.tasks import Task, waited
from ..film import sequence
from ..perform import layers
from ..perform.channels import REGIONS
from ..subject.objects import SubjectObjects
from ..subject.person import Person
from . import sounds
from .placing import only
from .running import (
    Connect,
    Driven,
    Job,
    Placed,
    extend,
    finish,
    rate_of,
    scene_named,
    subject_named,
)

LAYER = "video"
_MOST_GAPS = 5  # named in a note


@dataclass(frozen=True, slots=True)
class Footage:
    """A part of a video, and where it goes.

    Attributes:
        path: the file.
        name: of the strip that is made.
        start: the scene's frame.
        offset: seconds into the video.
        seconds: how many; 0: to its end.
        rate: frames of the scene for a second of the video; 0: the scene's frame rate.
    """

    path: Path
    name: str
    start: int
    offset: float = 0.0
    seconds: float = 0.0
    rate: float = 0.0


def drive_video(
    scene: bpy.types.Scene,
    backend: Backend,
    footage: Footage | Path | str,
    *,
    subject: SubjectObjects | None = None,
    regions: Sequence[str] = REGIONS,
    same_person: bool = False,
    face: int = 0,
    progress: Progress | None = None,
) -> Driven:
    """Track a video and give a subject its motion; blocks.

    Args:
        scene: whose frame rate the motion gets.
        backend: connected.
        footage: a part of a video, or a file, which begins at the scene's first frame.
        subject: who performs; None: the scene's only one.
        regions: those that the video decides.
        same_person: whether the video shows the subject, whose identity is then kept.
        face: which face of the first frame, counted from the largest, 0.
        progress: told how far it is.

    Raises:
        AddonError: nothing was made.
    """
    report = progress or (lambda stage, fraction, left: None)
    if not isinstance(footage, Footage):
        path = Path(footage)
        footage = Footage(path, path.name, scene.frame_start)
    return finish(
        video_job(
            scene,
            footage,
            subject,
            lambda report: backend,
            report,
            regions=regions,
            same_person=same_person,
            face=face,
        )
    )


def footage_of(scene: bpy.types.Scene, name: str) -> Footage:
    """A movie strip's visible part.

    Raises:
        InputError: there is none, or it has several speeds.
    """
    for strip, window in sounds.all_strips(scene, "MOVIE"):
        if strip.name == name:
            path, fps = sounds.movie_file(strip), rate_of(scene)
            part = sounds.part_of(strip, fps, window)
            rate = _shown_rate(strip, path, fps)
            offset, seconds = part.offset * fps / rate, part.frames / rate
            return Footage(path, name, part.start, offset, seconds, rate)
    raise InputError(f"strip: {name} is not a movie strip that can be seen")


def _shown_rate(strip: bpy.types.Strip, path: Path, fps: float) -> float:
    """Frames of the scene for a second of the video.

    Blender shows one of its frames on each of the scene's, unless the strip was fitted to the
    scene's rate or its speed was changed; the strip's length tells.
    """
    keys = sounds.retimed_at(strip)
    if len(keys) > 2:
        raise InputError(f"strip: {strip.name} has several speeds; render it first, and take that")
    frames = keys[1] - keys[0] if len(keys) == 2 else sounds.content_frames(strip)
    try:
        clip = bpy.data.movieclips.load(str(path))
    except RuntimeError as error:
        raise InputError(f"strip: Blender cannot open {path}") from error
    try:
        seconds = clip.frame_duration / clip.fps if clip.fps > 0 else 0.0
    finally:
        bpy.data.movieclips.remove(clip)
    if seconds <= 0 or abs(frames - seconds * fps) <= 1:
        return fps
    rate = frames / seconds
    if not 1.0 <= rate <= 240.0:
        raise InputError(
            f"strip: {strip.name} takes {rate:g} frames for a second of its movie; "
            "expected 1 to 240"
        )
    return rate


def selected(scene: bpy.types.Scene) -> str:
    """The name of the selected movie strip, or of the only one.

    Raises:
        InputError: that is not said.
    """
    found = [strip for strip, _ in sounds.all_strips(scene, "MOVIE")]
    chosen = [strip for strip in found if strip.select]
    for strips in (chosen, found):
        if len(strips) == 1:
            return strips[0].name
    if not found:
        raise InputError("Choose a video, or add a movie strip in the video sequencer")
    raise InputError(f"Select one movie strip in the video sequencer ({len(found)} there)")


def video_job(
    scene: bpy.types.Scene,
    footage: Footage,
    subject: SubjectObjects | None,
    connect: Connect,
    report: Progress,
    *,
    regions: Sequence[str] = REGIONS,
    same_person: bool = False,
    face: int = 0,
) -> Job[Driven]:
    """:func:`drive_video` as a job."""
    sequence.check_editable(scene)
    if not regions:
        raise InputError("regions: choose at least one that the video decides")
    fps, who = rate_of(scene), subject or only(scene)
    person = Person.of(who)
    if same_person and not person.subject_id:
        raise InputError(f"subject: {who.rig.name} came from no photograph: nobody to recognise")
    scene_name, rig_name = scene.name, who.rig.name
    known = person if same_person else Person()

    def work(tell: Progress) -> client_driving.Followed:
        backend = connect(tell)
        return known.ensure(
            backend,
            lambda: client_driving.track(
                backend,
                footage.path,
                subject_id=known.subject_id,
                fps=footage.rate or fps,
                start_seconds=footage.offset,
                length_seconds=footage.seconds,
                face=face,
                progress=tell,
            ),
        )

    followed = yield from waited(Task(work), report)
    scene, who = scene_named(scene_name), subject_named(rig_name)
    driven = Driven()
    driven.notes += layers.place(
        followed.motion,
        who,
        layer=LAYER,
        name=footage.name,
        start=footage.start,
        regions=tuple(regions),
    )
    if unseen := gaps(followed.confidence, footage.start):
        driven.notes.append(f"no face in frames {unseen}")
    placed = Placed(footage.name, rig_name, footage.start, len(followed.motion))
    extend(scene, placed)
    driven.placed.append(placed)
    return driven


def gaps(confidence: np.ndarray, start: int) -> str:
    """The scene's frames in which no face was seen, as "12-15, 40"; empty where all showed one."""
    unseen = np.flatnonzero(confidence <= 0)
    if not len(unseen):
        return ""
    runs = np.split(unseen, np.flatnonzero(np.diff(unseen) > 1) + 1)
    said = [f"{r[0] + start}-{r[-1] + start}" if len(r) > 1 else f"{r[0] + start}" for r in runs]
    more = len(said) - _MOST_GAPS
    return ", ".join(said[:_MOST_GAPS]) + (f" and {more} more" if more > 0 else "")
