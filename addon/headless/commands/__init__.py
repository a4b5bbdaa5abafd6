# SPDX-License-Identifier: GPL-3.0-or-later
"""One module per command, each with ``add(commands)``: its options, and what runs it.

- ``dub``      portrait and speech -> movie
- ``drive``    sound, script or video -> keys in a scene
- ``texture``  a scene's frames -> pictures
- ``export``   a scene -> movie, interchange file
- ``batch``    a list of dubs
"""
