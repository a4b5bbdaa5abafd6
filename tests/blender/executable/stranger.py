"""Presses every button of the add-on in scenes that it is not made for; prints what each says.

blender -b --python stranger.py -- FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import bpy

FOLDER = Path(sys.argv[-1])
#: Those that would wait for a person, or end what is looked at.
LEFT_OUT = {"import_subject", "import_arkit"}


def empty() -> None:
    bpy.ops.wm.read_homefile(use_empty=True)


def unsaved() -> None:
    bpy.ops.wm.read_homefile()


def saved() -> None:
    bpy.ops.wm.read_homefile()
    bpy.ops.wm.save_as_mainfile(filepath=str(FOLDER / "strange.blend"))


def camera_active() -> None:
    saved()
    bpy.context.view_layer.objects.active = bpy.data.objects["Camera"]


def broken_subject() -> None:
    """Something calls itself a subject, and has lost all that one has."""
    saved()
    rig = bpy.data.objects.new("rig", bpy.data.armatures.new("rig"))
    bpy.context.scene.collection.objects.link(rig)
    rig["facewright"] = {"subject_id": "1", "whole_photo": 1}
    bpy.context.view_layer.objects.active = rig


def says(name: str) -> str:
    """What a button answers; "grey" where it cannot be pressed."""
    operator = getattr(bpy.ops.facewright, name)
    if not operator.poll():
        return "grey"
    try:
        return " ".join(sorted(operator()))
    except RuntimeError as error:
        return str(error).strip()


found: dict[str, dict[str, str]] = {}
for prepare in (empty, unsaved, saved, camera_active, broken_subject):
    for button in dir(bpy.ops.facewright):
        if not button.startswith("_") and button not in LEFT_OUT:
            prepare()
            found.setdefault(prepare.__name__, {})[button] = says(button)
print("SAYS", json.dumps(found))
