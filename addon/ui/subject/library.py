# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""The pose library in the interface."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import bpy
import numpy as np
from bpy.props import BoolProperty, EnumProperty, FloatProperty, StringProperty

from ...core import handshake
from ...core.client import Backend
from ...core.errors import AddonError, InputError
from ...core.subject_data import PoseData
from ...core.tasks import Task
from ...subject import objects, poses, posing
from ...texture import geometry
from ...v1 import face_pb2
from .. import session
from ..jobs import Job, JobOperator, wait
from ..panels import Section
from .sliders import auto_key

_REGIONS = [
    ("mouth", "Mouth", "Jaw, mouth, cheeks, nose and tongue", 1),
    ("eyes", "Lids", "The lids", 2),
    ("brows", "Brows", "The brows", 4),
]
#: Side of a pose's picture, pixels.
_PREVIEW = 128
#: Width of a pose's picture, in distances between the eyes.
_EYES_APART = 3.0
_EYES = (face_pb2.PART_EYE_RIGHT, face_pb2.PART_EYE_LEFT)


def _fetched(backend: Backend) -> list[PoseData]:
    if reason := handshake.missing(session.state.capabilities, "poses"):
        raise InputError(reason)
    return backend.poses()


class MakePoseLibrary(JobOperator, bpy.types.Operator):
    """Make assets of visemes and emotions, as the drivers show them, with pictures of this
    subject. Poses that are there stay as they are"""

    bl_idname = "facewright.make_pose_library"
    bl_label = "Make Pose Library"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    pictures: BoolProperty(
        name="Pictures", description="Draw the subject in each pose", default=True
    )

    def job(self, context: bpy.types.Context) -> Job:
        if not bpy.data.filepath:
            raise InputError("Save the .blend first: catalogs are named in a file beside it")
        settings, rig = session.Settings.read(), objects.meant(context)
        came = yield from wait(Task(lambda report: _fetched(session.connect(settings, report))))
        made = poses.store(came)
        poses.write_catalogs(Path(bpy.data.filepath).parent)
        if self.pictures and rig is not None:
            yield from _picture(objects.find(rig), made)
        self.report({"INFO"}, f"{len(made)} poses in the asset browser, catalog Facewright")


def _picture(who: objects.SubjectObjects, made: list[bpy.types.Action]) -> Job:
    """Draw the subject in each pose, a pose a step; it is left as it was."""
    if not (who.textured and geometry.can_draw()):
        return
    blocks = {key.name: key for keys in posing.blocks(who).values() for key in keys}
    kept = {name: block.value for name, block in blocks.items()}
    size, top, left = _close_up(who)
    side = slice(top, top + 2 * _PREVIEW), slice(left, left + 2 * _PREVIEW)
    draw = geometry.create_pass(who, size, "image")
    yield from draw.prepare()
    try:
        for place, action in enumerate(made):
            for block in blocks.values():
                block.value = 0.0
            poses.apply(who, poses.weights_of(action))
            bpy.context.view_layer.update()
            shaded = np.frombuffer(draw(0, 0.0).image.shaded, np.uint8)
            poses.set_preview(action, shaded.reshape(size, size, 4)[side])
            for name, value in kept.items():
                blocks[name].value = value
            session.state.report("drawing poses", place / len(made), -1.0)
            yield
    finally:
        for name, value in kept.items():
            blocks[name].value = value


def _close_up(who: objects.SubjectObjects) -> tuple[int, int, int]:
    """How to draw a face large enough to tell visemes apart.

    Returns:
        Side of the whole picture, and the top and left of the square of twice
        :data:`_PREVIEW` to keep of it, pixels. The whole where no eyes are seen.
    """
    size, kept = 512, 2 * _PREVIEW
    image = geometry.create_pass(who, size, "image")(0, 0.0).image
    parts = np.frombuffer(image.parts, np.uint8).reshape(-1, size) if image.parts else None
    eyes = [] if parts is None else [np.argwhere(parts == part + 1) for part in _EYES]
    if not eyes or not all(len(seen) for seen in eyes):
        return kept, 0, 0
    right, left = (seen.mean(axis=0) for seen in eyes)
    apart = max(float(np.linalg.norm(right - left)), 1.0)
    scale = kept / (_EYES_APART * apart)
    side = int(min(max(scale * size, kept), 4 * size))
    # The mouth is about an eye distance below the eyes.
    middle = ((right + left) / 2 + [0.6 * apart, 0.0]) * side / size
    corner = (middle - _PREVIEW).round().clip(0, side - kept).astype(int)
    return side, int(corner[0]), int(corner[1])


