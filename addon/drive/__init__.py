# SPDX-License-Identifier: GPL-3.0-or-later
"""Performances from sound, script and video, placed as strips of a subject's layers.

- ``speech``   ``drive_strips``: sound strips of the sequencer
- ``script``   ``drive_script``: a text, which makes its speech strip too
- ``video``    ``drive_video``: the motion of a face in a movie
- ``placing``  which strip is driven on whom; what came, put in its place
- ``sounds``   what of a sound strip is heard, when, and from which file
- ``wanted``   a subject's settings, cues and keys -> how a stretch is performed
- ``keyed``    controls with F-curves, sampled
- ``cues``     emotion and gaze from timeline markers and the cue list
- ``settings``, ``settings_parts``  what is set, on the subject and on each strip
- ``running``  jobs: generators that wait for the backend, with progress over all

Functions called ``drive_*`` block, and need no interface; each has a ``*_job`` beside it,
a generator that the operators advance.
"""
