# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""Parts of what a performance is set to: cues, scripts, videos, and strips."""

from __future__ import annotations

import bpy
from bpy.props import (
    BoolProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ..subject import objects

OVER = {"LIBRARY_OVERRIDABLE"}
#: Of what cannot be keyed: driving reads keys of the subject's own controls alone.
PLAIN: set[str] = set()
#: Blender 4.5 and later ask whether a path may be relative to the .blend.
PATH = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5) else set()
OVER_LIST = {"LIBRARY_OVERRIDABLE", "USE_INSERTION"}
LANGUAGES = [
    "en-us", "en-gb", "de", "fr-fr", "es", "it", "pt-br", "pt", "nl", "pl", "sv", "da", "nb", "fi",
    "cs", "ru", "uk", "el", "tr", "ro", "hu", "cmn", "ja", "ko", "ar", "hi",
]  # fmt: skip
VOICES = [*(f"f{k}" for k in range(1, 6)), *(f"m{k}" for k in range(1, 9))]


def _own_rig(self: object, candidate: bpy.types.Object) -> bool:
    return objects.RECORD in candidate


class EmotionCueSettings(bpy.types.PropertyGroup):
    """One line of a subject's list of emotions."""

    start: IntProperty(
        name="Start", description="Frame at which it is felt", default=1, options=PLAIN
    )
    length: IntProperty(
        name="Length",
        description="Frames that it lasts; 0: until the next",
        default=0,
        min=0,
        options=PLAIN,
    )
    prompt: StringProperty(
        name="Emotion",
        description="In words: 'happy', 'slightly sad', 'angry, then relieved'. Empty: neutral",
        maxlen=200,
        options=PLAIN,
    )
    use_intensity: BoolProperty(
        name="Own Intensity", description="Another intensity than the subject's", options=PLAIN
    )
    intensity: FloatProperty(
        name="Intensity",
        description="How strongly it shows: 1 slight, 3 full",
        default=2.0,
        min=1.0,
        max=3.0,
        options=PLAIN,
    )
    use_cross_fade: BoolProperty(
        name="Own Fade", description="Another cross-fade than the subject's", options=PLAIN
    )
    cross_fade: FloatProperty(
        name="Fade",
        description="Seconds in which it comes",
        default=0.5,
        min=0.0,
        max=10.0,
        subtype="TIME_ABSOLUTE",
        unit="TIME_ABSOLUTE",
        options=PLAIN,
    )
    mute: BoolProperty(name="Mute", description="Leave it out", options=PLAIN)


class ScriptSettings:
    """What is spoken, and by whom."""

    script: StringProperty(
        name="Script",
        description="Words to speak; directions in brackets say how they are felt: "
        "'[sadly surprised] Oh. [relieved @3] There you are.'",
        options=PLAIN,
        override=OVER,
    )
    script_text: PointerProperty(
        type=bpy.types.Text,
        name="Text",
        description="A text data-block to speak, in place of the line",
        override=OVER,
    )
    language: StringProperty(
        name="Language",
        description="Of the script: en-us, en-gb, de, fr-fr, es, it, pt-br, ru, zh, ja, ...",
        default="en-us",
        maxlen=40,
        options=PLAIN,
        override=OVER,
        search=lambda self, context, text: LANGUAGES,
        search_options={"SUGGESTION"},
    )
    voice: StringProperty(
        name="Voice",
        description="A variant of the language's voice: f1 to f5, m1 to m8; empty: its own",
        maxlen=40,
        options=PLAIN,
        override=OVER,
        search=lambda self, context, text: VOICES,
        search_options={"SUGGESTION"},
    )


class VideoSettings:
    """Which video is followed, and how."""

    video: StringProperty(
        name="Video",
        description="A video of a face; empty: the selected movie strip",
        subtype="FILE_PATH",
        options=PATH,
        override=OVER,
    )
    video_same: BoolProperty(
        name="Same Person",
        description="The video shows the subject, whose identity is kept; otherwise the video "
        "says who it is",
        options=PLAIN,
        override=OVER,
    )
    video_face: IntProperty(
        name="Face",
        description="Which face of the video's first frame, counted from the largest, 0",
        min=0,
        max=99,
        options=PLAIN,
        override=OVER,
    )


class StripSettings(bpy.types.PropertyGroup):
    """What a sound or movie strip is driven with; ``strip.facewright_drive``."""

    subject: PointerProperty(
        type=bpy.types.Object,
        name="Subject",
        description="Whom this strip drives; none: the active subject, or the only one",
        poll=_own_rig,
    )
    use_seed: BoolProperty(
        name="Own Seed", description="Another seed than the subject's", options=PLAIN
    )
    seed: IntProperty(
        name="Seed",
        description="The same seed gives the same performance",
        min=0,
        options=PLAIN,
    )
    #: JSON of what it was last driven with, so that it can be driven so again.
    record: StringProperty(options={"HIDDEN"})
    #: Whom it drove, and the NLA strip that it made there.
    performer: PointerProperty(type=bpy.types.Object, options={"HIDDEN"})
    placed: StringProperty(options={"HIDDEN"})
    #: Of a strip that was made from a script: which one.
    script: StringProperty(options={"HIDDEN"})
