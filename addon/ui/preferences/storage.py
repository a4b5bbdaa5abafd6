# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the add-on keeps what is the user's, never in a .blend; main thread only."""

from __future__ import annotations

from pathlib import Path

import bpy

from .settings import ADDON, CACHE_GIGABYTES, current


def private_folder() -> Path:
    """The add-on's own folder in the user's Blender resources, made where it is not there.

    Raises:
        OSError: it cannot be made.
    """
    try:
        return Path(bpy.utils.extension_path_user(ADDON, create=True))
    except ValueError:  # run from a checkout, without being installed as an extension
        folder = Path(bpy.utils.user_resource("DATAFILES")) / "facewright"
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def cache_folder() -> Path:
    """Where textured frames are kept; it need not exist."""
    chosen = current()
    if chosen is not None and chosen.cache_folder.strip():
        return Path(bpy.path.abspath(chosen.cache_folder.strip()))
    return private_folder() / "cache"


def cache_bytes() -> int:
    """How many bytes of textured frames may be kept."""
    chosen = current()
    return round((chosen.cache_gigabytes if chosen else CACHE_GIGABYTES) * 1e9)
