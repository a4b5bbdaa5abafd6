"""Texturing as the panel offers it: states, preview, comparing, rendering."""

from __future__ import annotations

import os
import time
from pathlib import Path

import bpy
import numpy as np
import pytest
from textured import FRAMES, build, captured, edit

from addon.core.shelf import Shelf, State
from addon.film import sequence
from addon.subject import objects
from addon.texture import geometry, overlay
from addon.ui import session
from addon.ui.texture import compare, marks, preview, settings, timeline


@pytest.fixture
def her(scene, tmp_path, monkeypatch):
    """The subject, connected, with a cache of the test's own."""
    monkeypatch.setattr(settings.preferences, "cache_folder", lambda: tmp_path / "cache")
    session.disconnect()
    session.connect(session.Settings(os.environ["FACEWRIGHT_ADDRESS"]), lambda *step: None)
    who = build(captured(), tmp_path / "her é")
    chosen = scene.facewright_texture
    chosen.size, chosen.geometry = "256", "vertices"
    yield who
    bpy.context.scene.facewright_texture.live = False
    session.disconnect()


def folder(who: objects.SubjectObjects) -> Path:
    return settings.frames_folder(who)


def fresh(who: objects.SubjectObjects) -> list[tuple[int, int, State]]:
    return marks.of(folder(who)).runs()


def test_the_button_tells_what_it_made(her, scene):
    assert bpy.ops.facewright.texture() == {"FINISHED"}
    assert fresh(her) == [(FRAMES[0], FRAMES[-1], State.FRESH)]
    scene.use_preview_range = True
    scene.frame_preview_start, scene.frame_preview_end = 3, 5
    edit(her, range(4, 5))
    stamp = (folder(her) / Shelf.name(8)).stat().st_mtime_ns
    before = (folder(her) / Shelf.name(4)).read_bytes()
    assert bpy.ops.facewright.texture() == {"FINISHED"}
    assert (folder(her) / Shelf.name(4)).read_bytes() != before
    assert (folder(her) / Shelf.name(8)).stat().st_mtime_ns == stamp
    assert fresh(her) == [(FRAMES[0], FRAMES[-1], State.FRESH)]


def test_checking_lists_what_is_stale(her):
    bpy.ops.facewright.texture()
    edit(her, range(4, 7))
    folder(her).joinpath(Shelf.name(9)).unlink()
    assert bpy.ops.facewright.check_frames() == {"FINISHED"}
    assert fresh(her) == [
        (1, 3, State.FRESH),
        (4, 6, State.STALE),
        (7, 8, State.FRESH),
        (9, 9, State.CACHED),
        (10, 12, State.FRESH),
    ]
    bpy.context.scene.facewright_texture.seed = 4  # whatever shows: made with another
    bpy.ops.facewright.check_frames()
    assert fresh(her) == [(1, 8, State.STALE), (9, 9, State.MISSING), (10, 12, State.STALE)]


def test_an_edit_is_noticed(her):
    bpy.ops.facewright.texture()
    states = marks.of(folder(her))
    assert not states.edited
    her.face.data.shape_keys.key_blocks["Basis"].data[0].co.x += 0.01
    her.face.data.update()
    bpy.context.view_layer.update()
    assert states.edited
    bpy.ops.facewright.check_frames()
    assert not states.edited


def test_what_is_edited_while_it_is_textured_is_not_told_to_be_fresh(her, monkeypatch):
    told = marks.Marks.__call__

    def sculpt(states: marks.Marks, frame: int, state: State) -> None:
        told(states, frame, state)
        if frame == 6 and state is State.FRESH:
            her.face.data.shape_keys.key_blocks["Basis"].data[0].co.x += 0.01
            her.face.data.update()
            bpy.context.view_layer.update()

    monkeypatch.setattr(marks.Marks, "__call__", sculpt)
    bpy.ops.facewright.texture()
    states = marks.of(folder(her))
    assert states.edited and "edited" in preview.warning(bpy.context.scene)
    monkeypatch.undo()


def test_a_part_that_is_checked_leaves_the_rest_in_doubt(her, scene):
    bpy.ops.facewright.texture()
    marks.of(folder(her)).edit()
    scene.use_preview_range = True
    scene.frame_preview_start, scene.frame_preview_end = 3, 5
    bpy.ops.facewright.check_frames()
    states = marks.of(folder(her))
    assert states.runs(1, edited=False) == [(3, 5, State.FRESH)]
    assert states.runs(1, edited=True) == [(1, 2, State.FRESH), (6, FRAMES[-1], State.FRESH)]
    assert states.edited


