# SPDX-License-Identifier: GPL-3.0-or-later
"""Geometry out, pictures back.

- ``geometry``   the geometry pass: what Blender shows, frame by frame
- ``reading``    reads it off Blender
- ``look``       what was read, and what is worked out of it
- ``offscreen``  draws it
- ``known``      rho beside it, where the scene still says it
- ``survey``     which frames' pictures are there
- ``texturing``  the others out, pictures back, onto the disk
- ``run``        all of it to its end, also where the backend goes away in between
- ``wish``       what is wanted, and what it came to
- ``reel``       pictures in the sequencer as they come
"""
