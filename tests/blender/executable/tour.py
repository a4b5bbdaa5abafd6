"""A day at the desk, in Blender's real window: every button, in and out of order.

    DESK_FOLDER=... DESK_ADDRESS=host:port blender --python tour.py

``DESK_FOLDER`` holds portrait.png and speech.wav. What was seen is in results.json there;
test_executable.py judges it. Pictures of everything are in pictures/.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import bpy
import desk
from desk import FOLDER, part

results: dict[str, Any] = {"refused": {}, "ticks": {}}
FRAMES = 24


def scene() -> bpy.types.Scene:
    return bpy.context.window_manager.windows[0].scene


def who() -> Any:
    """The scene's subject."""
    rig = next(thing for thing in scene().objects if "facewright" in thing)
    return part("subject.objects").find(rig)


def preferences() -> bpy.types.AddonPreferences:
    return bpy.context.preferences.addons[desk.PACKAGE].preferences


def tracks() -> dict[str, int]:
    """NLA tracks of the face -> strips on each."""
    data = who().face.data.shape_keys.animation_data
    return {track.name: len(track.strips) for track in data.nla_tracks} if data else {}


def frame_strips() -> list[bpy.types.Strip]:
    folder = part("ui.texture.settings").frames_folder(who())
    return list(part("film.sequence").frame_strips(scene(), folder))


def pictures() -> dict[str, int]:
    """The frames' files -> when each was written."""
    folder = part("ui.texture.settings").frames_folder(who())
    return {path.name: path.stat().st_mtime_ns for path in sorted(folder.glob("frame_*.png"))}


def ticks(name: str) -> Any:
    return desk.timed(results["ticks"].setdefault(name, []))


def tour() -> desk.Scenario:
    yield from wrong_order()
    yield from make_subject()
    yield from drive()
    yield from texture()
    yield from edit()
    yield from compare()
    yield from scrub()
    yield from undo()
    yield from output()


def wrong_order() -> desk.Scenario:
    """What a stranger does first."""
    says, chosen = results["refused"], preferences()
    desk.sidebar()
    yield None
    desk.sidebar()
    yield None
    desk.look("first")
    says["no photo"] = desk.refused("new_subject")
    says["drive, no subject"] = desk.refused("drive_speech")
    says["texture, no subject"] = desk.refused("texture")
    scene().facewright_subject.photo = str(FOLDER / "portrait.png")
    says["unsaved"] = desk.refused("new_subject")
    says["no backend"] = desk.refused("connect")
    chosen.address = "10.1.2.3:50551"
    says["offline"] = desk.refused("connect")
    chosen.address = "127.0.0.1:1"
    says["nobody there"] = desk.refused("connect")
    yield desk.press("connect")
    yield None
    desk.look("nobody_there")
    desk.dismiss()
    chosen.address = os.environ["DESK_ADDRESS"]
    with desk.window():
        bpy.ops.wm.save_as_mainfile(filepath=str(FOLDER / "Ein Film – 1.blend"))
    broken = FOLDER / "broken.jpg"
    broken.write_bytes((FOLDER / "portrait.png").read_bytes()[:5000])
    scene().facewright_subject.photo = str(broken)
    says["broken photo"] = desk.refused("new_subject")
    scene().facewright_subject.photo = str(FOLDER / "nowhere.png")
    says["no file"] = desk.refused("new_subject")
    scene().facewright_subject.photo = str(FOLDER / "portrait.png")


def make_subject() -> desk.Scenario:
    yield desk.press("connect")
    results["connected"] = part("ui.session").state.summary
    with ticks("new_subject"):
        yield desk.press("new_subject")
    results["shape keys"] = len(who().face.data.shape_keys.key_blocks) - 1
    results["seen"] = desk.area().spaces.active.region_3d.view_perspective
    results["refused"]["no sound strip"] = desk.refused("drive_speech")
    results["refused"]["no frames"] = desk.refused("render_movie")
    bpy.data.objects.remove(bpy.data.objects["Cube"])
    yield desk.press("make_pose_library")
    results["poses"] = len([action for action in bpy.data.actions if action.asset_data])


