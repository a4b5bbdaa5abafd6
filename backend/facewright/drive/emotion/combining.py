"""Emotion and speech on one mouth: lips shut and round when speech says so."""

from __future__ import annotations

import numpy as np

from facewright import checks
from facewright.checks import Float32
from facewright.drive import lips
from facewright.face.names import EXPRESSION_64

_INDEX = {name: k for k, name in enumerate(EXPRESSION_64)}


def _columns(*names: str) -> list[int]:
    return [
        _INDEX[full]
        for name in names
        for full in ((name,) if name in _INDEX else (f"{name}Left", f"{name}Right"))
    ]


#: What parts the lips: gone where speech shuts them.
PARTING = _columns(
    "jawOpen", "lipsPart", "mouthUpperUp", "mouthLowerDown", "mouthFunnel", "smileOpen",
    "snarlOpen",
)  # fmt: skip
#: What shuts or tightens them: gives way where speech parts or rounds them.
TIGHTENING = _columns("mouthPress", "mouthRollUpper", "mouthRollLower", "mouthShrugLower")
#: What pulls the corners: less where speech rounds or shuts the lips.
PULLING = _columns("mouthSmile", "mouthFrown", "mouthStretch", "mouthDimple", "mouthRight")
_JAW, _CLOSE = _INDEX["jawOpen"], _INDEX["mouthClose"]
_ROUND = _columns("mouthPucker", "mouthFunnel")
_PRESS = _columns("mouthPress")

_PARTED = 0.25  # lips.opening from which the lips cannot be tight as well
_ROUNDED = 0.6  # share of a pulled corner that a rounded mouth takes
_SHUT = 0.3  # and that shut lips take
_TALKED = 0.65  # share of an emotion's open mouth that talking takes


def combine(
    spoken: Float32,
    offsets: Float32,
    closure: Float32 | None = None,
    activity: Float32 | None = None,
    mouth_opening: float | Float32 = 1.0,
) -> Float32:
    """Add an emotion to speech; nothing of it outlives a frame, so no timing changes.

    Brows, lids, cheeks and nose are added. Of the mouth: what parts the lips fades with
    closure and is gone where it is 1, so that lips that shut stay shut; what tightens them
    fades as they open or round; pulled corners give way to rounding. Speech's own mouthClose,
    press and rounding are never reduced.

    Args:
        spoken: (T, 64) weights of speech, as of ``lips.articulate``.
        offsets: (T, 64) of :func:`facewright.drive.emotion.synthesise`.
        closure: (T,) 0..1, how far the lips are shut on purpose; None: from ``spoken``'s
            mouthPress.
        activity: (T,) 0..1, presence of speech over half a second or so; an emotion's
            open mouth closes by two thirds for talking. None: never.
        mouth_opening: what the user set, 0..2, or (T,) of them; 0 leaves no part of the
            emotion that opens the mouth.

    Returns:
        (T, 64); columns that speech or emotion moves are within 0..1.

    Raises:
        InputError: shapes that do not agree, or values out of range.
    """
    spoken = checks.floats("spoken", spoken, ("T", len(EXPRESSION_64)))
    offsets = checks.floats("offsets", offsets, spoken.shape, low=0.0, high=1.0)
    opening = checks.amount("mouth_opening", mouth_opening, len(spoken), low=0.0, high=2.0)
    if closure is None:
        closure = np.clip(spoken[:, _PRESS].mean(1) / lips.PRESS, 0, 1)
    closure = checks.floats("closure", closure, (len(spoken),), low=0.0, high=1.0)
    parting = (1 - closure) * np.minimum(np.float32(1.0), np.asarray(opening, np.float32))
    if activity is not None:
        activity = checks.floats("activity", activity, (len(spoken),), low=0.0, high=1.0)
        parting = parting * (1 - _TALKED * activity)
    rounded = np.clip(spoken[:, _ROUND].sum(1), 0, 1)
    parted = np.clip(lips.opening(spoken) / _PARTED, 0, 1)
    added = offsets.copy()
    added[:, PARTING] *= parting[:, None]
    added[:, TIGHTENING] *= ((1 - parted) * (1 - rounded))[:, None]
    added[:, PULLING] *= ((1 - _ROUNDED * rounded) * (1 - _SHUT * closure))[:, None]
    # The jaw saturates: an emotion opens a shut mouth most, and an open one little.
    added[:, _JAW] *= 1 - np.clip(spoken[:, _JAW], 0, 1)
    added[:, _CLOSE] = 0.0
    total = spoken + added
    moved = (offsets > 0).any(0)
    moved[lips.SPOKEN] = True
    total[:, moved] = np.clip(total[:, moved], 0.0, 1.0)
    return total
