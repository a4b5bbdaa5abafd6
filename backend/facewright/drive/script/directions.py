"""Scripts with directions in brackets: "[sadly surprised] Oh. [relieved] There you are."

A direction holds from where it stands to the next one; ``[]`` ends it without another.
``\\[`` and ``\\]`` are brackets that are meant to be read as such.
"""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from facewright.errors import InputError

MAX_CHARACTERS = 20_000
MAX_DIRECTIONS = 500
MAX_PROMPT = 200
_MAX_FILE = 1_000_000  # bytes
_ALLOWED = "\n\r\t"


@dataclass(frozen=True, slots=True)
class Direction:
    """How a part of the text is said.

    Attributes:
        prompt: the words between the brackets.
        start, end: the first character it holds for, and the one behind the last.
    """

    prompt: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Script:
    """What is said, without directions, and the directions."""

    text: str
    directions: tuple[Direction, ...]


def parse(script: str) -> Script:
    """Take the directions out of a script.

    Raises:
        InputError: nothing is said, it is too long, has control characters, a bracket is
            not closed, or nothing is said after a direction.
    """
    check(script)
    text: list[str] = []
    tags: list[tuple[str, int]] = []
    k = 0
    while k < len(script):
        character = script[k]
        if character == "\\" and script[k + 1 : k + 2] in ("[", "]"):
            text.append(script[k + 1])
            k += 2
        elif character == "[":
            prompt, k = _prompt(script, k)
            tags.append((prompt, len(text)))
            # "Oh. [sad] Yes." has one space where the direction was.
            if (not text or text[-1].isspace()) and script[k : k + 1] == " ":
                k += 1
        elif character == "]":
            raise InputError(
                f"script: {_near(script, k)}: ']' closes nothing; write \\] to read it"
            )
        else:
            text.append(character)
            k += 1
    if len(tags) > MAX_DIRECTIONS:
        raise InputError(f"script: expected up to {MAX_DIRECTIONS} directions, got {len(tags)}")
    said = "".join(text)
    if not any(c.isalnum() for c in said):
        raise InputError("script: says nothing: it has neither letters nor digits")
    starts = [start for _, start in tags] + [len(said)]
    found = [Direction(p, start, starts[k + 1]) for k, (p, start) in enumerate(tags) if p]
    for direction in found:
        if not any(c.isalnum() for c in said[direction.start : direction.end]):
            raise InputError(f"script: nothing is said after the direction [{direction.prompt}]")
    return Script(said, tuple(found))


def _prompt(script: str, at: int) -> tuple[str, int]:
    """The prompt of the bracket at ``at``, and where the text goes on."""
    close, again = script.find("]", at), script.find("[", at + 1)
    if close < 0 or 0 <= again < close:
        raise InputError(f"script: {_near(script, at)}: '[' is not closed; write \\[ to read it")
    prompt = " ".join(script[at + 1 : close].split())
    if len(prompt) > MAX_PROMPT:
        raise InputError(
            f"script: {_near(script, at)}: a direction exceeds {MAX_PROMPT} characters"
        )
    return prompt, close + 1


def check(script: str) -> None:
    """Refuse what cannot be a script: its length, and characters that no text has."""
    if not isinstance(script, str):
        raise InputError(f"script: expected text, got {type(script).__name__}")
    if not 0 < len(script) <= MAX_CHARACTERS:
        raise InputError(
            f"script: expected 1 to {MAX_CHARACTERS} characters, got {len(script)};"
            " speak longer texts in parts"
        )
    for k, character in enumerate(script):
        # Cc: control characters; Cs: halves of characters, which no file could hold.
        if unicodedata.category(character) in ("Cc", "Cs") and character not in _ALLOWED:
            raise InputError(f"script: character {k + 1} is a control character, {character!a}")


def read_script(path: str | os.PathLike[str]) -> str:
    """Read a script's file: UTF-8, with or without a byte order mark.

    Raises:
        InputError: it cannot be read, is too long, or is not UTF-8.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > _MAX_FILE:
        raise InputError(f"{path}: expected a script, got more than {_MAX_FILE} bytes")
    try:
        script = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text (byte {error.start}); save it so") from error
    try:
        check(script)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    return script


def _near(script: str, at: int) -> str:
    line = script.count("\n", 0, at) + 1
    return f"line {line}, near {script[max(at - 12, 0) : at + 12].strip()!r}"
