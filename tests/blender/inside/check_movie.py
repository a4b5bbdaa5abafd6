"""The sequencer becomes a file: whole, exact as its codec allows, or not there at all."""

from __future__ import annotations

import wave
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic

from addon.core.errors import Cancelled, InputError, OutputError
from addon.film import kinds, movie, sequence, settings

SIZE, FRAMES, RATE, START = 128, 12, 23.976, 1001

hears = pytest.mark.skipif(not bpy.app.build_options.audaspace, reason="built without sound")
prores = pytest.mark.skipif(not kinds.has_prores(), reason="this Blender has no ProRes")


def picture(frame: int) -> np.ndarray:
    """Smooth red against green, and a blue that tells frames apart."""
    ramp = np.linspace(40, 215, SIZE).round().astype(np.uint8)
    shown = np.empty((SIZE, SIZE, 3), np.uint8)
    shown[..., 0], shown[..., 1], shown[..., 2] = ramp[None], ramp[:, None], 60 + 10 * frame
    return shown


@pytest.fixture
def film(scene: bpy.types.Scene, tmp_path: Path) -> bpy.types.Scene:
    """Twelve frames from 1001 on, at a broken rate, and a tone where Blender hears."""
    folder = tmp_path / "in"
    folder.mkdir()
    names = [f"{index}.png" for index in range(FRAMES)]
    for index, name in enumerate(names):
        (folder / name).write_bytes(synthetic.png(picture(index)))
    sequence.set_rate(scene, RATE)
    sequence.set_colour(scene)
    scene.frame_start, scene.frame_end = START, START + FRAMES - 1
    sequence.place_frames(scene, folder, names, START, (SIZE, SIZE))
    if bpy.app.build_options.audaspace:
        tone = tmp_path / "in/tone.wav"
        time = np.arange(round(48000 * FRAMES / RATE)) / 48000
        with wave.open(str(tone), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(48000)
            file.writeframes((9000 * np.sin(2 * np.pi * 440 * time)).astype("<i2").tobytes())
        sequence.place_sound(scene, tone, START)
    return scene


def pixels(image: bpy.types.Image) -> np.ndarray:
    """(H, W, 3) float of an image's bytes."""
    width, height = image.size
    values = np.empty(4 * width * height, np.float32)
    image.pixels.foreach_get(values)
    return values.reshape(height, width, 4)[::-1, :, :3] * 255


def decoded(path: Path, index: int, scene: bpy.types.Scene, tmp_path: Path) -> np.ndarray:
    """A movie's frame as the sequencer shows it."""
    there = sequence.strips(scene)
    strip = there.new_movie("decoded", str(path), 9, 5000)
    strip.colorspace_settings.name = "sRGB"
    frames = range(5000 + index, 5001 + index)
    try:
        folder = movie.render(scene, tmp_path / f"decoded {index}", kind="png", frames=frames)
    finally:
        there.remove(strip)
    image = bpy.data.images.load(str(folder / f"frame_{5000 + index:05d}.png"))
    return pixels(image)


@pytest.mark.parametrize(
    ("kind", "tolerance"),
    [
        ("h264", 4.0),
        pytest.param("prores_422_hq", 3.0, marks=prores),
        pytest.param("prores_4444", 3.0, marks=prores),
    ],
)
def test_movies_are_whole_and_true(film, tmp_path, kind, tolerance):
    told: list[float] = []
    path = tmp_path / f"out/film{kinds.KINDS[kind].suffix}"
    made = movie.render(film, path, kind=kind, progress=lambda _, share, __: told.append(share))
    assert made == path and [file.name for file in path.parent.iterdir()] == [path.name]
    assert len(told) == FRAMES and told[-1] == 1.0
    clip = bpy.data.movieclips.load(str(path))
    assert (clip.frame_duration, tuple(clip.size)) == (FRAMES, (SIZE, SIZE))
    assert clip.fps == pytest.approx(RATE, abs=1e-3)
    for index in (0, FRAMES - 1):
        shown = decoded(path, index, film, tmp_path)
        error = np.abs(shown - picture(index))[8:-8, 8:-8]
        assert error.mean() < tolerance / 2 and np.percentile(error, 99) < tolerance * 1.5


@hears
@pytest.mark.parametrize("kind", ["h264", pytest.param("prores_422_hq", marks=prores)])
def test_sound_is_as_long_as_the_movie(film, tmp_path, kind):
    path = movie.render(film, tmp_path / f"film{kinds.KINDS[kind].suffix}", kind=kind)
    heard = bpy.data.sounds.load(str(path))
    assert (heard.samplerate, heard.channels) == (48000, "STEREO")
    strip = sequence.strips(film).new_sound("heard", str(path), 8, START)
    assert abs(strip.frame_duration - FRAMES) <= 1


def test_pictures_are_exact(film, tmp_path):
    folder = movie.render(film, tmp_path / "pictures", kind="png")
    names = [f"frame_{START + index:05d}.png" for index in range(FRAMES)]
    hears_it = ["sound.wav"] if bpy.app.build_options.audaspace else []
    assert sorted(file.name for file in folder.iterdir()) == names + hears_it
    for index, name in enumerate(names):
        shown = pixels(bpy.data.images.load(str(folder / name)))
        assert np.abs(shown - picture(index)).max() <= 1.0


@hears
def test_sound_beside_pictures_has_their_length_and_tone(film, tmp_path):
    folder = movie.render(
        film, tmp_path / "pictures", kind="png", frames=range(START + 2, START + 8)
    )
    with wave.open(str(folder / "sound.wav")) as file:
        assert (file.getframerate(), file.getnchannels()) == (48000, 2)
        assert abs(file.getnframes() - 48000 * 6 / RATE) < 1
        heard = np.frombuffer(file.readframes(file.getnframes()), "<i2")[::2].astype(float)
    tones = np.abs(np.fft.rfft(heard))
    assert np.argmax(tones) * 48000 / len(heard) == pytest.approx(440, abs=5)


def test_a_shorter_sequence_leaves_no_old_pictures(film, tmp_path):
    movie.render(film, tmp_path / "pictures", kind="png")
    movie.render(film, tmp_path / "pictures", kind="png", frames=range(START, START + 2))
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 2
    assert not list(tmp_path.glob(".facewright*"))


def test_settings_come_back(film, tmp_path):
    render = film.render
    if hasattr(render.image_settings, "media_type"):
        render.image_settings.media_type = "IMAGE"
    render.image_settings.file_format = "OPEN_EXR"
    render.image_settings.color_mode, render.image_settings.color_depth = "RGBA", "16"
    render.filepath, film.frame_step = "//mine/####", 3
    film.frame_set(START + 3)
    before = settings.OutputSettings.of(film)
    movie.render(film, tmp_path / "film.mp4")
    movie.render(film, tmp_path / "pictures", kind="png")
    assert settings.OutputSettings.of(film) == before
    assert render.image_settings.file_format == "OPEN_EXR"
    assert (film.frame_step, film.frame_current) == (3, START + 3)


def test_movie_settings_of_the_user_come_back(film, tmp_path):
    kinds.set_up(film, "//mine.mp4", "h264")
    film.render.ffmpeg.codec, film.render.ffmpeg.gopsize = "MPEG4", 7
    before = settings.OutputSettings.of(film)
    movie.render(film, tmp_path / "pictures", kind="png")
    if kinds.has_prores():
        movie.render(film, tmp_path / "film.mov", kind="prores_4444")
    assert settings.OutputSettings.of(film) == before


@pytest.mark.parametrize("kind", ["h264", "png"])
def test_what_was_stopped_leaves_the_old_result(film, tmp_path, kind):
    path = tmp_path / ("film.mp4" if kind == "h264" else "pictures")
    movie.render(film, path, kind=kind, frames=range(START, START + 2))
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}

    def stop(*_: object) -> None:
        raise Cancelled("cancelled")

    state = settings.OutputSettings.of(film)
    with pytest.raises(Cancelled):
        movie.render(film, path, kind=kind, progress=stop)
    after = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert after == before and settings.OutputSettings.of(film) == state


