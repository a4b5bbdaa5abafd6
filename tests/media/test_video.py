"""Video out and in: length, colours, sound, tags; and what goes wrong leaves nothing."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
import pytest
import soundfile
from facewright.errors import InputError, OutputError
from facewright.media.speech import decode_sound, read_speech
from facewright.media.video import VideoWriter, frame_rate, read_frames, read_video_info


def picture(width: int, height: int, index: int = 0) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    image = np.stack([x * 255 // width, y * 255 // height, np.full_like(x, index % 256)], axis=-1)
    return image.astype(np.uint8)


def sound(seconds: float, rate: int = 44100, channels: int = 2) -> bytes:
    wave = 0.4 * np.sin(2 * np.pi * 300 * np.arange(round(rate * seconds)) / rate)
    sides = np.stack([wave * (1 - 0.75 * side) for side in range(channels)], axis=1)
    buffer = io.BytesIO()
    soundfile.write(buffer, sides, rate, format="WAV")
    return buffer.getvalue()


def test_frames_sound_tags_and_comment(tmp_path):
    path = tmp_path / "a.mp4"
    with VideoWriter(path, (128, 96), 25, sound=sound(2.0), comment="made by a test") as writer:
        writer.write(np.stack([picture(128, 96, k) for k in range(30)]))
        for k in range(30, 50):
            writer.write(picture(128, 96, k))
        assert not path.exists()
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]
    info = read_video_info(path)
    assert (info.width, info.height, info.fps, info.frames) == (128, 96, 25.0, 50)
    assert info.seconds == pytest.approx(2.0, abs=1e-3)
    assert info.sound_seconds == pytest.approx(2.0, abs=0.03)
    assert info.comment == "made by a test"
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        context = video.codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (context.color_primaries, context.color_trc, context.colorspace) == (1, 1, 1)
        assert context.color_range == 1
        assert (audio.codec_context.name, audio.rate, audio.channels) == ("aac", 48000, 2)
        times = [frame.time for frame in container.decode(video)]
    assert np.allclose(times, np.arange(50) / 25)
    data = path.read_bytes()
    assert data.find(b"moov") < data.find(b"mdat")  # plays before it is loaded whole


def test_colours_come_back(tmp_path):
    """BT.709 both ways: flat colours within 2/255, whatever a decoder would guess."""
    colours = [(128, 128, 128), (200, 150, 120), (30, 20, 15), (250, 10, 10), (10, 10, 250)]
    with VideoWriter(tmp_path / "c.mp4", (64, 64), 25, quality=1) as writer:
        for colour in colours:
            writer.write(np.full((64, 64, 3), colour, np.uint8))
    for colour, frame in zip(colours, read_frames(tmp_path / "c.mp4"), strict=True):
        assert np.abs(frame.astype(int) - colour).max() <= 2


def test_the_sound_is_the_original(tmp_path):
    """In time and level, both channels: compared with what was put in."""
    with VideoWriter(tmp_path / "s.mp4", (64, 64), 25, sound=sound(1.0)) as writer:
        writer.write(np.zeros((25, 64, 64, 3), np.uint8))
    back = np.concatenate([block.samples for block in decode_sound(tmp_path / "s.mp4")])
    wave = 0.4 * np.sin(2 * np.pi * 300 * np.arange(48000) / 48000)
    assert 48000 <= len(back) < 48000 + 1024  # AAC's last packet is whole
    for side, level in ((0, 1.0), (1, 0.25)):
        error = back[4000:44000, side] - wave[4000:44000] * level
        assert np.sqrt((error**2).mean()) < 0.03 * level  # a lag of 6 samples would be twice that


def test_mono_stays_mono_and_surround_becomes_mono(tmp_path):
    for channels, expected in ((1, 1), (6, 1)):
        with VideoWriter(
            tmp_path / "m.mp4", (64, 64), 25, sound=sound(0.4, 16000, channels)
        ) as writer:
            writer.write(np.zeros((10, 64, 64, 3), np.uint8))
        with av.open(str(tmp_path / "m.mp4")) as container:
            assert container.streams.audio[0].channels == expected
        assert read_speech(tmp_path / "m.mp4").seconds == pytest.approx(0.4, abs=0.03)


def test_very_short_sound(tmp_path):
    with VideoWriter(tmp_path / "t.mp4", (64, 64), 25, sound=sound(0.1)) as writer:
        writer.write(np.zeros((3, 64, 64, 3), np.uint8))
    info = read_video_info(tmp_path / "t.mp4")
    assert info.frames == 3 and info.sound_seconds == pytest.approx(0.1, abs=0.03)


@pytest.mark.parametrize("size", [(63, 64), (64, 63), (65, 67), (2, 2)])
def test_odd_sizes_are_padded(tmp_path, size):
    frame = picture(*size)
    with VideoWriter(tmp_path / "o.mp4", size, 25, quality=5) as writer:
        writer.write(frame)
    (back,) = read_frames(tmp_path / "o.mp4")
    assert back.shape == (size[1] + size[1] % 2, size[0] + size[0] % 2, 3)
    if min(size) > 2:
        assert np.abs(back[: size[1], : size[0]].astype(int) - frame).mean() < 6


@pytest.mark.parametrize(
    ("fps", "rate"),
    [
        (25, Fraction(25)),
        (24, Fraction(24)),
        (12.5, Fraction(25, 2)),
        (23.976, Fraction(24000, 1001)),
        (23.98, Fraction(24000, 1001)),
        (29.97, Fraction(30000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (60, Fraction(60)),
    ],
)
def test_frame_rates_are_exact(fps, rate):
    assert frame_rate(fps) == rate


def test_ntsc_rate_reaches_the_file(tmp_path):
    with VideoWriter(tmp_path / "n.mp4", (64, 64), 29.97) as writer:
        writer.write(np.zeros((30, 64, 64, 3), np.uint8))
    with av.open(str(tmp_path / "n.mp4")) as container:
        assert container.streams.video[0].average_rate == Fraction(30000, 1001)


def test_bad_arguments(tmp_path):
    with pytest.raises(InputError, match=r"ends in \.mp4"):
        VideoWriter(tmp_path / "a.avi", (64, 64), 25)
    with pytest.raises(InputError, match="size"):
        VideoWriter(tmp_path / "a.mp4", (64, 9000), 25)
    with pytest.raises(InputError, match="fps"):
        VideoWriter(tmp_path / "a.mp4", (64, 64), 0)
    with pytest.raises(OutputError, match="does not exist"):
        VideoWriter(tmp_path / "no" / "a.mp4", (64, 64), 25)
    with pytest.raises(InputError, match="not a sound file"):
        VideoWriter(tmp_path / "a.mp4", (64, 64), 25, sound=b"text " * 99)
    with (
        pytest.raises(InputError, match=r"expected uint8 \(…, 64, 64, 3\)"),
        VideoWriter(tmp_path / "a.mp4", (64, 64), 25) as writer,
    ):
        writer.write(np.zeros((32, 64, 3), np.uint8))
    assert [p.name for p in tmp_path.iterdir()] == []


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_interruption_leaves_nothing(tmp_path, error):
    with pytest.raises(error), VideoWriter(tmp_path / "a.mp4", (64, 64), 25, sound=sound(9)) as w:
        w.write(picture(64, 64))
        raise error
    assert [p.name for p in tmp_path.iterdir()] == []


def test_what_is_no_video_is_named(tmp_path, examples):
    for source, message in (
        (b"text " * 50, "not a video"),
        (examples / "speech.wav", "video"),
        (tmp_path / "none.mp4", "no such file"),
    ):
        with pytest.raises(InputError, match=message):
            list(read_frames(source))
