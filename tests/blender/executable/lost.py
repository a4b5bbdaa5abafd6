"""The backend dies while frames are textured; another takes over.

    DESK_FOLDER=... DESK_ADDRESS=host:port blender --python lost.py -- PID host:port

``PID`` is the process of the second address, to be killed.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import bpy
import desk
from desk import FOLDER, part

results: dict[str, Any] = {}
VICTIM, ADDRESS = sys.argv[-2:]


def written(scene: bpy.types.Scene) -> dict[str, int]:
    """The frames' files -> when each was written."""
    who = part("subject.objects").chosen(bpy.context)
    folder = part("ui.texture.settings").frames_folder(who)
    return {path.name: path.stat().st_mtime_ns for path in sorted(folder.glob("frame_*.png"))}


def lost() -> desk.Scenario:
    scene = bpy.context.window_manager.windows[0].scene
    preferences = bpy.context.preferences.addons[desk.PACKAGE].preferences
    preferences.address = ADDRESS
    with desk.window():
        bpy.ops.wm.save_as_mainfile(filepath=str(FOLDER / "lost.blend"))
    chosen = scene.facewright_subject
    chosen.photo, chosen.extent = str(FOLDER / "portrait.png"), "crop"
    yield desk.press("new_subject")
    who = part("subject.objects").chosen(bpy.context)
    head = who.rig.pose.bones["head"]
    for frame in (1, 60):  # every frame is another
        head.rotation_euler[1] = 0.005 * frame
        head.keyframe_insert("rotation_euler", frame=frame)
    scene.frame_start, scene.frame_end = 1, 60
    scene.facewright_texture.size = "256"
    state = part("ui.session").state
    done = desk.press("texture")
    yield lambda: state.stage == "texturing" and state.fraction > 0.2
    os.kill(int(VICTIM), signal.SIGKILL)
    yield done
    yield None
    desk.look("lost")
    desk.dismiss()
    first = written(scene)
    preferences.address = os.environ["DESK_ADDRESS"]
    yield desk.press("texture")
    both = written(scene)
    results["came"], results["all"] = len(first), len(both)
    results["kept"] = all(both[name] == when for name, when in first.items())


desk.start(lost(), results)
