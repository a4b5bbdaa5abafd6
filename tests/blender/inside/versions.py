"""What a build of Blender lacks: marks for the tests that need it, a way round a fault."""

from __future__ import annotations

import os
import sys

import bpy
import pytest

NO_SOUND = "this bpy was compiled without Audaspace: no sound strips"
HAS_SOUND = bool(bpy.app.build_options.audaspace)

needs_sound = pytest.mark.skipif(not HAS_SOUND, reason=NO_SOUND)


def leave(status: int) -> None:
    """End the process in bpy 4.2, which frees properties' callbacks after Python has ended
    and crashes; does nothing in others."""
    if bpy.app.version < (4, 3):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
