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
from ..subject import objects

_OVER = {"LIBRARY_OVERRIDABLE"}
#: Blender 4.5 and later ask whether a path may be relative to the .blend.
_PATH = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5) else set()
_OVER_LIST = {"LIBRARY_OVERRIDABLE", "USE_INSERTION"}
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


def _own_rig(self: object, candidate: bpy.types.Object) -> bool:
    return objects.RECORD in candidate


class EmotionCueSettings(bpy.types.PropertyGroup):
    """One line of a subject's list of emotions."""

    start: IntProperty(name="Start", description="Frame at which it is felt", default=1)
    length: IntProperty(
        name="Length", description="Frames that it lasts; 0: until the next", default=0, min=0
    )
    prompt: StringProperty(
        name="Emotion",
        description="In words: 'happy', 'slightly sad', 'angry, then relieved'. Empty: neutral",
        maxlen=200,
    )
    use_intensity: BoolProperty(
        name="Own Intensity", description="Another intensity than the subject's"
    )
    intensity: FloatProperty(
        name="Intensity",
        description="How strongly it shows: 1 slight, 3 full",
        default=2.0,
        min=1.0,
        max=3.0,
    )
    use_cross_fade: BoolProperty(
        name="Own Fade", description="Another cross-fade than the subject's"
    )
    cross_fade: FloatProperty(
        name="Fade",
        description="Seconds in which it comes",
        default=0.5,
        min=0.0,
        max=10.0,
        subtype="TIME_ABSOLUTE",
        unit="TIME_ABSOLUTE",
    )
    mute: BoolProperty(name="Mute", description="Leave it out")


def _source(channel: str) -> object:
    return EnumProperty(
        name=channel.capitalize(),
        description=f"{_SAY[channel]}: where it comes from",
        items=SOURCES,
        default="speech",
        options=set(),
        override=_OVER,
    )


def _motion_file(channel: str) -> object:
    return StringProperty(
        name="File",
        description=f"Motion file (.npz) that {channel} come from, at least as long as the sound",
        subtype="FILE_PATH",
        options=_PATH,
        override=_OVER,
    )


def _region(region: str) -> object:
    return BoolProperty(
        name=region.capitalize(),
        description=f"Take the {region} from the video",
        default=True,
        options=set(),
        override=_OVER,
    )


