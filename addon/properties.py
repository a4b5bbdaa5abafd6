# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""The scene's settings, as the panel shows them."""

from __future__ import annotations

import bpy
from bpy.props import EnumProperty, FloatProperty, IntProperty, PointerProperty, StringProperty

from . import session

SIZES = [("256", "256", "Fast"), ("512", "512", "Fine"), ("1024", "1024", "Finest, and slow")]
EXTENTS = [
    ("photo", "Photograph", "Frame the whole photograph"),
    ("crop", "Head", "Frame the square around the head"),
]
GEOMETRY = [
    ("auto", "Automatic", "Images where the graphics card can draw, else vertices"),
    ("image", "Images", "Send what Blender draws; any modifier counts"),
    ("vertices", "Vertices", "Send the evaluated vertices; the backend draws"),
]

GAZES = [
    ("natural", "Natural", "As people look who talk: at the viewer, now and then away"),
    ("camera", "Camera", "At the camera"),
    ("photo", "Photograph", "At what the photograph looks at"),
    ("still", "Still", "The eyes do not move; key the gaze by hand"),
]

QUALITIES = [
    ("final", "Final", "As good as the animator gets by default"),
    ("preview", "Preview", "A quick look, of few steps"),
]


def _animators(settings: bpy.types.PropertyGroup, context: bpy.types.Context, text: str) -> list:
    """(name, summary) of what the connected backend has, to choose from."""
    return [(name, about.summary) for name, about in session.state.animators().items()]


class FacewrightSettings(bpy.types.PropertyGroup):
    photo: StringProperty(name="Photo", description="A portrait", subtype="FILE_PATH")
    face: IntProperty(
        name="Face", description="Which of several, counted from the largest, 0", min=0, max=99
    )
    extent: EnumProperty(name="Frame", items=EXTENTS, default="photo")
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
    size: EnumProperty(
        name="Size", description="Side of the textured square, pixels", items=SIZES, default="512"
    )
    animator: StringProperty(
        name="Animator",
        description="What makes the pictures; empty: the backend's default",
        search=_animators,
        search_options={"SUGGESTION"},
    )
    quality: EnumProperty(name="Quality", items=QUALITIES, default="final")
    steps: IntProperty(
        name="Steps",
        description="Sampling steps of each frame, for animators that have them; more take "
        "longer. 0: those of the quality",
        min=0,
        soft_max=50,
        max=10_000,
    )
    geometry: EnumProperty(name="Geometry", items=GEOMETRY, default="auto")


def register() -> None:
    bpy.utils.register_class(FacewrightSettings)
    bpy.types.Scene.facewright = PointerProperty(type=FacewrightSettings)


def unregister() -> None:
    del bpy.types.Scene.facewright
    bpy.utils.unregister_class(FacewrightSettings)
