"""Frames come out of the sequencer as they went in, with their sound."""

from __future__ import annotations

import wave
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic

from addon.core.errors import InputError
from addon.film import movie, sequence, sheet

SIZE, FRAMES, RATE = 256, 12, 25.0


def ramp(frame: int) -> np.ndarray:
    """Every red against every green, and a blue that tells frames apart."""
    picture = np.zeros((SIZE, SIZE, 3), np.uint8)
    picture[..., 0] = np.arange(SIZE)[None]
    picture[..., 1] = np.arange(SIZE)[:, None]
    picture[..., 2] = (np.arange(SIZE)[None] + 20 * frame) % 256
    return picture


@pytest.fixture
def frames(scene: bpy.types.Scene, tmp_path: Path) -> list[str]:
    names = [f"frame_{index + 1:05d}.png" for index in range(FRAMES)]
    for index, name in enumerate(names):
        (tmp_path / name).write_bytes(synthetic.png(ramp(index)))
    sequence.set_rate(scene, RATE)
    sequence.set_colour(scene)
    scene.frame_start, scene.frame_end = 1, FRAMES
    return names


#: The bpy 4.2 wheel is built without sound; Blender 4.2 itself is not.
hears = pytest.mark.skipif(not bpy.app.build_options.audaspace, reason="built without sound")


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "tone.wav"
    time = np.arange(int(48000 * FRAMES / RATE)) / 48000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48000)
        file.writeframes((12000 * np.sin(2 * np.pi * 440 * time)).astype("<i2").tobytes())
    return path


