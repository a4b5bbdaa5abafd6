"""FACS action units on the default model's blendshapes.

Action units (AUs) and their intensities A to E are those of Ekman, Friesen & Hager,
"Facial Action Coding System: the manual" (2002). An intensity is a number here: 0 is
absent, 1 is E, the maximum; A to D are about 0.1, 0.3, 0.55 and 0.8.
"""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from facewright.checks import Float32
from facewright.face.names import EXPRESSION_64

#: AU -> blendshapes at intensity E. A name without its side stands for both; AUs of one
#: side have an R behind their number, as in FACS. Weights are chosen by what the default
#: model shows: its eyeSquint of 1 shuts the eye, so AU 7, which narrows it, has half of it;
#: its rolled lips part, so AU 23, which tightens them, has none of those.
SHAPES: MappingProxyType[str, dict[str, float]] = MappingProxyType(
    {
        "1": {"browInnerUp": 1.0, "browRaise": 0.25},  # inner brow raiser
        "2": {"browOuterUp": 0.8, "browRaise": 0.5},  # outer brow raiser
        "4": {"browDown": 1.0},  # brow lowerer
        "5": {"eyeWide": 1.0},  # upper lid raiser
        "6": {"cheekSquint": 1.0, "eyeSquint": 0.28},  # cheek raiser
        "7": {"eyeSquint": 0.5},  # lid tightener
        "9": {"noseSneer": 1.0, "browDown": 0.25, "nostrilFlare": 0.3},  # nose wrinkler
        "10": {"mouthUpperUp": 0.75, "noseSneer": 0.25},  # upper lip raiser
        "12": {"mouthSmile": 1.0},  # lip corner puller
        "12R": {"mouthSmileRight": 0.6},
        "14": {"mouthDimple": 1.0},  # dimpler
        "14R": {"mouthDimpleRight": 0.5, "mouthRight": 0.35},
        "15": {"mouthFrown": 0.9},  # lip corner depressor
        "16": {"mouthLowerDown": 0.6},  # lower lip depressor
        "17": {"mouthShrugLower": 0.9},  # chin raiser
        "20": {"mouthStretch": 1.0},  # lip stretcher
        "21": {"neckTense": 0.8},  # neck tightener
        "23": {"mouthPress": 0.9},  # lip tightener
        "24": {"mouthPress": 1.0},  # lip pressor
        "25": {"lipsPart": 0.8},  # lips part
        "26": {"jawOpen": 0.55},  # jaw drop
        "38": {"nostrilFlare": 1.0},  # nostril dilator
        "43": {"eyeBlink": 1.0},  # eye closure
    }
)
#: The AUs, in the order of columns everywhere.
UNITS: tuple[str, ...] = tuple(SHAPES)


def _basis() -> Float32:
    column = {name: k for k, name in enumerate(EXPRESSION_64)}
    basis = np.zeros((len(UNITS), len(EXPRESSION_64)), np.float32)
    for row, unit in enumerate(UNITS):
        for shape, weight in SHAPES[unit].items():
            for name in (shape,) if shape in column else (f"{shape}Left", f"{shape}Right"):
                basis[row, column[name]] = weight
    basis.setflags(write=False)
    return basis


#: (U, 64) blendshape weights of each AU at intensity E.
BASIS: Float32 = _basis()
