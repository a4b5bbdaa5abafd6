# SPDX-License-Identifier: GPL-3.0-or-later
"""A subject's settings, cues and keys -> how a stretch of the timeline is performed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..core.errors import InputError
from ..core.performance import CHANNELS, CURVED, PLAIN, Curve, Look, Wanted
from ..subject.objects import SubjectObjects
from . import cues, keyed
from .running import Job
from .settings import GAZE_NUMBERS

_NAMED_LOOKS = ("camera", "photo")
#: Texts and numbers of a record that are not fields of the request.
_OTHER = ("emotion", "intensity")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Frames of the scene that one sound covers."""

    start: int
    frames: int
    fps: float

    @property
    def times(self) -> np.ndarray:
        """(T,) seconds from its first frame."""
        return np.arange(self.frames) / self.fps


def snapshot(rig: bpy.types.Object) -> dict[str, Any]:
    """What is set on a subject now, but for what lies on the timeline."""
    chosen = rig.facewright_perform
    values = {name: getattr(chosen, name) for name in (*PLAIN, *_OTHER)}
    values["sources"] = {channel: _source(chosen, channel) for channel in CHANNELS}
    return values


def recorded(text: str) -> dict[str, Any]:
    """A snapshot that was kept as text; empty where none can be read."""
    try:
        values = json.loads(text) if text else {}
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def wanted(
    scene: bpy.types.Scene,
    who: SubjectObjects,
    stretch: Stretch,
    values: dict[str, Any],
    *,
    script: bool = False,
) -> Job[Wanted]:
    """How a stretch is performed; a generator, since sampling keys takes time.

    Args:
        scene: with the markers.
        who: performs.
        stretch: of the timeline.
        values: a :func:`snapshot`, of now or of an earlier time.
        script: whether a script is spoken, whose directions take the subject's intensity.

    Raises:
        InputError: a marker or a source that cannot be used.
    """
    rig = who.rig
    plain = {name: values[name] for name in PLAIN if name in values}
    curves: list[Curve] = []
    modes: tuple[tuple[float, str], ...] = ()
    for name in sorted(keyed.animated(rig)):
        if name in CURVED:
            curves.append((yield from _curve(rig, name, stretch)))
        elif name == "gaze":
            modes = yield from _modes(rig, stretch)
    eta = values.get("intensity", 2.0)
    own = any(curve.control == "intensity" for curve in curves)
    if not own and (eta < 1 or (script and eta != 2.0)):
        curves.append(Curve("intensity", (0.0,), (eta,)))
        own = True
    felt, seen = cues.markers(scene, rig)
    prompt = values.get("emotion", "").strip()
    base = cues.Felt(stretch.start, None, prompt) if prompt else None
    made = cues.emotions(
        [*felt, *cues.listed(rig)], base, stretch.start, stretch.frames, stretch.fps
    )
    if not own:
        made = tuple(_with_intensity(cue, eta) for cue in made)
    if modes:
        plain["gaze"] = modes[0][1]
    follows = "keys" in (plain.get("gaze"), *(mode for _, mode in modes))
    looks = _looks(seen, who, stretch) if follows else ()
    return Wanted(plain, made, tuple(curves), modes[1:], looks, _sources(values))


def _curve(rig: bpy.types.Object, name: str, stretch: Stretch) -> Job[Curve]:
    values = yield from _samples(rig, name, stretch)
    low, high = _bounds(name)
    return Curve(name, *_reduced(stretch.times, np.clip(values, low, high)))


def _modes(rig: bpy.types.Object, stretch: Stretch) -> Job[tuple[tuple[float, str], ...]]:
    """(seconds, mode) at which the keyed gaze changes, the first at 0."""
    values = yield from _samples(rig, "gaze", stretch)
    numbers = np.clip(np.rint(values), 0, len(GAZE_NUMBERS) - 1).astype(int)
    changes = np.flatnonzero(np.diff(numbers, prepend=-1))
    return tuple((float(k / stretch.fps), GAZE_NUMBERS[int(numbers[k])]) for k in changes)


