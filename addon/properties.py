# SPDX-License-Identifier: GPL-3.0-or-later
# mypy: disable-error-code="valid-type"
"""The scene's settings, as the panel shows them."""

from __future__ import annotations

import bpy
from bpy.props import EnumProperty, FloatProperty, IntProperty, PointerProperty, StringProperty

SIZES = [("256", "256", "Fast"), ("512", "512", "Fine")]
EXTENTS = [
    ("photo", "Photograph", "Frame the whole photograph"),
    ("crop", "Head", "Frame the square around the head"),
]
GEOMETRY = [
    ("auto", "Automatic", "Images where the graphics card can draw, else vertices"),
    ("image", "Images", "Send what Blender draws; any modifier counts"),
    ("vertices", "Vertices", "Send the evaluated vertices; the backend draws"),
]


class FacewrightSettings(bpy.types.PropertyGroup):
    photo: StringProperty(name="Photo", description="A portrait", subtype="FILE_PATH")
    face: IntProperty(
        name="Face", description="Which of several, counted from the largest, 0", min=0, max=99
    )
    extent: EnumProperty(name="Frame", items=EXTENTS, default="photo")
    mouth_opening: FloatProperty(
        name="Mouth", description="How far the mouth moves", default=1.0, min=0.0, max=2.0
    )
    head_motion: FloatProperty(
        name="Head", description="How much the head moves; 0 = still", default=1.0, min=0.0, max=3.0
    )
    blink_rate: FloatProperty(name="Blinks a Minute", default=20.0, min=0.0, max=60.0)
    seed: IntProperty(
        name="Seed", description="The same seed gives the same performance and frames", min=0
    )
    size: EnumProperty(
        name="Size", description="Side of the textured square, pixels", items=SIZES, default="512"
    )
    animator: StringProperty(name="Animator", description="Empty: the backend's default")
    geometry: EnumProperty(name="Geometry", items=GEOMETRY, default="auto")


def register() -> None:
    bpy.utils.register_class(FacewrightSettings)
    bpy.types.Scene.facewright = PointerProperty(type=FacewrightSettings)


def unregister() -> None:
    del bpy.types.Scene.facewright
    bpy.utils.unregister_class(FacewrightSettings)
