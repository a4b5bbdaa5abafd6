# SPDX-License-Identifier: GPL-3.0-or-later
"""Performances in the interface: sound, scripts and videos become keys.

- ``operators``  drive from strips, a script, a video
- ``emotion``    markers and the list of cues
- ``panels``     Perform, in the 3-D view
- ``strips``     Performance, in the sequencer
"""

from __future__ import annotations

import bpy

from ...drive import settings
from . import emotion, operators, panels, strips

_CLASSES = (*operators.CLASSES, *emotion.CLASSES, *panels.CLASSES, *strips.CLASSES)


def register() -> None:
    settings.register()
    for kind in _CLASSES:
        bpy.utils.register_class(kind)


def unregister() -> None:
    for kind in reversed(_CLASSES):
        bpy.utils.unregister_class(kind)
    settings.unregister()
