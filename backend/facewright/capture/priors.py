"""What is known of a face before its picture is seen, for the fit of `fit.py`.

Identity is N(0, 1) by the model's making. Blendshape weights are not Gaussian, but a
width for each, kept within 0..1, is enough to tell apart what landmarks alone cannot:
the usual shapes are wide; rare ones that imitate them (``smileOpen`` for an open smile,
``cheekPuff`` for full cheeks) and those that a wide mouth or a low brow of the person's
own is easily taken for (``mouthStretch``, ``browDown``) narrow; those that no landmark
sees nearly zero.
"""

from __future__ import annotations

import re

import numpy as np

from facewright.checks import Float32

#: First match wins; widths are standard deviations of the weight.
_WIDTHS: tuple[tuple[str, float], ...] = (
    (r"tongue|neck|cheekSuck|nostril", 0.003),
    (r"eyeBlink|jawOpen", 0.6),
    (r"mouthSmile", 0.7),
    (r"mouthStretch", 0.12),
    (r"browDown|eyeSquint|mouthFrown", 0.2),
    (r"smileOpen|snarlOpen|lipFV", 0.08),
    (r"cheekPuff|jaw(Left|Right|Forward)|mouth(Left|Right)$", 0.12),
    (r"eyeLook|browRaise|noseSneer|cheekSquint|mouthDimple", 0.15),
    (r"mouth(Press|Shrug|Roll|Close)|eyeWide", 0.25),
    (r"", 0.35),
)
#: Left and right differ by about this much where a shape has both.
_ASYMMETRY = 0.2
#: Lower and upper bound of a weight; leaving them costs this standard deviation.
LOW, HIGH, SOFTNESS = 0.0, 1.0, 0.02


def expression_precision(names: tuple[str, ...]) -> Float32:
    """(K, K) inverse covariance of the blendshape weights called ``names``."""
    widths = np.array([_width(name) for name in names], np.float32)
    precision = np.diag(widths**-2)
    for left, name in enumerate(names):
        mirrored = name.removesuffix("Left") + "Right"
        one_sided = name.startswith(("jaw", "mouthLeft"))
        if name.endswith("Left") and mirrored in names and not one_sided:
            right = names.index(mirrored)
            pair = np.ix_((left, right), (left, right))
            precision[pair] += np.array([[1, -1], [-1, 1]], np.float32) / _ASYMMETRY**2
    return precision.astype(np.float32)


def _width(name: str) -> float:
    return next(width for pattern, width in _WIDTHS if re.search(pattern, name))
