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
from facewright.face.build.sources import Floats

Units = Callable[[str], Floats]

#: How far the rings of a lid follow its margin, from the innermost outward.
RING_SHARE = np.array([1.0, 1.0, 1.0, 0.92, 0.74, 0.5, 0.28])
#: Degrees that lids turn about the eyeball, down being positive: upper, lower.
LOOK_DOWN, LOOK_UP = (13.0, 6.0), (-1.5, -4.0)
#: Degrees that a glance aside drags the lids along, and millimetres that the cornea lifts
#: them where it comes to lie.
DRAG, LIFT = 3.0, 0.9
#: Reach of a lid's motion beyond its rings, in millimetres.
REACH = 9.0


def lid_profiles(flesh: Flesh, eye: int) -> tuple[Floats, Floats]:
    """(28,) how much each column moves with the upper and with the lower lid."""
    ring = flesh.points[flesh.lids[eye][2]]
    outward = (1, -1)[eye] * (ring[:, 0] - flesh.eyes[eye, 0])
    share = np.clip((outward - outward.min()) / np.ptp(outward), 0, 1)
    arch = np.sin(np.pi * share) ** 0.8
    # Which lid a column is on: above or below the line through the canthi.
    inner, outer = outward.argmin(), outward.argmax()
    line = ring[inner, 1] + share * (ring[outer, 1] - ring[inner, 1])
    above = ring[:, 1] > line
    return np.where(above, arch, 0.0), np.where(above, 0.0, arch)


def turn_lids(flesh: Flesh, eye: int, upper: float, lower: float) -> Floats:
    """(n, 3) displacement when the lids turn by angles in degrees, down positive."""
    up, low = lid_profiles(flesh, eye)
    angles = np.outer(RING_SHARE, upper * up + lower * low)
    rows = flesh.lids[eye]
    moves = rotate(
        flesh.points[rows.ravel()], flesh.eyes[eye], np.array([1.0, 0, 0]), angles.ravel()
    )
    return flesh.spread(rows.ravel(), moves, _away(flesh, eye))


def drag_lids(flesh: Flesh, eye: int, outward: float) -> Floats:
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


def clear_of_eyeball(flesh: Flesh, eye: int, moves: Floats, radius: float) -> Floats:
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


def eye_shapes(flesh: Flesh, unit: Units, ball_radius: float) -> dict[str, Floats]:
    """Lids and brows, (n, 3) millimetres each."""
    shapes: dict[str, Floats] = {}
    for eye, (side, label) in enumerate((("left", "Left"), ("right", "Right"))):
        blink = unit(f"eye-{side}-closure") * 1.03
        shapes[f"eyeBlink{label}"] = clear_of_eyeball(flesh, eye, blink, ball_radius + 0.35)
        shapes[f"eyeLookDown{label}"] = turn_lids(flesh, eye, *LOOK_DOWN)
        fold = 0.45 * unit(f"eye-{side}-opened-up")  # the upper lid folds away
        shapes[f"eyeLookUp{label}"] = fold + turn_lids(flesh, eye, *LOOK_UP)
        shapes[f"eyeLookIn{label}"] = drag_lids(flesh, eye, -1)
        shapes[f"eyeLookOut{label}"] = drag_lids(flesh, eye, 1)
        narrow = turn_lids(flesh, eye, 1.0, -5.0)
        shapes[f"eyeSquint{label}"] = 0.5 * unit(f"eye-{side}-slit") + narrow
        wide = turn_lids(flesh, eye, -2.0, 2.0)
        shapes[f"eyeWide{label}"] = 0.6 * unit(f"eye-{side}-opened-up") + wide
        shapes[f"browDown{label}"] = 0.85 * unit(f"eyebrows-{side}-down") + brow_sink(flesh, eye)
        shapes[f"browOuterUp{label}"] = 0.8 * unit(f"eyebrows-{side}-extern-up")
    both = unit("eyebrows-left-inner-up") + unit("eyebrows-right-inner-up")
    shapes["browInnerUp"] = 1.2 * both
    shapes["browRaise"] = brow_raise(flesh, unit)
    return shapes


def brow_sink(flesh: Flesh, eye: int) -> Floats:
    """One whole brow goes down a little."""
    x, y, z = flesh.points.T
    side = (1, -1)[eye] * x
    share = smoothstep(side, -4, 14) * smoothstep(side, 64, 46) * smoothstep(z, 40, 70)
    drop = -2.6 * share * smoothstep(y, 52, 60) * smoothstep(y, 84, 68)
    return np.stack([0 * drop, drop, -0.15 * drop], axis=1)


def brow_raise(flesh: Flesh, unit: Units) -> Floats:
    """Both brows and the forehead go up as a whole."""
    x, y, z = flesh.points.T
    share = smoothstep(y, 50, 62) * smoothstep(y, 118, 80) * smoothstep(np.abs(x), 68, 46)
    lift = share * smoothstep(z, 45, 75) * 4.0
    moved = np.stack([0 * lift, lift, -0.25 * lift], axis=1)
    return moved + 0.6 * (unit("eyebrows-left-up") + unit("eyebrows-right-up"))
