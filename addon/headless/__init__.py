# SPDX-License-Identifier: GPL-3.0-or-later
"""Facewright without an interface.

- ``cli``         the command line: ``blender --command facewright ...``
- ``commands``    one module per command
- ``options``     what commands share; ``columns`` what a dub can be told
- ``host``        the backend that a command works with
- ``opened``      the scene that a command works on
- ``progress``    how far it is, on the terminal
- ``dub``         portrait and speech to movie, as one function; ``staging`` its scene,
                  ``performing`` its motion, ``footage`` a video as portrait, ``delivery`` its
                  results, whole or not at all, ``leftovers`` what a killed one leaves
- ``batch``       many dubs from one list
"""
