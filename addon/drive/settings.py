# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""What a performance is set to: ``rig.facewright_perform``, and ``strip.facewright_drive``.

Most of a subject's settings can be keyed; keys then hold over the strips that are driven.
"""

from __future__ import annotations

from typing import Any

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ..core.performance import CHANNELS
from ..perform.channels import REGIONS
from .settings_parts import (
    OVER,
    OVER_LIST,
    PATH,
    PLAIN,
    EmotionCueSettings,
    ScriptSettings,
    StripSettings,
    VideoSettings,
)

GAZES = [
    ("natural", "Natural", "As people look who talk: at the viewer, now and then away", 0),
    ("camera", "Camera", "At the camera, whatever the head does", 1),
    ("photo", "Photograph", "At what the photograph looks at, whatever the head does", 2),
    ("still", "Still", "The eyes do not move in the head; key the gaze by hand", 3),
    ("keys", "Markers", "What markers such as 'gaze: camera' or 'gaze: 20, -5' say", 4),
]
#: The modes by the number that keys of the property hold.
GAZE_NUMBERS = {number: name for name, _, _, number in GAZES}
SOURCES = [
    ("speech", "Speech", "Driven by the speech"),
    ("photo", "Photograph", "At rest, as photographed"),
    ("file", "Motion File", "As in a motion file (.npz) that `facewright drive` or "
     "`facewright capture-motion` wrote"),
]  # fmt: skip
_SAY = {
    "lips": "Jaw, mouth, cheeks, nose and tongue",
    "brows": "Brows and forehead",
    "lids": "Blinks, wide and narrow eyes",
    "head": "How the head moves",
    "gaze": "Where the eyes look",
}


def _source(channel: str) -> object:
    return EnumProperty(
        name=channel.capitalize(),
        description=f"{_SAY[channel]}: where it comes from",
        items=SOURCES,
        default="speech",
        options=PLAIN,
        override=OVER,
    )


def _motion_file(channel: str) -> object:
    return StringProperty(
        name="File",
        description=f"Motion file (.npz) that {channel} come from, at least as long as the sound",
        subtype="FILE_PATH",
        options=PATH,
        override=OVER,
    )


def _region(region: str) -> object:
    return BoolProperty(
        name=region.capitalize(),
        description=f"Take the {region} from the video",
        default=True,
        options=PLAIN,
        override=OVER,
    )


class PerformSettings(ScriptSettings, VideoSettings, bpy.types.PropertyGroup):
    """How a subject performs; ``rig.facewright_perform``."""

    __annotations__ = (
        {f"{channel}_from": _source(channel) for channel in CHANNELS}
        | {f"{channel}_file": _motion_file(channel) for channel in CHANNELS}
        | {f"video_{region}": _region(region) for region in REGIONS}
    )

    emotion: StringProperty(
        name="Emotion",
        description="What the face feels where no marker and no cue says it, in words: 'happy', "
        "'sadly surprised, then relieved'. Empty: neutral",
        maxlen=200,
        override=OVER,
    )
    intensity: FloatProperty(
        name="Intensity",
        description="How strongly emotions show that do not say it themselves: 1 slight, 3 full; "
        "keys may take it down to 0",
        default=2.0,
        min=0.0,
        max=3.0,
        soft_min=1.0,
        override=OVER,
    )
    cross_fade: FloatProperty(
        name="Cross-Fade",
        description="Seconds in which one emotion becomes another",
        default=0.5,
        min=0.0,
        max=10.0,
        soft_max=3.0,
        options=PLAIN,
        override=OVER,
    )
    emotion_model: EnumProperty(
        name="Shown By",
        description="What emotions do to the face",
        items=[
            ("rules", "Action Units", "By rule: the action units that psychology knows them by"),
            ("emoa2e", "Network", "What the network learned of them"),
        ],
        options=PLAIN,
        override=OVER,
    )
    mouth_opening: FloatProperty(
        name="Mouth",
        description="How far the mouth moves with the speech; 0: it rests",
        default=1.0,
        min=0.0,
        max=2.0,
        override=OVER,
    )
    lip_offset: FloatProperty(
        name="Lip Offset",
        description="Milliseconds that the lips come later than the sound; negative: earlier",
        default=0.0,
        min=-500.0,
        max=500.0,
        soft_min=-150.0,
        soft_max=150.0,
        precision=0,
        step=500,
        options=PLAIN,
        override=OVER,
    )
    smoothing: FloatProperty(
        name="Smoothing",
        description="Milliseconds over which everything is calmed, without delay; closed lips "
        "and shut lids stay so",
        default=0.0,
        min=0.0,
        max=500.0,
        soft_max=150.0,
        precision=0,
        step=500,
        options=PLAIN,
        override=OVER,
    )
    brow_motion: FloatProperty(
        name="Brow Motion",
        description="How much the brows move; 0: still",
        default=1.0,
        min=0.0,
        max=3.0,
        override=OVER,
    )
    brow_model: StringProperty(
        name="Brow Model",
        description="What moves the brows; empty: the backend's default",
        maxlen=200,
        options=PLAIN,
        override=OVER,
        search=lambda self, context, text: _known("brow_models"),
    )
    gaze: EnumProperty(
        name="Gaze",
        description="Where the eyes look; keys switch it in time",
        items=GAZES,
        default="natural",
        override=OVER,
    )
    aversion: FloatProperty(
        name="Looks Away",
        description="How often a natural gaze looks away; 0: never",
        default=1.0,
        min=0.0,
        max=3.0,
        options=PLAIN,
        override=OVER,
    )
    head_motion: FloatProperty(
        name="Head Motion",
        description="How much the head moves; 0: still",
        default=1.0,
        min=0.0,
        max=3.0,
        override=OVER,
    )
    head_model: StringProperty(
        name="Head Model",
        description="What moves the head; empty: the backend's default",
        maxlen=200,
        options=PLAIN,
        override=OVER,
        search=lambda self, context, text: _known("head_models"),
    )
    guidance: FloatProperty(
        name="Guidance",
        description="How much the photographed pose decides, for a learned head",
        default=0.4,
        min=0.0,
        max=1.0,
        options=PLAIN,
        override=OVER,
    )
    blink_rate: FloatProperty(
        name="Blink Rate",
        description="Blinks a minute; people do 17 times at rest, 26 while talking",
        default=20.0,
        min=0.0,
        max=60.0,
        override=OVER,
    )
    seed: IntProperty(
        name="Seed",
        description="Of what is made at random: head motion, gaze, blinks, and what an animator "
        "samples. The same seed gives the same performance and frames",
        min=0,
        options=PLAIN,
        override=OVER,
    )
    cues: CollectionProperty(type=EmotionCueSettings, override=OVER_LIST)
    active_cue: IntProperty(options=PLAIN, override=OVER)


def _known(field: str) -> list[str]:
    """Names that the connected backend has."""
    from ..ui import session

    told = session.state.capabilities
    names = [name for driver in told.drivers for name in getattr(driver, field)] if told else []
    return sorted(set(names))


def strip_type() -> Any:
    """The type of strips, which Blender 4.4 renamed."""
    return getattr(bpy.types, "Strip", None) or bpy.types.Sequence


_CLASSES = (EmotionCueSettings, PerformSettings, StripSettings)


def register() -> None:
    for kind in _CLASSES:
        bpy.utils.register_class(kind)
    bpy.types.Object.facewright_perform = PointerProperty(type=PerformSettings, override=OVER)
    strip_type().facewright_drive = PointerProperty(type=StripSettings)


def unregister() -> None:
    del strip_type().facewright_drive
    del bpy.types.Object.facewright_perform
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
