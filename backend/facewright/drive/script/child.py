"""The child process that speaks with espeak-ng's library; run as a program, never imported.

espeak-ng is GPL-3.0-or-later, so the product neither links nor loads it: this process
does, takes one JSON order on its standard input, and writes one JSON line and raw 16-bit
samples to its standard output. It needs nothing but Python.

    python -I child.py LIBRARY [DATA]
"""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path
from typing import Any

_PHONEMES, _IPA, _NO_EXIT = 1, 2, 0x8000  # espeakINITIALIZE_*
_RETURNED = 2  # AUDIO_OUTPUT_SYNCHRONOUS: samples go to the callback, to no device
_WORD, _PHONEME = 1, 7  # espeakEVENT_*
_UTF8, _END_PAUSE = 1, 0x1000
_PARAMETERS = {"rate": 1, "pitch": 3}
_GENDERS = {1: "male", 2: "female"}


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("text", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int), ("unique", ctypes.c_uint), ("text_position", ctypes.c_int),
        ("length", ctypes.c_int), ("milliseconds", ctypes.c_int), ("sample", ctypes.c_int),
        ("user", ctypes.c_void_p), ("id", _Id),
    )  # fmt: skip


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p), ("languages", ctypes.c_void_p), ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte), ("age", ctypes.c_ubyte), ("variant", ctypes.c_ubyte),
        ("private", ctypes.c_ubyte), ("score", ctypes.c_int), ("spare", ctypes.c_void_p),
    )  # fmt: skip


class _Espeak:
    def __init__(self, library: str, data: str | None) -> None:
        self.lib = ctypes.CDLL(library)
        folder = data.encode() if data else None
        options = _PHONEMES | _IPA | _NO_EXIT
        self.rate = self.lib.espeak_Initialize(_RETURNED, 0, folder, options)
        if self.rate <= 0:
            raise RuntimeError("espeak-ng finds no voice data")

    def voices(self) -> dict[str, Any]:
        """All voices but those that need further programs, and the names of variants."""
        self.lib.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        listed = self.lib.espeak_ListVoices(None)
        found, k = [], 0
        while listed[k]:
            voice = listed[k].contents
            identifier = voice.identifier.decode()
            if not identifier.replace("\\", "/").startswith("mb/"):
                # A byte of priority, then the code; further codes are worse matches.
                code = ctypes.string_at(voice.languages + 1).decode()
                gender = _GENDERS.get(voice.gender, "")
                found.append([code, voice.name.decode("utf-8", "replace"), identifier, gender])
            k += 1
        self.lib.espeak_Info.restype = ctypes.c_char_p
        place = ctypes.c_char_p()
        self.lib.espeak_Info(ctypes.byref(place))
        variants = Path((place.value or b"").decode()) / "voices" / "!v"
        names = sorted(p.name for p in variants.iterdir()) if variants.is_dir() else []
        return {"voices": found, "variants": names}

    def speak(self, order: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Words as [seconds, first character, characters], phones as [seconds, IPA], sound."""
        sound: list[bytes] = []
        words: list[tuple[float, int, int]] = []
        phones: list[tuple[float, str]] = []
        left = [int(order["max_seconds"] * self.rate)]

        @ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
        )
        def heard(wave, count, events):  # type: ignore[no-untyped-def]
            if wave and count > 0:
                sound.append(ctypes.string_at(wave, 2 * count))
                left[0] -= count
            k = 0
            while events[k].type:
                event = events[k]
                seconds = event.sample / self.rate
                if event.type == _PHONEME:
                    phones.append((seconds, bytes(event.id.text).decode("utf-8", "ignore")))
                elif event.type == _WORD:
                    words.append((seconds, event.text_position - 1, event.length))
                k += 1
            return int(left[0] < 0)  # 1 stops it

        if self.lib.espeak_SetVoiceByName(order["voice"].encode()) != 0:
            raise RuntimeError(f"espeak-ng cannot load the voice {order['voice']!r}")
        for name, number in _PARAMETERS.items():
            self.lib.espeak_SetParameter(number, order[name], 0)
        self.lib.espeak_SetSynthCallback(heard)
        text = order["text"].encode() + b"\0"
        flags = _UTF8 | _END_PAUSE
        if self.lib.espeak_Synth(text, len(text), 0, 0, 0, flags, None, None) != 0:
            raise RuntimeError("espeak-ng could not speak this text")
        head = {"rate": self.rate, "words": words, "phones": phones, "cut": left[0] < 0}
        return head, b"".join(sound)


def main() -> None:
    """Obey one order."""
    sound = b""
    try:
        espeak = _Espeak(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
        order = json.load(sys.stdin.buffer)
        head = espeak.voices() if order["do"] == "voices" else None
        if head is None:
            head, sound = espeak.speak(order)
    except (OSError, RuntimeError, AttributeError) as error:
        head = {"error": str(error)}
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + sound)


if __name__ == "__main__":
    main()
