"""espeak-ng: sentences -> sound with phones, in a child process.

espeak-ng is GPL-3.0-or-later; its library is loaded by the child alone (this file, run as
a program), which talks to us over pipes: one JSON line per sentence in, one JSON line and
raw samples out.
"""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
from typing import Any

import numpy as np

_PHONEMES, _IPA = 1, 2  # espeakINITIALIZE_PHONEME_EVENTS, espeakINITIALIZE_PHONEME_IPA
_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS
_EVENT_PHONEME = 7
_UTF8 = 1
_PARAMETERS = {"rate": 1, "pitch": 3, "range": 4}

# Voiceless stops' events mark the release: the lips or tongue shut this much earlier.
_CLOSED_BEFORE = 0.045
_BURST = 0.02
_RELEASED = frozenset("ptk")


class Espeak:
    """A child process that speaks. Use as a context manager."""

    def __enter__(self) -> Espeak:
        self._child = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._child.stdin is not None
        self._child.stdin.close()
        self._child.wait(timeout=10)

    def raw(self, text: str, voice: str, **parameters: int) -> tuple[np.ndarray, int, list]:
        """Samples (int16), their rate, and (seconds, IPA) events."""
        assert self._child.stdin is not None and self._child.stdout is not None
        order = {"text": text, "voice": voice, **parameters}
        self._child.stdin.write(json.dumps(order).encode() + b"\n")
        self._child.stdin.flush()
        line = self._child.stdout.readline()
        if not line:
            raise RuntimeError(f"espeak-ng ended on voice {voice!r}, text {text!r}")
        head = json.loads(line)
        if "error" in head:
            raise RuntimeError(head["error"])
        samples = np.frombuffer(self._child.stdout.read(2 * head["samples"]), np.int16)
        return samples, head["rate"], head["events"]

    def speak(self, text: str, voice: str, **parameters: int) -> Any:
        """An :class:`~facewright.train.speech.phones.Utterance`.

        Args:
            text: one sentence.
            voice: an espeak-ng voice, with a variant if wanted: "en-us+f3".
            parameters: rate (words a minute, 80..450), pitch and range (0..99).
        """
        import soxr

        from facewright.train.speech.phones import RATE, Utterance

        samples, rate, events = self.raw(text, voice, **parameters)
        samples = soxr.resample(samples, rate, RATE)
        phones = phones_of(events, len(samples) / RATE)
        return Utterance(samples, tuple(phones), voice.split("+")[0], "espeak/" + voice)

    def words(self, words: list[str], voice: str) -> list[list[str]]:
        """The letters of our alphabet that each word is spoken with."""
        from facewright.train.speech.phones import letters

        spoken = []
        for word in words:
            events = self.raw(word, voice)[2]
            spoken.append([c for _, ipa in events for c in letters(ipa)])
        return spoken


def phones_of(events: list, seconds: float) -> list:
    """Phones from espeak-ng's events, with its timing put right.

    Its events mark the release of /p t k/ and the onset of all else.
    """
    from facewright.train.speech.phones import Phone, letters, split

    spans = [(float(t), letters(ipa)) for t, ipa in events]
    starts = []
    for t, symbols in spans:
        early = bool(symbols) and symbols[0] in _RELEASED
        starts.append(max(0.0, t - _CLOSED_BEFORE) if early else t)
    out: list[Phone] = []
    for k, (t, symbols) in enumerate(spans):
        end = starts[k + 1] if k + 1 < len(spans) else seconds
        if not symbols:
            continue
        start = max(starts[k], out[-1].end if out else 0.0)
        if symbols[0] in _RELEASED:  # what follows the burst belongs to the next phone
            end = min(end, t + _BURST) if end > t else end
        if end - start < 0.004:
            continue
        out += split(symbols, start, end)
    return _close_gaps(out)


def _close_gaps(phones: list) -> list:
    """Give the time between a burst and the next phone to the next phone."""
    from dataclasses import replace

    out = phones[:1]
    for phone in phones[1:]:
        gap = phone.start - out[-1].end
        if 0 < gap < 0.12 and out[-1].symbol in _RELEASED:
            phone = replace(phone, start=out[-1].end)
        out.append(phone)
    return out


def _child() -> None:
    """Read orders, speak, write: runs in the child process."""
    import espeakng_loader

    class _Id(ctypes.Union):
        _fields_ = (
            ("number", ctypes.c_int),
            ("name", ctypes.c_char_p),
            ("text", ctypes.c_char * 8),
        )

    class _Event(ctypes.Structure):
        _fields_ = (
            ("type", ctypes.c_int), ("unique", ctypes.c_uint), ("text_position", ctypes.c_int),
            ("length", ctypes.c_int), ("milliseconds", ctypes.c_int), ("sample", ctypes.c_int),
            ("user", ctypes.c_void_p), ("id", _Id),
        )  # fmt: skip

    lib = ctypes.CDLL(str(espeakng_loader.get_library_path()))
    data = str(espeakng_loader.get_data_path()).encode()
    rate = lib.espeak_Initialize(_SYNCHRONOUS, 0, data, _PHONEMES | _IPA)
    sound: list[bytes] = []
    events: list[tuple[float, str]] = []

    @ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
    )
    def heard(wave, count, event):  # type: ignore[no-untyped-def]
        if wave and count:
            sound.append(ctypes.string_at(wave, 2 * count))
        k = 0
        while event[k].type:
            if event[k].type == _EVENT_PHONEME:
                ipa = bytes(event[k].id.text).decode("utf-8", "ignore")
                events.append((event[k].sample / rate, ipa))
            k += 1
        return 0

    lib.espeak_SetSynthCallback(heard)
    for line in sys.stdin:
        order = json.loads(line)
        sound.clear()
        events.clear()
        if lib.espeak_SetVoiceByName(order["voice"].encode()) != 0:
            head: dict = {"error": f"espeak-ng has no voice {order['voice']!r}"}
        else:
            for name, number in _PARAMETERS.items():
                lib.espeak_SetParameter(number, order.get(name, 160 if name == "rate" else 50), 0)
            text = order["text"].encode()
            lib.espeak_Synth(text, len(text) + 1, 0, 0, 0, _UTF8, None, None)
            head = {"rate": rate, "events": events, "samples": sum(map(len, sound)) // 2}
        sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + b"".join(sound))
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    _child()
