# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on knows without Blender; nothing here imports bpy.

- ``errors``           what a user is told
- ``subject_data``     the backend's answers as checked arrays
- ``face_keys``        the face's channels by name, group and side
- ``spellings``        how others spell them, and a mapping as text
- ``alignment``        where a head is, from what its shape keys move
- ``client``           the connection: capture, drive, animate
- ``stream``           one Animate stream with frames in flight
- ``tasks``            work in a thread, reported through a queue
- ``backend_process``  a backend on this machine, started and stopped
- ``rotation``         rotation vectors, Euler curves
- ``egl``              whether this machine can draw without a display
"""
