# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m addon dub …` with bpy as a Python module: what `blender --command` does."""

import os
import sys

import bpy

from . import register, unregister
from .headless.cli import main

register()
try:
    status = main(sys.argv[1:])
except SystemExit as end:  # --help
    status = end.code if isinstance(end.code, int) else int(end.code is not None)
finally:
    unregister()
if bpy.app.version < (4, 3):
    # This bpy frees properties' callbacks after Python has ended, and crashes.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
sys.exit(status)
