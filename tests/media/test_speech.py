"""Sound in: every usual kind, and every way a file can be wrong."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import soundfile
from facewright.errors import InputError
from facewright.media.speech import RATE, Speech, decode_sound, read_speech


def tone(rate: int, seconds: float = 1.0, channels: int = 1) -> np.ndarray:
    """440 Hz at 0.5; further channels are silent, so that their average is known."""
    sound = np.zeros((round(rate * seconds), channels))
    sound[:, 0] = 0.5 * np.sin(2 * np.pi * 440 * np.arange(len(sound)) / rate)
    return sound


def encoded(sound: np.ndarray, rate: int, kind: str = "WAV", subtype: str | None = None) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, sound, rate, format=kind, subtype=subtype)
    return buffer.getvalue()


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_any_rate_and_channels_become_16_khz_mono(rate, channels):
    speech = read_speech(encoded(tone(rate, channels=channels), rate))
    assert speech.rate == RATE and speech.samples.dtype == np.float32
    assert abs(len(speech.samples) - RATE) <= 1
    expected = tone(RATE)[:, 0] / channels  # in time and in level
    inner = slice(400, RATE - 400)
    assert np.abs(speech.samples[inner] - expected[inner]).max() < 2e-4


@pytest.mark.parametrize(
    ("kind", "subtype", "error"),
    [
        ("WAV", "PCM_U8", 0.02),
        ("WAV", "PCM_16", 1e-4),
        ("WAV", "PCM_24", 1e-5),
        ("WAV", "FLOAT", 1e-6),
        ("FLAC", "PCM_16", 1e-4),
        ("OGG", "VORBIS", 0.05),
        ("MP3", None, 0.05),
    ],
)
def test_any_encoding(kind, subtype, error):
    speech = read_speech(encoded(tone(RATE), RATE, kind, subtype))
    count = min(len(speech.samples), RATE)
    assert count > 0.95 * RATE
    inner = slice(2000, count - 2000)
    assert np.abs(speech.samples[inner] - tone(RATE)[inner, 0]).max() < error


def test_a_tenth_of_a_second_works():
    speech = read_speech(encoded(tone(44100, 0.1), 44100))
    assert speech.seconds == pytest.approx(0.1, abs=1e-3)
    assert speech.frames(25) == 3  # 2.5 frames, rounded up
    assert Speech(np.zeros(1, np.float32)).frames(25) == 1


def test_from_a_path_and_from_bytes_is_the_same(tmp_path):
    data = encoded(tone(22050), 22050)
    (tmp_path / "a.wav").write_bytes(data)
    assert np.array_equal(read_speech(tmp_path / "a.wav").samples, read_speech(data).samples)


def test_the_example_sentence(examples):
    speech = read_speech(examples / "speech.wav")
    assert len(speech.samples) == 96800
    assert speech.frames(25) == 151


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (b"this is no sound at all\n" * 50, "not a sound file"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n", "not a sound file"),
        (b"ffconcat version 1.0\nfile '/etc/hostname'\n", "not a sound file"),
        (b"RIFF\xff\xff\xff\xffWAVEfmt ", "not a sound file"),
        (encoded(np.zeros(0), 16000), "no sound"),
        (encoded(np.full(999, np.nan), 16000, "WAV", "FLOAT"), "not sound"),
        (encoded(np.full(999, 1e30), 16000, "WAV", "FLOAT"), "not sound"),
        (encoded(tone(16000), 16000, "OGG")[:900], "not a sound file"),
    ],
)
def test_what_is_no_sound_is_named(data, message):
    with pytest.raises(InputError, match=message) as caught:
        read_speech(data, name="voice.wav")
    assert str(caught.value).startswith("voice.wav: ")
    assert "\n" not in str(caught.value)


def test_absent_files_and_folders_are_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.wav: no such file"):
        read_speech(tmp_path / "nowhere.wav")
    with pytest.raises(InputError, match="is a folder"):
        read_speech(tmp_path)
    with pytest.raises(InputError, match="not a regular file"):
        read_speech("/dev/zero")


def test_a_picture_is_no_sound(examples):
    with pytest.raises(InputError, match="sound"):
        read_speech(examples / "portrait.png")


def test_too_long_stops_at_the_limit_and_not_later():
    """A header may promise anything; only what is needed to know is decoded."""
    data = encoded(np.zeros(8000 * 600), 8000, "FLAC")
    blocks = decode_sound(data, max_seconds=2.0)
    seen = 0
    with pytest.raises(InputError, match="longer than the limit of 2 seconds"):
        for block in blocks:
            seen += len(block.samples)
    assert seen <= 2 * 8000


def wav_header(rate: int, channels: int, claimed: int) -> bytes:
    frame = 2 * channels
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * frame % 2**32, frame % 2**16, 16)
    return (
        b"RIFF" + struct.pack("<I", claimed + 36) + b"WAVEfmt " + struct.pack("<I", 16) + form
        + b"data" + struct.pack("<I", claimed)
    )  # fmt: skip


def test_hostile_headers_are_refused():
    noise = bytes(range(256)) * 64
    with pytest.raises(InputError):
        read_speech(wav_header(4_000_000_000, 1, len(noise)) + noise)
    with pytest.raises(InputError):
        read_speech(wav_header(16000, 65535, len(noise)) + noise)
    with pytest.raises(InputError):
        read_speech(wav_header(16000, 0, len(noise)) + noise)


def test_a_header_that_promises_more_than_there_is_gives_what_there_is():
    speech = read_speech(wav_header(16000, 1, 2**31) + bytes(3200))
    assert len(speech.samples) == 1600


def test_a_cut_mp3_keeps_its_beginning_but_damage_within_is_an_error():
    whole = encoded(tone(16000, 3.0), 16000, "MP3")
    assert 1.0 < read_speech(whole[: len(whole) // 2]).seconds < 2.0


def test_speech_checks_what_it_holds():
    with pytest.raises(InputError, match="at least one sample"):
        Speech(np.zeros(0, np.float32))
    with pytest.raises(InputError, match="shape"):
        Speech(np.zeros((2, 10), np.float32))
    with pytest.raises(InputError, match="finite"):
        Speech(np.array([0.0, np.inf], np.float32))