class ApplyPose(bpy.types.Operator):
    """Put a pose on the face; with auto-keying its shape keys are keyed"""

    bl_idname = "facewright.apply_pose"
    bl_label = "Apply Pose"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    pose: StringProperty(name="Pose", description="Its name, as 'viseme_PP' or 'happy'")
    amount: FloatProperty(
        name="Amount",
        description="How much of the pose: 0 changes nothing, 1 is the whole pose",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    regions: EnumProperty(
        name="Regions",
        description="What of the face it may change",
        items=_REGIONS,
        options={"ENUM_FLAG"},
        default={"mouth", "eyes", "brows"},
    )
    add: BoolProperty(
        name="Add", description="On top of what the face shows, instead of in its place"
    )

    @classmethod
    def description(
        cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties
    ) -> str:
        try:
            return poses.named(properties.pose).asset_data.description
        except (AddonError, AttributeError):
            return cls.__doc__ or ""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return not session.state.busy and objects.meant(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            who = objects.editable(objects.chosen(context))
            weights = poses.weights_of(poses.named(self.pose))
            touched = poses.apply(
                who, weights, amount=self.amount, regions=self.regions, add=self.add
            )
        except AddonError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        if auto_key(context):
            posing.key(touched, context.scene.frame_current)
        return {"FINISHED"}


class ApplyAsset(bpy.types.Operator):
    """Put the chosen pose of Facewright's on the subject's face"""

    bl_idname = "facewright.apply_pose_asset"
    bl_label = "Apply to Face"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        pose = _chosen_asset(context)
        return pose is not None and objects.meant(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        pose, chosen = _chosen_asset(context), context.scene.facewright_subject
        if pose is None:
            return {"CANCELLED"}
        return bpy.ops.facewright.apply_pose(
            pose=pose[poses.POSE], amount=chosen.amount, add=chosen.add_poses
        )


def _chosen_asset(context: bpy.types.Context) -> bpy.types.Action | None:
    """The asset browser's active pose where it is of this file."""
    asset = getattr(context, "asset", None)
    local = getattr(asset, "local_id", None)
    return local if isinstance(local, bpy.types.Action) and poses.POSE in local else None


def _asset_menu(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    if _chosen_asset(context) is not None:
        menu.layout.operator("facewright.apply_pose_asset", icon="ARMATURE_DATA")


class PosePanel(Section, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_poses"
    bl_label = "Pose Library"
    bl_options = {"DEFAULT_CLOSED"}  # noqa: RUF012

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return objects.meant(context) is not None

    def rows(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        chosen, found = context.scene.facewright_subject, poses.stored()
        layout.operator("facewright.make_pose_library", icon="ASSET_MANAGER")
        if not found:
            return
        layout.prop(chosen, "amount", slider=True)
        layout.prop(chosen, "add_poses")
        for group, (_, path) in poses.CATALOGS.items():
            layout.label(text=path.rpartition("/")[2])
            grid = layout.grid_flow(row_major=True, columns=0, even_columns=True, align=True)
            for action in found:
                if action[poses.GROUP] == group:
                    _pose_button(grid.column(align=True), action, chosen)


def _pose_button(
    cell: bpy.types.UILayout, action: bpy.types.Action, chosen: bpy.types.PropertyGroup
) -> None:
    preview = action.preview
    if preview is not None and preview.image_size[0]:
        cell.template_icon(preview.icon_id, scale=4.0)
    button = cell.operator("facewright.apply_pose", text=action.name.removeprefix("Viseme "))
    button.pose, button.amount, button.add = action[poses.POSE], chosen.amount, chosen.add_poses


_CLASSES = (MakePoseLibrary, ApplyPose, ApplyAsset, PosePanel)


def register() -> None:
    for kind in _CLASSES:
        bpy.utils.register_class(kind)
    bpy.types.ASSETBROWSER_MT_context_menu.append(_asset_menu)


def unregister() -> None:
    bpy.types.ASSETBROWSER_MT_context_menu.remove(_asset_menu)
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
