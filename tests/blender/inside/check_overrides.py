"""A subject of one file is used in another: appended, linked and overridden."""

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
from addon.core.errors import InputError
from addon.core.performance import Script
from addon.drive import script, speech, video
from addon.film import exports
from addon.perform import layers
from addon.subject import objects as subject
from addon.texture import geometry

pytestmark = [needs_backend, pytest.mark.usefixtures(connected.__name__)]
__all__ = ["connected"]


@pytest.fixture
def library(scene, tmp_path: Path) -> Path:
    """A .blend with a subject, and an empty scene in another folder open instead of it."""
    build("her")
    bpy.ops.wm.save_mainfile()
    path = Path(bpy.data.filepath)
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    shot = tmp_path / "shots/one"
    shot.mkdir(parents=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(shot / "shot.blend"))
    return path


def bring(library: Path, link: bool) -> bpy.types.Collection:
    """Append or link the subject's collection."""
    with bpy.data.libraries.load(str(library), link=link, relative=True) as (_, wanted):
        wanted.collections = ["her"]
    (collection,) = wanted.collections
    return collection


def override(library: Path) -> subject.SubjectObjects:
    """Link the collection and make a library override of it, whole."""
    linked, scene = bring(library, link=True), bpy.context.scene
    made = linked.override_hierarchy_create(scene, bpy.context.view_layer, do_fully_editable=True)
    assert made is not None
    if made.name not in scene.collection.children:
        scene.collection.children.link(made)
    return chosen(made)


def chosen(collection: bpy.types.Collection) -> subject.SubjectObjects:
    """The collection's subject, made active."""
    (rig,) = [thing for thing in collection.objects if subject.RECORD in thing]
    bpy.context.view_layer.objects.active = rig
    return subject.find(rig)


def jaw(who: subject.SubjectObjects, frame: int) -> float:
    """What the jaw evaluates to."""
    bpy.context.scene.frame_set(frame)
    keys = who.face.data.shape_keys.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return keys.key_blocks["jawOpen"].value


def take(tmp_path: Path, frames: int = 4) -> Path:
    """A recording in which the jaw opens."""
    weights = np.zeros((frames, 52), np.float32)
    weights[:, arkit_csv.NAMES.index("jawOpen")] = np.linspace(0.1, 0.7, frames)
    path = tmp_path / "take.csv"
    path.write_bytes(arkit_csv.encode(arkit_csv.Recording(24.0, weights)))
    return path


def test_appended_it_is_a_subject_of_this_file(library, tmp_path):
    collection = bring(library, link=False)
    bpy.context.scene.collection.children.link(collection)
    who = chosen(collection)
    assert who.photo.is_file()
    assert bpy.ops.facewright.import_arkit(filepath=str(take(tmp_path)), start=1) == {"FINISHED"}
    assert jaw(who, 4) == pytest.approx(0.7, abs=1e-5)
    texture(1, 3)
    assert spans() == [(1, 3)]


def test_overridden_it_performs_here_alone(library, tmp_path):
    who = override(library)
    assert who.rig.override_library and who.face.override_library and who.camera.override_library
    assert who.photo.is_file()
    assert bpy.ops.facewright.import_arkit(filepath=str(take(tmp_path)), start=1) == {"FINISHED"}
    assert jaw(who, 4) == pytest.approx(0.7, abs=1e-5)
    texture(1, 4)
    (strip,) = frame_strips()
    shown = {frame: pixels(path) for frame, path in pictures(strip).items()}
    assert (shown[1] != shown[4]).any()
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath)
    (rig,) = subject.in_scene(bpy.context.scene)
    bpy.context.view_layer.objects.active = rig
    assert jaw(subject.find(rig), 4) == pytest.approx(0.7, abs=1e-5)
    bpy.ops.wm.open_mainfile(filepath=str(library))
    (rig,) = subject.in_scene(bpy.context.scene)
    assert jaw(subject.find(rig), 4) != pytest.approx(0.7, abs=1e-3)


