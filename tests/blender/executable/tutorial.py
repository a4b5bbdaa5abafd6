"""Does what docs/blender/tutorial.md says, step by step, with its pictures.

    DESK_FOLDER=... DESK_ADDRESS=host:port blender --python tutorial.py

A new name in the tutorial that Blender's window does not have fails here.
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

results: dict[str, Any] = {}
LAST = 72


def scene() -> bpy.types.Scene:
    return bpy.context.window_manager.windows[0].scene


def rig() -> bpy.types.Object:
    return next(thing for thing in scene().objects if "facewright" in thing)


def who() -> Any:
    return part("subject.objects").find(rig())


def settle() -> desk.Scenario:
    """Let everything be drawn, also what moves into place, without messages over it."""
    desk.dismiss()
    for area in bpy.context.window_manager.windows[0].screen.areas:
        area.tag_redraw()
    for _ in range(3):
        yield None


def tutorial() -> desk.Scenario:
    yield from install()
    yield from arrange()
    yield from subject()
    yield from speech()
    yield from texture()
    yield from edit()
    yield from output()


def install() -> desk.Scenario:
    """Part 1, from the preferences on: the zip is installed."""
    manager = bpy.context.window_manager
    bpy.ops.screen.userpref_show(section="ADDONS")
    manager.addon_search = "Facewright"
    bpy.ops.preferences.addon_expand(module=desk.PACKAGE)
    preferences = bpy.context.preferences.addons[desk.PACKAGE].preferences
    yield from settle()
    desk.look("preferences", window=manager.windows[-1])
    with bpy.context.temp_override(window=manager.windows[-1]):
        bpy.ops.wm.window_close()
    preferences.address = os.environ["DESK_ADDRESS"]
    yield None


def arrange() -> desk.Scenario:
    """An empty scene, saved; the workspace that animators use."""
    with desk.window():
        bpy.ops.object.select_all(action="SELECT")
        bpy.ops.object.delete()
        bpy.ops.wm.save_as_mainfile(filepath=str(FOLDER / "first.blend"))
    main = bpy.context.window_manager.windows[0]
    main.workspace = bpy.data.workspaces["Animation"]
    yield None
    left = min((a for a in main.screen.areas if a.ui_type == "VIEW_3D"), key=lambda a: a.x)
    left.ui_type = "SEQUENCE_EDITOR"
    left.spaces.active.view_type = "PREVIEW"
    yield None
    desk.sidebar()
    yield from settle()
    desk.sidebar()


def subject() -> desk.Scenario:
    scene().facewright_subject.photo = "//portrait.png"
    yield desk.press("new_subject")
    yield from settle()
    desk.look("subject")


def lower(kind: str) -> bpy.types.Area:
    """The wide area below, as another editor."""
    main = bpy.context.window_manager.windows[0]
    wide = max(main.screen.areas, key=lambda a: a.width * (a.y < 100) * (a.height > 60))
    wide.ui_type = kind
    return wide


def speech() -> desk.Scenario:
    below = lower("SEQUENCE_EDITOR")
    below.spaces.active.view_type = "SEQUENCER"
    yield None
    region = next(region for region in below.regions if region.type == "WINDOW")
    main = bpy.context.window_manager.windows[0]
    with bpy.context.temp_override(window=main, area=below, region=region):
        bpy.ops.sequencer.sound_strip_add(
            filepath=str(FOLDER / "speech.wav"), frame_start=1, channel=1
        )
    rig().facewright_perform.emotion = "happy"
    with desk.window():
        bpy.ops.object.select_all(action="DESELECT")
        rig().select_set(True)
        bpy.context.view_layer.objects.active = rig()
    yield desk.press("drive_speech")
    scene().frame_end = LAST
    scene().frame_set(40)
    with bpy.context.temp_override(window=main, area=below, region=region):
        bpy.ops.sequencer.view_all()
    yield from settle()
    desk.look("speech")


def texture() -> desk.Scenario:
    chosen = scene().facewright_texture
    chosen.size = "512"
    state = part("ui.session").state
    done = desk.press("texture")
    yield lambda: state.stage == "texturing" and state.fraction > 0.4
    yield None
    desk.look("texturing")
    yield done
    main = bpy.context.window_manager.windows[0]
    for area in main.screen.areas:
        if area.ui_type == "SEQUENCE_EDITOR" and area.spaces.active.view_type == "PREVIEW":
            region = next(region for region in area.regions if region.type == "PREVIEW")
            with bpy.context.temp_override(window=main, area=area, region=region):
                bpy.ops.sequencer.view_all_preview()
    yield from settle()
    desk.look("textured")


def edit() -> desk.Scenario:
    """Brows go up between two keys that hold them; only those frames are made again."""
    below = lower("DOPESHEET")
    below.spaces.active.ui_mode = "DOPESHEET"
    face = who().face
    with desk.window():
        bpy.ops.object.select_all(action="DESELECT")
        face.select_set(True)
        bpy.context.view_layer.objects.active = face
        bpy.ops.facewright.edit_layer(layer="hand")
    for frame, value in ((30, None), (56, None), (42, 0.9)):
        scene().frame_set(frame)
        yield None
        if value is not None:
            face.data.shape_keys.key_blocks["browInnerUp"].value = value
        with desk.window():
            bpy.ops.facewright.key_face(key="browInnerUp")
    scene().frame_set(41)
    scene().frame_set(42)
    yield None
    results["brows"] = round(face.data.shape_keys.key_blocks["browInnerUp"].value, 3)
    yield desk.press("check_frames")
    main = bpy.context.window_manager.windows[0]
    region = next(region for region in below.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=main, area=below, region=region):
        bpy.ops.action.view_all()
    with desk.registered(desk.chosen("layers", "texture", "texture_states")):
        desk.sidebar()
        yield from settle()
        desk.sidebar()
        yield from settle()
        desk.look("keys")
    before = written()
    yield desk.press("texture")
    after = written()
    changed = [name for name in after if after[name] != before[name]]
    results["made again"] = [changed[0], changed[-1], len(changed)]
    results["frames"] = len(after)


def written() -> dict[str, int]:
    """The frames' files -> when each was written."""
    folder = part("ui.texture.settings").frames_folder(who())
    return {path.name: path.stat().st_mtime_ns for path in sorted(folder.glob("frame_*.png"))}


def output() -> desk.Scenario:
    bpy.context.preferences.view.render_display_type = "NONE"
    yield desk.press("render_movie")
    scene().facewright_output.export_format = "gltf"
    yield desk.press("export")
    results["view"] = desk.area().spaces.active.region_3d.view_perspective
    results["made"] = sorted(path.name for path in FOLDER.glob("first*.*") if path.is_file())
    with desk.window():
        bpy.ops.facewright.edit_layer(layer="speech")
    scene().frame_set(48)
    below = lower("DOPESHEET")
    main = bpy.context.window_manager.windows[0]
    region = next(region for region in below.regions if region.type == "WINDOW")
    with bpy.context.temp_override(window=main, area=below, region=region):
        bpy.ops.action.view_all()
    with desk.registered(desk.chosen("subject", "perform", "speech", "layers")):
        desk.sidebar()
        yield from settle()
        desk.sidebar()
        yield from settle()
        desk.look("desk")
    yield desk.press("make_pose_library")
    with desk.window():
        bpy.ops.facewright.edit_layer(layer="hand")
        bpy.ops.wm.save_mainfile()


desk.start(tutorial(), results)
