"""Facewright: a portrait, performed on a timeline and textured frame by frame.

Sub-packages, in the order the data takes (each imports only those before it):

- ``face``     morphable models, coefficients, motion, landmarks, mesh formats
- ``render``   camera, rasteriser, shading, photo texture
- ``capture``  portrait -> ``Subject``
- ``drive``    speech -> ``Motion``
- ``animate``  ``Subject`` + geometry frames -> frames

``media`` decodes and encodes; ``train`` and ``evaluate`` make and measure the
learned parts; ``serve`` puts all of it behind gRPC; ``cli`` is the command line.
"""

__version__ = "0.1.0"
