# SPDX-License-Identifier: GPL-3.0-or-later
"""Facewright without an interface.

- ``cli``  the command line: ``blender --command facewright ...``
- ``dub``  the whole job as one function
"""