def _samples(rig: bpy.types.Object, name: str, stretch: Stretch) -> Job[np.ndarray]:
    found: np.ndarray | None = None
    for found in keyed.sampled(rig, name, stretch.start + np.arange(stretch.frames)):
        if found is None:
            yield None
    assert found is not None  # the last is the result
    return found


def _bounds(name: str) -> tuple[float, float]:
    from .settings import PerformSettings

    rna = PerformSettings.bl_rna.properties[name]
    return rna.hard_min, rna.hard_max


def _reduced(
    seconds: np.ndarray, values: np.ndarray
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The same polyline without the points that lie on it."""
    kept = np.ones(len(values), bool)
    if len(values) > 2:
        kept[1:-1] = np.abs(np.diff(values, 2)) > 1e-6
    return tuple(seconds[kept].tolist()), tuple(values[kept].tolist())


def _with_intensity(cue: cues.Cue, intensity: float) -> cues.Cue:
    if cue.intensity is not None:
        return cue
    return cues.Cue(cue.prompt, cue.start, cue.end, intensity, cue.cross_fade)


def _source(chosen: bpy.types.PropertyGroup, channel: str) -> str:
    kind = getattr(chosen, f"{channel}_from")
    if kind != "file":
        return kind
    return "file:" + bpy.path.abspath(getattr(chosen, f"{channel}_file"))


def _sources(values: dict[str, Any]) -> dict[str, str | Path]:
    found: dict[str, str | Path] = {}
    for channel, source in values.get("sources", {}).items():
        if not source.startswith("file:"):
            found[channel] = source
            continue
        path = Path(source.removeprefix("file:"))
        if not path.is_file():
            raise InputError(f"{channel}: there is no motion file {path}; choose one (.npz)")
        found[channel] = path
    return found


def _looks(seen: Iterable[cues.Seen], who: SubjectObjects, stretch: Stretch) -> tuple[Look, ...]:
    """Where the eyes look in a stretch, by markers.

    Raises:
        InputError: there is none, or one says nothing that can be looked at.
    """
    last = stretch.start + stretch.frames
    before = [one for one in seen if one.frame <= stretch.start][-1:]
    within = [one for one in seen if stretch.start < one.frame < last]
    if not before and not within:
        raise InputError(
            "gaze: it follows markers, and there is none; add one named 'gaze: camera', "
            "'gaze: 20, -5' (degrees to the subject's left, and up) or 'gaze: Object'"
        )
    return tuple(
        Look(max(0.0, (one.frame - stretch.start) / stretch.fps), _look(one, who))
        for one in (*before, *within)
    )


def _look(seen: cues.Seen, who: SubjectObjects) -> str | tuple[float, ...]:
    text = seen.at.strip()
    if text.lower() in _NAMED_LOOKS:
        return text.lower()
    try:
        degrees = tuple(float(part) for part in text.split(","))
    except ValueError:
        degrees = ()
    if len(degrees) == 2:
        return degrees
    target = bpy.data.objects.get(text)
    if target is None or who.camera is None:
        lacking = "there is no such object" if target is None else "the subject has no camera"
        raise InputError(
            f"marker 'gaze: {text}': expected camera, photo, two degrees or an object ({lacking})"
        )
    return _from_camera(target, who, seen.frame)


def _from_camera(target: bpy.types.Object, who: SubjectObjects, frame: float) -> tuple[float, ...]:
    """(x, y, z) of an object before the subject's camera, metres."""
    place = target.matrix_world.translation.copy()
    if target.parent is None and target.animation_data is not None:
        action = target.animation_data.action
        for curve in keyed.fcurves(action, target) if action else ():
            if curve.data_path == "location":
                place[curve.array_index] = curve.evaluate(frame)
    seen = who.camera.matrix_world.normalized().inverted() @ place
    return tuple(float(part) for part in seen)  # subjects are built in metres
