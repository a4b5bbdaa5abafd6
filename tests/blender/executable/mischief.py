"""What people do while something runs: undo, delete, open another file, disable the add-on.

DESK_FOLDER=... DESK_ADDRESS=host:port blender --python mischief.py -- WHAT
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

WHAT = sys.argv[-1]
results: dict[str, Any] = {"what": WHAT}


def scene() -> bpy.types.Scene:
    return bpy.context.window_manager.windows[0].scene


def prepare() -> desk.Scenario:
    """A subject, and a texturing of it under way."""
    bpy.context.preferences.addons[desk.PACKAGE].preferences.address = os.environ["DESK_ADDRESS"]
    with desk.window():
        bpy.ops.wm.save_as_mainfile(filepath=str(FOLDER / f"{WHAT}.blend"))
    chosen = scene().facewright_subject
    chosen.photo, chosen.extent = str(FOLDER / "portrait.png"), "crop"
    yield desk.press("new_subject")
    with desk.window():
        bpy.ops.wm.save_mainfile()
        bpy.ops.ed.undo_push(message="a subject")
    scene().frame_start, scene().frame_end = 1, 120
    scene().facewright_texture.size = "256"
    desk.press("texture")
    yield texturing


def texturing() -> bool:
    state = part("ui.session").state
    return state.stage == "texturing" and state.fraction > 0.03


def mischief() -> desk.Scenario:
    yield from prepare()
    results["busy"] = not desk.idle()
    match WHAT:
        case "undo":
            with desk.window():
                bpy.ops.ed.undo()
        case "delete":
            rig = next(thing for thing in scene().objects if "facewright" in thing)
            for thing in [*rig.children_recursive, rig]:
                bpy.data.objects.remove(thing)
        case "open":
            with desk.window():
                bpy.ops.wm.read_homefile(app_template="")
        case "scene":
            other = bpy.data.scenes.new("other")
            bpy.context.window_manager.windows[0].scene = other
        case "disable":
            import addon_utils

            addon_utils.disable(desk.PACKAGE)
            results["disabled"] = not hasattr(bpy.types.Scene, "facewright_texture")
            yield None
            yield None
            addon_utils.enable(desk.PACKAGE)
        case "quit":
            results["done"] = True
    if WHAT != "quit":
        yield desk.idle
    yield None
    desk.look(f"mischief_{WHAT}")
    results["idle"] = desk.idle()


desk.start(mischief(), results)