def still(scene: bpy.types.Scene, path: Path) -> np.ndarray:
    """The sequencer's picture of the current frame."""
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format, settings.color_mode = "PNG", "RGB"
    scene.render.use_sequencer, scene.render.filepath = True, str(path)
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(path))
    width, height = image.size
    pixels = np.empty(4 * width * height, np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    return np.rint(pixels.reshape(height, width, 4)[::-1, :, :3] * 255).astype(int)


@pytest.mark.parametrize("start", [1, 31])
def test_colour_goes_round_unchanged(scene, frames, tmp_path, start):
    sequence.place_frames(scene, tmp_path, frames, start, (SIZE, SIZE))
    for index in (0, 7, FRAMES - 1):
        scene.frame_set(start + index)
        shown = still(scene, tmp_path / f"still_{index}.png")
        assert np.abs(shown - ramp(index)).max() <= 1


@hears
def test_movie_has_every_frame_and_the_sound(scene, frames, sound, tmp_path):
    sequence.place_sound(scene, sound)
    sequence.place_frames(scene, tmp_path, frames, 1, (SIZE, SIZE))
    path = movie.render(scene, tmp_path / "movie.mp4")
    there = sequence.strips(scene)
    picture = there.new_movie("check", str(path), 5, 1)
    assert picture.frame_duration == FRAMES
    assert (picture.elements[0].orig_width, picture.elements[0].orig_height) == (SIZE, SIZE)
    heard = there.new_sound("heard", str(path), 6, 1)
    assert heard.sound.samplerate == 48000
    assert abs(heard.frame_duration - FRAMES) <= 2


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads Linux's /proc")
def test_memory_does_not_grow_with_the_movie(scene, tmp_path):
    """A hundred and twenty frames of 1 MB each, as the sequencer would keep them."""
    picture = synthetic.png(np.tile(ramp(3), (2, 2, 1)))
    names = [f"{index}.png" for index in range(120)]
    for name in names:
        (tmp_path / name).write_bytes(picture)
    sequence.place_frames(scene, tmp_path, names, 1, (512, 512))
    scene.frame_start, scene.frame_end = 1, 8
    movie.render(scene, tmp_path / "warm.mp4")
    before = resident()
    scene.frame_end = len(names)
    movie.render(scene, tmp_path / "long.mp4")
    assert resident() - before < 50e6
    assert scene.sequence_editor.use_cache_final


def resident() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_odd_pictures_lose_a_row_and_no_more(scene, tmp_path):
    odd = ramp(4)[:201, :255]
    (tmp_path / "odd.png").write_bytes(synthetic.png(odd))
    sequence.set_colour(scene)
    sequence.place_frames(scene, tmp_path, ["odd.png"], 1, (255, 201))
    assert (scene.render.resolution_x, scene.render.resolution_y) == (254, 200)
    scene.frame_end = 1
    movie.render(scene, tmp_path / "odd.mp4")
    np.testing.assert_array_equal(still(scene, tmp_path / "still.png"), odd[1:, :254])


@hears
def test_placing_again_replaces(scene, frames, sound, tmp_path):
    for _ in range(2):
        sequence.place_sound(scene, sound)
        (strip,) = sequence.place_frames(scene, tmp_path, frames, 1, (SIZE, SIZE))
    assert len(sequence.strips(scene)) == 2
    assert strip.frame_final_duration == FRAMES == len(strip.elements)
    assert strip.directory.startswith("//")


def test_a_part_placed_anew_keeps_the_rest(scene, frames, tmp_path):
    whole = (SIZE, SIZE)
    sequence.place_frames(scene, tmp_path, frames, 11, whole)
    (tmp_path / "new.png").write_bytes(synthetic.png(ramp(5)))
    (strip,) = sequence.place_frames(scene, tmp_path, ["new.png"], 13, whole)
    want = [*frames[:2], "new.png", *frames[3:]]
    assert [element.filename for element in strip.elements] == want
    assert (strip.frame_final_start, strip.frame_final_duration) == (11, FRAMES)
    runs = sequence.place_frames(scene, tmp_path, ["new.png"], 40, whole)
    assert [(s.frame_final_start, s.frame_final_duration) for s in runs] == [(11, FRAMES), (40, 1)]
    (alone,) = sequence.place_frames(scene, tmp_path, ["new.png"], 5, (SIZE // 2, SIZE // 2))
    assert alone.frame_final_duration == 1  # of another size: the others are gone
    assert len(sequence.strips(scene)) == 1


def test_strips_of_others_stay(scene, frames, tmp_path):
    mine = sequence.strips(scene).new_image("mine", str(tmp_path / frames[0]), 2, 3)
    other = tmp_path / "other"
    other.mkdir()
    (other / frames[0]).write_bytes(synthetic.png(ramp(0)))
    sequence.place_frames(scene, other, frames[:1], 3, (SIZE, SIZE))
    (strip,) = sequence.place_frames(scene, tmp_path, frames, 1, (SIZE, SIZE))
    assert len(sequence.strips(scene)) == 3
    assert (mine.channel, mine.frame_final_start, strip.channel) == (2, 3, 4)


@pytest.mark.parametrize("fps", [23.976, 25.0, 29.97, 60.0, 12.5])
def test_any_rate(scene, fps):
    sequence.set_rate(scene, fps)
    assert scene.render.fps / scene.render.fps_base == pytest.approx(fps, rel=1e-6)


@hears
def test_text_named_wav_is_one_line(scene, tmp_path):
    path = tmp_path / "text.wav"
    path.write_text("not a sound")
    with pytest.raises(InputError, match="speech: Blender cannot open") as caught:
        sequence.place_sound(scene, path)
    assert "\n" not in str(caught.value)


def test_sheet_shows_the_frames(scene, frames, tmp_path):
    sheet.write([tmp_path / name for name in frames], tmp_path / "sheet.png", columns=4, width=64)
    image = bpy.data.images.load(str(tmp_path / "sheet.png"))
    assert tuple(image.size) == (256, 192)
    pixels = np.empty(4 * 256 * 192, np.float32)
    image.pixels.foreach_get(pixels)
    first = pixels.reshape(192, 256, 4)[::-1][:64, :64, 0] * 255  # top left: the first frame
    np.testing.assert_allclose(first.mean(axis=0), np.arange(64) * 4 + 1.5, atol=3)


def test_sheet_shows_a_box(scene, frames, tmp_path):
    path, box = tmp_path / "sheet.png", (64.2, -20.0, 192.0, 128.0)
    sheet.write([tmp_path / frames[0]], path, box=box, width=128)
    image = bpy.data.images.load(str(path))
    assert tuple(image.size) == (128, 128)
    pixels = np.empty(4 * 128 * 128, np.float32)
    image.pixels.foreach_get(pixels)
    shown = np.rint(pixels.reshape(128, 128, 4)[::-1, :, :3] * 255).astype(int)
    np.testing.assert_array_equal(shown, ramp(0)[:128, 64:192])
