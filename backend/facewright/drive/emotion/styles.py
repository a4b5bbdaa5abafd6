"""Emotion styles as action units, the code z_emo, and what it does to the face.

The seven emotions are the prototypes of Ekman & Friesen's EMFACS ("EMFACS-7: Emotional
Facial Action Coding System", 1983; the table in Ekman, Friesen & Hager, "FACS
Investigator's Guide", 2002); which further AUs join as an emotion grows, and that compound
emotions show the AUs of both parts, is after Du, Tao & Martinez, "Compound facial
expressions of emotion", PNAS 111 (2014), table 1. Contempt is one-sided (Ekman & Friesen,
"A new pan-cultural facial expression of emotion", 1986). Calm, weary and thoughtful are no
emotions of FACS: they are ours, from AUs that the manual describes.

The intensities themselves are set by hand, on the default model. No footage taught them.
"""

from __future__ import annotations

import numpy as np

from facewright import checks
from facewright.checks import Float32
from facewright.drive.emotion.units import BASIS, UNITS

#: Components of the code z_emo, in order. The paper's seven styles (MEAD's, without
#: neutral), then three that prompts ask for and no mixture of the seven shows.
STYLES: tuple[str, ...] = (
    "happy", "angry", "sad", "afraid", "disgusted", "contemptuous", "surprised",
    "calm", "weary", "thoughtful",
)  # fmt: skip
#: C, the size of the code.
CODE = len(STYLES)
#: η that a cue has where nothing else is said, and the paper's range (TGDM, eq. 9).
INTENSITY, LOWEST, HIGHEST = 2.0, 1.0, 3.0

#: Style -> AU -> intensity (1 is E) at η = 1, 2, 3.
PROTOTYPES: dict[str, dict[str, tuple[float, float, float]]] = {
    "happy": {
        "6": (0.32, 0.62, 0.95), "12": (0.35, 0.65, 1.00), "25": (0.04, 0.30, 0.75),
        "26": (0.00, 0.06, 0.22),
    },
    "angry": {
        "4": (0.45, 0.75, 1.00), "5": (0.06, 0.16, 0.30), "7": (0.45, 0.75, 1.00),
        "23": (0.25, 0.55, 0.85), "17": (0.05, 0.20, 0.40), "38": (0.10, 0.40, 0.80),
    },
    "sad": {
        "1": (0.45, 0.75, 1.00), "4": (0.12, 0.26, 0.42), "15": (0.30, 0.60, 0.95),
        "17": (0.12, 0.32, 0.60), "43": (0.04, 0.10, 0.17),
    },
    "afraid": {
        "1": (0.45, 0.75, 1.00), "2": (0.22, 0.42, 0.62), "4": (0.18, 0.34, 0.50),
        "5": (0.45, 0.78, 1.00), "20": (0.25, 0.55, 0.90), "25": (0.08, 0.25, 0.50),
        "26": (0.04, 0.20, 0.42), "21": (0.05, 0.35, 0.90),
    },
    "disgusted": {
        "9": (0.40, 0.70, 1.00), "10": (0.15, 0.45, 0.85), "4": (0.10, 0.25, 0.40),
        "7": (0.12, 0.28, 0.45), "15": (0.12, 0.25, 0.40), "17": (0.15, 0.30, 0.50),
    },
    "contemptuous": {
        "12R": (0.25, 0.50, 0.80), "14R": (0.35, 0.65, 1.00), "7": (0.05, 0.14, 0.24),
        "43": (0.04, 0.09, 0.14), "17": (0.03, 0.10, 0.20),
    },
    "surprised": {
        "1": (0.40, 0.70, 1.00), "2": (0.40, 0.70, 1.00), "5": (0.25, 0.60, 0.95),
        "25": (0.15, 0.35, 0.60), "26": (0.15, 0.50, 0.95),
    },
    "calm": {"12": (0.06, 0.12, 0.18), "43": (0.06, 0.12, 0.18)},
    "weary": {
        "43": (0.14, 0.25, 0.36), "1": (0.10, 0.22, 0.36), "15": (0.10, 0.22, 0.36),
        "25": (0.02, 0.08, 0.15),
    },
    "thoughtful": {
        "4": (0.22, 0.42, 0.62), "7": (0.15, 0.32, 0.50), "14": (0.08, 0.20, 0.32),
        "24": (0.10, 0.25, 0.40),
    },
}  # fmt: skip

