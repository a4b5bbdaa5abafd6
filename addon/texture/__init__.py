# SPDX-License-Identifier: GPL-3.0-or-later
"""Geometry out, pictures back.

- ``geometry``   the geometry pass: what Blender shows, frame by frame
- ``offscreen``  its drawing half
- ``known``      rho beside it, where the scene still says it
- ``texturing``  frames out, pictures back, onto the disk
"""
