"""Scenes of any rate and range: driven, textured, rendered and exported in time."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest
from desk import (
    build,
    connected,
    frame_strips,
    hears,
    needs_backend,
    pictures,
    pixels,
    spans,
    speak,
    texture,
)

from addon.core import arkit_csv
from addon.film import exports, movie, sequence
from addon.subject import objects as subject

pytestmark = [needs_backend, pytest.mark.usefixtures(connected.__name__)]
__all__ = ["connected"]
SECONDS = 0.6


def jaw(who: subject.SubjectObjects, begin: int, fps: float) -> np.ndarray:
    """What the jaw does over the sound, every 50 ms of it, between frames as well."""
    scene, values = bpy.context.scene, []
    for second in np.arange(0.05, SECONDS - 0.1, 0.05):
        frame = begin + second * fps
        scene.frame_set(int(frame), subframe=frame % 1)
        keys = who.face.data.shape_keys.evaluated_get(bpy.context.evaluated_depsgraph_get())
        values.append(keys.key_blocks["jawOpen"].value)
    return np.array(values)


@hears
@pytest.mark.parametrize("start", [1, 101, 1001])
def test_lips_are_where_the_sound_is(scene, tmp_path: Path, start: int):
    sequence.set_rate(scene, 24.0)
    who = build()
    speak(tmp_path, start)
    assert bpy.ops.facewright.drive_speech() == {"FINISHED"}
    got = jaw(who, start, 24.0)
    assert np.ptp(got) > 0.02
    if start == 1:
        return
    other = speak(tmp_path, 1, name="first")
    assert other.select and bpy.ops.facewright.drive_speech() == {"FINISHED"}
    np.testing.assert_allclose(jaw(who, 1, 24.0), got, atol=1e-5)
    np.testing.assert_allclose(jaw(who, start, 24.0), got, atol=1e-5)


@hears
@pytest.mark.parametrize("fps", [30.0, 23.976, 60.0])
def test_another_rate_keeps_time(scene, tmp_path: Path, fps: float):
    sequence.set_rate(scene, 24.0)
    who = build()
    strip = speak(tmp_path, 101)
    assert bpy.ops.facewright.drive_speech() == {"FINISHED"}
    before = jaw(who, 101, 24.0)
    sequence.set_rate(scene, fps)
    assert bpy.ops.facewright.retime() == {"FINISHED"}
    begin = round(strip.frame_final_start)
    np.testing.assert_allclose(jaw(who, begin, fps), before, atol=0.02 + np.ptp(before) * 0.2)
    assert bpy.ops.facewright.drive_speech() == {"FINISHED"}
    # Driven anew it is not the same to the digit: the strip is a part of a frame longer.
    assert np.corrcoef(jaw(who, begin, fps), before)[0, 1] > 0.95


@hears
def test_a_trimmed_strip_drives_what_is_heard(scene, tmp_path: Path):
    sequence.set_rate(scene, 25.0)
    who = build()
    strip = speak(tmp_path, 11, seconds=1.2)
    assert bpy.ops.facewright.drive_speech() == {"FINISHED"}
    whole = jaw(who, 11 + 10, 25.0)
    strip.frame_final_start = 21
    assert bpy.ops.facewright.drive_speech() == {"FINISHED"}
    np.testing.assert_allclose(jaw(who, 21, 25.0), whole, atol=0.05 + np.ptp(whole) * 0.35)
    tracks = who.face.data.shape_keys.animation_data.nla_tracks
    assert min(s.frame_start for t in tracks if t.name == "speech" for s in t.strips) == 21


@pytest.mark.parametrize("first", [0, 101, 1001])
def test_frames_land_where_they_belong(scene, tmp_path: Path, first: int):
    who = build()
    block = who.face.data.shape_keys.key_blocks["jawOpen"]
    for frame, value in ((first, 0.0), (first + 2, 0.9)):
        block.value = value
        block.keyframe_insert("value", frame=frame)
    texture(first, first + 2)
    assert spans() == [(first, first + 2)]
    (strip,) = frame_strips()
    shown = {frame: pixels(path) for frame, path in pictures(strip).items()}
    assert list(shown) == list(range(first, first + 3))
    assert (shown[first] != shown[first + 2]).any()
    folder = movie.render(scene, tmp_path / "out", kind="png")
    files = sorted(folder.glob("*.png"))
    assert len(files) == 3
    rendered = [pixels(file) for file in files]
    order = [
        min(shown, key=lambda frame: np.abs(shown[frame] - picture).mean()) for picture in rendered
    ]
    assert sorted(order) == list(shown)
    path = exports.export(who, tmp_path / "talk.csv", format="csv")
    got = arkit_csv.read(path, scene.render.fps / scene.render.fps_base)
    column = got.weights[:, arkit_csv.NAMES.index("jawOpen")]
    assert (column[0], column[-1]) == (0.0, pytest.approx(0.9, abs=1e-6))


def test_a_preview_range_is_a_part(scene):
    build()
    texture(101, 106)
    scene.use_preview_range = True
    scene.frame_preview_start, scene.frame_preview_end = 103, 104
    assert bpy.ops.facewright.texture() == {"FINISHED"}
    assert spans() == [(101, 106)]


def test_frames_before_zero_are_textured(scene, tmp_path: Path):
    """Blender's scenes begin at 0 or later; a preview range may not."""
    who = build()
    block = who.face.data.shape_keys.key_blocks["jawOpen"]
    for frame, value in ((-3, 0.0), (2, 0.9)):
        block.value = value
        block.keyframe_insert("value", frame=frame)
    texture(0, 3)
    scene.use_preview_range = True
    scene.frame_preview_start, scene.frame_preview_end = -3, 2
    if scene.frame_preview_start >= 0:
        pytest.skip("this Blender's preview ranges are not negative either")
    assert bpy.ops.facewright.texture() == {"FINISHED"}
    assert spans() == [(-3, 3)]
    (strip,) = frame_strips()
    shown = {frame: pixels(path) for frame, path in pictures(strip).items()}
    steps = [np.abs(shown[frame + 1] - shown[frame]).sum() for frame in range(-3, 2)]
    assert min(steps) > 0
    apart = [np.abs(shown[frame] - shown[-3]).sum() for frame in range(-2, 3)]
    assert apart == sorted(apart)
