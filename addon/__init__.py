# SPDX-License-Identifier: GPL-3.0-or-later
"""Facewright for Blender: a portrait, performed on the timeline, textured frame by frame.

Nothing here imports torch or the `facewright` package: the backend is another process,
known by its gRPC contract alone.

- ``v1``        stubs generated from proto/ (``python proto/generate.py``)
- ``core``      what needs no Blender: connection, streams, data, files
- ``subject``   a photograph as a rig in the scene
- ``perform``   performances as keys and NLA strips
- ``texture``   geometry out, pictures back
- ``film``      the sequencer, movies, exports
- ``headless``  the command line and batches
- ``ui``        preferences, panels, operators
"""

from __future__ import annotations

import atexit
from types import ModuleType


def _modules() -> tuple[ModuleType, ...]:
    """What registers something with Blender, in order."""
    from .headless import cli
    from .ui import connection, layers, output, perform, preferences, subject, texture

    return (preferences, connection, subject, perform, layers, texture, output, cli)


#: Those that are registered, so that a second call of either is harmless: bpy's own exit
#: disables add-ons as well.
_registered: list[ModuleType] = []


def register() -> None:
    """Add everything to Blender; nothing stays where a part fails."""
    if _registered:
        return
    # bpy as a Python module does not unregister at exit, and Blender 4.5 then hangs.
    atexit.register(unregister)
    try:
        for module in _modules():
            module.register()
            _registered.append(module)
    except BaseException:
        unregister()
        raise


def unregister() -> None:
    """Take everything away again, and end a backend that was started here."""
    atexit.unregister(unregister)
    if _registered:
        from .ui import jobs, session

        jobs.stop()
        session.close()
    while _registered:
        _registered.pop().unregister()
