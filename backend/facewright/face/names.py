"""Names of the default model's 64 blendshapes, in the order of its expression basis.

Left and right are the subject's. Speech uses the jaw, the mouth, ``lipFV`` (lower lip
under the upper teeth: f, v), ``lipsPart`` (lips apart with the jaw closed) and the
tongue (``tongueUp`` behind the upper teeth: t, d, n, l; ``tongueWide``: s, z, i).
"""

from __future__ import annotations

#: The ARKit blendshape locations, in the order of Apple's documentation.
ARKIT_52: tuple[str, ...] = (
    "eyeBlinkLeft",
    "eyeLookDownLeft",
    "eyeLookInLeft",
    "eyeLookOutLeft",
    "eyeLookUpLeft",
    "eyeSquintLeft",
    "eyeWideLeft",
    "eyeBlinkRight",
    "eyeLookDownRight",
    "eyeLookInRight",
    "eyeLookOutRight",
    "eyeLookUpRight",
    "eyeSquintRight",
    "eyeWideRight",
    "jawForward",
    "jawLeft",
    "jawRight",
    "jawOpen",
    "mouthClose",
    "mouthFunnel",
    "mouthPucker",
    "mouthLeft",
    "mouthRight",
    "mouthSmileLeft",
    "mouthSmileRight",
    "mouthFrownLeft",
    "mouthFrownRight",
    "mouthDimpleLeft",
    "mouthDimpleRight",
    "mouthStretchLeft",
    "mouthStretchRight",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
    "mouthPressLeft",
    "mouthPressRight",
    "mouthLowerDownLeft",
    "mouthLowerDownRight",
    "mouthUpperUpLeft",
    "mouthUpperUpRight",
    "browDownLeft",
    "browDownRight",
    "browInnerUp",
    "browOuterUpLeft",
    "browOuterUpRight",
    "cheekPuff",
    "cheekSquintLeft",
    "cheekSquintRight",
    "noseSneerLeft",
    "noseSneerRight",
    "tongueOut",
)

#: What ARKit lacks.
EXTRAS_12: tuple[str, ...] = (
    "browRaise",
    "nostrilFlareLeft",
    "nostrilFlareRight",
    "cheekSuckLeft",
    "cheekSuckRight",
    "lipFV",
    "lipsPart",
    "smileOpen",
    "snarlOpen",
    "neckTense",
    "tongueUp",
    "tongueWide",
)

#: Columns of the default model's expression basis.
EXPRESSION_64: tuple[str, ...] = ARKIT_52 + EXTRAS_12
