# SPDX-License-Identifier: GPL-3.0-or-later
"""How a performance is wanted, as plain data, and as the contract says it; no bpy.

All times are seconds of the sound that is driven.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..v1 import service_pb2
from .errors import InputError

#: Numbers and names that DriveSpeechRequest has by the same names.
PLAIN = (
    "seed", "mouth_opening", "lip_offset", "brow_motion", "head_motion", "blink_rate",
    "cross_fade", "smoothing", "guidance", "aversion", "head_model", "brow_model",
    "emotion_model", "gaze",
)  # fmt: skip
#: Channels that can come from elsewhere than the speech.
CHANNELS = ("lips", "brows", "lids", "head", "gaze")
#: Controls that may change in time.
CURVED = ("mouth_opening", "brow_motion", "head_motion", "blink_rate", "intensity")
SPEECH, PHOTO = "speech", "photo"
#: What the backend takes at most.
MAX_CUES, MAX_KEYS, MAX_POINTS, MAX_PROMPT, MAX_SCRIPT = 500, 10_000, 100_000, 200, 20_000


@dataclass(frozen=True, slots=True)
class Cue:
    """What is felt from ``start`` to ``end`` (None: the end).

    ``intensity`` 1..3, None: what the performance's is; ``cross_fade`` seconds in which it
    comes, None: the performance's.
    """

    prompt: str
    start: float = 0.0
    end: float | None = None
    intensity: float | None = None
    cross_fade: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """A control over time: linear between points, held before and after."""

    control: str
    seconds: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """From ``seconds`` on the eyes are at ``at``.

    Attributes:
        at: "camera" or "photo"; (left, up) degrees; or (x, y, z) metres in the camera's frame.
    """

    seconds: float
    at: str | tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """A text to be spoken; directions in brackets become emotions."""

    text: str
    language: str = ""
    voice: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A performance as it is wanted.

    Attributes:
        plain: values of :data:`PLAIN`; what is absent is the backend's default.
        cues: emotions.
        curves: controls that change in time, in place of their plain value.
        gaze_modes: (seconds, mode) that follow the plain gaze.
        looks: what gaze "keys" follows.
        sources: channel -> "speech", "photo" or a motion file.
    """

    plain: Mapping[str, Any] = field(default_factory=dict)
    cues: tuple[Cue, ...] = ()
    curves: tuple[Curve, ...] = ()
    gaze_modes: tuple[tuple[float, str], ...] = ()
    looks: tuple[Look, ...] = ()
    sources: Mapping[str, str | Path] = field(default_factory=dict)

    @property
    def changes(self) -> bool:
        """Whether it needs a backend with controls that change in time."""
        fading = any(cue.cross_fade is not None for cue in self.cues)
        return bool(self.curves or self.gaze_modes or fading)


def request(wanted: Wanted, put: Callable[[Path], str]) -> service_pb2.DriveSpeechRequest:
    """A request without its sound; ``put`` uploads a file and names it.

    Raises:
        InputError: more than the backend takes, or a file that is not there.
    """
    for name, values, most in (
        ("emotion cues", wanted.cues, MAX_CUES),
        ("gaze markers", wanted.looks, MAX_KEYS),
        ("gaze modes", wanted.gaze_modes, MAX_KEYS),
    ):
        if len(values) > most:
            raise InputError(f"{name}: expected at most {most} in a strip, got {len(values)}")
    chosen = {
        channel: source if source in ("", SPEECH, PHOTO) else put(Path(source))
        for channel, source in wanted.sources.items()
    }
    message = service_pb2.DriveSpeechRequest(
        protocol_version=service_pb2.PROTOCOL_VERSION,
        emotion=[_cue(cue) for cue in wanted.cues],
        curves=[
            service_pb2.ControlCurve(control=c.control, seconds=c.seconds, values=c.values)
            for c in wanted.curves
        ],
        gaze_modes=[service_pb2.GazeMode(seconds=at, mode=mode) for at, mode in wanted.gaze_modes],
        gaze_keys=[_key(look) for look in wanted.looks],
        **wanted.plain,
    )
    if any(source not in ("", SPEECH) for source in chosen.values()):
        message.sources.CopyFrom(service_pb2.ChannelSources(**chosen))
    return message


def _cue(cue: Cue) -> service_pb2.EmotionCue:
    if len(cue.prompt) > MAX_PROMPT:
        raise InputError(
            f"emotion: expected at most {MAX_PROMPT} characters, got {len(cue.prompt)}: "
            f"{cue.prompt[:40]}..."
        )
    return service_pb2.EmotionCue(
        prompt=cue.prompt,
        start_seconds=cue.start,
        end_seconds=cue.end,
        intensity=cue.intensity,
        cross_fade=cue.cross_fade,
    )


def _key(look: Look) -> service_pb2.GazeKey:
    if isinstance(look.at, str):
        return service_pb2.GazeKey(seconds=look.seconds, named=look.at)
    if len(look.at) == 2:
        left, up = look.at
        direction = service_pb2.GazeDirection(left=left, up=up)
        return service_pb2.GazeKey(seconds=look.seconds, direction=direction)
    x, y, z = look.at
    target = service_pb2.GazeTarget(x=x, y=y, z=z)
    return service_pb2.GazeKey(seconds=look.seconds, target=target)
