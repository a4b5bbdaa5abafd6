# SPDX-License-Identifier: GPL-3.0-or-later
"""What a dub's subject performs: speech or a script, and what footage adds; no bpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..core.client import Backend, Progress
from ..core.client_driving import drive
from ..core.errors import InputError
from ..core.performance import MAX_SCRIPT, PLAIN, Cue, Script, Wanted
from ..core.subject_data import MotionData, SubjectData
from .delivery import Work
from .footage import Calm, tracked


@dataclass(frozen=True, slots=True)
class Performed:
    """A performance.

    Attributes:
        motion: of the speech.
        speech: the sound's file.
        taken: the footage's own motion, where some of it is kept.
        regions: what is kept of it.
        warnings: for people.
    """

    motion: MotionData
    speech: Path
    taken: MotionData | None = None
    regions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def perform(
    values: Mapping[str, Any],
    data: SubjectData,
    backend: Backend,
    work: Work,
    progress: Progress,
    calm: Calm | None,
) -> Performed:
    """Drive a subject as a dub's columns say.

    Raises:
        AddonError: the speech, the script or the footage cannot be used.
    """
    how: dict[str, Any] = {
        "subject_id": data.subject_id,
        "driver": values["driver"],
        "fps": values["fps"],
        "progress": progress,
    }
    text, speech = _script(values), values["speech"]
    if text:
        script = Script(text, values["language"], values["voice"])
        spoken = drive(backend, None, _wanted(values), script=script, **how)
        speech = work.root / "speech.wav"
        speech.write_bytes(spoken.wav)
    else:
        spoken = drive(backend, speech, _wanted(values), **how)
    motion = spoken.motion
    if not values["take"]:
        return Performed(motion, speech)
    assert calm is not None  # `take` needs footage
    taken = tracked(
        values["footage"],
        backend,
        progress,
        subject_id=data.subject_id,
        fps=values["fps"],
        face=values["face"],
    ).motion
    warnings: tuple[str, ...] = ()
    if len(taken) < len(motion):
        warnings = (
            f"footage: lasts {len(taken) / taken.fps:.1f} s of the speech's "
            f"{len(motion) / motion.fps:.1f} s; after it the speech moves everything",
        )
    return Performed(motion, speech, _cut(taken, len(motion)), tuple(values["take"]), warnings)


def _cut(motion: MotionData, frames: int) -> MotionData:
    """At most the first ``frames`` of a motion."""
    arrays = {name: getattr(motion, name)[:frames] for name in ("expression", "pose", "gaze")}
    return replace(motion, **arrays)


def _wanted(values: Mapping[str, Any]) -> Wanted:
    plain = {name: values[name] for name in PLAIN if name in values}
    prompt = values["emotion"].strip()
    return Wanted(plain, (Cue(prompt, intensity=values["intensity"]),) if prompt else ())


def _script(values: Mapping[str, Any]) -> str:
    """The text to speak; empty where a recording is given."""
    if values["script"]:
        return values["script"]
    path: Path | None = values["script_file"]
    return "" if path is None else read_script(path)


def read_script(path: Path) -> str:
    """The words of a text file.

    Raises:
        InputError: it is no text, or has none, or too much.
    """
    try:
        text = path.read_text("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"script_file: {path} is not a text file in UTF-8 ({error})") from error
    if not 0 < len(text) <= MAX_SCRIPT:
        raise InputError(
            f"script_file: expected 1 to {MAX_SCRIPT} characters in {path}, got {len(text)}"
        )
    return text
