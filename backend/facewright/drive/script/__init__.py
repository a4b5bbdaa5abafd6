"""Script -> speech, with the times of words and directions.

``directions``  "[sadly surprised] Oh. [relieved] There you are." -> text and directions
``engine``      espeak-ng: where it is, its voices; speech from a child process
``child``       that process: it alone loads the GPL library
``command``     another synthesiser, by the user's command
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from facewright import checks
from facewright.checks import Float32
from facewright.drive.script import command as commands
from facewright.drive.script import engine
from facewright.drive.script.directions import Direction, Script, parse, read_script
from facewright.drive.script.engine import Voice, voices
from facewright.errors import InputError
from facewright.media.speech import MAX_SECONDS, RATE, Speech

if TYPE_CHECKING:
    from facewright.drive.emotion.cues import EmotionCue

__all__ = ["Spoken", "Timed", "Voice", "emotions", "parse", "read_script", "speak", "voices"]


@dataclass(frozen=True, slots=True)
class Timed:
    """A word or a phone (IPA), from ``start`` to ``end`` seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Spoken:
    """A script that was spoken.

    Attributes:
        speech: 16 kHz mono.
        text: what was said, without directions.
        words, phones: with their times; empty where the synthesiser does not tell.
        cues: (prompt, start, end) of each direction, seconds, in order.
    """

    speech: Speech
    text: str
    words: tuple[Timed, ...]
    phones: tuple[Timed, ...]
    cues: tuple[tuple[str, float, float], ...]


def speak(
    script: str,
    language: str = "en-us",
    voice: str | None = None,
    *,
    rate: int = 160,
    pitch: int = 50,
    command: str | None = None,
    timeout: float = 120.0,
    max_seconds: float = MAX_SECONDS,
) -> Spoken:
    """Speak a script.

    Args:
        script: text, with directions in brackets if wanted; at most 20 000 characters. Its
            punctuation makes the pauses.
        language: a code; see :func:`voices`.
        voice: a variant of espeak-ng's voice ("f3", "m1"), or what the command's {voice} is.
        rate: words a minute, 80..450; espeak-ng's alone.
        pitch: 0..99; espeak-ng's alone.
        command: of another synthesiser, instead of espeak-ng; see
            :func:`facewright.drive.script.command.parts`. It runs once for each stretch of
            text under one direction.
        timeout: seconds that all of it may take.
        max_seconds: a longer speech is refused.

    Raises:
        InputError: the script, language or voice will not do, the synthesiser is missing or
            fails, or there is no sound in what it made.
    """
    checks.number("rate", rate, low=80, high=450)
    checks.number("pitch", pitch, low=0, high=99)
    checks.number("timeout", timeout, low=0.1, high=86400)
    checks.number("max_seconds", max_seconds, low=0.1, high=MAX_SECONDS)
    parsed = parse(script)
    deadline = time.monotonic() + timeout
    if command is not None:
        say = functools.partial(commands.run, command, language=language, voice=voice)
        return _in_stretches(parsed, say, deadline, max_seconds)
    found, identifier = engine.resolve(language, voice)
    installed = engine.find()
    if not installed.library:
        # The program tells no times: each direction's stretch is spoken on its own.
        say = functools.partial(_by_program, installed.program, found, identifier, rate, pitch)
        return _in_stretches(parsed, say, deadline, max_seconds)
    sounded = engine.speak(
        parsed.text,
        identifier,
        rate=int(rate),
        pitch=int(pitch),
        max_seconds=max_seconds,
        timeout=timeout,
    )
    return _with_times(parsed, sounded)


def emotions(spoken: Spoken) -> tuple[EmotionCue, ...]:
    """The directions as what :func:`facewright.drive.emotion.cues.track` takes.

    A direction may say its intensity: "[sadly surprised @2]".

    Raises:
        InputError: a direction is not a prompt, or its intensity is not 1 to 3.
    """
    from facewright.drive.emotion.cues import EmotionCue
    from facewright.drive.emotion.cues import parse as parse_cue

    out = []
    for prompt, start, end in spoken.cues:
        if ":" in prompt:  # the command line's cues begin with their times
            raise InputError(f"script: [{prompt}]: its times come from the words; leave out ':'")
        said = parse_cue(prompt)
        last = end >= spoken.speech.seconds - 1e-3
        out.append(EmotionCue(said.prompt, start, None if last else end, said.intensity))
    return tuple(out)