def test_a_render_percentage_is_the_users_own(film, tmp_path):
    film.render.resolution_percentage = 50
    clip = bpy.data.movieclips.load(str(movie.render(film, tmp_path / "half.mp4")))
    assert tuple(clip.size) == (SIZE // 2, SIZE // 2)
    assert film.render.resolution_percentage == 50


def test_wrong_outputs_are_one_line(film, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/thesis.txt").write_text("mine")
    (tmp_path / "folder.mp4").mkdir()
    for name, kind, says in (
        ("film.mov", "h264", "ending in .mp4"),
        ("film.mp4", "vhs", "expected one of h264"),
        ("folder.mp4", "h264", "is a folder"),
        ("full", "png", "thesis.txt"),
    ):
        with pytest.raises(InputError, match=says) as caught:
            movie.render(film, tmp_path / name, kind=kind)
        assert "\n" not in str(caught.value)
    with pytest.raises(OutputError, match=r"Not a directory|File exists"):
        movie.render(film, tmp_path / "full/thesis.txt/film.mp4")
    film.render.resolution_x = SIZE - 1
    with pytest.raises(InputError, match="even sides"):
        movie.render(film, tmp_path / "film.mp4")


@pytest.mark.skipif(kinds.has_prores(), reason="this Blender has ProRes")
def test_prores_is_refused_where_it_is_not(film, tmp_path):
    before = settings.OutputSettings.of(film)
    with pytest.raises(InputError, match="cannot write ProRes"):
        movie.render(film, tmp_path / "film.mov", kind="prores_422_hq")
    assert settings.OutputSettings.of(film) == before
    assert not list(tmp_path.glob(".facewright*"))


def test_an_empty_sequencer_is_refused(scene, tmp_path):
    with pytest.raises(InputError, match="texture the frame range first"):
        movie.render(scene, tmp_path / "film.mp4")
