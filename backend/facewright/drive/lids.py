"""Lids that go with the eyes, and blinks on top of them.

An upper lid moves with its eye: downwards by as much and at the same time, upwards by less
(Becker & Fuchs 1988, "Lid-eye coordination during vertical gaze changes in man and
monkey"); a glance aside drags both lids a little. Gaze (omega) turns the eyeballs alone,
so here the blendshapes of the lids follow it.

How far the default model's blendshapes take the upper lid's margin, in degrees about the
eyeball's centre, is measured on its mesh; ``tests/drive/test_lids.py`` measures it again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facewright import checks
from facewright.checks import Float32
from facewright.drive.gaze import angles
from facewright.errors import InputError
from facewright.face.names import EXPRESSION_64

#: Degrees by which a weight of 1 moves the upper lid's margin.
LOOK_DOWN, LOOK_UP, WIDE, BLINK = 14.3, 5.9, 7.9, 38.0
#: Degrees of the lid for one of the eye: down and up.
FOLLOW_DOWN, FOLLOW_UP = 0.9, 0.7
#: eyeWide and eyeBlink help where eyeLookUp and eyeLookDown are at 1, up to these weights.
MOST_WIDE, MOST_BLINK = 0.4, 0.35
#: Degrees aside at which the lids are dragged wholly.
ASIDE = 30.0

_AT = {name: k for k, name in enumerate(EXPRESSION_64)}
_SIDES = ("Left", "Right")
_RELAXED = ("eyeLookUp", "eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeWide", "eyeSquint")
_Floats = NDArray[np.float64]

# In which order blendshapes raise and lower a lid: name, degrees for a weight of 1, and the
# largest weight to be added; None: what the resting expression has of it is let go.
_RISE = (
    ("eyeLookDown", LOOK_DOWN, None),
    ("eyeBlink", BLINK, None),
    ("eyeLookUp", LOOK_UP, 1.0),
    ("eyeWide", WIDE, MOST_WIDE),
)
_FALL = (
    ("eyeLookUp", LOOK_UP, None),
    ("eyeLookDown", LOOK_DOWN, 1.0),
    ("eyeBlink", BLINK, MOST_BLINK),
)


def lids_for(gaze: Float32, rest: Float32 | None = None, resting: Float32 | None = None) -> Float32:
    """Offsets of blendshapes by which the lids follow the eyes.

    Args:
        gaze: (T, 4) omega.
        rest: (4,) omega at which the offsets are zero, because the resting expression shows
            the lids of that gaze; None: straight ahead.
        resting: (64,) weights of the resting expression. Lids that rise first let go of what
            it holds them down by. None: zeros.

    Returns:
        (T, 64) to be added to weights of the default model; zero but for eyeLook*, eyeWide
        and eyeBlink. Negative where they take from ``resting``.
    """
    columns = len(EXPRESSION_64)
    gaze = checks.floats("gaze", gaze, ("T", 4), low=-1.0, high=1.0)
    start = np.zeros(4) if rest is None else checks.floats("rest", rest, (4,), low=-1, high=1)
    held = np.zeros(columns) if resting is None else checks.floats("resting", resting, (columns,))
    now, then = angles.degrees(gaze), angles.degrees(start)
    out = np.zeros((len(gaze), columns), np.float32)
    for eye, side in enumerate(_SIDES):
        move = _followed(now[:, eye, 1]) - _followed(then[eye, 1])
        for sign, steps in ((1, _RISE), (-1, _FALL)):
            left = np.maximum(sign * move, 0)
            for name, degrees, limit in steps:
                column = _AT[name + side]
                weight = np.clip(held[column], 0, 1)
                room = weight if limit is None else max(min(limit, 1 - weight), 0.0)
                part = np.minimum(left / degrees, room)
                out[:, column] += -part if limit is None else part
                left = left - part * degrees
        outward = (1, -1)[eye]
        for name, way in (("eyeLookOut", outward), ("eyeLookIn", -outward)):
            out[:, _AT[name + side]] = _drag(way * now[:, eye, 0]) - _drag(way * then[eye, 0])
    return out


def _followed(up: _Floats) -> _Floats:
    """Degrees of the lid for an eye that looks up (or down, negative) by degrees."""
    return np.where(up > 0, FOLLOW_UP, FOLLOW_DOWN) * up


def _drag(aside: _Floats) -> _Floats:
    return np.clip(aside / ASIDE, 0, 1)


def combined(expression: Float32, offsets: Float32, shut: Float32) -> Float32:
    """Lids that follow the eyes and blink.

    A lid falls from where it is to shut, whatever it does otherwise: eyes that look down,
    are wide or squint let go of that while it falls.

    Args:
        expression: (T, 64) weights of all else.
        offsets: (T, 64) from :func:`lids_for`.
        shut: (T,) or (T, 2) (left, right) how far the lids are shut by blinks, 0..1.

    Returns:
        (T, 64) weights, the lids' within 0..1.
    """
    columns = len(EXPRESSION_64)
    expression = checks.floats("expression", expression, ("T", columns))
    offsets = checks.floats("offsets", offsets, (len(expression), columns))
    shut = np.asarray(shut, np.float32)
    if shut.shape not in ((len(expression),), (len(expression), 2)):
        raise InputError(f"shut: expected ({len(expression)},) or (…, 2), got {shut.shape}")
    both = np.clip(shut if shut.ndim == 2 else np.stack([shut, shut], 1), 0, 1)
    face = expression + offsets
    for eye, side in enumerate(_SIDES):
        closed = both[:, eye]
        for name in _RELAXED:
            face[:, _AT[name + side]] = np.clip(face[:, _AT[name + side]], 0, 1) * (1 - closed)
        blink = _AT["eyeBlink" + side]
        open_yet = np.clip(face[:, blink], 0, 1)
        face[:, blink] = open_yet + closed * (1 - open_yet)
    return face
