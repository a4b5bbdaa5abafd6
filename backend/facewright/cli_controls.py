"""The options that say how a performance is wanted, shared by ``drive`` and ``dub``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from facewright import checks
from facewright.drive.controls import (
    CHANNELS,
    EMOTION_MODELS,
    GAZE_MODES,
    SPEECH,
    DriveControls,
    Sources,
)
from facewright.drive.curves import parse_curve, parse_modes
from facewright.errors import InputError
from facewright.spoken import ScriptOptions, script_text

if TYPE_CHECKING:
    from facewright.drive.emotion.cues import EmotionCue

#: Takes a stage's name and the share of it that is done, 0..1.
Tell = Callable[[str, float], None]

_PLAIN = DriveControls()
_FROM = "speech|photo|MOTION|VIDEO"


def _option(name: str, kind: Any, default: Any, metavar: str, text: str) -> inspect.Parameter:
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind, typer.Option(metavar=metavar, help=text)],
    )


_NUMBERS = (
    _option("fps", float, _PLAIN.fps, "RATE", "Frames a second, 1 to 240; 29.97 is exact."),
    _option("seed", int, _PLAIN.seed, "N", "Of all that is drawn at random."),
    _option("cross_fade", float, _PLAIN.cross_fade, "S",
            "Seconds in which one emotion becomes another, 0 to 10."),
    _option("emotion_model", str, "", "|".join(EMOTION_MODELS),
            "What emotions do to the face: action units by rule, the default, or what EmoA2E "
            "learned of them."),
    _option("mouth_opening", float, _PLAIN.mouth_opening, "X",
            "Factor on lip motion, 0 (the mouth rests) to 2."),
    _option("lip_offset", float, _PLAIN.lip_offset, "MS",
            "Milliseconds that the lips come later than the sound, -500 to 500."),
    _option("head_model", str, "", "prior|diffusion",
            "What moves the head: published statistics, or the learned one; empty: the default."),
    _option("head_motion", float, _PLAIN.head_motion, "X",
            "Factor on head motion, 0 (still) to 3."),
    _option("guidance", float, _PLAIN.guidance, "X",
            "How much the photo's pose decides, 0 to 1, for the learned head."),
    _option("brow_model", str, "", "gohd|prior",
            "What moves the brows; empty: the default. The learned one needs own weights."),
    _option("brow_motion", float, _PLAIN.brow_motion, "X",
            "Factor on brow motion, 0 (still) to 3."),
    _option("gaze", str, _PLAIN.gaze, "|".join(GAZE_MODES),
            "natural: as people look who talk, now and then away; camera: at it; photo: where "
            "the photo looks; still: eyes that do not move; keys: see --gaze-keys."),
    _option("aversion", float, _PLAIN.aversion, "X",
            "Factor on how often a natural gaze looks away, 0 to 3."),
    _option("blink_rate", float, _PLAIN.blink_rate, "X", "Blinks a minute, 0 to 60."),
    _option("smoothing", float, _PLAIN.smoothing, "MS",
            "Calms everything over so many milliseconds, 0 to 500; lips and lids stay shut."),
)  # fmt: skip
_TEXTS = {
    "lips": "Jaw, mouth and tongue from the speech, resting as in the photo, from a motion "
    "(.npz), or tracked in a video.",
    "brows": "The same for the brows.",
    "lids": "The same for blinks and lids.",
    "head": "The same for the head, e.g. a video of another take.",
    "gaze": "The same for the gaze.",
}
_EMOTIONS = (
    _option("emotion", list[str], [], "[START-[END]:]PROMPT[@INTENSITY]",
            "What the face feels, in words and many languages: 'sadly surprised', 'angry, then "
            "relieved', '0-2.5:afraid@3'. May be repeated."),
    _option("intensity", float, 2.0, "X",
            "Of emotions that do not say theirs, 1 (slight) to 3 (full)."),
)  # fmt: skip
_GAZE_KEYS = _option(
    "gaze_keys", str, "", "KEYS",
    "Gaze by hand, from when on: '0:camera 1.5:20,-5 4:photo' looks at the camera, from 1.5 s "
    "20 degrees to the subject's left and 5 down, from 4 s as photographed; 2:head@X,Y,Z and "
    "2:camera@X,Y,Z look at a point, in metres.",
)  # fmt: skip
_CURVES = (
    _option("curves", list[str], [], "CONTROL=S:VALUE,...",
            "A control that changes in time, linear between points: 'head_motion=0:1,4:0'; also "
            "mouth_opening, brow_motion, blink_rate, intensity. May be repeated."),
    _option("gaze_modes", str, "", "S:MODE ...",
            "Gaze modes that follow each other: '0:camera 2.5:natural'."),
)  # fmt: skip
_SOURCES = tuple(_option(f"{c}_from", str, "speech", _FROM, _TEXTS[c]) for c in CHANNELS)


_SCRIPT = (
    _option("script", str | None, None, "TEXT|FILE",
            "Speak this in place of a recording; directions in brackets are emotions: "
            "'[sadly surprised] Oh. [relieved] There you are.'"),
    _option("lang", str | None, None, "CODE", "Of the script: de, fr, ja, ...; without: en-us."),
    _option("voice", str | None, None, "NAME",
            "A variant of espeak-ng's voice (f2, m3, ...), or the command's {voice}."),
    _option("tts", str | None, None, "COMMAND",
            "Another synthesiser: 'piper -m voice.onnx -f {output}'; {text}, {input}, {output}, "
            "{lang} and {voice} are filled in."),
    _option("speech_out", Path | None, None, "S.wav", "Write what the script sounds like too."),
)  # fmt: skip
_OPTIONS = (*_SCRIPT, *_EMOTIONS, *_NUMBERS, _GAZE_KEYS, *_CURVES, *_SOURCES)


@dataclass(frozen=True, slots=True)
class ControlOptions:
    """What the options said; no file has been read yet."""

    values: dict[str, Any]

    def controls(self) -> DriveControls:
        """All but the sources, which take work: see :attr:`sources`.

        Raises:
            InputError: a value cannot be used.
        """
        checks.number("intensity", self.values["intensity"], low=1.0, high=3.0)
        plain = {option.name: self.values[option.name] for option in _NUMBERS}
        if text := self.values["gaze_keys"]:
            from facewright.drive.gaze.keys import parse

            plain["gaze_keys"] = parse(text)
            if plain["gaze"] == _PLAIN.gaze:  # not chosen: the keys choose it
                plain["gaze"] = "keys"
        if self.values["curves"]:
            plain["curves"] = tuple(map(parse_curve, self.values["curves"]))
        plain["gaze_modes"] = parse_modes(self.values["gaze_modes"])
        if self.values["emotion"]:
            plain["emotion"] = tuple(map(self._cue, self.values["emotion"]))
        return DriveControls(**plain)

    def _cue(self, text: str) -> EmotionCue:
        from facewright.drive.emotion.cues import parse

        cue = parse(text)
        if "@" in text:
            return cue
        return replace(cue, intensity=self.values["intensity"], keyed=True)

    def script(self) -> ScriptOptions | None:
        """The script to be spoken, if there is one.

        Raises:
            InputError: its file cannot be read, or an option says something of no script.
        """
        text = self.values["script"]
        if text is None:
            for name in ("lang", "voice", "tts", "speech_out"):
                if self.values[name] is not None:
                    raise InputError(f"{name}: it belongs to a script; give --script as well")
            return None
        return ScriptOptions(
            script_text(text),
            "en-us" if self.values["lang"] is None else self.values["lang"],
            self.values["voice"],
            self.values["tts"],
            self.values["intensity"],
        )

    @property
    def speech_out(self) -> Path | None:
        """Where to write what the script sounds like."""
        return self.values["speech_out"]

    @property
    def sources(self) -> Callable[[Tell], Sources] | None:
        """Reads where the channels come from; None where all come from the speech."""
        chosen = any(self.values[f"{channel}_from"] != SPEECH for channel in CHANNELS)
        return self._read_sources if chosen else None

    def _read_sources(self, tell: Tell) -> Sources:
        """Where each channel comes from; motions are read, and videos tracked, once each.

        Raises:
            InputError: naming the file, or the option that names none.
        """
        named = {channel: self.values[f"{channel}_from"] for channel in CHANNELS}
        read: dict[str, Any] = {}
        for channel, text in named.items():
            if text not in read:
                read[text] = _source(channel, text, tell)
        return Sources(**{channel: read[text] for channel, text in named.items()})


def with_controls(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command all of these options; it gets them as ``wanted``: ControlOptions."""
    own = inspect.signature(command, eval_str=True)
    kept = [p for p in own.parameters.values() if p.name != "wanted"]
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in kept] + list(_OPTIONS)

    @functools.wraps(command)
    def run(**values: Any) -> None:
        chosen = {option.name: values.pop(option.name) for option in _OPTIONS}
        command(**values, wanted=ControlOptions(chosen))

    run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": None}
    return run


def _source(channel: str, text: str, tell: Tell) -> Any:
    if text in ("speech", "photo"):
        return text
    path = Path(text)
    if path.suffix.lower() == ".npz":
        from facewright.face.motion_io import load_motion

        return load_motion(path)
    if not path.suffix:
        raise InputError(
            f"{channel}_from: expected speech, photo, a motion (.npz) or a video, got {text!r}"
        )
    from facewright.capture.portrait import CaptureSession
    from facewright.capture.track_video import track_video

    return track_video(path, CaptureSession(), tell=lambda _, share: tell("tracking", share)).motion
