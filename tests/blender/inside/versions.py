"""What a build of Blender lacks, as marks for the tests that need it."""

from __future__ import annotations

import bpy
import pytest

NO_SOUND = "this bpy was compiled without Audaspace: no sound strips"
HAS_SOUND = bool(bpy.app.build_options.audaspace)

needs_sound = pytest.mark.skipif(not HAS_SOUND, reason=NO_SOUND)