def _with_times(script: Script, sounded: engine.Sounded) -> Spoken:
    speech = _speech(sounded.samples, sounded.rate)
    phones = _phones(sounded.phones, speech.seconds)
    words, places = _words(script.text, sounded, speech.seconds)
    starts = np.array([word.start for word in words])
    cues = []
    for direction in script.directions:
        within = [k for k, at in enumerate(places) if direction.start <= at < direction.end]
        if not within:
            raise InputError(
                f"script: the voice says nothing of what stands after [{direction.prompt}];"
                " does the language fit the text?"
            )
        last = within[-1] + 1
        end = float(starts[last]) if last < len(words) else speech.seconds
        cues.append((direction.prompt, words[within[0]].start, end))
    return Spoken(speech, script.text, words, phones, tuple(cues))


def _phones(events: tuple[tuple[float, str], ...], seconds: float) -> tuple[Timed, ...]:
    ends = [at for at, _ in events[1:]] + [seconds]
    return tuple(
        Timed(ipa, start, end)
        for (start, ipa), end in zip(events, ends, strict=True)
        # "(en)" is a change of language within the text.
        if ipa and not ipa.startswith("(") and end > start
    )


def _words(
    text: str, sounded: engine.Sounded, seconds: float
) -> tuple[tuple[Timed, ...], list[int]]:
    """Words, and where each begins in the text; parts of one that are told apart are one."""
    spans: list[tuple[float, int, int]] = []
    for start, at, count in sounded.words:
        if spans and at < spans[-1][1] + spans[-1][2]:
            continue
        spans.append((start, at, count))
    quiet = np.array([at for at, ipa in sounded.phones if not ipa] + [seconds])
    ends = [start for start, _, _ in spans[1:]] + [seconds]
    words = []
    for (start, at, count), end in zip(spans, ends, strict=True):
        pause = quiet[np.searchsorted(quiet, start, side="right") :]
        end = min(end, float(pause[0])) if len(pause) else end
        words.append(Timed(text[at : at + count].strip(), start, max(end, start)))
    return tuple(words), [at for _, at, _ in spans]


def _by_program(
    program: str,
    found: Voice,
    identifier: str,
    rate: int,
    pitch: int,
    *,
    text: str,
    **limits: float,
) -> Speech:
    """A stretch spoken by espeak-ng's program, which reads [[ as the beginning of phonemes."""
    name = found.language + identifier[len(found.identifier) :]
    options = ["-v", name, "-s", f"{rate:d}", "-p", f"{pitch:d}", "-f", "{input}", "-w", "{output}"]
    return commands.run(
        [program, *options], text.replace("[[", "[ ["), found.language, None, **limits
    )


def _in_stretches(
    script: Script, say: Callable[..., Speech], deadline: float, max_seconds: float
) -> Spoken:
    """Each stretch of text under one direction (or none) spoken alone, one after another."""
    parts: list[Float32] = []
    cues = []
    seconds = 0.0
    for text, prompt in _stretches(script):
        left = deadline - time.monotonic()
        if left <= 0:
            raise InputError("tts: took too long for all of the script; shorten it")
        part = say(text=text, timeout=left, max_seconds=max(max_seconds - seconds, 0.1))
        if prompt:
            cues.append((prompt, seconds, seconds + part.seconds))
        parts.append(part.samples)
        seconds += part.seconds
    speech = _speech(np.concatenate(parts), RATE)
    return Spoken(speech, script.text, (), (), tuple(cues))


def _stretches(script: Script) -> list[tuple[str, str]]:
    """(text, prompt) one after another; "" where no direction holds."""
    out: list[tuple[str, str]] = []
    at = 0
    for direction in (*script.directions, Direction("", len(script.text), len(script.text))):
        out.append((script.text[at : direction.start], ""))
        out.append((script.text[direction.start : direction.end], direction.prompt))
        at = direction.end
    return [(text.strip(), prompt) for text, prompt in out if any(c.isalnum() for c in text)]


def _speech(samples: Float32, rate: int) -> Speech:
    import soxr

    if not len(samples) or not np.abs(samples).max() > 1e-4:
        raise InputError("script: what was spoken holds no sound; does the language fit the text?")
    if rate != RATE:
        samples = soxr.resample(samples, rate, RATE, quality="HQ").astype(np.float32)
    return Speech(samples)