def test_moving_through_time_is_no_edit(her, scene):
    bpy.ops.facewright.texture()
    for frame in (3, 7, 2):
        scene.frame_set(frame)
    assert not marks.of(folder(her)).edited


def test_the_line_in_the_timeline():
    runs = [(1, 3, State.FRESH), (4, 6, State.STALE)]
    (green, first), (orange, second) = timeline.bars(runs, False, 1, lambda frame: 10.0 * frame, 0)
    assert green == timeline.COLOURS[State.FRESH] and orange == timeline.COLOURS[State.STALE]
    assert {x for x, _ in first} == {10.0, 40.0} and {x for x, _ in second} == {40.0, 70.0}
    (pale, _), _ = timeline.bars(runs, True, 1, lambda frame: 10.0 * frame, 0)
    assert pale[:3] == green[:3] and pale[3] < green[3]


def strips(scene: bpy.types.Scene, where: Path) -> list[bpy.types.Strip]:
    return sequence.frame_strips(scene, where)


def test_one_click_shows_geometry_or_texture(her, scene):
    bpy.ops.facewright.texture()
    assert bpy.ops.facewright.overlay() == {"FINISHED"}
    (strip,) = strips(scene, folder(her))
    slots = [s for s in her.camera.data.background_images if s.display_depth == "FRONT"]
    assert len(slots) == 1 and slots[0].show_background_image and not strip.mute
    assert slots[0].image.source == "SEQUENCE"
    if geometry.can_draw():
        assert bpy.ops.facewright.geometry_strip() == {"FINISHED"}
        (drawn,) = compare.geometry_strips(scene, folder(her).with_name("geometry"))
        assert len(drawn.elements) == len(FRAMES)
        assert strip_of(scene, her).mute and not drawn.mute
    else:
        assert bpy.ops.facewright.compare() == {"FINISHED"}
    assert scene.facewright_texture.shown == "GEOMETRY"
    assert strip_of(scene, her).mute and not slots[0].show_background_image
    assert bpy.ops.facewright.compare() == {"FINISHED"}
    assert not strip_of(scene, her).mute and slots[0].show_background_image
    for other in compare.geometry_strips(scene, folder(her).with_name("geometry")):
        assert other.mute


def strip_of(scene: bpy.types.Scene, who: objects.SubjectObjects) -> bpy.types.Strip:
    (strip,) = strips(scene, folder(who))
    return strip


def pixels(path: Path) -> np.ndarray:
    image = bpy.data.images.load(str(path))
    width, height = image.size
    values = np.empty(4 * width * height, np.float32)
    image.pixels.foreach_get(values)
    bpy.data.images.remove(image)
    return values.reshape(height, width, 4)[::-1, :, :3] * 255


def test_pictures_of_geometry_lie_where_the_textured_ones_do(her, scene):
    if not geometry.can_draw():
        pytest.skip("no usable EGL: this machine cannot draw without a display")
    scene.frame_end = 2
    bpy.ops.facewright.texture()
    bpy.ops.facewright.geometry_strip()
    made = folder(her).with_name("geometry") / Shelf.name(1)
    textured, drawn = pixels(folder(her) / Shelf.name(1)), pixels(made)
    assert textured.shape == drawn.shape
    face = np.ptp(drawn, axis=2) > 30  # skin, not the grey behind it
    assert face.mean() > 0.1
    assert np.abs(textured[face] - drawn[face]).mean() < 40
    stamp = made.stat().st_mtime_ns
    bpy.ops.facewright.geometry_strip()
    assert made.stat().st_mtime_ns == stamp  # nothing changed


def settle(scene: bpy.types.Scene) -> int:
    """Advance the preview as its timer does, until it rests; how many pictures came."""
    before, until = preview.live.shown, time.monotonic() + 60
    preview.live.changed = 0.0
    preview.advance(scene)
    while preview.live.task is not None:
        assert time.monotonic() < until
        preview.live.changed = 0.0
        preview.advance(scene)
        time.sleep(0.01)
    return preview.live.shown - before


@pytest.fixture
def live(her, scene):
    scene.facewright_texture.live = True
    scene.facewright_texture.animator = "blended"
    preview.live.asked = None
    preview.live.fingerprints.clear()
    return scene


