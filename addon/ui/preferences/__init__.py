# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences: the backend, the token, the cache.

- ``settings``  the preferences themselves
- ``storage``   the folders: :func:`private_folder`, :func:`cache_folder`, :func:`cache_bytes`
- ``backend``   check, start and stop the one on this computer
- ``cache``     how much it takes, clear it
- ``drawing``   what the user sees
"""

from __future__ import annotations

import bpy

from .settings import ADDON, FacewrightPreferences, current
from .storage import cache_bytes, cache_folder, private_folder

__all__ = [
    "ADDON",
    "FacewrightPreferences",
    "cache_bytes",
    "cache_folder",
    "current",
    "private_folder",
    "register",
    "unregister",
]


def _classes() -> tuple[type, ...]:
    from . import backend, cache  # they need the session, which needs this package

    return (FacewrightPreferences, *backend.CLASSES, *cache.CLASSES)


def register() -> None:
    for kind in _classes():
        bpy.utils.register_class(kind)


def unregister() -> None:
    for kind in reversed(_classes()):
        bpy.utils.unregister_class(kind)
