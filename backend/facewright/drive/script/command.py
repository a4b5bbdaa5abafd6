"""Another synthesiser, by a command of the user's: "piper -m x.onnx -f {output}".

No shell is involved: the template is split into arguments first, and what stands for a
placeholder becomes part of one argument, whatever it holds.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from facewright.errors import InputError
from facewright.media.speech import Speech, read_speech

_NAMES = {
    "speech.wav": "{output}",
    "stdout": "its standard output",
    "stderr": "its standard error",
}
PLACEHOLDERS = ("text", "input", "output", "lang", "voice")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}")
_MAX_TEXT = 8000  # characters of an argument: systems limit a command's length
_MAX_SOUND = 2**29  # bytes
_MAX_RATE = 384_000  # bytes a second of sound: stereo, 48 kHz, 32 bits
_MAX_LOG = 2**24  # bytes of what a command tells
_POLL = 0.1  # seconds from one look at the files to the next


def parts(template: str | Sequence[str]) -> list[str]:
    """The arguments of a command template; one that is split already is checked alone.

    ``{text}`` is the text, ``{input}`` a file with it (UTF-8), ``{output}`` the sound file to
    be written, ``{lang}`` and ``{voice}`` what was asked for. Without text and input, the
    text comes on standard input; without output, the sound is read from standard output.

    Raises:
        InputError: it is empty, its quotes do not match, or it has an unknown placeholder.
    """
    split = _split(template) if isinstance(template, str) else list(template)
    if not split:
        raise InputError("tts: the command is empty")
    for part in split:
        for name in _PLACEHOLDER.findall(part):
            if name not in PLACEHOLDERS:
                known = ", ".join(f"{{{p}}}" for p in PLACEHOLDERS)
                raise InputError(f"tts: {{{name}}} is not one of {known}")
    if "{text}" in split[0] or "{input}" in split[0]:
        raise InputError("tts: the program's name cannot come from the script")
    return split


def _split(template: str) -> list[str]:
    try:
        # Windows paths hold backslashes; there, quotes alone group.
        split = shlex.split(template, posix=os.name != "nt")
    except ValueError as error:
        raise InputError(f"tts: {template!r} is not a command: {error}") from error
    return [part.strip('"') for part in split] if os.name == "nt" else split


def run(
    template: str | Sequence[str],
    text: str,
    language: str,
    voice: str | None = None,
    *,
    timeout: float,
    max_seconds: float,
) -> Speech:
    """The sound that the command makes of ``text``.

    Raises:
        InputError: the program is missing, fails, takes too long, writes too much, or leaves
            no sound.
    """
    split = parts(template)
    used = {name for part in split for name in _PLACEHOLDER.findall(part)}
    for name, value in (("language", language), ("voice", voice or "default")):
        if not _CODE.fullmatch(value):
            raise InputError(f"{name}: expected letters, digits and -_.+, got {value[:64]!r}")
    if voice is not None and "voice" not in used:
        raise InputError("voice: the command has no {voice} to put it in")
    if "text" in used and len(text) > _MAX_TEXT:
        raise InputError(
            f"tts: {{text}} takes up to {_MAX_TEXT} characters, got {len(text)}; use {{input}}"
        )
    with tempfile.TemporaryDirectory(prefix="facewright-tts-") as folder:
        place = Path(folder)
        source, sound = place / "script.txt", place / "speech.wav"
        used_as_argument = {"text", "input"} & used
        # Programs that read standard input often take each line for a text of its own.
        given = text if used_as_argument else " ".join(text.split())
        source.write_text(given, encoding="utf-8")
        # A text that begins with a dash must not become an option.
        spoken = " " + text if text.startswith("-") else text
        values = {
            "text": spoken, "input": str(source), "output": str(sound), "lang": language,
            "voice": voice or "default",
        }  # fmt: skip
        arguments = [_PLACEHOLDER.sub(lambda m: values[m[1]], part) for part in split]
        stdin = None if used_as_argument else source
        written = sound if "output" in used else place / "stdout"
        most = min(_MAX_SOUND, 2**20 + round(max_seconds * _MAX_RATE))
        limits = {place / "stdout": _MAX_LOG, place / "stderr": _MAX_LOG, written: most}
        _execute(arguments, stdin, place / "stdout", place / "stderr", timeout, limits)
        return _sound(written, Path(arguments[0]).name, max_seconds)


def _execute(
    arguments: list[str],
    stdin: Path | None,
    stdout: Path,
    stderr: Path,
    timeout: float,
    limits: Mapping[Path, int],
) -> None:
    program = Path(arguments[0]).name
    given = Path(os.devnull) if stdin is None else stdin
    with given.open("rb") as source, stdout.open("wb") as out, stderr.open("wb") as complaints:
        try:
            child = subprocess.Popen(
                arguments, stdin=source, stdout=out, stderr=complaints, start_new_session=True
            )
        except FileNotFoundError as error:
            raise InputError(f"tts: no program {arguments[0]!r}; install it or fix PATH") from error
        except (OSError, ValueError) as error:
            raise InputError(f"tts: {program} cannot be run: {error}") from error
        try:
            until = time.monotonic() + timeout
            status = None
            while status is None:
                left = until - time.monotonic()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    status = child.wait(max(min(left, _POLL), 0.0))
                _check_sizes(program, limits)
                if status is None and left <= 0:
                    last = _last_line(stderr, stdout)
                    raise InputError(f"tts: {program} took longer than {timeout:.3g} s{last}")
        finally:
            if child.poll() is None:
                _kill(child)
    if status != 0:
        raise InputError(f"tts: {program} failed ({status}){_last_line(stderr, stdout)}")


def _check_sizes(program: str, limits: Mapping[Path, int]) -> None:
    """Refuse files that outgrow their limits in bytes; a disk is soon full."""
    for path, most in limits.items():
        # A program may replace its file at any time.
        with contextlib.suppress(OSError):
            if path.stat().st_size > most:
                raise InputError(
                    f"tts: {program} wrote more than {most / 1e6:.0f} MB to {_NAMES[path.name]}"
                )


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End the command with whatever it started."""
    if os.name == "posix":
        os.killpg(child.pid, signal.SIGKILL)
    else:
        child.kill()
    child.wait()


def _sound(path: Path, program: str, max_seconds: float) -> Speech:
    size = path.stat().st_size if path.is_file() else 0
    where = _NAMES[path.name]
    if size == 0:
        raise InputError(f"tts: {program} wrote nothing to {where}")
    try:
        return read_speech(path.read_bytes(), max_seconds=max_seconds, name=where)
    except InputError as error:
        raise InputError(f"tts: what {program} wrote is not usable: {error}") from error


def _last_line(*files: Path) -> str:
    """': ' and the last line that the command wrote, or nothing."""
    for file in files:
        with file.open("rb") as stream:
            stream.seek(max(file.stat().st_size - 4096, 0))
            lines = stream.read().decode("utf-8", "replace").splitlines()
        for line in reversed(lines):
            shown = "".join(c for c in line if c.isprintable()).strip()
            if shown:
                return f": {shown[:300]}"
    return ""