def test_a_resting_frame_is_previewed(live, her, tmp_path):
    live.frame_set(4)
    assert settle(live) == 1
    file = folder(her).parent / "preview.png"
    first = file.read_bytes()
    assert settle(live) == 0  # the same frame again
    live.frame_set(5)
    assert settle(live) == 1 and file.read_bytes() != first
    image = next(i for i in bpy.data.images if i.get("facewright_shows") == "preview")
    assert bpy.path.abspath(image.filepath) == str(file)
    assert [s.image for s in her.camera.data.background_images if s.display_depth == "FRONT"] == [
        image
    ]
    # A frame that was previewed comes from the cache, whoever is connected.
    session.disconnect()
    live.frame_set(4)
    assert settle(live) == 1 and file.read_bytes() == first
    assert session.state.backend is None
    overlay.remove(her, "preview")
    assert not any(i.get("facewright_shows") == "preview" for i in bpy.data.images)


def test_why_there_is_no_preview_stays_to_be_read(live, monkeypatch):
    def fail(scene: bpy.types.Scene) -> None:
        raise OSError(28, "No space left", "preview.png")

    monkeypatch.setattr(preview, "advance", fail)
    assert preview.tick() is not None and "No space left" in preview.live.problem
    monkeypatch.setattr(preview, "advance", lambda scene: None)
    assert preview.tick() is not None and "No space left" in preview.live.problem
    other = bpy.data.scenes.new("other")
    bpy.context.window.scene = other  # and back: it goes on
    assert preview.tick() is not None
    bpy.context.window.scene = live
    live.facewright_texture.live = False
    assert preview.tick() is None


def test_previews_go_whoever_has_lost_a_part(live, her):
    live.frame_set(4)
    settle(live)
    broken = her.rig.copy()
    live.collection.objects.link(broken)
    assert len(objects.in_scene(live)) == 2
    preview.clear(live)
    assert not any(i.get("facewright_shows") == "preview" for i in bpy.data.images)


def test_geometry_that_is_added_is_an_edit(live, her):
    settle(live)
    bpy.ops.facewright.texture()
    bpy.ops.mesh.primitive_cube_add(size=0.01)
    hat = bpy.context.object
    bpy.context.view_layer.objects.active = her.rig
    bpy.ops.facewright.check_frames()
    assert not marks.of(folder(her)).edited
    hat.select_set(True)
    assert bpy.ops.facewright.add_geometry() == {"FINISHED"}
    assert marks.of(folder(her)).edited
    assert preview.live.passes is None  # it is read anew, with the hat


def test_nothing_is_previewed_while_it_moves_or_renders_or_works(live):
    preview.live.changed = time.monotonic() + 60
    assert not preview.resting(live)
    preview.live.changed = 0.0
    assert preview.resting(live)
    preview._render_begins()
    assert not preview.resting(live)
    preview._render_ends()
    preview.live.changed = 0.0
    session.state.busy = True
    assert not preview.resting(live)
    session.state.busy = False
    live.frame_set(3)
    assert not preview.resting(live)  # it has only just moved


def test_texture_and_render_makes_what_is_stale_first(her, scene, tmp_path):
    bpy.ops.facewright.texture()
    edit(her, range(4, 7))
    scene.frame_end = 6
    settings_of = scene.render.image_settings
    if hasattr(settings_of, "media_type"):
        settings_of.media_type = "IMAGE"
    settings_of.file_format, scene.render.use_sequencer = "PNG", True
    scene.render.filepath = str(tmp_path / "out_####.png")
    assert bpy.ops.facewright.texture_render() == {"FINISHED"}
    assert fresh(her) == [(1, 6, State.FRESH)]
    assert len(list(tmp_path.glob("out_*.png"))) == 6
    shown = pixels(tmp_path / "out_0005.png")
    made = pixels(folder(her) / Shelf.name(5))[: shown.shape[0], : shown.shape[1]]
    assert np.abs(shown - made).max() <= 1
    assert not preview.live.rendering
    scene.render.use_sequencer = False
    with pytest.raises(RuntimeError, match="Sequencer"):
        bpy.ops.facewright.texture_render()


def test_rendering_stale_frames_is_said(her, scene, tmp_path):
    bpy.ops.facewright.texture()
    assert preview.warning(scene) == ""
    edit(her, range(4, 7))
    bpy.ops.facewright.check_frames()
    assert "3 frames" in preview.warning(scene)


def test_a_linked_subjects_pictures_lie_beside_the_scene(her, scene, tmp_path):
    assert folder(her) == tmp_path / "her é" / "frames"
    library = tmp_path / "library.blend"
    bpy.data.libraries.write(str(library), {her.rig, her.face})
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "shot.blend"))
    with bpy.data.libraries.load(str(library), link=True) as (there, wanted):
        wanted.objects = there.objects
    rig = next(thing for thing in bpy.data.objects if objects.RECORD in thing)
    who = objects.SubjectObjects(rig, rig, (), rig)
    assert folder(who).is_relative_to(tmp_path / "shot_files")
