# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""A photograph or a subject's file becomes a rig."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, ClassVar

import bpy
from bpy.props import StringProperty

from ...core import handshake
from ...core.client import Backend, Progress, existing_file, is_subject_file
from ...core.errors import InputError
from ...core.subject_data import SubjectData
from ...core.tasks import Task
from ...film import sequence
from ...subject import construct, objects
from .. import session
from ..jobs import Job, JobOperator, made_folder, wait
from ..panels import Section

#: What can be chosen or dropped.
EXTENSIONS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".npz", ".subject")


class NewSubject(JobOperator, bpy.types.Operator):
    """Make a rig of the face in a photo: mesh, shape keys, eyes, head bone, camera"""

    bl_idname = "facewright.new_subject"
    bl_label = "New Subject"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    filepath: StringProperty(
        name="File",
        description="A portrait or a subject's file; empty: the one that the panel shows",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )

    def job(self, context: bpy.types.Context) -> Job:
        scene, chosen = context.scene, context.scene.facewright_subject
        sequence.check_editable(scene)
        path = self.filepath or chosen.photo
        if not path:
            raise InputError("Choose a photo first")
        photo = existing_file("photo", Path(bpy.path.abspath(path)))
        settings, whole = session.Settings.read(), chosen.extent == "photo"
        face = 0 if is_subject_file(photo) else chosen.face
        folder = _new_folder(scene, photo.stem)
        data = yield from wait(
            Task(
                lambda report: _captured(
                    session.connect(settings, report),
                    photo,
                    report,
                    face=face,
                    whole_photo=whole,
                )
            )
        )
        twins = _twins(scene, data.subject_id)
        kept = folder / photo.name
        if not (kept.exists() and kept.samefile(photo)):
            shutil.copyfile(photo, kept)
        made = construct.build(
            data,
            name=folder.name,
            photo=kept,
            folder=folder,
            whole_photo=whole,
            face=face,
            scene=scene,
        )
        sequence.set_colour(scene)
        context.view_layer.objects.active = made.rig
        _look_at(context)
        for warning in (*data.warnings, *twins, *_in_the_way(context, made)):
            self.report({"WARNING"}, warning)


def _look_at(context: bpy.types.Context) -> None:
    """Show what was made: the 3-D views look through its camera, with the photograph's colours."""
    for area in context.screen.areas if context.screen else ():
        if area.type == "VIEW_3D":
            space = area.spaces.active
            space.region_3d.view_perspective = "CAMERA"
            if space.shading.color_type == "MATERIAL":  # Blender's default; light is in the photo
                space.shading.color_type, space.shading.light = "TEXTURE", "FLAT"


def _in_the_way(context: bpy.types.Context, made: objects.SubjectObjects) -> list[str]:
    """Words about things that stand where the head is, such as the start-up file's cube."""
    head = made.rig.matrix_world.translation
    own = {made.rig, made.camera, *made.meshes}
    found = []
    for thing in context.visible_objects:
        if thing.type == "MESH" and thing not in own and objects.rig_of(thing) is None:
            low, high = thing.bound_box[0], thing.bound_box[6]
            local = thing.matrix_world.inverted_safe() @ head
            if all(low[k] <= local[k] <= high[k] for k in range(3)):
                found.append(f"{thing.name} stands where the head is; hide or delete it")
    return found


def _captured(backend: Backend, photo: Path, report: Progress, **options: Any) -> SubjectData:
    if is_subject_file(photo) and (
        reason := handshake.missing(session.state.capabilities, "subject_files")
    ):
        raise InputError(reason)
    return backend.capture(photo, progress=report, **options)


def _twins(scene: bpy.types.Scene, subject_id: str) -> list[str]:
    rigs = [rig for rig in objects.in_scene(scene) if not rig[objects.RECORD].get("bound")]
    return [
        f"{rig.name} is the same subject from the same file; they perform apart from each other"
        for rig in rigs
        if rig[objects.RECORD]["subject_id"] == subject_id
    ]


def _new_folder(scene: bpy.types.Scene, name: str) -> Path:
    """A folder beside the .blend that no other subject uses."""
    if not bpy.data.filepath:
        raise InputError("Save the .blend first: pictures are kept in a folder beside it")
    blend = Path(bpy.data.filepath)
    base = folder = blend.with_name(f"{blend.stem}_files") / name
    rigs = [thing for thing in bpy.data.objects if objects.RECORD in thing]
    taken = {photo.parent for rig in rigs if (photo := _photo(rig)) is not None}
    number = 2
    while folder in taken:
        folder = base.with_name(f"{name} {number}")
        number += 1
    return made_folder(folder)


def _photo(rig: bpy.types.Object) -> Path | None:
    """The photograph of a rig, as well as it can still be found."""
    kept = rig[objects.RECORD].get("photo", "")
    if not kept:
        return None
    try:
        return objects.find(rig).photo
    except InputError:  # a part of it was deleted
        return Path(bpy.path.abspath(kept, library=rig.library))


class ImportSubject(bpy.types.Operator):
    """Choose a portrait or a subject's file, and make a rig of the face in it"""

    bl_idname = "facewright.import_subject"
    bl_label = "New Subject from File"
    bl_options: ClassVar[set[str]] = {"REGISTER"}

    filepath: StringProperty(name="File", subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: StringProperty(
        default=";".join(f"*{suffix}" for suffix in EXTENSIONS), options={"HIDDEN"}
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return NewSubject.poll(context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if self.filepath:  # dropped
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        if not self.filepath:
            self.report({"ERROR"}, "filepath: expected a portrait or a subject's file, got none")
            return {"CANCELLED"}
        context.scene.facewright_subject.photo = self.filepath
        # In the interface beside it, from a script to the end.
        way = "INVOKE_DEFAULT" if self.options.is_invoke else "EXEC_DEFAULT"
        started = bpy.ops.facewright.new_subject(way, filepath=self.filepath)
        return {"FINISHED"} if started & {"FINISHED", "RUNNING_MODAL"} else {"CANCELLED"}


class SubjectPanel(Section, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_subject"
    bl_label = "Subject"

    def rows(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        chosen = context.scene.facewright_subject
        layout.prop(chosen, "photo")
        layout.prop(chosen, "face")
        layout.prop(chosen, "extent")
        row = layout.row(align=True)
        row.operator("facewright.new_subject", icon="USER")
        row.operator("facewright.import_subject", text="", icon="FILE_FOLDER")
        rig = objects.meant(context)
        if rig is not None:
            row = layout.row(align=True)
            row.label(text=rig.name, icon="OUTLINER_OB_ARMATURE")
            row.operator("facewright.delete_subject", text="", icon="TRASH")


_CLASSES: list[type] = [NewSubject, ImportSubject, SubjectPanel]

if hasattr(bpy.types, "FileHandler"):  # Blender 4.1 and later

    class SubjectDrop(bpy.types.FileHandler):
        bl_idname = "FACEWRIGHT_FH_subject"
        bl_label = "Facewright Subject"
        bl_import_operator = "facewright.import_subject"
        bl_file_extensions = ";".join(EXTENSIONS)

        @classmethod
        def poll_drop(cls, context: bpy.types.Context) -> bool:
            return context.area is not None and context.area.type == "VIEW_3D"

    _CLASSES.append(SubjectDrop)


def register() -> None:
    for kind in _CLASSES:
        bpy.utils.register_class(kind)


def unregister() -> None:
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
