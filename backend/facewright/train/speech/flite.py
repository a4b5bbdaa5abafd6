"""flite: English sentences -> sound with phones, by its program."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import soundfile
import soxr

from facewright.errors import InputError
from facewright.train.speech.phones import ARPABET, RATE, Phone, Utterance, split

#: Voices compiled into Debian's flite that speak general English at 16 kHz.
VOICES = ("slt", "rms", "awb", "kal16")


def speak(text: str, voice: str, stretch: float = 1.0) -> Utterance:
    """Say one sentence.

    Args:
        text: English.
        voice: one of :data:`VOICES`.
        stretch: durations are multiplied by this (0.7..1.4).

    Raises:
        InputError: flite is not installed, or the voice is not one of those.
    """
    if voice not in VOICES:  # flite itself would speak with another one
        raise InputError(f"voice: flite's {voice!r} is not one of {', '.join(VOICES)}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        command = ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch}",
                   "-psdur", "-t", text, "-o", str(path)]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        except FileNotFoundError as error:
            raise InputError("flite: the program is missing; install it (apt: flite)") from error
        except subprocess.CalledProcessError as error:
            raise InputError(f"flite: {error.stderr.strip() or error}") from error
        samples, rate = soundfile.read(path, dtype="int16")
    if rate != RATE:
        samples = soxr.resample(samples, rate, RATE)
    return Utterance(samples, tuple(_phones(done.stdout)), "en-us", "flite/" + voice)


def _phones(listing: str) -> list[Phone]:
    """Phones of flite's "pau:0.164 hh:0.255 ..." (each with the time of its end)."""
    phones: list[Phone] = []
    start = 0.0
    for item in listing.split():
        name, _, end = item.rpartition(":")
        symbols = ARPABET.get(name.upper(), ())
        if symbols and float(end) > start:
            phones += split(symbols, start, float(end))
        start = float(end)
    return phones