#: (valence, arousal) of each style, -1..1, for what has no AU of its own (the pace of head
#: and blinks): rounded from Russell & Mehrabian, "Evidence for a three-factor theory of
#: emotions" (1977); the last three are ours.
AFFECT = {
    "happy": (0.8, 0.5), "angry": (-0.5, 0.6), "sad": (-0.6, -0.3), "afraid": (-0.6, 0.6),
    "disgusted": (-0.6, 0.35), "contemptuous": (-0.25, 0.3), "surprised": (0.2, 0.7),
    "calm": (0.4, -0.5), "weary": (-0.2, -0.7), "thoughtful": (0.0, -0.1),
}  # fmt: skip

_ETAS = np.array([0.0, 1.0, 2.0, 3.0])
_TABLE = np.zeros((len(_ETAS), CODE, len(UNITS)), np.float32)
for _row, _style in enumerate(STYLES):
    for _unit, _values in PROTOTYPES[_style].items():
        _TABLE[1:, _row, UNITS.index(_unit)] = _values
_AFFECT = np.array([AFFECT[style] for style in STYLES], np.float32)
# Two emotions that share an AU add up in it; from here on ever less, and never beyond 1.
_KNEE = 0.7


def code_of(weights: dict[str, float]) -> Float32:
    """(C,) the code of named styles; neutral is none of them, {}.

    Raises:
        InputError: an unknown style, or a weight outside 0..1.
    """
    from facewright.errors import InputError

    code = np.zeros(CODE, np.float32)
    for style, weight in weights.items():
        if style not in STYLES:
            raise InputError(f"style: {style!r} is not one of {', '.join(STYLES)}")
        code[STYLES.index(style)] = checks.number(style, weight, low=0.0, high=1.0)
    return code


def action_units(code: Float32, intensity: Float32) -> Float32:
    """AU intensities of a performance.

    Each style's intensities go linearly in η between those at 0 (none), 1, 2 and 3, are
    weighted by the code and summed over styles: continuous in both, and strictly monotone in
    η for every style. What exceeds 0.7 is compressed, to stay below 1.

    Args:
        code: (T, C) z_emo, each 0..1. Zeros are neutral; a code between zero and a style is
            that style fading.
        intensity: (T,) η, 0..3. The paper's range is 1..3; below it an emotion is fainter.

    Returns:
        (T, U) in 0..1, columns as ``units.UNITS``.

    Raises:
        InputError: shapes that do not agree, or values out of range.
    """
    code = checks.floats("code", code, ("T", CODE), low=0.0, high=1.0)
    intensity = checks.floats("intensity", intensity, (len(code),), low=0.0, high=HIGHEST)
    low = np.minimum(intensity.astype(np.int64), len(_ETAS) - 2)
    share = (intensity - low)[:, None]
    # Per η that the table has, then between two of them: no (T, C, U) array is made.
    at = np.stack([code @ level for level in _TABLE])
    rows = np.arange(len(code))
    summed = at[low, rows] * (1 - share) + at[low + 1, rows] * share
    over = np.maximum(summed - _KNEE, 0) / (1 - _KNEE)
    return np.where(summed > _KNEE, _KNEE + (1 - _KNEE) * np.tanh(over), summed).astype(np.float32)


def synthesise(code: Float32, intensity: Float32) -> Float32:
    """Blendshape offsets of an emotion, to be added to a face at rest.

    Args:
        code, intensity: as for :func:`action_units`.

    Returns:
        (T, 64) in 0..1. To add them to speech, use :func:`facewright.drive.emotion.combine`.
    """
    return np.clip(action_units(code, intensity) @ BASIS, 0.0, 1.0)


def affect(code: Float32) -> Float32:
    """(T, 2) valence and arousal, -1..1, of (T, C) codes."""
    code = checks.floats("code", code, ("T", CODE), low=0.0, high=1.0)
    return np.clip(code @ _AFFECT, -1.0, 1.0)
