# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound strips -> strips of the speech layer, each where its sound is."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import bpy

from ..core import client_driving
from ..core.client import Backend, Progress
from ..core.errors import AddonError, BackendError, Cancelled, InputError
from ..core.performance import Script, Wanted
from ..core.subject_data import MotionData
from ..core.tasks import Task, waited
from ..film import sequence
from ..subject.objects import SubjectObjects
from ..subject.person import Person
from . import sounds
from .placing import Plan, place, planned
from .running import (
    Connect,
    Driven,
    Job,
    Overall,
    finish,
    rate_of,
    scene_named,
    subject_named,
)
from .sounds import Part
from .wanted import Stretch, recorded, wanted


def drive_strips(
    scene: bpy.types.Scene,
    backend: Backend,
    *,
    strips: Sequence[str] | None = None,
    subject: SubjectObjects | None = None,
    again: bool = False,
    progress: Progress | None = None,
) -> Driven:
    """Drive subjects from sound strips; blocks.

    Args:
        scene: with the strips.
        backend: connected.
        strips: names; None: every sound strip that is not muted.
        subject: who performs strips without a subject of their own; None: the scene's only
            one.
        again: with the settings that each strip was driven with before, where it was.
        progress: told how far all of it is.

    Returns:
        What was made, and which strips could not be.

    Raises:
        AddonError: nothing could be made.
    """
    report = progress or (lambda stage, fraction, left: None)
    names = audible(scene) if strips is None else list(strips)
    return finish(strips_job(scene, names, subject, lambda report: backend, report, again=again))


def audible(scene: bpy.types.Scene) -> list[str]:
    """Names of the sound strips that are not muted, in time."""
    found = [strip for strip, _ in sounds.all_strips(scene, "SOUND")]
    return [strip.name for strip in sorted(found, key=lambda strip: sounds.handles(strip)[0])]


def selected(scene: bpy.types.Scene) -> list[str]:
    """Names of the selected sound strips; of the only one where none is selected.

    Raises:
        InputError: there is none, or several of which none is selected.
    """
    names = audible(scene)
    chosen = {strip.name for strip, _ in sounds.all_strips(scene, "SOUND") if strip.select}
    if not names:
        raise InputError("Add a sound strip in the video sequencer first")
    if not chosen and len(names) > 1:
        raise InputError(
            f"Select sound strips in the video sequencer ({len(names)} there), or drive all"
        )
    return [name for name in names if name in chosen] or names


def strips_job(
    scene: bpy.types.Scene,
    names: Sequence[str],
    subject: SubjectObjects | None,
    connect: Connect,
    report: Progress,
    *,
    again: bool = False,
    driven: Driven | None = None,
) -> Job[Driven]:
    """:func:`drive_strips` as a job; ``driven`` is filled as strips are made."""
    sequence.check_editable(scene)
    driven = Driven() if driven is None else driven
    fps, plans = rate_of(scene), []
    for name in names:
        try:
            plans.append(planned(scene, name, subject, fps, again))
        except InputError as error:
            driven.failed.append((name, str(error)))
    overall = Overall(report, [plan.part.frames for plan in plans])
    scene_name = scene.name
    for index, plan in enumerate(plans):
        overall.begin(index, plan.part.name)
        try:
            yield from _drive(scene_name, plan, fps, connect, overall, driven)
            overall("placed", 1.0, 0.0)
        except (Cancelled, BackendError):
            raise  # what was made stays; the others would end alike
        except AddonError as error:
            driven.failed.append((plan.part.name, str(error)))
    if not driven.placed:
        raise InputError("; ".join(f"{name}: {why}" for name, why in driven.failed[:3]))
    return driven


def _drive(
    scene_name: str, plan: Plan, fps: float, connect: Connect, report: Progress, driven: Driven
) -> Job[None]:
    """Drive one strip, and place what came."""
    scene, who = scene_named(scene_name), subject_named(plan.performer)
    part, person = plan.part, Person.of(who)
    stretch = Stretch(part.start, part.frames, fps)
    spoken = _script_of(scene, plan)
    if spoken is not None:  # it is spoken whole, and what the strip shows of it is kept
        before = round(part.offset * fps)
        stretch = Stretch(part.start - before, part.frames + before, fps)
    how = yield from wanted(scene, who, stretch, plan.values, script=spoken is not None)
    with tempfile.TemporaryDirectory(prefix="facewright-") as folder:
        source = None if spoken else _source(scene, part, Path(folder))
        cut = replace(part, offset=0.0) if part.retimed else part
        task = Task(
            lambda tell: _motion(connect(tell), person, how, spoken, source, cut, fps, tell)
        )
        motion = yield from waited(task, report)
    if spoken is not None:
        motion = _window(motion, round(part.offset * fps), part.frames)
    place(scene_named(scene_name), plan, motion, driven)


def _motion(
    backend: Backend,
    person: Person,
    how: Wanted,
    script: Script | None,
    source: Path | None,
    part: Part,
    fps: float,
    tell: Progress,
) -> MotionData:
    """In a worker thread."""
    return person.ensure(
        backend,
        lambda: client_driving.drive(
            backend,
            source,
            how,
            script=script,
            subject_id=person.subject_id,
            fps=fps,
            start_seconds=0.0 if script else part.offset,
            length_seconds=0.0 if script else part.frames / fps,
            progress=tell,
        ),
    ).motion


def _source(scene: bpy.types.Scene, part: Part, folder: Path) -> Path:
    strip = sounds.named(scene, part.name, "SOUND")
    if part.retimed:
        return sounds.mixed(scene, strip, part, folder)
    return sounds.sound_file(strip, folder)


def _script_of(scene: bpy.types.Scene, plan: Plan) -> Script | None:
    """The script that a strip was made from, whose directions its sound has lost."""
    if not plan.script:
        return None
    strip = sounds.named(scene, plan.part.name, "SOUND")
    kept = recorded(strip.facewright_drive.record).get("script")
    return Script(**kept) if kept and not plan.part.retimed else None


def _window(motion: MotionData, first: int, frames: int) -> MotionData:
    """Some frames of a motion."""
    run = slice(first, first + frames)
    if first >= len(motion):
        raise InputError("strip: nothing of its script is to be heard")
    return replace(
        motion,
        expression=motion.expression[run],
        pose=motion.pose[run],
        gaze=motion.gaze[run],
    )
