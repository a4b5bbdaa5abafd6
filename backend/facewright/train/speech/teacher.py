"""The teacher: phones in time -> blendshape curves, by dominance functions.

Co-articulation after Cohen & Massaro (1993, "Modeling coarticulation in synthetic visual
speech"): each phone pulls every articulator towards its target with a strength that
falls off exponentially before and after it, and the articulator goes to the mean of the
targets weighted by those dominances. A /t/ that says nothing about the lips thus takes
the rounding of its neighbours. Lip closures (p b m) and the lower lip under the teeth
(f v) must be reached, so they are laid over as ramps that hold.

Targets are our own, in units of the default model's blendshapes. How far the lips part is
told apart from how far the jaw drops: real lips nearly meet for /w ɹ f v/ over an open jaw
and show teeth for /s t ɪ e/ over a closed one. Those targets are means over phones in videos
of seven people who talk; a speaker's lips follow the others' means at r = 0.55, and at 0.34
a teacher whose lips go with the jaw.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from facewright.checks import Float32
from facewright.drive.lips import (
    CLOSE,
    FUNNELLED,
    LOWERED,
    PRESS,
    RAISED,
)
from facewright.face.names import EXPRESSION_64
from facewright.train.speech.phones import BILABIALS, SILENCE, VOWELS, Phone, fill

#: Curves are made at this rate, Hz (the hop of the audio features).
RATE = 100

#: What articulates; ``curves`` maps these to blendshapes.
ARTICULATORS = (
    "jaw", "pucker", "funnel", "spread", "aperture",
    "tongue_up", "tongue_wide", "tongue_out", "forward",
)  # fmt: skip

# Seconds by which dominance falls to 1/e before and after a phone's core, by articulator:
# lips anticipate rounding early, the tongue tip moves fast, and so does the lips' edge.
_BEFORE = np.array([0.042, 0.10, 0.09, 0.06, 0.02, 0.03, 0.035, 0.03, 0.06])
_AFTER = np.array([0.050, 0.08, 0.08, 0.07, 0.02, 0.035, 0.035, 0.03, 0.06])
_CORE = 0.4  # the middle share of a phone over which its dominance is full

# vowel: jaw, rounding, spreading
_VOWELS = {
    "i": (0.12, 0, 0.75), "y": (0.12, 0.9, 0), "ɨ": (0.15, 0, 0.35), "ʉ": (0.14, 0.8, 0),
    "ɯ": (0.14, 0, 0.3), "u": (0.14, 1.0, 0), "ɪ": (0.18, 0, 0.4), "ʏ": (0.18, 0.7, 0),
    "ʊ": (0.20, 0.7, 0), "e": (0.25, 0, 0.55), "ø": (0.26, 0.7, 0), "ɘ": (0.24, 0, 0.2),
    "ɵ": (0.24, 0.5, 0), "ɤ": (0.26, 0, 0.2), "o": (0.30, 0.85, 0), "ə": (0.22, 0, 0.1),
    "ɛ": (0.36, 0, 0.4), "œ": (0.36, 0.5, 0), "ɜ": (0.32, 0.15, 0), "ɚ": (0.26, 0.35, 0),
    "ɞ": (0.32, 0.4, 0), "ʌ": (0.38, 0, 0.1), "ɔ": (0.40, 0.65, 0), "æ": (0.46, 0, 0.4),
    "ɐ": (0.42, 0, 0.15), "a": (0.50, 0, 0.2), "ɶ": (0.48, 0.3, 0), "ɑ": (0.50, 0, 0.05),
    "ɒ": (0.46, 0.4, 0),
}  # fmt: skip
_WEAK = frozenset("əɪɨʊᵻɘ")  # reduced vowels yield to their neighbours

# consonant: {articulator: (target, strength)}; what is absent is left to the neighbours
_CONSONANTS: dict[str, dict[str, tuple[float, float]]] = {
    "p": {"jaw": (0.10, 1.0)},
    "f": {"jaw": (0.08, 1.0), "spread": (0.15, 0.2), "pucker": (0, 0.2)},
    "ʋ": {"jaw": (0.12, 0.7)},
    "β": {"jaw": (0.14, 0.7)},
    "w": {"jaw": (0.10, 0.8), "pucker": (1.0, 1.2), "funnel": (0.1, 0.5), "spread": (0, 0.6)},
    "ɥ": {"jaw": (0.10, 0.8), "pucker": (0.9, 1.0), "spread": (0, 0.5)},
    "t": {"jaw": (0.09, 0.8), "tongue_up": (0.8, 1.0)},
    "n": {"jaw": (0.11, 0.6), "tongue_up": (0.8, 1.0)},
    "l": {"jaw": (0.17, 0.5), "tongue_up": (0.9, 1.0)},
    "ɾ": {"jaw": (0.14, 0.5), "tongue_up": (0.7, 1.0)},
    "r": {"jaw": (0.14, 0.6), "tongue_up": (0.6, 0.8)},
    "ɹ": {"jaw": (0.14, 0.6), "pucker": (0.40, 0.5), "funnel": (0.25, 0.5), "tongue_up": (0.3, 1)},
    "s": {"jaw": (0.04, 1.1), "tongue_wide": (0.7, 1.0), "spread": (0.35, 0.2)},
    "θ": {"jaw": (0.12, 0.9), "tongue_out": (0.30, 1.2)},
    "ʃ": {"jaw": (0.05, 1.1), "funnel": (0.65, 0.9), "pucker": (0.25, 0.5), "spread": (0, 0.4),
          "forward": (0.25, 1.0)},
    "j": {"jaw": (0.12, 0.7), "spread": (0.6, 0.5), "tongue_wide": (0.6, 0.6)},
    "k": {"jaw": (0.16, 0.45)},
    "x": {"jaw": (0.20, 0.4)},
    "h": {"jaw": (0.22, 0.08)},
}  # fmt: skip
# How far the lips are apart, in jawOpen's unit. English phones are measured in videos
# (rounded, the rare ones drawn towards their kin), the others put beside their like.
_APERTURE = {
    "a": 0.52, "ɛ": 0.47, "h": 0.45, "ɶ": 0.45, "ɑ": 0.44, "æ": 0.43, "ɐ": 0.42, "e": 0.40,
    "ʃ": 0.39, "ʒ": 0.35, "ɒ": 0.35, "ɪ": 0.34, "i": 0.33, "s": 0.31, "ɨ": 0.30, "ɔ": 0.30,
    "œ": 0.30, "o": 0.29, "ŋ": 0.29, "ʌ": 0.29, "ɡ": 0.28, "k": 0.28, "x": 0.28, "ɤ": 0.28,
    "ɘ": 0.27, "ə": 0.27, "z": 0.27, "t": 0.26, "d": 0.26, "ð": 0.25, "ɯ": 0.25, "ɾ": 0.24,
    "ɜ": 0.24, "ɞ": 0.24, "j": 0.23, "l": 0.22, "r": 0.20, "n": 0.20, "ø": 0.20, "ɵ": 0.20,
    "y": 0.19, "ʏ": 0.19, "ʊ": 0.19, "θ": 0.19, "ʉ": 0.17, "u": 0.16, "ɹ": 0.11, "ɚ": 0.11,
    "β": 0.08, "w": 0.07, "ɥ": 0.07, "ʋ": 0.05, "ɸ": 0.05, "f": 0.02, "v": 0.02, "p": 0.0,
    "b": 0.0, "m": 0.0,
}  # fmt: skip
_LIPS_ACT = frozenset("wɥʋβɸfv")  # their aperture is the phone: it is reached
_BREATHED = frozenset("hx")  # and theirs is the neighbours' as much
# mouthLowerDown and mouthUpperUp (each side) that part the lips by 1, together.
_LOWER = 1.7
_UPPER = (1 - _LOWER * LOWERED) / RAISED
_LIKE = {"b": "p", "m": "p", "v": "f", "ɸ": "β", "d": "t", "z": "s", "ð": "θ", "ʒ": "ʃ",
         "ɡ": "k", "ŋ": "k"}  # fmt: skip
_REST_STRENGTH = 0.06  # of targets (all zero) that a consonant does not state

# How long the lips stay shut, as a share of the phone: a stop's burst opens them.
_HELD = {"p": 0.65, "b": 0.8, "m": 0.97}
_LONGEST = 0.16  # seconds: the lips part though the alignment stretches the phone
_CLOSING, _OPENING = 0.055, 0.055  # seconds from apart to together and back


def articulation(phones: Sequence[Phone], seconds: float) -> tuple[Float32, Float32, Float32]:
    """Articulator tracks at 100 Hz: frame k is at k / 100 s.

    Args:
        phones: in order; what they leave open is silence.
        seconds: length; there are ``floor(100 * seconds) + 1`` frames.

    Returns:
        tracks (T, 9), the order of :data:`ARTICULATORS`; closure (T,) 0..1 of the lips
        for p, b, m; labiodental (T,) 0..1 for f, v.
    """
    phones = fill(phones, seconds)
    times = np.arange(int(seconds * RATE + 1e-6) + 1) / RATE
    rows = [_row(phone.symbol) for phone in phones]
    targets = np.array([r[0] for r in rows])  # (P, A)
    strengths = np.array([r[1] for r in rows])
    start = np.array([p.start for p in phones])
    end = np.array([p.end for p in phones])
    silent = np.array([p.symbol == SILENCE for p in phones])
    # A silence rests over all of its length but the margins, in which speech settles.
    margin = np.where(
        silent, np.minimum(0.08, 0.3 * (end - start)), (1 - _CORE) / 2 * (end - start)
    )
    before = np.maximum(start + margin - times[:, None], 0)  # (T, P)
    after = np.maximum(times[:, None] - end + margin, 0)
    tracks = np.empty((len(times), len(ARTICULATORS)), np.float32)
    for a in range(len(ARTICULATORS)):
        dominance = strengths[:, a] * np.exp(-before / _BEFORE[a] - after / _AFTER[a])
        tracks[:, a] = dominance @ targets[:, a] / (dominance.sum(1) + 1e-9)
    closure = _held(times, [(p, _HELD.get(p.symbol, 0.0), 1.0) for p in phones])
    dental = _held(
        times, [(p, 0.9 if p.symbol in "fv" else 0.0, 1.0) for p in phones if p.symbol != "_"]
    )
    near = _held(times, [(p, 0.9 if p.symbol in "βɸ" else 0.0, 0.6) for p in phones])
    return tracks, np.maximum(closure, near), dental


def curves(phones: Sequence[Phone], seconds: float) -> Float32:
    """(T, 64) blendshape weights at 100 Hz for phones in time, the default model's names."""
    tracks, closure, dental = articulation(phones, seconds)
    a = dict(zip(ARTICULATORS, tracks.T, strict=True))
    open_ = 1.0 - closure
    free = open_ * (1.0 - 0.8 * dental)
    jaw = a["jaw"] * (1 - 0.25 * closure)
    beta = np.zeros((len(tracks), len(EXPRESSION_64)), np.float32)

    def put(name: str, values: Float32) -> None:
        sides = (name + "Left", name + "Right") if name + "Left" in EXPRESSION_64 else (name,)
        for side in sides:
            beta[:, EXPRESSION_64.index(side)] = values

    funnel = 0.60 * a["funnel"] * free
    # What the jaw and the funnel lack in aperture the lips' edges add; where they open too
    # far, the lips close over the jaw.
    lacking = a["aperture"] * open_ - jaw - FUNNELLED * funnel
    parted = np.clip(lacking, 0, 0.5)
    covered = np.clip(np.maximum(-lacking, closure * jaw), 0, jaw)
    put("jawOpen", jaw)
    put("jawForward", 0.4 * a["forward"])
    put("mouthClose", CLOSE * covered)
    put("mouthPress", PRESS * closure)
    put("lipFV", dental * open_)
    put("mouthPucker", 0.75 * a["pucker"] * (1 - 0.3 * dental))
    put("mouthFunnel", funnel)
    put("mouthStretch", 0.30 * a["spread"] * (1 - 0.4 * closure))
    put("mouthSmile", 0.12 * a["spread"])
    put("mouthUpperUp", _UPPER * parted)
    put("mouthLowerDown", _LOWER * parted)
    put("tongueUp", a["tongue_up"])
    put("tongueWide", a["tongue_wide"])
    put("tongueOut", a["tongue_out"] * open_)
    return beta


