# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Driving as operators; they wait beside the interface, and block where a script calls them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import bpy
from bpy.props import BoolProperty, EnumProperty

from ...core.errors import InputError
from ...core.performance import Script
from ...drive import script, sounds, speech, video
from ...drive.running import Driven
from ...perform.channels import REGIONS
from ...subject import objects
from ...subject.objects import SubjectObjects
from .. import session
from ..jobs import Job, JobOperator


class _Drive(JobOperator):
    """What the driving operators share."""

    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}
    _driven: Driven | None = None

    def _connect(self) -> Any:
        """Made on the main thread, called in a worker."""
        return partial(session.connect, session.Settings.read())

    def _tell(self, driven: Driven) -> None:
        self.report({"WARNING" if driven.failed else "INFO"}, driven.summary())

    def _advance(self) -> set[str]:
        status = super()._advance()
        if status == {"CANCELLED"} and self._driven is not None and self._driven.placed:
            self.report({"WARNING"}, f"Made before it ended: {self._driven.summary()}")
            return {"FINISHED"}  # so that what was made can be undone
        return status


class DriveSpeech(_Drive, bpy.types.Operator):
    """Make subjects say sound strips, each where its strip is. Strips of an earlier run are replaced, keys set by hand stay"""  # noqa: E501

    bl_idname = "facewright.drive_speech"
    bl_label = "Drive from Sound Strips"

    which: EnumProperty(
        name="Strips",
        items=[
            ("SELECTED", "Selected", "The selected sound strips, or the only one"),
            ("ALL", "All", "Every sound strip that is not muted"),
        ],
        options={"SKIP_SAVE"},
    )
    again: BoolProperty(
        name="As Before",
        description="With the settings that each strip was driven with last, rather than those "
        "of the panel",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def description(cls, context: bpy.types.Context, properties: DriveSpeech) -> str:
        if properties.again:
            return "Drive the selected sound strips with the settings each was driven with last"
        if properties.which == "ALL":
            return "Drive every sound strip that is not muted, each where it is"
        return cls.__doc__ or ""

    def job(self, context: bpy.types.Context) -> Job:
        scene = _showing(context, "SOUND")
        find = speech.audible if self.which == "ALL" else speech.selected
        names = find(scene)
        if not names:
            raise InputError("Add a sound strip in the video sequencer first")
        self._driven = Driven()
        yield from speech.strips_job(
            scene,
            names,
            _meant(context),
            self._connect(),
            session.state.report,
            again=self.again,
            driven=self._driven,
        )
        self._tell(self._driven)


class DriveScript(_Drive, bpy.types.Operator):
    """Have the script spoken, put the speech on the timeline, and make the subject say it. Another run replaces both"""  # noqa: E501

    bl_idname = "facewright.drive_script"
    bl_label = "Speak and Drive"

    def job(self, context: bpy.types.Context) -> Job:
        who = objects.chosen(context)
        chosen = who.rig.facewright_perform
        text = chosen.script_text
        said = Script(
            chosen.script if text is None else text.as_string(),
            chosen.language.strip(),
            chosen.voice.strip(),
        )
        name = "Script" if text is None else text.name
        driven = yield from script.script_job(
            context.scene, said, name, who, self._connect(), session.state.report
        )
        self._tell(driven)


class DriveVideo(_Drive, bpy.types.Operator):
    """Follow the face in a video and give the subject its motion, as strips of the video layer"""

    bl_idname = "facewright.drive_video"
    bl_label = "Drive from Video"

    def job(self, context: bpy.types.Context) -> Job:
        scene, who = context.scene, objects.chosen(context)
        chosen = who.rig.facewright_perform
        if chosen.video:
            path = Path(bpy.path.abspath(chosen.video))
            footage = video.Footage(path, path.name, scene.frame_current)
        else:
            scene = _showing(context, "MOVIE")
            footage = video.footage_of(scene, video.selected(scene))
        driven = yield from video.video_job(
            scene,
            footage,
            who,
            self._connect(),
            session.state.report,
            regions=[name for name in REGIONS if getattr(chosen, f"video_{name}")],
            same_person=chosen.video_same,
            face=chosen.video_face,
        )
        self._tell(driven)


def _showing(context: bpy.types.Context, kind: str) -> bpy.types.Scene:
    """The scene whose strips are meant: Blender 5 may show another's in the sequencer."""
    other = getattr(context, "sequencer_scene", None)
    if other is None or any(sounds.all_strips(context.scene, kind)):
        return context.scene
    return other


def _meant(context: bpy.types.Context) -> SubjectObjects | None:
    """The active subject, or the only one; None where strips have to say it themselves."""
    rig = objects.meant(context)
    return None if rig is None else objects.find(rig)


CLASSES = (DriveSpeech, DriveScript, DriveVideo)
