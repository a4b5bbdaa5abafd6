"""How far the network is heard: as far as the face has changed since the photo.

Where a frame shows the face as the photo does, the reprojection is the photo, and all that
a network can do is to lose by it. What a face changes by, beyond moving, growing and
turning in the picture, is told by the correspondence alone: what is left of it after the
best similarity transform. So the fall-back to ``reproject`` looks at nothing but what is
known at run time, works for any geometry, and fades in over time as the face moves.
"""

from __future__ import annotations

import cv2
import numpy as np

from facewright.animate.reproject import Drawn
from facewright.animate.tgdm.conditions import SIDE
from facewright.checks import Float32

#: Side at which changes are measured: that of flow and colour.
COARSE = 64
#: Pixels of ``SIDE`` by which a face has to change for the network to be heard in full, and
#: the width (standard deviation) of the neighbourhood that is asked. Chosen on two speakers
#: held out of training: it costs them under 0.1 dB at mouth and eyes and nothing over the
#: face; frames that the network makes worse fall from 17 to 11 %, the worst from -1.5 to
#: -0.45 dB.
ENOUGH, _AROUND = 1.5, 24.0
_ON_MESH = 0.5  # share of the mesh in a pixel that is counted
_ROUNDS = 4  # of reweighted least squares
_SEEN = 0.02  # of a neighbourhood's pixels must be, else the network is heard


def trust(drawn: Drawn) -> Float32:
    """(COARSE, COARSE) 0..1: 0 where the frame is the photo, moved; 1 where it has changed.

    Beside the mesh, and where nothing of the photo can be shown, it is 1.
    """
    size = len(drawn.frame)
    unit = SIDE / size
    points = _coarse(drawn.points) * unit
    mesh = _coarse(drawn.weight)
    on = mesh > _ON_MESH
    if on.sum() < 3:
        return np.ones((COARSE, COARSE), np.float32)
    changed = _left_over(points, on) ** 2 * on
    around = _AROUND * COARSE / SIDE
    weight = cv2.GaussianBlur(on.astype(np.float32), (0, 0), around)
    change = np.sqrt(cv2.GaussianBlur(changed, (0, 0), around) / np.maximum(weight, 1e-6))
    share = np.clip(change / ENOUGH, 0, 1)
    heard = np.where(weight > _SEEN, share * share * (3 - 2 * share), 1.0).astype(np.float32)
    made = cv2.dilate(_coarse(np.clip(drawn.made, 0, 1)), np.ones((3, 3)))
    return np.maximum(heard, np.clip(2 * made, 0, 1)).astype(np.float32)


def _left_over(points: Float32, on: np.ndarray) -> Float32:
    """(COARSE, COARSE) pixels between the photo's points and their best similarity.

    Found by least squares, then again with less weight on what it left over: a jaw that
    drops must not tilt the forehead.
    """
    step = SIDE / COARSE
    across = (np.arange(COARSE) + 0.5) * step
    here = across[None, :] + 1j * across[:, None]
    there = points[..., 0] + 1j * points[..., 1]
    left, weight = np.zeros(here.shape), np.ones(int(on.sum()))
    for _ in range(_ROUNDS):
        share = weight / weight.sum()
        middle, target = (share * here[on]).sum(), (share * there[on]).sum()
        arm = here[on] - middle
        stretch = (share * arm.conj() * (there[on] - target)).sum()
        turn = stretch / max(float((share * np.abs(arm) ** 2).sum()), 1e-6)
        left = np.abs((here - middle) * turn + target - there)
        weight = 1 / (1 + left[on] ** 2)
    return left.astype(np.float32)


def _coarse(plane: Float32) -> Float32:
    return cv2.resize(plane, (COARSE, COARSE), interpolation=cv2.INTER_AREA)
