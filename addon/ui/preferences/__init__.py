# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences: the backend, the token, the cache.

- ``settings``  the preferences themselves
- ``storage``   the folders: :func:`private_folder`, :func:`cache_folder`, :func:`cache_bytes`
"""

from __future__ import annotations

from . import settings
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


def register() -> None:
    settings.register()


def unregister() -> None:
    settings.unregister()
