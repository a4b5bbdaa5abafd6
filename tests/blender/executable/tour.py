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


def rig() -> bpy.types.Object:
    return next(thing for thing in scene().objects if "facewright" in thing)


def tracks() -> dict[str, int]:
    """NLA tracks of the face -> strips on each."""
    keys = part("subject.objects").find(rig()).face.data.shape_keys
    data = keys.animation_data
    return {track.name: len(track.strips) for track in data.nla_tracks} if data else {}


def pictures() -> list[str]:
    """The frames that are in the sequencer."""
    strips = part("film.sequence").strips(scene())
    return sorted(
        element.filename
        for strip in strips
        if strip.type == "IMAGE" and "frames" in strip.name.lower()
        for element in strip.elements
    )


def ticks(name: str) -> Any:
    return desk.timed(results["ticks"].setdefault(name, []))


def tour() -> desk.Scenario:
    yield from wrong_order()
    yield from make_subject()
    yield from drive()
    yield from texture()
    yield from undo()
    yield from desk.look_at_panels()
    bpy.context.preferences.view.ui_scale = 2.0
    yield None
    yield from desk.look_at_panels("_2x")


def wrong_order() -> desk.Scenario:
    """What a stranger does first."""
    says = results["refused"]
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
    preferences = bpy.context.preferences.addons[desk.PACKAGE].preferences
    says["no backend"] = desk.refused("connect")
    preferences.address = "127.0.0.1:1"
    part("core.client").CONNECT_SECONDS = 2.0
    says["nobody there"] = desk.refused("connect")
    yield desk.press("connect")
    yield None
    desk.look("nobody_there")
    desk.dismiss()
    preferences.address = os.environ["DESK_ADDRESS"]
    part("core.client").CONNECT_SECONDS = 15.0
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
    keys = part("subject.objects").find(rig()).face.data.shape_keys.key_blocks
    results["shape keys"] = len(keys) - 1
    results["refused"]["no sound strip"] = desk.refused("drive_speech")


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
        desk.look("texturing")
        results["while busy"] = bool(bpy.ops.facewright.texture.poll())
        with desk.window():
            bpy.ops.facewright.cancel()
        yield done
    results["after cancel"] = [len(pictures()), state.fraction]
    with ticks("texture again"):
        yield desk.press("texture")
    results["pictures"] = len(pictures())


def undo() -> desk.Scenario:
    """Blender's undo takes back what a job did, whole."""
    with desk.window():
        bpy.ops.ed.undo_push(message="before")
    before = tracks()
    rig().facewright_perform.head_motion = 0.0
    yield desk.press("drive_speech")
    with desk.window():
        bpy.ops.ed.undo()
    yield None
    results["undone"] = [tracks() == before, len(pictures())]


desk.start(tour(), results)
