# SPDX-License-Identifier: GPL-3.0-or-later
"""Emotion and gaze on the timeline: markers, and the subject's list of cues.

A marker ``emotion: sad 2.5`` says what is felt from its frame until the next one; ``emotion:``
alone ends it. ``gaze: camera`` says where the eyes look from there on. With several subjects
in a scene, ``emotion Anna: sad`` is Anna's alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import bpy

from ..core.errors import InputError
from ..core.performance import Cue

_MARKER = re.compile(r"^\s*(emotion|gaze)(?:\s+([^:]+?))?\s*:\s*(.*?)\s*$", re.IGNORECASE)
_PROMPT = re.compile(r"^(.*?)(?:(?:\s+|\s*@\s*)(\d+(?:[.,]\d+)?))?$")
_ENDS = {"", "neutral", "none", "-"}
_SHORTEST = 1e-3  # seconds of a cue


@dataclass(frozen=True, slots=True)
class Felt:
    """What is felt from ``frame`` to ``end`` (None: until the next); "" is nothing."""

    frame: float
    end: float | None
    prompt: str
    intensity: float | None = None
    cross_fade: float | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """Where the eyes look from ``frame`` on, as a marker says it."""

    frame: float
    at: str


def parse(name: str) -> tuple[str, str, str] | None:
    """A marker's name as kind ("emotion" or "gaze"), subject ("" for all) and what it says."""
    found = _MARKER.match(name)
    if found is None:
        return None
    return found[1].lower(), (found[2] or "").strip(), found[3]


def prompt_of(text: str, where: str) -> tuple[str, float | None]:
    """``"sad 2.5"`` as prompt and intensity.

    Raises:
        InputError: an intensity that cannot be, naming ``where``.
    """
    found = _PROMPT.match(text.strip())
    prompt, number = (found[1].strip(), found[2]) if found else (text.strip(), None)
    if number is None or not prompt:
        return text.strip(), None
    intensity = float(number.replace(",", "."))
    if not 1.0 <= intensity <= 3.0:
        raise InputError(f"{where}: expected an intensity of 1 to 3, got {intensity:g}")
    return prompt, intensity


def markers(scene: bpy.types.Scene, rig: bpy.types.Object) -> tuple[list[Felt], list[Seen]]:
    """What the scene's markers say to a subject.

    Raises:
        InputError: a marker that cannot be read.
    """
    felt, seen = [], []
    for marker in scene.timeline_markers:
        said = parse(marker.name)
        if said is None or (said[1] and not is_called(rig, said[1])):
            continue
        if said[0] == "gaze":
            seen.append(Seen(marker.frame, said[2]))
            continue
        prompt, intensity = prompt_of(said[2], f"marker {marker.name!r}")
        ends = prompt.lower() in _ENDS
        felt.append(Felt(marker.frame, None, "" if ends else prompt, intensity))
    return felt, sorted(seen, key=lambda one: one.frame)


def name_of(rig: bpy.types.Object) -> str:
    """What a marker calls a subject."""
    return rig.name.removesuffix(" rig")


def is_called(rig: bpy.types.Object, name: str) -> bool:
    """Whether a marker that says ``name`` means this subject."""
    return name.lower() in (rig.name.lower(), name_of(rig).lower())


def listed(rig: bpy.types.Object) -> list[Felt]:
    """What the subject's own list says."""
    found = []
    for cue in rig.facewright_perform.cues:
        if cue.mute:
            continue
        prompt = cue.prompt.strip()
        found.append(
            Felt(
                cue.start,
                cue.start + cue.length if cue.length else None,
                "" if prompt.lower() in _ENDS else prompt,
                cue.intensity if cue.use_intensity else None,
                cue.cross_fade if cue.use_cross_fade else None,
            )
        )
    return found


def emotions(
    felt: Iterable[Felt], base: Felt | None, start: float, frames: int, fps: float
) -> tuple[Cue, ...]:
    """Cues of a stretch of the timeline.

    Args:
        felt: in any order; one without an end lasts until the next.
        base: what is felt where nothing else is said; None: nothing.
        start: first frame of the stretch.
        frames: how many.
        fps: frames a second.
    """
    ordered = sorted(felt, key=lambda one: one.frame)
    cues, free = [], float(start)
    last = start + frames
    for k, one in enumerate(ordered):
        following = ordered[k + 1].frame if k + 1 < len(ordered) else None
        end = one.end if one.end is not None else following
        end = last if end is None else min(end, last)
        begin = max(one.frame, start)
        if end <= begin and one.frame < last:
            continue
        if base is not None and min(begin, last) > free:
            cues.append(_cue(base, free, min(begin, last), start, last, fps))
        if begin >= last:
            free = last
            break
        if one.prompt:
            cues.append(_cue(one, begin, end, start, last, fps))
        free = max(free, end)
    if base is not None and free < last:
        cues.append(_cue(base, free, last, start, last, fps))
    return tuple(cue for cue in cues if cue.end is None or cue.end - cue.start > _SHORTEST)


def _cue(felt: Felt, begin: float, end: float, start: float, last: float, fps: float) -> Cue:
    return Cue(
        felt.prompt,
        (begin - start) / fps,
        None if end >= last else (end - start) / fps,
        felt.intensity,
        felt.cross_fade,
    )
