"""A DriveSpeech or DriveLive request, checked and turned into what a driver takes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from facewright.drive.base import DriveControls, Sources
from facewright.drive.controls import CHANNELS, PHOTO, SPEECH
from facewright.drive.curves import ControlCurve, GazeMode
from facewright.errors import InputError
from facewright.serve import limits as bounds
from facewright.serve.assets import Asset
from facewright.serve.limits import Limits
from facewright.serve.v1 import service_pb2
from facewright.spoken import ScriptOptions

DEFAULT_DRIVER, DEFAULT_FPS, DEFAULT_LANGUAGE = "emoa2e", 25.0, "en-us"
SAMPLE_RATES = (8000, 192_000, 16_000)  # min, max, default
MAX_CUES, MAX_KEYS, MAX_PROMPT, MAX_SCRIPT = 500, 10_000, 200, 20_000

#: Factors and amounts whose bounds DriveControls checks.
_NUMBERS = (
    "mouth_opening", "head_motion", "blink_rate", "cross_fade", "lip_offset", "guidance",
    "brow_motion", "aversion", "smoothing",
)  # fmt: skip

#: Field and digest -> an asset that is held.
Hold = Callable[[str, str], AbstractContextManager[Asset]]


@dataclass(frozen=True, slots=True)
class DriveOptions:
    """What a request asks for.

    Attributes:
        driver: by name.
        start, length: the part of the sound, seconds; length 0 is to its end.
        controls: for the driver, but for motions.
        script: spoken in place of a sound.
        motions: assets that channels come from, by channel.
    """

    driver: str
    start: float
    length: float
    controls: DriveControls
    script: ScriptOptions | None = None
    motions: dict[str, Asset] = field(default_factory=dict)

    def performed(self) -> DriveControls:
        """The controls with the motions read, each once."""
        from facewright.face.motion_io import load_motion

        read: dict[Any, Any] = {}
        named: dict[str, Any] = {c: getattr(self.controls.sources, c) for c in CHANNELS}
        for channel, asset in self.motions.items():
            try:
                if asset.path not in read:
                    read[asset.path] = load_motion(asset.path)
            except InputError as error:  # it names a file that the client does not know
                reason = str(error).removeprefix(f"{asset.path}: ")
                raise InputError(f"sources.{channel}: {asset.label}: {reason}") from error
            named[channel] = read[asset.path]
        return replace(self.controls, sources=Sources(**named))


def drive_options(
    request: service_pb2.DriveSpeechRequest, limits: Limits, stack: ExitStack, hold: Hold
) -> DriveOptions:
    """Check a request; the motions it names are held by ``stack``.

    Raises:
        InputError, StatusError: naming the field, what came and what was expected.
    """
    longest = limits.max_speech_seconds
    named: dict[str, str] = {}
    motions: dict[str, Asset] = {}
    for channel in CHANNELS:
        text = getattr(request.sources, channel) or SPEECH
        if text in (SPEECH, PHOTO):
            named[channel] = text
        else:
            motions[channel] = stack.enter_context(hold(f"sources.{channel}", text))
    return DriveOptions(
        driver=bounds.name("driver", request.driver) or DEFAULT_DRIVER,
        start=bounds.real("start_seconds", request.start_seconds, 0.0, longest),
        length=bounds.real("length_seconds", request.length_seconds, 0.0, longest),
        controls=_controls(request, Sources(**named)),
        script=_script(request),
        motions=motions,
    )


def live_options(header: service_pb2.DriveLiveHeader, stack: ExitStack, hold: Hold) -> DriveOptions:
    """Check the header of a live performance.

    Raises:
        InputError, StatusError: as :func:`drive_options`.
    """
    for name in ("speech_sha256", "start_seconds", "length_seconds"):
        if getattr(header.controls, name):
            raise InputError(f"controls.{name}: live driving has none; leave it empty")
    if header.controls.HasField("script"):
        raise InputError("controls.script: live driving has none; leave it out")
    return drive_options(header.controls, Limits(), stack, hold)


def _controls(request: service_pb2.DriveSpeechRequest, sources: Sources) -> DriveControls:
    given = {name: getattr(request, name) for name in _NUMBERS if request.HasField(name)}
    keys, modes = _gaze_keys(request), _gaze_modes(request)
    return DriveControls(  # which checks its own bounds
        fps=request.fps or DEFAULT_FPS,
        seed=request.seed,
        head_model=bounds.name("head_model", request.head_model),
        brow_model=bounds.name("brow_model", request.brow_model),
        emotion_model=bounds.name("emotion_model", request.emotion_model),
        gaze=bounds.name("gaze", request.gaze) or ("keys" if keys and not modes else "natural"),
        gaze_keys=keys,
        emotion=_cues(request),
        sources=sources,
        curves=_curves(request),
        gaze_modes=modes,
        **given,
    )


def _curves(request: service_pb2.DriveSpeechRequest) -> tuple[ControlCurve, ...]:
    curves = []
    for k, curve in enumerate(request.curves):
        try:
            if len(curve.seconds) != len(curve.values):
                raise InputError(
                    f"values: expected one for each of {len(curve.seconds)} seconds, got "
                    f"{len(curve.values)}"
                )
            curves.append(
                ControlCurve(
                    curve.control, np.array(curve.seconds), np.array(curve.values, np.float32)
                )
            )
        except InputError as error:
            raise InputError(f"curves[{k}].{error}") from error
    return tuple(curves)


def _gaze_modes(request: service_pb2.DriveSpeechRequest) -> tuple[GazeMode, ...]:
    if not request.gaze_modes:
        return ()
    bounds.whole("gaze_modes", len(request.gaze_modes), 1, MAX_KEYS)
    modes = []
    for k, switch in enumerate(request.gaze_modes):
        try:
            modes.append(GazeMode(switch.seconds, bounds.name("mode", switch.mode)))
        except InputError as error:
            raise InputError(f"gaze_modes[{k}].{error}") from error
    return tuple(modes)


def _cues(request: service_pb2.DriveSpeechRequest) -> tuple[Any, ...]:
    if not request.emotion:
        return ()
    from facewright.drive.emotion.cues import EmotionCue

    bounds.whole("emotion", len(request.emotion), 1, MAX_CUES)
    cues = []
    for k, cue in enumerate(request.emotion):
        where = f"emotion[{k}]"
        if not 0 < len(cue.prompt) <= MAX_PROMPT:
            raise InputError(
                f"{where}.prompt: expected 1 to {MAX_PROMPT} characters, got {len(cue.prompt)}"
            )
        optional: dict[str, Any] = {"keyed": not cue.HasField("intensity")}
        for theirs, ours in (
            ("end_seconds", "end"), ("intensity", "intensity"), ("cross_fade", "cross_fade"),
        ):  # fmt: skip
            if cue.HasField(theirs):
                optional[ours] = getattr(cue, theirs)
        try:
            cues.append(EmotionCue(cue.prompt, cue.start_seconds, **optional))
        except InputError as error:
            raise InputError(f"{where}.{error}") from error
    return tuple(cues)


def _gaze_keys(request: service_pb2.DriveSpeechRequest) -> tuple[Any, ...]:
    if not request.gaze_keys:
        return ()
    from facewright.drive.gaze.keys import Direction, Key, Target

    bounds.whole("gaze_keys", len(request.gaze_keys), 1, MAX_KEYS)
    keys = []
    for k, key in enumerate(request.gaze_keys):
        kind = key.WhichOneof("look")
        try:
            if kind is None:
                raise InputError("look: expected a direction, a target or a name, got none")
            look: Any = key.named
            if kind == "direction":
                look = Direction(key.direction.left, key.direction.up)
            elif kind == "target":
                target = key.target
                frame = "head" if target.in_head else "camera"
                look = Target((target.x, target.y, target.z), frame)
            keys.append(Key(key.seconds, look))
        except InputError as error:
            raise InputError(f"gaze_keys[{k}].{error}") from error
    return tuple(keys)


def _script(request: service_pb2.DriveSpeechRequest) -> ScriptOptions | None:
    if not request.HasField("script"):
        return None
    if request.speech_sha256:
        raise InputError("script: expected it in place of speech_sha256; leave one out")
    for name in ("start_seconds", "length_seconds"):
        # The cut would move the sound, and leave the script's directions where they were.
        if getattr(request, name):
            raise InputError(f"{name}: a script is spoken whole; leave it out")
    script = request.script
    bounds.whole("script.text", len(script.text), 1, MAX_SCRIPT)
    language = bounds.name("script.language", script.language) or DEFAULT_LANGUAGE
    return ScriptOptions(script.text, language, bounds.name("script.voice", script.voice) or None)
