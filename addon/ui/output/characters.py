# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Performances for other programs, and from phones, in the interface."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import bpy
from bpy.props import EnumProperty, IntProperty, StringProperty

from ...core.errors import AddonError
from ...film import arkit, exports, formats
from ...perform import layers
from ...subject import objects
from .. import session
from ..jobs import Job, JobOperator
from . import settings

LAYERS = [
    ("video", "Video", "The layer of recorded motion, above the speech"),
    ("speech", "Speech", "The lowest layer, below all others"),
]


class ExportPerformance(JobOperator, bpy.types.Operator):
    """Export the subject with what it does over the scene's frames, as it is shown: layers, \
drivers and constraints become plain keys"""

    bl_idname = "facewright.export"
    bl_label = "Export Performance"

    def job(self, context: bpy.types.Context) -> Job:
        who, chosen = objects.chosen(context), context.scene.facewright_output
        format, path = chosen.export_format, settings.export_path(chosen)
        if lost := exports.left_out(who, format):
            self.report({"WARNING"}, lost)
        label = formats.FORMATS[format].label
        steps = exports.exporting(who, path, format=format)
        try:
            for share in steps:
                session.state.report(f"exporting {label}", share, -1.0)
                yield
        finally:
            steps.close()
        self.report({"INFO"}, f"Exported {path}")


class ImportArkit(bpy.types.Operator):
    """Put a recording of ARKit's 52 weights (Live Link Face) on the subject, as a strip of a \
layer"""

    bl_idname = "facewright.import_arkit"
    bl_label = "Import ARKit CSV"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: StringProperty(default="*.csv", options={"HIDDEN"})
    layer: EnumProperty(name="Layer", description="Where the strip goes", items=LAYERS)
    start: IntProperty(
        name="First Frame", description="Of the scene, where the recording begins", default=1
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return objects.meant(context) is not None and not session.state.busy

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        self.start = context.scene.frame_start
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        scene = context.scene
        start = self.start if self.properties.is_property_set("start") else scene.frame_start
        path = Path(bpy.path.abspath(self.filepath))
        try:
            who = objects.chosen(context)
            motion, regions = arkit.read(path, scene)
            notes = layers.place(
                motion, who, layer=self.layer, name=path.stem, start=start, regions=regions
            )
        except AddonError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        for note in notes:
            self.report({"WARNING"}, note)
        scene.frame_end = max(scene.frame_end, start + len(motion) - 1)
        self.report({"INFO"}, f"{len(motion)} frames from {path.name}")
        return {"FINISHED"}


CLASSES = (ExportPerformance, ImportArkit)
