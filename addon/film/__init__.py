# SPDX-License-Identifier: GPL-3.0-or-later
"""What leaves Blender.

- ``sequence``  image strip, sound strip, colour
- ``movie``     the sequencer as a file: H.264, ProRes, pictures with their sound
- ``kinds``     the kinds of movies
- ``sound``     the sequencer's sound as a file of its own
- ``settings``  output settings, changed for one job and put back
- ``exports``   a performance for other programs
- ``formats``   the formats, and how Blender's exporters are told
- ``sampling``  what a subject does over a range, as evaluated
- ``baked``     a copy that exporters understand
- ``stage``     a scene of its own for it
- ``arkit``     ARKit's weights from the scene, and from a file
- ``sheet``     a contact sheet of frames
- ``paths``     file names that move with the .blend
"""