@hears
def test_overridden_it_is_driven_from_sound(library, tmp_path):
    who = override(library)
    speak(tmp_path, 1)
    assert bpy.ops.facewright.drive_speech() == {"FINISHED"}
    values = {round(jaw(who, frame), 4) for frame in range(1, 12)}
    assert len(values) > 4
    assert bpy.ops.facewright.drive_speech() == {"FINISHED"}


def test_overridden_it_is_exported(library, tmp_path):
    who = override(library)
    bpy.ops.facewright.import_arkit(filepath=str(take(tmp_path)), start=1)
    before = sorted(item.name for item in bpy.data.objects)
    path = exports.export(who, tmp_path / "her.glb", format="gltf", frames=range(1, 5))
    assert path.is_file() and sorted(item.name for item in bpy.data.objects) == before
    assert b"jawOpen" in path.read_bytes()


def test_a_linked_scene_is_refused_before_anything_is_made(library):
    with bpy.data.libraries.load(str(library), link=True) as (there, wanted):
        wanted.scenes = there.scenes[:1]
    (linked,) = wanted.scenes
    (rig,) = subject.in_scene(linked)
    who, said = subject.find(rig), Script("Hello.")
    footage = video.Footage(library, "movie", 1)
    for begun in (
        speech.strips_job(linked, ["words"], who, no_backend, no_backend),
        script.script_job(linked, said, "Script", who, no_backend, no_backend),
        video.video_job(linked, footage, who, no_backend, no_backend),
    ):
        with pytest.raises(InputError, match="linked from"):
            next(begun)
    bpy.context.window.scene = linked
    bpy.context.scene.facewright_texture.size = "256"
    for press in (bpy.ops.facewright.texture, bpy.ops.facewright.drive_script):
        with pytest.raises(RuntimeError, match="linked from"):
            press()


def no_backend(*_: object) -> None:
    raise AssertionError("nothing should be asked of a backend")


def test_linked_it_is_textured_and_refuses_keys_in_words(library, tmp_path):
    collection = bring(library, link=True)
    bpy.context.scene.collection.children.link(collection)
    who = chosen(collection)
    depsgraph = bpy.context.evaluated_depsgraph_get()
    assert np.isfinite(geometry.subject_vertices(who, depsgraph)).all()
    with pytest.raises(RuntimeError, match="override"):
        bpy.ops.facewright.import_arkit(filepath=str(take(tmp_path)))
    with pytest.raises(InputError, match="override"):
        layers.remove(who, "speech")
    texture(1, 2)
    assert spans() == [(1, 2)]
    exports.export(who, tmp_path / "her.csv", format="csv", frames=range(1, 3))


def test_the_subject_of_a_background_scene_is_not_this_ones(library):
    with bpy.data.libraries.load(str(library), link=True) as (there, wanted):
        wanted.scenes = [there.scenes[0]]
    bpy.context.scene.background_set = wanted.scenes[0]
    assert subject.in_scene(bpy.context.scene) == []
    with pytest.raises(RuntimeError, match="select a subject"):
        bpy.ops.facewright.texture()


def test_a_linked_scene_is_exported_and_refuses_changes_in_words(library, tmp_path):
    with bpy.data.libraries.load(str(library), link=True) as (there, wanted):
        wanted.scenes = [there.scenes[0]]
    bpy.context.window.scene = wanted.scenes[0]
    (rig,) = subject.in_scene(bpy.context.scene)
    who = subject.find(rig)
    path = exports.export(who, tmp_path / "her.glb", format="gltf", frames=range(1, 3))
    assert path.is_file()
    with pytest.raises(RuntimeError) as caught:
        bpy.ops.facewright.texture()
    text = str(caught.value).strip()
    assert "linked" in text and len(text.splitlines()) == 1
