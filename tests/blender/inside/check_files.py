"""Scenes are saved, moved, copied, linked and named as people do, and go on working."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import bpy
import numpy as np
import pytest
from desk import (
    EXAMPLES,
    build,
    connected,
    frame_strips,
    hears,
    needs_backend,
    new_subject,
    pictures,
    pixels,
    spans,
    speak,
    texture,
)

from addon.subject import objects as subject
from addon.texture import geometry

pytestmark = [needs_backend, pytest.mark.usefixtures(connected.__name__)]
__all__ = ["connected"]
ODD = "Größe é 日本語 😀"


def who() -> subject.SubjectObjects:
    """The scene's only subject."""
    (rig,) = subject.in_scene(bpy.context.scene)
    bpy.context.view_layer.objects.active = rig
    return subject.find(rig)


def seen(frame: int) -> np.ndarray:
    """The subject's vertices at a frame."""
    bpy.context.scene.frame_set(frame)
    return geometry.subject_vertices(who(), bpy.context.evaluated_depsgraph_get())


def act() -> None:
    """Two hand-set keys of the jaw, at frames 1 and 4."""
    block = who().face.data.shape_keys.key_blocks["jawOpen"]
    for frame, value in ((1, 0.0), (4, 0.8)):
        block.value = value
        block.keyframe_insert("value", frame=frame)


def shown() -> dict[int, bytes]:
    """Frame -> the bytes of the picture in the sequencer."""
    return {
        frame: path.read_bytes()
        for strip in frame_strips()
        for frame, path in pictures(strip).items()
    }


@hears
def test_every_path_may_be_odd(scene, tmp_path):
    folder = tmp_path / ODD / "my scenes"
    folder.mkdir(parents=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(folder / f"{ODD}.blend"))
    photo = Path(shutil.copy(EXAMPLES / "portrait.png", folder / f"photo {ODD}.png"))
    new_subject(photo)
    speak(folder, 1, name=f"words {ODD}")
    assert bpy.ops.facewright.drive_speech() == {"FINISHED"}
    texture(1, 3)
    assert spans() == [(1, 3)] and len(shown()) == 3
    out = bpy.context.scene.facewright_output
    for kind, name in (("h264", "film.mp4"), ("png", "pictures")):
        out.movie_kind, out.movie_path = kind, f"//{ODD}/{name}"
        assert bpy.ops.facewright.render_movie() == {"FINISHED"}
        assert (folder / ODD / name).exists()
    for format, name in (("csv", "talk.csv"), ("alembic", "talk.abc"), ("usd", "talk.usdc")):
        out.export_format, out.export_path = format, f"//{ODD}/{name}"
        assert bpy.ops.facewright.export() == {"FINISHED"}
        assert (folder / ODD / name).is_file()
    bpy.ops.wm.save_mainfile()
    want = shown()
    bpy.ops.wm.open_mainfile(filepath=str(folder / f"{ODD}.blend"))
    assert shown() == want
    texture(1, 3)
    assert shown() == want


def test_reopened_it_goes_on(scene, tmp_path):
    build()
    act()
    texture(1, 4)
    want, before = seen(3), shown()
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    np.testing.assert_array_equal(seen(3), want)
    assert shown() == before
    texture(1, 4)
    assert shown() == before and spans() == [(1, 4)]


def test_moved_with_its_folder_it_goes_on(scene, tmp_path):
    build()
    act()
    texture(1, 3)
    bpy.ops.wm.save_mainfile()
    before = shown()
    away = tmp_path / "moved"
    away.mkdir()
    for name in ("scene.blend", "scene_files"):
        shutil.move(tmp_path / name, away / name)
    bpy.ops.wm.open_mainfile(filepath=str(away / "scene.blend"))
    assert shown() == before
    assert who().photo.is_file() and who().photo.is_relative_to(away)
    texture(1, 4)
    assert spans() == [(1, 4)]
    assert all(path.is_relative_to(away) for s in frame_strips() for path in pictures(s).values())


@pytest.mark.parametrize("copy", [False, True])
def test_saved_as_elsewhere_it_goes_on(scene, tmp_path, copy):
    """As Save As, Save Copy and auto-save do: the pictures stay where they are."""
    build()
    act()
    texture(1, 3)
    before = shown()
    away = tmp_path / "else" / "where"
    away.mkdir(parents=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(away / "other.blend"), copy=copy)
    bpy.ops.wm.open_mainfile(filepath=str(away / "other.blend"))
    assert shown() == before and who().photo.is_file()
    texture(1, 3)
    assert spans() == [(1, 3)]
    assert shown() == before
    assert bpy.ops.facewright.delete_subject("EXEC_DEFAULT") == {"FINISHED"}
    assert not frame_strips()