def drive() -> desk.Scenario:
    strips = part("film.sequence").strips(scene())
    strip = strips.new_sound("voice", str(FOLDER / "speech.wav"), 1, 1)
    results["sound"] = strip.frame_final_duration
    with ticks("drive_speech"):
        yield desk.press("drive_speech")
    results["tracks"] = tracks()


def texture() -> desk.Scenario:
    scene().frame_start, scene().frame_end = 1, FRAMES
    scene().facewright_texture.size = "256"
    state = part("ui.session").state
    with ticks("texture"):
        done = desk.press("texture")
        yield lambda: state.stage == "texturing" and state.fraction > 0.2
        results["progress"] = [state.stage, state.fraction, state.seconds_left]
        desk.look("tour_texturing")
        results["while busy"] = bool(bpy.ops.facewright.texture.poll())
        with desk.window():
            bpy.ops.facewright.cancel()
        yield done
    first = pictures()
    with ticks("texture again"):
        yield desk.press("texture")
    both = pictures()
    results["after cancel"] = len(first)
    results["kept"] = all(both[name] == when for name, when in first.items())
    results["pictures"] = len(both)


def edit() -> desk.Scenario:
    """One frame changes; only that is made again."""
    before = pictures()
    mesh = who().face.data
    key = mesh.shape_keys.key_blocks["jawOpen"]
    key.slider_max = 1.0
    driver = key.driver_add("value").driver  # a hand's jaw: open on frame 12 alone
    driver.type, driver.expression = "SCRIPTED", "0.8 if frame == 12 else 0.0"
    yield None
    yield desk.press("texture")  # a driver takes the jaw's keys from it, wherever it spoke
    driven = pictures()
    driver.expression = "0.8 if frame == 13 else 0.0"
    yield None
    yield desk.press("texture")
    after = pictures()
    results["made again"] = sorted(name for name in after if after[name] != driven[name])
    results["stayed"] = sorted(after) == sorted(before)
    key.driver_remove("value")
    yield desk.press("texture")


def compare() -> desk.Scenario:
    yield desk.press("geometry_strip")
    results["A"] = [strip.mute for strip in frame_strips()]
    with desk.window():
        bpy.ops.facewright.compare()
    results["B"] = [strip.mute for strip in frame_strips()]
    with desk.window():
        bpy.ops.facewright.overlay()
    yield None
    yield None
    desk.look("overlay")


def scrub() -> desk.Scenario:
    """Frames that the pointer rests on are previewed."""
    chosen = scene().facewright_texture
    chosen.live = True

    def shown() -> bool:
        return any(image.name.endswith("preview") for image in bpy.data.images)

    yield shown
    image = next(image for image in bpy.data.images if image.name.endswith("preview"))
    path = Path(bpy.path.abspath(image.filepath))
    before = path.read_bytes()
    for frame in (9, 10, 11, 12):
        scene().frame_set(frame)
        yield None
    yield lambda: path.read_bytes() != before
    results["preview"] = list(image.size)
    chosen.live = False
    yield None


def undo() -> desk.Scenario:
    """Blender's undo takes back what a job did, whole."""
    with desk.window():
        bpy.ops.ed.undo_push(message="before")
    before, made = tracks(), len(pictures())
    strips = part("film.sequence").strips(scene())
    strips.new_sound("again", str(FOLDER / "speech.wav"), 3, 400)
    for strip in strips:
        strip.select = strip.name == "again"
    yield desk.press("drive_speech")
    results["more"] = tracks() != before
    with desk.window():
        bpy.ops.ed.undo()
    yield None
    results["undone"] = [tracks() == before, len(pictures()) == made]


def output() -> desk.Scenario:
    bpy.context.preferences.view.render_display_type = "NONE"
    yield desk.press("render_movie")
    yield None
    results["movie"] = [path.name for path in FOLDER.glob("Ein Film*.mp4")]
    with desk.window():
        bpy.ops.wm.save_mainfile()


desk.start(tour(), results)