class PerformSettings(bpy.types.PropertyGroup):
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
        override=_OVER,
    )
    intensity: FloatProperty(
        name="Intensity",
        description="How strongly emotions show that do not say it themselves: 1 slight, 3 full; "
        "keys may take it down to 0",
        default=2.0,
        min=0.0,
        max=3.0,
        soft_min=1.0,
        override=_OVER,
    )
    cross_fade: FloatProperty(
        name="Cross-Fade",
        description="Seconds in which one emotion becomes another",
        default=0.5,
        min=0.0,
        max=10.0,
        soft_max=3.0,
        options=set(),
        override=_OVER,
    )
    emotion_model: EnumProperty(
        name="Shown By",
        description="What emotions do to the face",
        items=[
            ("rules", "Action Units", "By rule: the action units that psychology knows them by"),
            ("emoa2e", "Network", "What the network learned of them"),
        ],
        options=set(),
        override=_OVER,
    )
    mouth_opening: FloatProperty(
        name="Mouth",
        description="How far the mouth moves with the speech; 0: it rests",
        default=1.0,
        min=0.0,
        max=2.0,
        override=_OVER,
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
        options=set(),
        override=_OVER,
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
        options=set(),
        override=_OVER,
    )
    brow_motion: FloatProperty(
        name="Brow Motion",
        description="How much the brows move; 0: still",
        default=1.0,
        min=0.0,
        max=3.0,
        override=_OVER,
    )
    brow_model: StringProperty(
        name="Brow Model",
        description="What moves the brows; empty: the backend's default",
        maxlen=200,
        options=set(),
        override=_OVER,
        search=lambda self, context, text: _known("brow_models"),
    )
    gaze: EnumProperty(
        name="Gaze",
        description="Where the eyes look; keys switch it in time",
        items=GAZES,
        default="natural",
        override=_OVER,
    )
    aversion: FloatProperty(
        name="Looks Away",
        description="How often a natural gaze looks away; 0: never",
        default=1.0,
        min=0.0,
        max=3.0,
        options=set(),
        override=_OVER,
    )
    head_motion: FloatProperty(
        name="Head Motion",
        description="How much the head moves; 0: still",
        default=1.0,
        min=0.0,
        max=3.0,
        override=_OVER,
    )
    head_model: StringProperty(
        name="Head Model",
        description="What moves the head; empty: the backend's default",
        maxlen=200,
        options=set(),
        override=_OVER,
        search=lambda self, context, text: _known("head_models"),
    )
    guidance: FloatProperty(
        name="Guidance",
        description="How much the photographed pose decides, for a learned head",
        default=0.4,
        min=0.0,
        max=1.0,
        options=set(),
        override=_OVER,
    )
    blink_rate: FloatProperty(
        name="Blink Rate",
        description="Blinks a minute; people do 17 times at rest, 26 while talking",
        default=20.0,
        min=0.0,
        max=60.0,
        override=_OVER,
    )
    seed: IntProperty(
        name="Seed",
        description="Of what is made at random: head motion, gaze, blinks, and what an animator "
        "samples. The same seed gives the same performance and frames",
        min=0,
        options=set(),
        override=_OVER,
    )
    cues: CollectionProperty(type=EmotionCueSettings, override=_OVER_LIST)
    active_cue: IntProperty(options=set(), override=_OVER)
    script: StringProperty(
        name="Script",
        description="Words to speak; directions in brackets say how they are felt: "
        "'[sadly surprised] Oh. [relieved @3] There you are.'",
        options=set(),
        override=_OVER,
    )
    script_text: PointerProperty(
        type=bpy.types.Text,
        name="Text",
        description="A text data-block to speak, in place of the line",
        override=_OVER,
    )
    language: StringProperty(
        name="Language",
        description="Of the script: en-us, en-gb, de, fr-fr, es, it, pt-br, ru, zh, ja, ...",
        default="en-us",
        maxlen=40,
        options=set(),
        override=_OVER,
        search=lambda self, context, text: LANGUAGES,
        search_options={"SUGGESTION"},
    )
    voice: StringProperty(
        name="Voice",
        description="A variant of the language's voice: f1 to f5, m1 to m8; empty: its own",
        maxlen=40,
        options=set(),
        override=_OVER,
        search=lambda self, context, text: VOICES,
        search_options={"SUGGESTION"},
    )
    video: StringProperty(
        name="Video",
        description="A video of a face; empty: the selected movie strip",
        subtype="FILE_PATH",
        options=_PATH,
        override=_OVER,
    )
    video_same: BoolProperty(
        name="Same Person",
        description="The video shows the subject, whose identity is kept; otherwise the video "
        "says who it is",
        options=set(),
        override=_OVER,
    )
    video_face: IntProperty(
        name="Face",
        description="Which face of the video's first frame, counted from the largest, 0",
        min=0,
        max=99,
        options=set(),
        override=_OVER,
    )


LANGUAGES = [
    "en-us", "en-gb", "de", "fr-fr", "es", "it", "pt-br", "pt", "nl", "pl", "sv", "da", "nb", "fi",
    "cs", "ru", "uk", "el", "tr", "ro", "hu", "cmn", "ja", "ko", "ar", "hi",
]  # fmt: skip
VOICES = [*(f"f{k}" for k in range(1, 6)), *(f"m{k}" for k in range(1, 9))]


class StripSettings(bpy.types.PropertyGroup):
    """What a sound or movie strip is driven with; ``strip.facewright_drive``."""

    subject: PointerProperty(
        type=bpy.types.Object,
        name="Subject",
        description="Whom this strip drives; none: the active subject, or the only one",
        poll=_own_rig,
    )
    use_seed: BoolProperty(name="Own Seed", description="Another seed than the subject's")
    seed: IntProperty(name="Seed", description="The same seed gives the same performance", min=0)
    #: JSON of what it was last driven with, so that it can be driven so again.
    record: StringProperty(options={"HIDDEN"})
    #: Whom it drove, and the NLA strip that it made there.
    performer: PointerProperty(type=bpy.types.Object, options={"HIDDEN"})
    placed: StringProperty(options={"HIDDEN"})
    #: Of a strip that was made from a script: which one.
    script: StringProperty(options={"HIDDEN"})


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
    bpy.types.Object.facewright_perform = PointerProperty(type=PerformSettings, override=_OVER)
    strip_type().facewright_drive = PointerProperty(type=StripSettings)


def unregister() -> None:
    del strip_type().facewright_drive
    del bpy.types.Object.facewright_perform
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
