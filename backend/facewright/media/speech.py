"""Sound in: any file that FFmpeg reads, as 16 kHz mono for drivers or as it is.

Decoding streams: what is held at once is one block and what the caller keeps, so a
header that promises hours costs nothing until the limit stops it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from facewright import checks
from facewright.checks import Float32
from facewright.errors import InputError
from facewright.media.files import Source, open_source, source_name

#: Samples a second that every driver takes.
RATE = 16000

#: Longest sound by default, as announced in ``Limits.max_speech_seconds``.
MAX_SECONDS = 3600.0

#: Containers that may be opened. Play lists and the like stay out: they make FFmpeg
#: fetch other files.
FORMATS = "wav,w64,aiff,au,caf,flac,ogg,mp3,aac,mov,matroska,avi,asf,amr,mpegts,mpeg"

_RATES = (2000, 768_000)  # samples a second that are believable
_MAX_CHANNELS = 64
_PEAK = 16.0  # of floating-point files, where full scale is 1


@dataclass(frozen=True, slots=True)
class Speech:
    """Sound as drivers take it.

    Attributes:
        samples: (N,) float32 mono, full scale at -1..1 (resampling may overshoot it a
            little), N > 0.
        rate: samples a second.
    """

    samples: Float32
    rate: int = RATE

    def __post_init__(self) -> None:
        object.__setattr__(self, "samples", checks.floats("samples", self.samples, ("N",)))
        if not len(self.samples):
            raise InputError("samples: expected at least one sample, got none")
        checks.number("rate", self.rate, low=1000, high=768_000)

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.samples) / self.rate

    def frames(self, fps: float) -> int:
        """How many video frames cover the sound at ``fps``: the nearest, at least one."""
        return max(1, math.floor(self.seconds * fps + 0.5))


@dataclass(frozen=True, slots=True)
class SoundBlock:
    """A run of decoded samples: (n, channels) float32 at ``rate``."""

    samples: Float32
    rate: int


def read_speech(
    source: Source, *, max_seconds: float = MAX_SECONDS, name: str = "speech"
) -> Speech:
    """Decode speech to 16 kHz mono.

    WAV, FLAC, OGG, MP3, M4A or whatever else FFmpeg decodes, also the sound of a video;
    any rate, sample type and number of channels (averaged).

    Args:
        source: a path, or the file's bytes.
        max_seconds: a longer sound is refused as soon as that much was decoded.
        name: how messages call bytes.

    Raises:
        InputError: no sound in it, damaged, too long, or not finite numbers.
    """
    import soxr

    called = source_name(source, name)
    parts: list[Float32] = []
    resampler: Any = None
    for block in decode_sound(source, max_seconds=max_seconds, name=name):
        mono = block.samples.mean(axis=1)
        if block.rate == RATE:
            parts.append(mono)
            continue
        if resampler is None:
            resampler = soxr.ResampleStream(block.rate, RATE, 1, dtype="float32", quality="HQ")
        parts.append(resampler.resample_chunk(mono))
    if resampler is not None:
        parts.append(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
    samples = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    if not len(samples):
        raise InputError(f"{called}: holds no sound")
    return Speech(samples)


def decode_sound(
    source: Source, *, max_seconds: float = MAX_SECONDS, name: str = "speech"
) -> Iterator[SoundBlock]:
    """Decode block by block, at the file's own rate and channels.

    Raises (while iterating):
        InputError: as :func:`read_speech`.
    """
    import av

    called = source_name(source, name)
    options = {"format_whitelist": FORMATS}
    with (
        open_source(source, name) as stream,
        _sound_errors(called),
        # Probing by content alone: a file object without a name hides the extension.
        av.open(_Unnamed(stream), options=options, metadata_errors="ignore") as container,
    ):
        if not container.streams.audio:
            raise InputError(f"{called}: has no sound in it")
        track = container.streams.audio[0]
        _check_track(called, track.rate, track.channels)
        yield from _decode(container, track, called, max_seconds)


def _decode(container: Any, track: Any, called: str, max_seconds: float) -> Iterator[SoundBlock]:
    import av

    rate, channels, decoded = track.rate, track.channels, 0
    # Only the sample type changes here. FFmpeg's own mix to mono would be louder than
    # full scale, and soxr resamples better than its resampler.
    to_float = av.AudioResampler(format="flt", layout=track.layout, rate=rate)
    for frame in _frames(container, track, called):
        if frame.sample_rate != rate or frame.layout.nb_channels != channels:
            raise InputError(f"{called}: changes its sample rate or channels midway; convert it")
        for part in to_float.resample(frame):
            samples = part.to_ndarray().reshape(-1, channels)
            decoded += len(samples)
            if decoded > max_seconds * rate:
                raise InputError(
                    f"{called}: longer than the limit of {max_seconds:g} seconds; cut it"
                )
            peak = float(np.abs(samples).max(initial=0.0))
            if not peak <= _PEAK:  # also false for NaN
                raise InputError(
                    f"{called}: holds samples that are not sound (peak {peak:g}, full scale is 1)"
                )
            yield SoundBlock(samples, rate)


def _frames(container: Any, track: Any, called: str) -> Iterator[Any]:
    """Decoded frames. A cut first or last packet is let pass, damage within is not."""
    import av

    seconds, damaged = 0.0, None
    for packet in container.demux(track):
        try:
            frames = packet.decode()
        except av.EOFError:
            break
        except av.FFmpegError:
            if seconds == 0.0 and packet.size == 0:  # flushed without a single frame
                raise
            damaged = seconds
            continue
        for frame in frames:
            if damaged:
                raise InputError(f"{called}: damaged at {damaged:.2f} s; convert or repair it")
            seconds += frame.samples / frame.sample_rate
            yield frame
    if damaged == 0.0 and seconds == 0.0:
        raise InputError(f"{called}: damaged; none of its sound can be decoded")


def _check_track(called: str, rate: int | None, channels: int | None) -> None:
    if not rate or not _RATES[0] <= rate <= _RATES[1]:
        raise InputError(
            f"{called}: claims {rate} samples a second; expected {_RATES[0]} to {_RATES[1]}"
        )
    if not channels or channels > _MAX_CHANNELS:
        raise InputError(f"{called}: claims {channels} channels; expected 1 to {_MAX_CHANNELS}")


@contextmanager
def _sound_errors(called: str) -> Iterator[None]:
    import av

    try:
        yield
    except av.FFmpegError as error:
        reason = (error.strerror or "unknown format").lower()
        raise InputError(
            f"{called}: not a sound file that can be decoded ({reason});"
            " give WAV, FLAC, OGG, MP3 or M4A"
        ) from error


class _Unnamed:
    """A binary stream without ``name``."""

    def __init__(self, stream: Any) -> None:
        self.read, self.seek, self.tell = stream.read, stream.seek, stream.tell


def encode_wav(speech: Speech) -> bytes:
    """The bytes of a mono WAV of 16 bits; what exceeds full scale is clipped."""
    import io
    import wave

    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(round(speech.rate))
        scaled = np.round(np.clip(speech.samples, -1, 1) * 32767)
        file.writeframes(scaled.astype("<i2").tobytes())
    return buffer.getvalue()