def closures(phones: Sequence[Phone]) -> list[tuple[float, float]]:
    """(start, end) seconds of every time that the lips are shut for p, b or m.

    Closures less than 30 ms apart (the mb of "lumber") are one.
    """
    spans = [
        (p.start, p.start + min(_HELD[p.symbol] * (p.end - p.start), _LONGEST))
        for p in phones
        if p.symbol in BILABIALS
    ]
    merged: list[tuple[float, float]] = []
    for start, end in spans:
        if merged and start - merged[-1][1] < 0.03:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged


def _held(times: Float32, spans: Sequence[tuple[Phone, float, float]]) -> Float32:
    """The upper envelope of smooth ramps that hold over the first share of each phone."""
    spans = [s for s in spans if s[1] > 0]
    if not spans:
        return np.zeros(len(times), np.float32)
    start = np.array([p.start for p, _, _ in spans])
    end = start + np.array([min(share * (p.end - p.start), _LONGEST) for p, share, _ in spans])
    level = np.array([height for _, _, height in spans])
    # The ramps reach in by a fifth, so that short closures are still reached at one frame.
    t = times[:, None]
    up = np.clip((t - start + 0.8 * _CLOSING) / _CLOSING, 0, 1)
    down = np.clip((end + 0.8 * _OPENING - t) / _OPENING, 0, 1)
    ramp = np.minimum(up, down)
    return (level * ramp * ramp * (3 - 2 * ramp)).max(1).astype(np.float32)