def test_an_auto_save_opens(scene, tmp_path):
    """Auto-saves lie in the folder for temporary files, with the paths of the original."""
    build()
    act()
    texture(1, 2)
    before = shown()
    saved = tmp_path / "scene_1234_autosave.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(saved), copy=True, relative_remap=False)
    bpy.ops.wm.open_mainfile(filepath=str(saved))
    assert shown() == before and len(seen(1))


def test_two_scenes_of_one_file_keep_apart(scene, tmp_path):
    build()
    act()
    texture(1, 3)
    first = bpy.context.scene
    second = bpy.data.scenes.new("second")
    bpy.context.window.scene = second
    build("second")
    act()
    texture(1, 2)
    assert spans() == [(1, 2)]
    bpy.context.window.scene = first
    assert spans() == [(1, 3)]
    folders = {path.parent for strip in frame_strips() for path in pictures(strip).values()}
    bpy.context.window.scene = second
    others = {path.parent for strip in frame_strips() for path in pictures(strip).values()}
    assert folders.isdisjoint(others)


def test_two_subjects_have_a_strip_each(scene, tmp_path):
    one, two = build("one"), build("two")
    for rig, jaw in ((one.rig, 0.1), (two.rig, 0.9)):
        bpy.context.view_layer.objects.active = rig
        subject.find(rig).face.data.shape_keys.key_blocks["jawOpen"].value = jaw
        texture(1, 3)
    assert spans() == [(1, 3), (1, 3)]
    a, b = frame_strips()
    assert a.channel != b.channel and a.directory != b.directory
    assert (pixels(pictures(a)[2]) != pixels(pictures(b)[2])).any()
    bpy.context.view_layer.objects.active = None
    with pytest.raises(RuntimeError, match="Select one of the subjects"):
        bpy.ops.facewright.texture()


def test_unsaved_scenes_are_told_of(scene, connected):
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.context.scene.facewright_subject.photo = str(EXAMPLES / "portrait.png")
    with pytest.raises(RuntimeError, match=r"Save the \.blend first"):
        bpy.ops.facewright.new_subject()


def one_line(call) -> str:
    """What a button says that cannot do its work."""
    with pytest.raises(RuntimeError) as caught:
        call()
    text = str(caught.value).strip().removeprefix("Error: ")
    assert "\n" not in text, text
    return text


@hears
def test_missing_files_are_one_line(scene, tmp_path):
    scene.facewright_subject.photo = str(tmp_path / "nobody.png")
    assert "nobody.png" in one_line(bpy.ops.facewright.new_subject)
    build()
    strip = speak(tmp_path, 1)
    Path(bpy.path.abspath(strip.sound.filepath)).unlink()
    assert "words" in one_line(bpy.ops.facewright.drive_speech)
    texture(1, 2)
    shutil.rmtree(tmp_path / "scene_files/portrait")
    texture(1, 2)  # the backend still knows the subject: the folder is made anew
    assert len(shown()) == 2


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nobody keeps root out")
def test_read_only_folders_are_one_line(scene, tmp_path):
    build()
    read_only = tmp_path / "locked"
    read_only.mkdir(mode=0o555)
    out = bpy.context.scene.facewright_output
    out.export_format, out.export_path = "csv", str(read_only / "talk.csv")
    assert "locked" in one_line(bpy.ops.facewright.export)


def test_folders_that_cannot_be_are_one_line(scene, tmp_path):
    """A file stands where a folder should be, which keeps root out as well."""
    build()
    (tmp_path / "taken").write_text("")
    out = bpy.context.scene.facewright_output
    out.export_format, out.export_path = "csv", str(tmp_path / "taken/talk.csv")
    assert "taken" in one_line(bpy.ops.facewright.export)
    texture(1, 2)
    out.movie_path = str(tmp_path / "taken/film.mp4")
    assert "taken" in one_line(bpy.ops.facewright.render_movie)
    frames = who().photo.parent
    shutil.rmtree(frames / "frames", ignore_errors=True)
    taken = [path for path in frames.iterdir() if path.is_dir()]
    for path in taken:
        shutil.rmtree(path)
    (frames / "frames").write_text("")
    assert "frames" in one_line(bpy.ops.facewright.texture)
