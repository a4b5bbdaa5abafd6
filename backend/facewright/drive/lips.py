"""From the network's β̂ to lips that close, rest in silence and obey the controls.

A network trained on squared error shrinks what is short: closures stop halfway. Where it
is confident that the lips close (p, b, m), they are shut here, for at least two
positions, so that a frame at 25 fps meets them; where nobody speaks, the mouth rests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facewright.checks import Float32
from facewright.drive import features
from facewright.face.names import EXPRESSION_64

#: mouthPress (each side) of a full closure, the unit in which the network tells closures.
PRESS = 0.35
#: mouthClose that shuts the lips over a jawOpen of 1, on the default model (whose mouthClose
#: of 1 shuts them over a jawOpen of 0.5).
CLOSE = 2.0
#: How far a funnel, both lower lips down and both upper lips up part the inner lips of the
#: default model, over what jawOpen does.
FUNNELLED, LOWERED, RAISED = 0.61, 0.40, 0.28

_INDEX = {name: k for k, name in enumerate(EXPRESSION_64)}
#: Rolling in draws the default model's lips apart, by 2.4 mm at what a closure would ask for:
#: lips that shut do without.
ROLLS = [_INDEX["mouthRollLower"], _INDEX["mouthRollUpper"]]
_PRESS = [_INDEX["mouthPressLeft"], _INDEX["mouthPressRight"]]
#: Columns that speech moves; all others are the subject's own.
SPOKEN = [
    _INDEX[name]
    for name in (
        "jawOpen", "jawForward", "mouthClose", "mouthPressLeft", "mouthPressRight",
        "mouthRollLower", "mouthRollUpper", "lipFV", "mouthPucker", "mouthFunnel",
        "mouthStretchLeft", "mouthStretchRight", "mouthSmileLeft", "mouthSmileRight",
        "mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft", "mouthLowerDownRight",
        "tongueUp", "tongueWide", "tongueOut",
    )
]  # fmt: skip
_PARTING = [
    _INDEX[name]
    for name in (
        "lipFV", "mouthFunnel", "mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft",
        "mouthLowerDownRight", "tongueOut",
    )
]  # fmt: skip

#: Seconds by which lips that open or round are ahead of their sound; closures are not, for
#: they make theirs. In the training videos it is 0 to 10 ms, once each video's own lag, by
#: which its closures miss their sound, is taken out.
LEAD = 0.005
# Least squares shrink what is uncertain. These factors bring the spread of each column back
# to the teacher's on speech left out, and that of what parts the lips to where they part as
# far as in the training videos (7 mm in the median, 16 mm at the 98th percentile).
_GAINS = {
    "jawOpen": 1.35, "mouthClose": 1.35, "mouthUpperUpLeft": 1.35, "mouthUpperUpRight": 1.35,
    "mouthLowerDownLeft": 1.35, "mouthLowerDownRight": 1.35, "mouthPucker": 1.15,
    "mouthFunnel": 1.15, "mouthStretchLeft": 1.1, "mouthStretchRight": 1.1, "lipFV": 1.2,
    "tongueUp": 1.3, "tongueWide": 1.15, "tongueOut": 1.3,
}  # fmt: skip
_GAIN = np.array([_GAINS.get(EXPRESSION_64[k], 1.0) for k in SPOKEN], np.float32)

_SMOOTH = 0.6  # positions, standard deviation
# Closure that is shut wholly, and that is left as it is not; chosen on speech left out.
_SURE, _UNSURE = 0.75, 0.25
_QUIET_DB = -32.0  # below the speech's level
_QUIET_RMS = 10 ** (-62 / 20)  # below full scale: nothing that is meant to be heard
_HANGOVER = 0.12  # seconds that a gap must exceed on either side
_RAMP = 0.10  # seconds from speech to rest


@dataclass(frozen=True, slots=True)
class Presence:
    """When somebody speaks, at 100 Hz.

    Attributes:
        speaking: (F,) 0..1, 0 in pauses, with ramps.
        level: (F,) RMS, relative to the active speech's.
    """

    speaking: Float32
    level: Float32


def presence(level: Float32, active: float | None = None) -> Presence:
    """Tell speech from silence by its loudness.

    Args:
        level: (F,) from :func:`features.levels`.
        active: RMS of active speech; None: what ``level`` says.
    """
    from scipy.ndimage import gaussian_filter1d, maximum_filter1d, minimum_filter1d

    rate = features.RATE / features.HOP
    active = features.speech_level(level) if active is None else active
    threshold = max(active * 10 ** (_QUIET_DB / 20), _QUIET_RMS)
    # A single click is not speech: 30 ms of sound are.
    sound = minimum_filter1d(maximum_filter1d((level > threshold).astype(np.float32), 3), 5)
    # A margin before and after, which also bridges stops and other short gaps.
    sound = maximum_filter1d(sound, 2 * round(_HANGOVER * rate) + 1)
    sound = gaussian_filter1d(sound, _RAMP * rate / 3, mode="nearest")
    return Presence(sound, level / active if active > 0 else np.zeros_like(level))


def articulate(
    predicted: Float32, rate: float, speaking: Float32, mouth_opening: float | Float32 = 1.0
) -> Float32:
    """Lips from the network's output.

    Args:
        predicted: (T, 64) β̂ at ``rate`` positions per second.
        rate: of ``predicted``.
        speaking: (F,) at 100 Hz, from :class:`Presence`.
        mouth_opening: factor on the motion of the lips, 0..2, or (T,) of them.

    Returns:
        (T, 64) weights in 0..1, zero at rest and in all columns that speech does not move.
    """
    from scipy.ndimage import gaussian_filter1d

    ahead = sampled(predicted[:, SPOKEN], np.arange(len(predicted)) + LEAD * rate)
    spoken = np.zeros_like(predicted)
    spoken[:, SPOKEN] = _GAIN * gaussian_filter1d(ahead, _SMOOTH, axis=0, mode="nearest")
    np.clip(spoken, 0.0, 1.0, out=spoken)
    at = np.arange(len(spoken)) / rate * (features.RATE / features.HOP)
    gate = np.interp(at, np.arange(len(speaking)), speaking).astype(np.float32)
    shut = _snap(np.clip(predicted[:, _PRESS].mean(1) / PRESS, 0, 1)) * gate
    factor = np.asarray(mouth_opening, np.float32)
    spoken *= (gate * factor)[:, None]
    effort = np.minimum(factor, np.float32(1.0))  # lips that hardly move hardly press
    spoken[:, _PARTING] *= (1 - shut)[:, None]
    jaw, close = spoken[:, _INDEX["jawOpen"]], spoken[:, _INDEX["mouthClose"]]
    # Lips also near each other over an open jaw without shutting (w, r, f, v).
    spoken[:, _INDEX["mouthClose"]] = np.clip(close, CLOSE * shut * jaw, CLOSE * jaw)
    spoken[:, _PRESS] = (PRESS * effort * shut)[:, None]
    spoken[:, ROLLS] = 0.0
    return np.clip(spoken, 0.0, 1.0)


def sampled(curves: Float32, places: np.ndarray) -> Float32:
    """(T, C) curves between their rows, at fractional ``places``; the ends are held."""
    places = np.clip(places, 0, len(curves) - 1)
    low = np.floor(places).astype(np.int64)
    high = np.minimum(low + 1, len(curves) - 1)
    share = (places - low)[:, None].astype(np.float32)
    return curves[low] * (1 - share) + curves[high] * share


def pauses(speaking: Float32) -> np.ndarray:
    """(P,) seconds, a little into each pause of at least 0.2 s."""
    quiet = np.concatenate([[False], speaking < 0.3, [False]]).astype(np.int8)
    edges = np.flatnonzero(np.diff(quiet)).reshape(-1, 2) * features.HOP / features.RATE
    return np.array([a + 0.05 for a, b in edges if b - a >= 0.2])


def accents(level: Float32) -> tuple[np.ndarray, np.ndarray]:
    """Seconds and weights (0..1) of accented syllables: the peaks of loudness."""
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks

    rate = features.RATE / features.HOP
    smooth = gaussian_filter1d(level, 0.07 * rate, mode="nearest")
    peaks, _ = find_peaks(smooth, distance=round(0.45 * rate), height=0.7, prominence=0.25)
    return peaks / rate, np.clip((smooth[peaks] - 0.5) / 1.2, 0, 1)


def opening(expression: Float32) -> Float32:
    """(T,) how far the lips are apart, in units of jawOpen, of (T, 64) weights.

    What the jaw opens less what the lips close, and what they part on their own. (A lip that
    is rolled in or under the teeth touches what it meets, and counts as shut.)
    """
    column = {name: expression[:, k] for name, k in _INDEX.items()}
    lower = 0.5 * (column["mouthLowerDownLeft"] + column["mouthLowerDownRight"])
    upper = 0.5 * (column["mouthUpperUpLeft"] + column["mouthUpperUpRight"])
    jaw = np.maximum(column["jawOpen"] - column["mouthClose"] / CLOSE, 0)
    return jaw + LOWERED * lower + RAISED * upper + FUNNELLED * column["mouthFunnel"]


def _snap(closure: Float32) -> Float32:
    """Closure with the sure ones shut wholly, for two positions or more."""
    from scipy.ndimage import gaussian_filter1d, maximum_filter1d

    smooth = gaussian_filter1d(closure, _SMOOTH, mode="nearest")
    ramp = np.clip((smooth - _UNSURE) / (_SURE - _UNSURE), 0, 1)
    ramp = ramp * ramp * (3 - 2 * ramp)
    held = maximum_filter1d((ramp > 0.98).astype(np.float32), 2, origin=0)
    return np.maximum(ramp, held).astype(np.float32)
