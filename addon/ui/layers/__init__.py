# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers in the interface: what shows in which region, whose keys are edited, baking."""

from __future__ import annotations

import bpy

from ...perform import settings
from . import operators, panels

_CLASSES = (*operators.CLASSES, *panels.CLASSES)


def register() -> None:
    settings.register()
    for kind in _CLASSES:
        bpy.utils.register_class(kind)


def unregister() -> None:
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
    settings.unregister()
