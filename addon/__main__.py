# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m addon dub …` with bpy as a Python module: what `blender --command` does."""

import sys

from . import register, unregister
from .headless.cli import main

register()
try:
    status = main(sys.argv[1:])
finally:
    unregister()
sys.exit(status)
