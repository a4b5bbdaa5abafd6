"""Bad input on the command line: one clear line, a status, and no file left behind."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
from facewright import cli
from facewright.media.picture import encode_picture, read_picture
from facewright.media.video import read_video_info


@pytest.fixture(scope="module")
def subject(tmp_path_factory, examples) -> Path:
    path = tmp_path_factory.mktemp("subject") / "subject.npz"
    assert cli.run(["capture", str(examples / "portrait.png"), "-o", str(path), "-q"]) == 0
    return path


@pytest.fixture
def dub(tmp_path, capsys):
    """Run `facewright dub` into an empty folder; its status, its last line, what is left."""
    folder = tmp_path / "out"
    folder.mkdir()

    def run(portrait: Path, speech: Path, *more: str) -> tuple[int, str, list[str]]:
        arguments = ["dub", str(portrait), str(speech), "-o", str(folder / "a.mp4"), *more]
        status = cli.run([*arguments, "--fps", "10", "--extent", "crop", "--quiet"])
        error = capsys.readouterr().err
        assert error.count("\n") <= 1, error
        return status, error, sorted(path.name for path in folder.iterdir())

    return run


def png_that_claims(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(999)))


def portraits(examples: Path) -> dict[str, bytes]:
    photo = read_picture(examples / "portrait.png")
    jpeg = encode_picture(photo, "jpg")
    wall = np.random.default_rng(0).integers(90, 110, (300, 300, 3), dtype=np.uint8)
    return {
        "empty.jpg": b"",
        "cut.jpg": jpeg[: len(jpeg) // 3],
        "huge.png": png_that_claims(60_000, 60_000),
        "text.png": b"this is a letter, not a portrait\n" * 40,
        "wall.png": encode_picture(wall, "png"),
    }


@pytest.mark.parametrize(
    ("name", "status", "message"),
    [
        ("empty.jpg", 2, "empty.jpg: empty (0 bytes)"),
        ("cut.jpg", 2, "cut.jpg: damaged picture"),
        ("huge.png", 2, "huge.png: its header claims more than the limit of 50,000,000 pixels"),
        ("text.png", 2, "text.png: not a picture that can be read"),
        ("wall.png", 3, "wall.png: no face was found"),
        ("absent.png", 2, "absent.png: no such file"),
    ],
)
def test_portraits(name, status, message, dub, tmp_path, examples):
    if name != "absent.png":
        (tmp_path / name).write_bytes(portraits(examples)[name])
    got, error, left = dub(tmp_path / name, examples / "speech.wav")
    assert (got, left) == (status, [])
    assert message in error and error.startswith("facewright: ")


def sound(rate: int, seconds: float, channels: int = 1, subtype: str = "PCM_16") -> bytes:
    wave = 0.3 * np.sin(np.arange(round(rate * seconds)) * 700 / rate)
    buffer = io.BytesIO()
    soundfile.write(buffer, np.stack([wave] * channels, 1), rate, format="WAV", subtype=subtype)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty (0 bytes)"),
        (b"To be, or not to be\n" * 99, "not a sound file"),
        (sound(16000, 0.0), "holds no sound"),
        (sound(16000, 1.0)[:20], "not a sound file"),
        (None, "no such file"),
    ],
)
def test_speech_that_is_none(data, message, dub, tmp_path, subject):
    if data is not None:
        (tmp_path / "voice.wav").write_bytes(data)
    status, error, left = dub(subject, tmp_path / "voice.wav")
    assert (status, left) == (2, [])
    assert "voice.wav: " in error and message in error


@pytest.mark.parametrize(
    ("rate", "channels", "subtype", "seconds"),
    [
        (16000, 1, "PCM_16", 0.5),
        (44100, 2, "PCM_16", 0.5),
        (8000, 1, "PCM_U8", 0.5),
        (96000, 2, "PCM_24", 0.5),
        (16000, 1, "PCM_16", 0.1),
    ],
)
def test_every_usual_sound_works(rate, channels, subtype, seconds, dub, tmp_path, subject):
    (tmp_path / "voice.wav").write_bytes(sound(rate, seconds, channels, subtype))
    status, error, left = dub(subject, tmp_path / "voice.wav")
    assert (status, error, left) == (0, "", ["a.mp4"])
    info = read_video_info(tmp_path / "out" / "a.mp4")
    assert abs(info.frames - seconds * 10) <= 1
    assert info.sound_seconds == pytest.approx(seconds, abs=0.03)


def test_a_subject_that_is_none(dub, tmp_path, examples):
    (tmp_path / "fake.npz").write_bytes(b"PK\x03\x04 no archive")
    status, error, left = dub(tmp_path / "fake.npz", examples / "speech.wav")
    assert (status, left) == (2, [])
    assert "fake.npz: not a subject" in error


@pytest.mark.parametrize(
    ("option", "target", "status", "message"),
    [
        ("-o", "nowhere/a.mp4", 5, "does not exist"),
        ("-o", "a.avi", 2, "expected a name that ends in .mp4"),
        ("-o", "folder.mp4", 5, "not a regular file"),
        ("--sheet", "nowhere/a.png", 5, "does not exist"),
        ("--sheet", "a.gif", 2, "a.gif: expected a name that ends in .png"),
        ("--motion-out", "nowhere/a.npz", 5, "does not exist"),
        ("--motion-out", "a.xyz", 2, "a.xyz: expected a name that ends in .npz"),
    ],
)
def test_outputs_are_checked_before_the_work(
    option, target, status, message, dub, tmp_path, examples
):
    """The portrait is absent: that it is not complained of shows what is checked first."""
    (tmp_path / "out" / "folder.mp4").mkdir()
    got, error, left = dub(
        tmp_path / "absent.jpg", examples / "speech.wav", option, str(tmp_path / "out" / target)
    )
    assert got == status and message in error
    assert left == ["folder.mp4"]


@pytest.mark.skipif(os.name == "nt", reason="limits of POSIX")
@pytest.mark.parametrize("output", ["a.mp4", "a.npz", "a.png"])
def test_a_full_disk_leaves_nothing(output, tmp_path, subject, examples):
    """In a process that may write only so much to a file, every output in turn is too large."""
    folder = tmp_path / "out"
    folder.mkdir()
    limit = {"a.mp4": 20_000, "a.npz": 4_000, "a.png": 300_000}[output]
    code = (
        "import resource, sys\n"
        "from facewright import cli\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "sys.exit(cli.run(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "dub", str(subject), str(examples / "speech.wav")]
    command += ["-q", "--fps", "5", "--extent", "crop", "-o", str(folder / "a.mp4")]
    if output != "a.mp4":
        option = {"a.npz": "--motion-out", "a.png": "--sheet"}[output]
        command += [option, str(folder / output)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 5, done.stderr
    assert done.stderr.count("\n") == 1
    assert f"{output}: over a file size limit" in done.stderr and "MiB are free" in done.stderr
    assert list(folder.iterdir()) == []
