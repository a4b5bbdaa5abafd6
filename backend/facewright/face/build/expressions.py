"""The 64 blendshapes, from MakeHuman's expression units and fields of our own."""

from __future__ import annotations

import numpy as np

from facewright.face.build.identity import ETHNICITIES
from facewright.face.build.sources import Float64, Targets
from facewright.face.names import EXPRESSION_64

#: Units with their weight, or with a side: +1 keeps the subject's left, -1 the right.
Recipe = tuple[tuple[str, float, int], ...]

RECIPES: dict[str, Recipe] = {
    "eyeBlinkLeft": (("eye-left-closure", 1.0, 0),),
    "eyeLookDownLeft": (("eye-left-closure", 0.3, 0),),
    "eyeLookInLeft": (("eye-left-slit", 0.2, 0),),
    "eyeLookOutLeft": (("eye-left-opened-up", 0.2, 0),),
    "eyeLookUpLeft": (("eye-left-opened-up", 0.6, 0),),
    "eyeSquintLeft": (("eye-left-slit", 0.8, 0),),
    "eyeWideLeft": (("eye-left-opened-up", 1.2, 0),),
    "jawOpen": (("mouth-open", 0.65, 0),),
    "mouthFunnel": (("mouth-protusion", 0.7, 0),),
    "mouthPucker": (("mouth-pursing", 0.9, 0),),
    "mouthSmileLeft": (("mouth-corner-puller", 1.0, 1),),
    "mouthFrownLeft": (("mouth-depression", 1.0, 1),),
    "mouthDimpleLeft": (("mouth-compression", 0.7, 1),),
    "mouthStretchLeft": (("mouth-retraction", 1.0, 1),),
    "mouthLowerDownLeft": (("mouth-depression-retraction", 0.7, 1),),
    "mouthUpperUpLeft": (("mouth-elevation", 0.7, 1),),
    "mouthShrugLower": (("mouth-eversion", 0.8, 0),),
    "browDownLeft": (("eyebrows-left-down", 1.0, 0),),
    "browInnerUp": (("eyebrows-left-inner-up", 1.3, 0), ("eyebrows-right-inner-up", 1.3, 0)),
    "browOuterUpLeft": (("eyebrows-left-extern-up", 1.0, 0),),
    "noseSneerLeft": (("nose-left-elevation", 1.0, 0),),
    "browRaise": (("eyebrows-left-up", 1.3, 0), ("eyebrows-right-up", 1.3, 0)),
    "nostrilFlareLeft": (("nose-left-dilatation", 1.5, 0),),
    "lipsPart": (("mouth-parling", 1.0, 0),),
    "smileOpen": (("mouth-upward-retraction", 1.0, 0),),
    "snarlOpen": (("mouth-part-later", 0.8, 0),),
    "neckTense": (("neck-platysma", 1.0, 0),),
}


def side_weight(x: Float64, side: int, width: float = 0.12) -> Float64:
    """A smooth step over x: 1 on the side, 0 on the other, half on the mid-plane."""
    if side == 0:
        return np.ones_like(x)
    share = np.clip(0.5 + side * x / (2 * width), 0.0, 1.0)
    return share * share * (3 - 2 * share)


def unit(targets: Targets, name: str) -> Float64:
    """(base, 3) displacement of one expression unit, averaged over the ethnicities."""
    found = [f"expression/units/{e}/{name}" for e in ETHNICITIES]
    return sum((targets[n] for n in found), np.zeros((targets.vertex_count, 3))) / len(found)


def base_displacements(targets: Targets, rest: Float64) -> dict[str, Float64]:
    """(base, 3) displacement for each of the 64 names."""
    result: dict[str, Float64] = {}
    for name in EXPRESSION_64:
        recipe = RECIPES.get(name)
        if recipe is None and "Right" in name and name.replace("Right", "Left") in RECIPES:
            recipe = tuple(
                (u.replace("left", "right"), w, -s)
                for u, w, s in RECIPES[name.replace("Right", "Left")]
            )
        total = np.zeros_like(rest)
        for unit_name, weight, side in recipe or ():
            total += weight * unit(targets, unit_name) * side_weight(rest[:, 0], side)[:, None]
        result[name] = total
    return result
