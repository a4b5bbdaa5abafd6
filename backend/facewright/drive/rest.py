"""The resting face: what of the photographed expression stays while a face speaks.

A portrait smiles, or shows teeth, or looks aside. The eyes, brows and gaze stay as they
are; the mouth is closed, so that silence looks like silence; of a smile a part is kept,
because a face that loses it is somebody else's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from facewright.checks import Float32

#: How much of a photographed blendshape stays at rest. What is not named here and does
#: not move the jaw, lips or tongue (eyes, brows, cheeks' hollows, nostrils) stays whole.
KEPT: dict[str, float] = {
    "mouthSmile": 0.6, "mouthFrown": 0.6, "mouthDimple": 0.6, "mouthPress": 0.4,
    "mouthLeft": 0.5, "mouthRight": 0.5, "cheekSquint": 0.6, "noseSneer": 0.5,
    "mouthShrugUpper": 0.3, "mouthShrugLower": 0.3,
}  # fmt: skip
#: How much of an open smile is kept as a closed one on each side.
SMILE_OF_OPEN = 0.35
_SPEECH = ("jaw", "mouth", "lip", "tongue", "smileOpen", "snarlOpen", "cheekPuff")


def resting(expression: Float32, names: Sequence[str]) -> Float32:
    """(E,) the photographed weights as they are while nothing is said."""
    out = np.asarray(expression, np.float32).copy()
    at = {name: k for k, name in enumerate(names)}
    for name, k in at.items():
        kind = name.removesuffix("Left").removesuffix("Right") or name
        kept = KEPT.get(name, KEPT.get(kind))
        if kept is not None:
            out[k] *= kept
        elif name.startswith(_SPEECH):
            out[k] = 0.0
    if "smileOpen" in at:
        opened = SMILE_OF_OPEN * max(float(expression[at["smileOpen"]]), 0.0)
        for side in ("mouthSmileLeft", "mouthSmileRight"):
            if side in at:
                out[at[side]] = max(float(out[at[side]]), min(opened, 1.0))
    return out
