# SPDX-License-Identifier: GPL-3.0-or-later
"""Subjects in the interface.

- ``settings``  what the panels below choose; ``scene.facewright_subject``
- ``create``    a photograph or a subject's file becomes a rig
- ``upkeep``    subjects taken away, and apart
- ``sliders``   the face's shape keys, by group
- ``aim``       head and gaze
- ``library``   the pose library
- ``own_mesh``  a mesh that was there before
"""

from __future__ import annotations

from . import aim, create, library, own_mesh, settings, sliders, upkeep

_MODULES = (settings, create, upkeep, sliders, aim, library, own_mesh)


def register() -> None:
    for module in _MODULES:
        module.register()


def unregister() -> None:
    for module in reversed(_MODULES):
        module.unregister()
