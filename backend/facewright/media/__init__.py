"""Decoding and encoding of pictures, sound and video.

- ``files``    opening what a user names; outputs that appear whole or not at all
- ``picture``  photographs -> upright 8-bit sRGB, and back
- ``speech``   sound files -> 16 kHz mono for drivers
- ``video``    H.264 + AAC in MP4, frame by frame, in and out
- ``sheet``    contact sheets: labelled tiles for a person to look at

Everything a stranger's file can do wrong ends in one
:class:`~facewright.errors.InputError`, and sizes are checked before memory is spent.
"""
