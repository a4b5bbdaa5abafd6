# SPDX-License-Identifier: GPL-3.0-or-later
"""A subject in the scene.

- ``objects``    what it is made of, and how it is found again
- ``construct``  captured data -> rig, mesh with shape keys, eyes, camera, plate
- ``view``       camera, photograph, material
- ``channels``   a motion's numbers as its channels, whatever names and units it has
- ``gaze``       eyes that look at a target
- ``posing``     shape keys, head and gaze by hand: reset, mirror, key
- ``person``     what a worker knows of it
- ``poses``      the pose library
- ``bind``       a mesh that was there before, as a subject
- ``bound_eyes`` its eyes
- ``match``      such a mesh laid over a photograph
- ``nearest``    what of a surface is nearest to points
- ``upkeep``     subjects side by side: what they share, how one goes
"""
