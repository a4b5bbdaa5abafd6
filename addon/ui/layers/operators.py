# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""What is done with layers: edit, remove, follow, bake, simplify."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, StringProperty

from ...core.errors import AddonError
from ...perform import bake, follow, layers, simplify
from ...subject import objects
from ...subject.objects import SubjectObjects
from .. import session
from ..jobs import Job, JobOperator

_LAYERS = [
    ("hand", "Hand", "Keys set by hand, above all"),
    ("video", "Video", "What was tracked in videos"),
    ("speech", "Speech", "What was driven from speech"),
]


class _Step:
    """An operator that is done at once; ``step`` is its work."""

    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}
    report: Callable[[set[str], str], None]  # Blender's

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return objects.meant(context) is not None and not session.state.busy

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            self.step(context, objects.chosen(context))
        except AddonError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}

    def step(self, context: bpy.types.Context, who: SubjectObjects) -> None:
        raise NotImplementedError


class EditLayer(_Step, bpy.types.Operator):
    """Show this layer's keys in the dope sheet and graph editor; keys you set go there. Of speech and video, the strip at the current frame is opened"""  # noqa: E501

    bl_idname = "facewright.edit_layer"
    bl_label = "Edit Layer"

    layer: EnumProperty(name="Layer", items=_LAYERS)

    def step(self, context: bpy.types.Context, who: SubjectObjects) -> None:
        layers.open_layer(who, self.layer, scene=context.scene)


class RemoveStrip(_Step, bpy.types.Operator):
    """Remove this strip from its layer; what is edited in other strips and by hand stays"""

    bl_idname = "facewright.remove_strip"
    bl_label = "Remove Strip"

    layer: EnumProperty(name="Layer", items=_LAYERS)
    name: StringProperty(name="Strip", description="Empty: all that the layer holds")

    def step(self, context: bpy.types.Context, who: SubjectObjects) -> None:
        layers.remove(who, self.layer, self.name or None)


class ClearHand(_Step, bpy.types.Operator):
    """Delete all keys of the face, head and gaze that were set by hand"""

    bl_idname = "facewright.clear_hand"
    bl_label = "Delete Hand Keys"

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_confirm(self, event)

    def step(self, context: bpy.types.Context, who: SubjectObjects) -> None:
        layers.remove(who, "hand")


class FollowSounds(_Step, bpy.types.Operator):
    """Move driven strips to where their sound or movie strips are now"""

    bl_idname = "facewright.follow_sounds"
    bl_label = "Follow Sound Strips"

    def step(self, context: bpy.types.Context, who: SubjectObjects) -> None:
        moved = follow.follow(who, context.scene)
        self.report({"INFO"}, f"{_counted(moved)} moved" if moved else "All are in place")


class Retime(_Step, bpy.types.Operator):
    """Scale strips that were driven at another frame rate, so that they last as long as before"""

    bl_idname = "facewright.retime"
    bl_label = "Retime to Scene Rate"

    hand: BoolProperty(
        name="Hand Keys", description="Move keys set by hand with the strips", default=True
    )

    def step(self, context: bpy.types.Context, who: SubjectObjects) -> None:
        moved = follow.retime(who, context.scene, hand=self.hand)
        self.report({"INFO"}, f"{_counted(moved)} retimed" if moved else "All are in time")


class RestoreLayers(_Step, bpy.types.Operator):
    """Delete the baked keys and show the layers that they came from"""

    bl_idname = "facewright.restore_layers"
    bl_label = "Restore Layers"

    def step(self, context: bpy.types.Context, who: SubjectObjects) -> None:
        bake.restore(who)


class _LayerJob(JobOperator):
    """Work on layers that takes a while."""

    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return objects.meant(context) is not None and super().poll(context)


class Bake(_LayerJob, bpy.types.Operator):
    """Key what shows on every frame: all layers, drivers and constraints of face, head and gaze as one action of plain keys"""  # noqa: E501

    bl_idname = "facewright.bake"
    bl_label = "Bake to Keys"

    after: EnumProperty(
        name="Layers",
        items=[("MUTE", "Hide", "Keep them, hidden"), ("REMOVE", "Remove", "Delete them")],
    )
    first: IntProperty(name="First", description="0: the scene's first frame, unless Last is set")
    last: IntProperty(name="Last", description="0: the scene's last frame, unless First is set")

    def job(self, context: bpy.types.Context) -> Job:
        scene, who = context.scene, objects.chosen(context)
        first, last = self.first, self.last
        if first == last == 0:
            first, last = scene.frame_start, scene.frame_end
        work = bake.baking(who, range(first, last + 1), after=self.after)
        count = 0
        while True:
            try:
                session.state.report("baking", next(work), -1.0)
            except StopIteration as done:
                count = done.value
                break
            yield
        self.report({"INFO"}, f"{count} keys on {last - first + 1} frames")


class Simplify(_LayerJob, bpy.types.Operator):
    """Leave the fewest keys with which no frame differs by more than the bounds; blinks' peaks and lips at rest stay exact"""  # noqa: E501

    bl_idname = "facewright.simplify"
    bl_label = "Simplify Keys"

    layer: EnumProperty(name="Layer", items=_LAYERS, default="speech")
    weight: FloatProperty(name="Weights", default=0.01, min=1e-4, max=0.5)
    degrees: FloatProperty(name="Degrees", default=0.2, min=1e-3, max=10.0)
    millimetres: FloatProperty(name="Millimetres", default=0.2, min=1e-3, max=50.0)
    smooth: BoolProperty(name="Bezier Keys", default=True)

    def job(self, context: bpy.types.Context) -> Job:
        who = objects.chosen(context)
        bounds = simplify.Bounds(self.weight, self.degrees, self.millimetres)
        session.state.report("simplifying", 0.0, -1.0)
        report = yield from simplify.simplifying(who, self.layer, bounds, smooth=self.smooth)
        self.report(
            {"INFO"},
            f"{report.before} keys became {report.after}, 1 for {report.ratio:.1f}; no frame "
            f"differs by more than {report.worst:.0%} of the bounds",
        )


def _counted(strips: int) -> str:
    return "1 strip" if strips == 1 else f"{strips} strips"


CLASSES = (
    EditLayer,
    RemoveStrip,
    ClearHand,
    FollowSounds,
    Retime,
    RestoreLayers,
    Bake,
    Simplify,
)
