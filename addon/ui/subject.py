# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Subjects in the interface: a photograph becomes a rig."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import ClassVar

import bpy
from bpy.props import EnumProperty, IntProperty, PointerProperty, StringProperty

from ..core.errors import InputError
from ..core.tasks import Task
from ..film import sequence
from ..subject import construct, objects
from . import session
from .jobs import Job, JobOperator, made_folder, wait
from .panels import Section

EXTENTS = [
    ("photo", "Photograph", "Frame the whole photograph"),
    ("crop", "Head", "Frame the square around the head"),
]


class SubjectSettings(bpy.types.PropertyGroup):
    """What New Subject makes; ``scene.facewright_subject``."""

    photo: StringProperty(name="Photo", description="A portrait", subtype="FILE_PATH")
    face: IntProperty(
        name="Face", description="Which of several, counted from the largest, 0", min=0, max=99
    )
    extent: EnumProperty(name="Frame", items=EXTENTS, default="photo")


class NewSubject(JobOperator, bpy.types.Operator):
    """Make a rig of the face in a photo: mesh, shape keys, eyes, head bone, camera"""

    bl_idname = "facewright.new_subject"
    bl_label = "New Subject from Photo"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    def job(self, context: bpy.types.Context) -> Job:
        scene, chosen = context.scene, context.scene.facewright_subject
        if not chosen.photo:
            raise InputError("Choose a photo first")
        photo = Path(bpy.path.abspath(chosen.photo))
        settings, face = session.Settings.read(), chosen.face
        folder = _new_folder(scene, photo.stem)
        data = yield from wait(
            Task(
                lambda report: session.connect(settings, report).capture(
                    photo, face=face, progress=report
                )
            )
        )
        kept = folder / photo.name
        if not (kept.exists() and kept.samefile(photo)):
            shutil.copyfile(photo, kept)
        made = construct.build(
            data,
            name=folder.name,
            photo=kept,
            folder=folder,
            whole_photo=chosen.extent == "photo",
            scene=scene,
        )
        sequence.set_colour(scene)
        context.view_layer.objects.active = made.rig
        for warning in data.warnings:
            self.report({"WARNING"}, warning)


def _new_folder(scene: bpy.types.Scene, name: str) -> Path:
    """A folder beside the .blend that no other subject uses."""
    if not bpy.data.filepath:
        raise InputError("Save the .blend first: pictures are kept in a folder beside it")
    blend = Path(bpy.data.filepath)
    base = folder = blend.with_name(f"{blend.stem}_files") / name
    taken = {objects.find(rig).photo.parent for rig in objects.in_scene(scene)}
    number = 2
    while folder in taken:
        folder = base.with_name(f"{name} {number}")
        number += 1
    return made_folder(folder)


class SubjectPanel(Section, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_subject"
    bl_label = "Subject"

    def rows(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        chosen = context.scene.facewright_subject
        layout.prop(chosen, "photo")
        layout.prop(chosen, "face")
        layout.prop(chosen, "extent")
        layout.operator("facewright.new_subject", icon="USER")


_CLASSES = (
    SubjectSettings,
    NewSubject,
    SubjectPanel,
)


def register() -> None:
    for kind in _CLASSES:
        bpy.utils.register_class(kind)
    bpy.types.Scene.facewright_subject = PointerProperty(type=SubjectSettings)


def unregister() -> None:
    del bpy.types.Scene.facewright_subject
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
