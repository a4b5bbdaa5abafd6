# SPDX-License-Identifier: GPL-3.0-or-later
"""Facewright for Blender: a portrait, performed on the timeline, textured frame by frame.

Nothing here imports torch or the `facewright` package: the backend is another process,
known by its gRPC contract alone. Without bpy:

- ``errors``           what a user is told
- ``v1``               stubs generated from proto/ (``python proto/generate.py``)
- ``subject_data``     the backend's answers as checked arrays
- ``client``           the connection: capture, drive, animate
- ``stream``           one Animate stream with frames in flight
- ``tasks``            work in a thread, reported through a queue
- ``backend_process``  a backend on this machine, started and stopped
- ``rotation``         rotation vectors, Euler curves
- ``egl``              whether this machine can draw without a display

With bpy:

- ``subject``          Subject -> rig, mesh with shape keys, eyes, camera, plate
- ``motion``           Motion -> F-curves, written in bulk, one NLA strip per source
- ``geometry``         the geometry pass: what Blender shows, frame by frame
- ``known``            rho beside it, where the scene still says it
- ``offscreen``        its drawing half
- ``texturing``        frames out, pictures back, onto the disk
- ``sequence``         image strip, sound strip, colour, movie
- ``sheet``            a contact sheet of frames
- ``paths``            file names that move with the .blend
- ``dub``              the whole job as one function; ``cli`` its command line
- ``session``, ``properties``, ``preferences``, ``operators``, ``panel``  the interface
"""

from __future__ import annotations

import atexit


def register() -> None:
    """Add everything to Blender."""
    from . import cli, operators, panel, preferences, properties

    for module in (preferences, properties, operators, panel, cli):
        module.register()
    # bpy as a Python module does not unregister at exit, and Blender 4.5 then hangs.
    atexit.register(unregister)


def unregister() -> None:
    """Take everything away again, and end a backend that was started here."""
    from . import cli, operators, panel, preferences, properties, session

    atexit.unregister(unregister)
    session.close()
    for module in (cli, panel, operators, properties, preferences):
        module.unregister()
