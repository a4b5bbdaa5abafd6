# SPDX-License-Identifier: GPL-3.0-or-later
"""How files are named in a .blend."""

from __future__ import annotations

from pathlib import Path

import bpy


def portable(path: Path) -> str:
    """``path`` relative to the .blend, so that both may move; absolute where it cannot be."""
    if not bpy.data.filepath:
        return str(path)
    try:
        return bpy.path.relpath(str(path))
    except ValueError:  # another drive
        return str(path)
