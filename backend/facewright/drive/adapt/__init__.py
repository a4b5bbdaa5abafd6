"""New speech for a performance that exists (ControlTalk, 3.2, 3.3).

``network``   ``Audio2Exp``: ΔE of an expression and a sound; its output begins at zero
``redrive``   both passes over a ``Motion``: the mouth brought to rest, then made to speak
"""

from facewright.drive.adapt.network import MOUTH, Audio2Exp, Config, load, save
from facewright.drive.adapt.redrive import WEIGHTS, adapt, redrive

__all__ = ["MOUTH", "WEIGHTS", "Audio2Exp", "Config", "adapt", "load", "redrive", "save"]
