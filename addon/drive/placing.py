# SPDX-License-Identifier: GPL-3.0-or-later
"""Which strip is driven on whom and with what, and what came of it, put in its place."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import bpy

from ..core.errors import InputError
from ..core.subject_data import MotionData
from ..perform import layers
from ..subject import objects
from ..subject.objects import SubjectObjects
from . import sounds
from .running import Driven, Placed, extend, subject_named
from .sounds import Part
from .wanted import recorded, snapshot

LAYER = "speech"


@dataclass(frozen=True, slots=True)
class Plan:
    """A strip that is to be driven."""

    part: Part
    performer: str
    values: dict[str, Any]
    script: str = ""


def planned(
    scene: bpy.types.Scene, name: str, subject: SubjectObjects | None, fps: float, again: bool
) -> Plan:
    """What driving the sound strip called ``name`` means.

    Raises:
        InputError: it cannot be driven.
    """
    found = [pair for pair in sounds.all_strips(scene, "SOUND") if pair[0].name == name]
    if not found:
        raise InputError(f"strip: {name} is not a sound strip that can be heard")
    strip, window = found[0]
    own = strip.facewright_drive
    who = performer(scene, strip, subject)
    values = (again and recorded(own.record)) or snapshot(who.rig)
    if own.use_seed:
        values["seed"] = own.seed
    part = sounds.part_of(strip, fps, window)
    return Plan(part, who.rig.name, values, own.script)


def performer(
    scene: bpy.types.Scene, strip: bpy.types.Strip, subject: SubjectObjects | None
) -> SubjectObjects:
    """Whom a strip drives: its own subject, else ``subject``, else the scene's only one.

    Raises:
        InputError: that is not said.
    """
    own = strip.facewright_drive.subject
    if own is not None:
        if own.name not in scene.objects:  # deleted; the strip alone remembers it
            raise InputError(f"subject: {own.name} has left the scene; choose another")
        return objects.find(own)
    if subject is not None:
        return subject
    return only(scene, f", or give {strip.name} one of its own")


def only(scene: bpy.types.Scene, remedy: str = "") -> SubjectObjects:
    """The scene's only subject.

    Raises:
        InputError: there is none, or several.
    """
    rigs = objects.in_scene(scene)
    if not rigs:
        raise InputError("subject: there is none in the scene; make one with New Subject")
    if len(rigs) > 1:
        raise InputError(f"subject: {len(rigs)} in the scene; select one{remedy}")
    return objects.find(rigs[0])


def place(scene: bpy.types.Scene, plan: Plan, motion: MotionData, driven: Driven) -> None:
    """Write what came, in place of what the same strip made before, and remember how."""
    strip = sounds.named(scene, plan.part.name, "SOUND")
    who, own = subject_named(plan.performer), strip.facewright_drive
    _take_away(scene, strip, who)
    driven.notes += layers.place(motion, who, layer=LAYER, name=strip.name, start=plan.part.start)
    kept = recorded(own.record).get("script")
    own.record = json.dumps(plan.values | ({"script": kept} if kept else {}))
    own.performer, own.placed = who.rig, strip.name
    placed = Placed(strip.name, who.rig.name, plan.part.start, len(motion))
    extend(scene, placed)
    driven.placed.append(placed)


def _take_away(scene: bpy.types.Scene, strip: bpy.types.Strip, who: SubjectObjects) -> None:
    """Remove what the strip made under another name or on somebody else."""
    own = strip.facewright_drive
    if own.performer is None or own.performer.name not in scene.objects or not own.placed:
        return
    if own.performer == who.rig and own.placed == strip.name:
        return
    # A copy of a strip has its record too, and must leave the original's alone.
    others = [s for s, _ in sounds.all_strips(scene, "SOUND") if s.name != strip.name]
    if any(other.facewright_drive.placed == own.placed for other in others):
        return
    try:
        layers.remove(objects.find(own.performer), LAYER, own.placed)
    except InputError:  # it is gone already
        return
