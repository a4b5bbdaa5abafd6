"""Looks at every panel, open, as drawn on a usual screen and on one of twice the resolution.

    DESK_FOLDER=... DESK_ADDRESS=host:port blender --python panels.py

Needs a tall window and ``first.blend``, which tutorial.py leaves.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import bpy
import desk
from desk import FOLDER

results: dict[str, Any] = {}


def look() -> desk.Scenario:
    bpy.context.preferences.addons[desk.PACKAGE].preferences.address = os.environ["DESK_ADDRESS"]
    with desk.window():
        bpy.ops.wm.open_mainfile(filepath=str(FOLDER / "first.blend"), load_ui=False)
    yield None
    rig = next(thing for thing in bpy.context.scene.objects if "facewright" in thing)
    bpy.context.view_layer.objects.active = rig
    yield desk.press("connect")
    yield desk.press("check_frames")
    if not any(action.asset_data for action in bpy.data.actions):
        yield desk.press("make_pose_library")
    yield from desk.look_at_panels()
    bpy.context.preferences.view.ui_scale = 2.0
    yield None
    yield from desk.look_at_panels("_2x")
    results["panels"] = [kind.bl_label for kind in desk.panels()]


desk.start(look(), results)
