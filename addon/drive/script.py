# SPDX-License-Identifier: GPL-3.0-or-later
"""A text -> its speech, as a sound strip, and the performance of it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from functools import partial
from pathlib import Path

import bpy

from ..core import client_driving
from ..core.client import Backend, Progress
from ..core.errors import InputError, OutputError
from ..core.performance import Script, Wanted
from ..core.tasks import Task, waited
from ..film import sequence
from ..film.paths import portable
from ..subject.objects import SubjectObjects
from ..subject.person import Person
from . import sounds
from .placing import Plan, only, place
from .running import (
    Connect,
    Driven,
    Job,
    finish,
    rate_of,
    scene_named,
    subject_named,
)
from .wanted import Stretch, snapshot, wanted

_CHANNEL = 1


def drive_script(
    scene: bpy.types.Scene,
    backend: Backend,
    text: str,
    *,
    subject: SubjectObjects | None = None,
    language: str = "",
    voice: str = "",
    name: str = "Script",
    start: int | None = None,
    progress: Progress | None = None,
) -> Driven:
    """Have a script spoken, put the speech on the timeline, and drive a subject; blocks.

    Args:
        scene: gets the sound strip.
        backend: connected.
        text: the words; directions in brackets say how they are felt.
        subject: who says it; None: the scene's only one.
        language, voice: of the synthesiser; empty: its defaults.
        name: of the script; another run of the same name replaces its strip.
        start: the scene's frame; None: where the strip was, or the scene's current frame.
        progress: told how far it is.

    Raises:
        AddonError: nothing was made. The .blend must have been saved: the speech is kept
            beside it.
    """
    report = progress or (lambda stage, fraction, left: None)
    said = Script(text, language, voice)
    return finish(
        script_job(scene, said, name, subject, lambda report: backend, report, start=start)
    )


def script_job(
    scene: bpy.types.Scene,
    script: Script,
    name: str,
    subject: SubjectObjects | None,
    connect: Connect,
    report: Progress,
    *,
    start: int | None = None,
) -> Job[Driven]:
    """:func:`drive_script` as a job."""
    sequence.check_editable(scene)
    if not script.text.strip():
        raise InputError("script: write some words to speak, or choose a text")
    fps, who = rate_of(scene), subject or only(scene)
    folder = kept_in()
    known = f"{who.rig.name}\n{name}"
    old = strip_of(scene, known)
    if start is None:
        start = scene.frame_current if old is None else round(sounds.content_start(old))
    values, person = snapshot(who.rig), Person.of(who)
    if old is not None and old.facewright_drive.use_seed:
        values["seed"] = old.facewright_drive.seed
    scene_name, rig_name = scene.name, who.rig.name

    def work(how: Wanted, tell: Progress) -> client_driving.Spoken:
        backend = connect(tell)
        return person.ensure(
            backend,
            lambda: client_driving.drive(
                backend,
                None,
                how,
                script=script,
                subject_id=person.subject_id,
                fps=fps,
                progress=tell,
            ),
        )

    # How long it lasts is known once it was spoken: cues and keys beyond would be refused.
    how = yield from wanted(scene, who, Stretch(start, 1, fps), values, script=True)
    spoken = yield from waited(Task(partial(work, how)), report)
    scene, who = scene_named(scene_name), subject_named(rig_name)
    stretch = Stretch(start, len(spoken.motion), fps)
    whole = yield from wanted(scene, who, stretch, values, script=True)
    if whole != how:
        spoken = yield from waited(Task(partial(work, whole)), report)
        scene, who = scene_named(scene_name), subject_named(rig_name)
    path = _written(folder, spoken.wav)
    strip = _strip(scene, known, name, path, start)
    own = strip.facewright_drive
    own.subject, own.script = who.rig, known
    values["script"] = asdict(script)
    part = sounds.Part(strip.name, start, len(spoken.motion), 0.0, False)
    driven = Driven()
    plan = Plan(part, rig_name, values, known)
    place(scene, plan, spoken.motion, driven)
    return driven


def strip_of(scene: bpy.types.Scene, known: str) -> bpy.types.Strip | None:
    """The sound strip that a script made."""
    for strip in sequence.strips(scene):
        if strip.type == "SOUND" and strip.facewright_drive.script == known:
            return strip
    return None


def kept_in() -> Path:
    """The folder beside the .blend that speech is kept in.

    Raises:
        InputError: the .blend was never saved.
    """
    if not bpy.data.filepath:
        raise InputError("Save the .blend first: the speech is kept in a folder beside it")
    blend = Path(bpy.data.filepath)
    return blend.with_name(f"{blend.stem}_files")


def _written(folder: Path, wav: bytes) -> Path:
    """The speech as a file that is named by what is in it."""
    if not wav:
        raise InputError("script: the backend sent no sound")
    path = folder / f"speech_{hashlib.sha256(wav).hexdigest()[:12]}.wav"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_bytes() != wav:
            path.write_bytes(wav)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}") from error
    return path


def _strip(
    scene: bpy.types.Scene, known: str, name: str, path: Path, start: int
) -> bpy.types.Strip:
    """The script's sound strip with its new sound: the same strip where there was one."""
    there = sequence.strips(scene)
    old, settings, channel = strip_of(scene, known), {}, None
    if old is not None:
        name, channel = old.name, old.channel
        own = old.facewright_drive
        settings = {key: getattr(own, key) for key in _KEPT}
        there.remove(old)
    try:
        made = there.new_sound(
            name=name,
            filepath=portable(path),
            channel=channel or _free_channel(scene, start),
            frame_start=start,
        )
    except RuntimeError as error:
        reason = str(error).strip().removeprefix("Error: ")
        raise InputError(f"script: Blender cannot open its speech: {reason}") from error
    for key, value in settings.items():
        setattr(made.facewright_drive, key, value)
    return made


_KEPT = ("use_seed", "seed", "record", "performer", "placed")


def _free_channel(scene: bpy.types.Scene, start: int) -> int:
    """The lowest channel in which nothing comes from ``start`` on."""
    taken = {s.channel for s in sequence.strips(scene) if sounds.handles(s)[1] > start}
    channel = _CHANNEL
    while channel in taken:
        channel += 1
    return channel