def _row(symbol: str) -> tuple[np.ndarray, np.ndarray]:
    """Targets and strengths over ARTICULATORS of one phone."""
    index = {name: k for k, name in enumerate(ARTICULATORS)}
    target, strength = np.zeros(len(ARTICULATORS)), np.full(len(ARTICULATORS), _REST_STRENGTH)
    if symbol == SILENCE:
        return target, np.ones(len(ARTICULATORS))
    if symbol in VOWELS:
        jaw, rounding, spread = _VOWELS[symbol]
        # Close rounded vowels pucker; the more open, the more the lips make a funnel.
        pucker = rounding * float(np.clip(1.15 - 1.6 * jaw, 0.25, 1.0))
        funnel = rounding * float(np.clip(0.25 + 1.6 * jaw, 0.0, 0.9))
        strength[:] = 0.3
        strength[index["jaw"]] = 0.9
        for name, value in (("jaw", jaw), ("pucker", pucker), ("funnel", funnel),
                            ("spread", spread), ("aperture", _APERTURE[symbol]),
                            ("tongue_wide", 0.5 if symbol in "iɪej" else 0.0)):  # fmt: skip
            target[index[name]] = value
        for name in ("pucker", "funnel", "spread"):
            strength[index[name]] = 0.9 if rounding > 0.3 or spread > 0.3 else 0.45
        if symbol in _WEAK:
            strength *= 0.5
        strength[index["aperture"]] = 1.0
        return target, strength
    stated = _CONSONANTS[_LIKE.get(symbol, symbol)]
    for name, (value, weight) in stated.items():
        target[index[name]], strength[index[name]] = value, weight
    target[index["aperture"]] = _APERTURE[symbol]
    act = 3.0 if symbol in _LIPS_ACT else 0.4 if symbol in _BREATHED else 1.0
    strength[index["aperture"]] = act
    return target, strength
