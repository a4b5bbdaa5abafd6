# SPDX-License-Identifier: GPL-3.0-or-later
"""A subject in the scene.

- ``objects``    what it is made of, and how it is found again
- ``construct``  captured data -> rig, mesh with shape keys, eyes, camera, plate
"""
