# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Performances in the interface: sound becomes keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import bpy
from bpy.props import EnumProperty, FloatProperty, IntProperty, PointerProperty, StringProperty

from ..core.client import CONTROLS, Backend, Progress
from ..core.errors import InputError
from ..core.subject_data import MotionData
from ..core.tasks import Task
from ..film import sequence
from ..perform import motion
from ..subject import objects
from . import session
from .jobs import Job, JobOperator, Known, wait
from .panels import Section

GAZES = [
    ("natural", "Natural", "As people look who talk: at the viewer, now and then away"),
    ("camera", "Camera", "At the camera"),
    ("photo", "Photograph", "At what the photograph looks at"),
    ("still", "Still", "The eyes do not move; key the gaze by hand"),
]


class PerformSettings(bpy.types.PropertyGroup):
    """How a subject performs; ``rig.facewright_perform``."""

    emotion: StringProperty(
        name="Emotion",
        description="What the face feels, in words: 'happy', 'sadly surprised, then relieved'. "
        "Empty: neutral",
        maxlen=200,
    )
    intensity: FloatProperty(
        name="Intensity",
        description="How strongly the emotion shows",
        default=2.0,
        min=1.0,
        max=3.0,
    )
    mouth_opening: FloatProperty(
        name="Mouth", description="How far the mouth moves", default=1.0, min=0.0, max=2.0
    )
    lip_offset: FloatProperty(
        name="Lip Offset",
        description="Milliseconds that the lips come later than the sound",
        default=0.0,
        min=-500.0,
        max=500.0,
        soft_min=-150.0,
        soft_max=150.0,
    )
    brow_motion: FloatProperty(
        name="Brows", description="How much the brows move", default=1.0, min=0.0, max=3.0
    )
    gaze: EnumProperty(
        name="Gaze", description="Where the eyes look", items=GAZES, default="natural"
    )
    head_motion: FloatProperty(
        name="Head", description="How much the head moves; 0 = still", default=1.0, min=0.0, max=3.0
    )
    blink_rate: FloatProperty(name="Blinks a Minute", default=20.0, min=0.0, max=60.0)
    seed: IntProperty(
        name="Seed",
        description="Of what is made at random: head motion, gaze, blinks, and what an animator "
        "samples. The same seed gives the same performance and frames",
        min=0,
    )


def _drive(
    backend: Backend, known: Known, sound: Path, report: Progress, wanted: dict[str, Any]
) -> MotionData:
    return known.ensure(
        backend,
        lambda: backend.drive(sound, subject_id=known.subject_id, progress=report, **wanted),
    )


class DriveSpeech(JobOperator, bpy.types.Operator):
    """Make the subject say the selected sound strip; keys of an earlier run are replaced"""

    bl_idname = "facewright.drive_speech"
    bl_label = "Drive from Sound Strip"
    bl_options: ClassVar[set[str]] = {"REGISTER", "UNDO"}

    def job(self, context: bpy.types.Context) -> Job:
        scene, who = context.scene, objects.chosen(context)
        chosen, strip = who.rig.facewright_perform, _sound_strip(scene)
        fps = scene.render.fps / scene.render.fps_base
        start = round(strip.frame_final_start)
        sound = Path(bpy.path.abspath(strip.sound.filepath))
        wanted: dict[str, Any] = {
            "fps": fps,
            "start_seconds": max(0.0, strip.frame_offset_start / fps),
            "length_seconds": strip.frame_final_duration / fps,
            **{name: getattr(chosen, name) for name in CONTROLS},
        }
        settings, known = session.Settings.read(), Known.of(who)
        performance = yield from wait(
            Task(
                lambda report: _drive(
                    session.connect(settings, report), known, sound, report, wanted
                )
            )
        )
        motion.apply(performance, who, start=start)
        scene.frame_end = max(scene.frame_end, start + len(performance) - 1)
        self.report({"INFO"}, f"{len(performance)} frames from {sound.name}")


def _sound_strip(scene: bpy.types.Scene) -> bpy.types.Strip:
    """The selected sound strip, or the only one."""
    sounds = [strip for strip in sequence.strips(scene) if strip.type == "SOUND"]
    selected = [strip for strip in sounds if strip.select]
    for found in (selected, sounds):
        if len(found) == 1:
            return found[0]
    if not sounds:
        raise InputError("Add a sound strip in the video sequencer first")
    raise InputError(f"Select one sound strip in the video sequencer ({len(sounds)} there)")


class SpeechPanel(Section, bpy.types.Panel):
    bl_idname = "FACEWRIGHT_PT_speech"
    bl_label = "Speech"

    def rows(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        rig = objects.meant(context)
        if rig is None:
            layout.label(text="Select a subject, or make one", icon="INFO")
            return
        chosen = rig.facewright_perform
        layout.prop(chosen, "emotion")
        strength = layout.column()
        strength.active = bool(chosen.emotion.strip())
        strength.prop(chosen, "intensity")
        for name in ("mouth_opening", "lip_offset", "brow_motion", "head_motion", "gaze"):
            layout.prop(chosen, name)
        for name in ("blink_rate", "seed"):
            layout.prop(chosen, name)
        layout.operator("facewright.drive_speech", icon="SPEAKER")


_CLASSES = (
    PerformSettings,
    DriveSpeech,
    SpeechPanel,
)


def register() -> None:
    for kind in _CLASSES:
        bpy.utils.register_class(kind)
    bpy.types.Object.facewright_perform = PointerProperty(type=PerformSettings)


def unregister() -> None:
    del bpy.types.Object.facewright_perform
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
