"""What is performed: recorded speech, or a script that a synthesiser speaks."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from facewright.drive.base import DriveControls
from facewright.errors import InputError
from facewright.media.files import Source

if TYPE_CHECKING:
    from facewright.media.speech import Speech


@dataclass(frozen=True, slots=True)
class ScriptOptions:
    """A script and who speaks it.

    Attributes:
        text: with directions in brackets, which become emotion cues.
        language: a code, e.g. "en-us".
        voice: a variant of espeak-ng's voice, or what a command's {voice} is; None: its own.
        command: of another synthesiser, in place of espeak-ng.
        intensity: η, 1..3, of directions that do not say theirs.
    """

    text: str
    language: str = "en-us"
    voice: str | None = None
    command: str | None = None
    intensity: float = 2.0


@dataclass(frozen=True, slots=True)
class Sound:
    """Speech and the file that holds it.

    Attributes:
        speech: decoded.
        source: a path, or the bytes of a sound file.
        controls: with the script's directions as cues, where there is a script.
    """

    speech: Speech
    source: Source
    controls: DriveControls


def sound_of(
    speech: Source | None,
    script: ScriptOptions | None,
    controls: DriveControls,
    *,
    max_seconds: float = 3600.0,
    name: str = "speech",
) -> Sound:
    """Read the speech, or have the script spoken.

    Args:
        speech: a sound file, or None with a script.
        script: or None with a sound file.
        controls: of the performance, to which the script's directions are added.
        max_seconds: a longer sound is refused.
        name: how messages call the bytes of a sound file.

    Raises:
        InputError: neither or both are given, or what there is cannot be used.
    """
    from facewright.media.speech import encode_wav, read_speech

    if (speech is None) == (script is None):
        raise InputError("speech: expected a sound file, or a script in its place")
    if script is None:
        assert speech is not None
        sound = read_speech(speech, max_seconds=max_seconds, name=name)
        return Sound(sound, speech, controls)
    from facewright.drive.script import emotions, speak

    spoken = speak(
        script.text, script.language, script.voice, command=script.command, max_seconds=max_seconds
    )
    directions = emotions(spoken)
    said = ["@" in prompt for prompt, _, _ in spoken.cues]
    felt = [
        cue if own else dataclasses.replace(cue, intensity=script.intensity, keyed=True)
        for cue, own in zip(directions, said, strict=True)
    ]
    cues = (*controls.emotion, *felt)
    controls = dataclasses.replace(controls, emotion=cues)
    return Sound(spoken.speech, encode_wav(spoken.speech), controls)


def script_text(text: str) -> str:
    """A script given as text, or as the name of a file that holds it.

    Raises:
        InputError: the file is no text.
    """
    from facewright.drive.script import read_script

    try:
        named = Path(text).is_file()
    except OSError:  # longer than a name can be
        named = False
    if not named and Path(text).suffix.lower() == ".txt" and "\n" not in text and " " not in text:
        raise InputError(f"{text}: no such file")
    return read_script(text) if named else text
