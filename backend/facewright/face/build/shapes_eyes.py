"""Shapes of lids and brows.

Lids slide over the eyeball: their rings are turned about its centre, each column by its
own angle, and the skin around follows. The eyeballs themselves never move here; gaze
turns them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial import cKDTree

from facewright.face.build.flesh import Flesh, rotate, smoothstep
from facewright.face.build.sources import Float64

Units = Callable[[str], Float64]

#: How far the rings of a lid follow its margin, from the innermost outward.
RING_SHARE = np.array([1.0, 1.0, 1.0, 0.92, 0.74, 0.5, 0.28])
#: Degrees that lids turn about the eyeball, down being positive: upper, lower.
LOOK_DOWN, LOOK_UP = (13.0, 5.0), (-6.5, -3.5)
#: Degrees that a glance aside drags the lids along, and millimetres that the cornea lifts
#: them where it comes to lie.
DRAG, LIFT = 3.0, 0.9
#: Reach of a lid's motion beyond its rings, in millimetres.
REACH = 9.0


def lid_profiles(flesh: Flesh, eye: int) -> tuple[Float64, Float64]:
    """(28,) how much each column moves with the upper and with the lower lid."""
    ring = flesh.points[flesh.lids[eye][2]]
    outward = (1, -1)[eye] * (ring[:, 0] - flesh.eyes[eye, 0])
    share = np.clip((outward - outward.min()) / np.ptp(outward), 0, 1)
    arch = np.sin(np.pi * share) ** 0.8
    # Which lid a column is on: above or below the line through the canthi.
    inner, outer = outward.argmin(), outward.argmax()
    line = ring[inner, 1] + share * (ring[outer, 1] - ring[inner, 1])
    above = ring[:, 1] > line
    return arch * above, arch * ~above


def turn_lids(flesh: Flesh, eye: int, upper: float, lower: float) -> Float64:
    """(n, 3) displacement when the lids turn by angles in degrees, down positive."""
    up, low = lid_profiles(flesh, eye)
    angles = RING_SHARE[:, None] * (upper * up + lower * low)
    rows = flesh.lids[eye]
    moves = rotate(
        flesh.points[rows.ravel()], flesh.eyes[eye], np.array([1.0, 0, 0]), angles.ravel()
    )
    return flesh.spread(rows.ravel(), moves, _away(flesh, eye))


def drag_lids(flesh: Flesh, eye: int, outward: float) -> Float64:
    """(n, 3) displacement when the eye looks outward (+1) or inward (-1)."""
    rows = flesh.lids[eye].ravel()
    points = flesh.points[rows]
    up, low = lid_profiles(flesh, eye)
    side = outward * (1, -1)[eye]
    angles = (RING_SHARE[:, None] * (up + 0.6 * low)).ravel() * DRAG * side
    moves = rotate(points, flesh.eyes[eye], np.array([0.0, 1.0, 0.0]), angles)
    # The cornea comes to lie under another part of the lids and lifts it.
    arm = points - flesh.eyes[eye]
    here = np.exp(-(((arm[:, 0] - 7.0 * side) / 4.5) ** 2)) - 0.6 * np.exp(
        -((arm[:, 0] / 4.5) ** 2)
    )
    share = (RING_SHARE[:, None] * (up + low)).ravel()
    outwards = arm / np.linalg.norm(arm, axis=1, keepdims=True)
    moves += LIFT * (share * here)[:, None] * (outwards + np.array([0.0, 0.5, 0.0]))
    return flesh.spread(rows, moves, _away(flesh, eye))


def _away(flesh: Flesh, eye: int) -> np.ndarray:
    distance, _ = cKDTree(flesh.points[flesh.lids[eye].ravel()]).query(flesh.points)
    return distance > REACH


def clear_of_eyeball(flesh: Flesh, eye: int, moves: Float64, radius: float) -> Float64:
    """Push lids that a shape takes into the eyeball out of it again, at full and half weight.

    A blendshape moves along chords, so half-way a lid would dip into the ball by the
    sagitta; it is lifted at its end by twice as much.

    Args:
        moves: (n, 3) the shape.
        radius: of the eyeball in millimetres, with the clearance.
    """
    rows = flesh.lids[eye][1:4].ravel()
    rest, end = flesh.points[rows] - flesh.eyes[eye], flesh.points[rows] + moves[rows]
    end = end - flesh.eyes[eye]
    half = (rest + end) / 2
    moving = np.linalg.norm(moves[rows], axis=1) > 0.5
    need_half = 2 * np.maximum(radius - np.linalg.norm(half, axis=1), 0)
    need_end = np.maximum(radius - np.linalg.norm(end, axis=1), 0)
    need = np.where(moving, np.maximum(need_half, need_end), 0.0)
    lift = need[:, None] * end / np.linalg.norm(end, axis=1, keepdims=True)
    return moves + flesh.spread(rows, lift, _away(flesh, eye))


def eye_shapes(flesh: Flesh, unit: Units, ball_radius: float) -> dict[str, Float64]:
    """Lids and brows, (n, 3) millimetres each."""
    shapes: dict[str, Float64] = {}
    for eye, (side, label) in enumerate((("left", "Left"), ("right", "Right"))):
        blink = unit(f"eye-{side}-closure") * 1.03
        shapes[f"eyeBlink{label}"] = clear_of_eyeball(flesh, eye, blink, ball_radius + 0.35)
        shapes[f"eyeLookDown{label}"] = turn_lids(flesh, eye, *LOOK_DOWN)
        shapes[f"eyeLookUp{label}"] = turn_lids(flesh, eye, *LOOK_UP)
        shapes[f"eyeLookIn{label}"] = drag_lids(flesh, eye, -1)
        shapes[f"eyeLookOut{label}"] = drag_lids(flesh, eye, 1)
        shapes[f"eyeSquint{label}"] = unit(f"eye-{side}-slit")
        shapes[f"eyeWide{label}"] = unit(f"eye-{side}-opened-up") + turn_lids(flesh, eye, -3.0, 3.0)
        shapes[f"browDown{label}"] = 1.2 * unit(f"eyebrows-{side}-down")
        shapes[f"browOuterUp{label}"] = 1.2 * unit(f"eyebrows-{side}-extern-up")
    both = unit("eyebrows-left-inner-up") + unit("eyebrows-right-inner-up")
    shapes["browInnerUp"] = 1.8 * both
    shapes["browRaise"] = brow_raise(flesh, unit)
    return shapes


def brow_raise(flesh: Flesh, unit: Units) -> Float64:
    """Both brows and the forehead go up as a whole."""
    x, y, z = flesh.points.T
    share = smoothstep(y, 50, 62) * smoothstep(y, 118, 80) * smoothstep(np.abs(x), 68, 46)
    lift = share * smoothstep(z, 45, 75) * 5.0
    moved = np.stack([0 * lift, lift, -0.25 * lift], axis=1)
    return moved + unit("eyebrows-left-up") + unit("eyebrows-right-up")
