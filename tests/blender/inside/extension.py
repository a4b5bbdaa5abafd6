"""Installs the built zip as a user does, enables it, uses it; prints what it found."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import bpy

NAME = "bl_ext.user_default.facewright"


def main() -> None:
    import addon_utils  # there once bpy is

    bpy.ops.extensions.package_install_files(
        filepath=sys.argv[1], repo="user_default", enable_on_install=True, overwrite=True
    )
    addon_utils.enable(NAME)
    package = sys.modules[NAME]
    import grpc

    found = {
        "operators": sorted(name for name in dir(bpy.ops.facewright) if not name.startswith("_")),
        "settings": bpy.context.scene.facewright_texture.size,
        "preferences": NAME in bpy.context.preferences.addons,
        "package": str(Path(package.__file__).parent),
        "grpc": grpc.__file__,
        "modules": sorted(name for name in sys.modules if name in ("torch", "facewright", "addon")),
    }
    # A button's error is one line that says what to do.
    try:
        bpy.ops.facewright.drive_speech()
    except RuntimeError as error:
        found["error"] = str(error).strip()
    addon_utils.disable(NAME)
    found["left"] = hasattr(bpy.types.Scene, "facewright_texture")
    print("FOUND", json.dumps(found))


main()
