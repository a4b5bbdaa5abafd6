"""espeak-ng: where it is, its voices, and speech with times, from a child process."""

from __future__ import annotations

import ctypes.util
import difflib
import functools
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facewright.checks import Float32
from facewright.errors import InputError

_CHILD = Path(__file__).with_name("child.py")
INSTALL = (
    "install it (apt install espeak-ng, dnf install espeak-ng, brew install espeak-ng,"
    " winget install eSpeak-NG.eSpeak-NG, or pip install espeakng-loader), give a command of"
    " another synthesiser, or a recording"
)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
# Codes that people use for what espeak-ng calls otherwise.
_ALIASES = {
    "zh": "cmn", "zh-cn": "cmn", "zh-tw": "cmn", "zh-hans": "cmn", "zh-hant": "cmn",
    "zh-hk": "yue", "no": "nb", "iw": "he", "in": "id", "jp": "ja", "fil": "tl", "en": "en-us",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that can be spoken with.

    Attributes:
        language: its code, e.g. "en-us".
        name: e.g. "English (America)".
        gender: "male", "female" or "" where the voice does not say.
        identifier: what espeak-ng calls it.
    """

    language: str
    name: str
    gender: str
    identifier: str


@dataclass(frozen=True, slots=True)
class Engine:
    """An espeak-ng that is installed.

    Attributes:
        library: of a child process, or "" where only the program is there.
        data: the library's voice data, or "" for its own default.
        program: the command line's, or "".
    """

    library: str
    data: str
    program: str


@dataclass(frozen=True, slots=True)
class Sounded:
    """What the library said.

    Attributes:
        samples: (N,) at ``rate``.
        words: seconds, first character, and number of characters of each.
        phones: seconds and IPA of each; "" is a pause.
    """

    samples: Float32
    rate: int
    words: tuple[tuple[float, int, int], ...]
    phones: tuple[tuple[float, str], ...]


@functools.cache
def find() -> Engine:
    """The package ``espeakng-loader``, the system's library, or the program on PATH.

    Raises:
        InputError: there is none; it says how to install one.
    """
    program = shutil.which("espeak-ng") or ""
    # Found, not imported: importing could load the library into this process.
    spec = importlib.util.find_spec("espeakng_loader")
    if spec is not None and spec.origin:
        folder = Path(spec.origin).parent
        for library in sorted(folder.glob("*espeak-ng*")):
            data = folder / "espeak-ng-data"
            if library.suffix in (".so", ".dylib", ".dll") and data.is_dir():
                return Engine(str(library), str(data), program)
    library_name = ctypes.util.find_library("espeak-ng") or ""
    beside = Path(program).parent / "libespeak-ng.dll"
    if not library_name and program and beside.is_file():
        library_name = str(beside)
    if not library_name and not program:
        raise InputError(f"espeak-ng: not found; {INSTALL}")
    return Engine(library_name, "", program)


@functools.cache
def voices() -> tuple[Voice, ...]:
    """The voices there are, by language.

    Raises:
        InputError: espeak-ng is not installed.
    """
    engine = find()
    if engine.library:
        rows = _listing(engine)["voices"]
    else:
        rows = _listed(_run([engine.program, "--voices"], b"", 30.0).decode("utf-8", "replace"))
    found = [
        Voice(code, name.replace("_", " "), gender, identifier)
        for code, name, identifier, gender in rows
    ]
    return tuple(sorted(found, key=lambda voice: (voice.language, voice.name)))


@functools.cache
def variants() -> tuple[str, ...]:
    """Names of variants, which change a voice's timbre: f1, m3, ...; empty where unknown."""
    engine = find()
    return tuple(_listing(engine)["variants"]) if engine.library else ()


def resolve(language: str, variant: str | None = None) -> tuple[Voice, str]:
    """The voice of a language, and what espeak-ng is to be asked for.

    Args:
        language: a code ("en-us", "pt_BR", "de"), in any case; without a voice of that
            region, another of the language.
        variant: one of :func:`variants`.

    Raises:
        InputError: there is no such language or variant; it names near ones.
    """
    voice = _voice_of(language)
    if variant is None:
        return voice, voice.identifier
    known = variants()
    if not _NAME.fullmatch(variant) or (known and variant not in known):
        plain = [name for name in known if re.fullmatch(r"[fm]\d", name)]
        near = _near(variant, known) or ", ".join(plain or known[:12])
        raise InputError(f"voice: no variant is called {variant[:40]!r}; there are {near}, …")
    return voice, f"{voice.identifier}+{variant}"


def speak(
    text: str, identifier: str, *, rate: int, pitch: int, max_seconds: float, timeout: float
) -> Sounded:
    """Say ``text`` in a child process, with the library.

    Raises:
        InputError: it fails, takes longer than ``timeout`` or speaks for longer than
            ``max_seconds``.
    """
    order = {
        "do": "speak", "text": text, "voice": identifier, "rate": rate, "pitch": pitch,
        "max_seconds": max_seconds,
    }  # fmt: skip
    head, sound = _ask(find(), order, timeout)
    if head["cut"]:
        raise InputError(f"script: speaks for longer than {max_seconds:g} s; shorten it")
    samples = np.frombuffer(sound, np.int16).astype(np.float32) / 32768
    words = tuple((float(t), int(at), int(count)) for t, at, count in head["words"])
    phones = tuple((float(t), str(ipa)) for t, ipa in head["phones"])
    return Sounded(samples, int(head["rate"]), words, phones)


def _voice_of(language: str) -> Voice:
    known = voices()
    code = language.strip().lower().replace("_", "-")
    by_code: dict[str, Voice] = {}
    for voice in known:
        by_code.setdefault(voice.language.lower(), voice)
    for wanted in (code, _ALIASES.get(code, code), *_wider(code)):
        if wanted in by_code:
            return by_code[wanted]
        regional = [c for c in by_code if c.startswith(wanted + "-")]
        if regional:
            return by_code[min(regional, key=lambda c: (len(c), c))]
    names = {voice.name.lower(): voice.language for voice in known}
    near = _near(code, (*by_code, *_ALIASES), names) or "see voices()"
    raise InputError(f"language: no voice speaks {language[:40]!r}; did you mean {near}?")


def _wider(code: str) -> list[str]:
    """A code without its region, and what that is called."""
    base = code.partition("-")[0]
    return [base, _ALIASES.get(base, base)] if base != code else []


def _near(word: str, codes: tuple[str, ...], names: dict[str, str] | None = None) -> str:
    """Codes that look like ``word``, or whose language is called like it."""
    names = names or {}
    # "german" is German, "english" English (America): the beginning of a name counts most.
    called = [code for name, code in names.items() if len(word) > 2 and name.startswith(word)]
    called = called or [names[n] for n in difflib.get_close_matches(word, list(names), 3, 0.7)]
    close = difflib.get_close_matches(word, list(codes), 4, 0.5)
    close += [code for code in codes if code[:2] == word[:2]][:4]
    return ", ".join(list(dict.fromkeys(called or close))[:6])


@functools.cache
def _listing(engine: Engine) -> dict[str, Any]:
    return _ask(engine, {"do": "voices"}, 30.0)[0]


def _ask(engine: Engine, order: dict[str, Any], timeout: float) -> tuple[dict[str, Any], bytes]:
    # Isolated: neither the working folder nor PYTHONPATH reaches the child's imports.
    command = [sys.executable, "-I", str(_CHILD), engine.library]
    answer = _run([*command, *filter(None, [engine.data])], json.dumps(order).encode(), timeout)
    head, _, sound = answer.partition(b"\n")
    found = json.loads(head)
    if "error" in found:
        raise InputError(f"espeak-ng: {found['error']}")
    return found, sound


def _run(command: list[str], given: bytes, timeout: float) -> bytes:
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise InputError(
            f"espeak-ng: took longer than {timeout:g} s; shorten the script"
        ) from error
    except OSError as error:
        raise InputError(f"espeak-ng: {error.strerror}; {INSTALL}") from error
    if done.returncode != 0 or not done.stdout:
        lines = done.stderr.decode("utf-8", "replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "no message")
        raise InputError(f"espeak-ng: failed ({done.returncode}): {last[:200]}")
    return done.stdout


def _listed(table: str) -> list[list[str]]:
    """Rows of ``espeak-ng --voices``: code, name, identifier, gender."""
    rows = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) >= 5 and not fields[4].startswith("mb" + os.sep):
            gender = {"M": "male", "F": "female"}.get(fields[2].rpartition("/")[2], "")
            rows.append([fields[1], fields[3], fields[4], gender])
    return rows
