# SPDX-License-Identifier: GPL-3.0-or-later
"""Texturing in the interface.

- ``settings``   ``scene.facewright_texture``, and what follows from it
- ``operators``  texture a range, check it, texture and render it
- ``compare``    texture or geometry, one click
- ``preview``    while scrubbing; and noticing edits and renders
- ``marks``      how frames stand, as far as it was found out
- ``timeline``   the line that tells it
- ``panel``      the panels
"""

from __future__ import annotations

import bpy
from bpy.props import PointerProperty

from . import compare, operators, panel, preview, timeline
from .settings import TextureSettings

_CLASSES = (TextureSettings, *operators.CLASSES, *compare.CLASSES, *panel.CLASSES)


def register() -> None:
    for kind in _CLASSES:
        bpy.utils.register_class(kind)
    bpy.types.Scene.facewright_texture = PointerProperty(type=TextureSettings)
    preview.register()
    timeline.register()


def unregister() -> None:
    timeline.unregister()
    preview.unregister()
    del bpy.types.Scene.facewright_texture
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
