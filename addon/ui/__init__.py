# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface: each module brings its settings, operators and panel.

- ``session``      what lives as long as Blender does
- ``jobs``         operators that wait without holding Blender up
- ``panels``       what the panels share
- ``preferences``  where the backend is
- ``connection``, ``subject``, ``perform``, ``texture``, ``output``  one area each
"""
