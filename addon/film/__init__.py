# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves Blender.

- ``sequence``  image strip, sound strip, colour, movie
- ``sheet``     a contact sheet of frames
- ``paths``     file names that move with the .blend
"""
