"""Head motion: a seeded prior.

Heads of people who talk to a camera sway slowly, by a few degrees, pitch faster than yaw
and roll (Hadar et al. 1983); they rise before an accent and come down on it (Graf et al.
2002), and are stiller while silent. Here: sums of sinusoids with seeded frequencies and
phases, a nod for accents, both fading in from the photographed pose. All of it is a
function of time, so any frame rate samples the same motion.
"""

from __future__ import annotations

import numpy as np

from facewright.checks import Float32
from facewright.drive import neck

#: Standard deviations of the sway's pitch, yaw and roll at ``head_motion`` 1, degrees:
#: over ten seconds they show the medians of 14 clips of eight people who talk, 1.9, 2.8 and
#: 1.3 (ranges 0.7-3.5, 1.2-4.6, 0.3-5.2).
SPREAD = (2.2, 3.1, 1.5)
#: Its power in those clips, dB per octave around these frequencies; above 3 Hz less than
#: was measured, since there trackers tremble as well.
_OCTAVES_HZ = (0.106, 0.212, 0.424, 0.849, 1.7, 3.39)
_POWER_DB = (
    (-4.0, -2.0, 0.0, -1.5, -6.0, -17.0),
    (0.0, 2.4, 3.2, 0.5, -6.5, -19.0),
    (-5.0, -3.5, -3.9, -6.4, -11.5, -22.0),
)
_LOW_HZ, _HIGH_HZ, _WAVES = 0.07, 4.0, 48  # sinusoids per axis, evenly over the octaves
_STILL = 0.3  # share of the motion that is left in silence
#: Degrees that the head rises before the strongest accents, and comes down on them.
_RISE, _NOD = 1.0, 1.5
_RISE_AT, _NOD_AT = -0.40, -0.08  # seconds from the loudest moment
_NOD_WIDTH = 0.12  # seconds, standard deviation of either
_VIGOUR_HZ = 0.31  # how often nods grow weak and strong again


def motion(
    times: np.ndarray,
    amount: float | Float32,
    seed: int,
    activity: Float32,
    accents: tuple[np.ndarray, np.ndarray],
    metres_per_unit: float = 1.0,
) -> Float32:
    """(T, 6) relative head poses at ``times``, as in ``Motion.pose``.

    Args:
        times: (T,) seconds.
        amount: factor, or (T,) of them; 0 is still.
        seed: the same seed gives the same motion.
        activity: (T,) 0..1, how much is being said.
        accents: seconds and weights (0..1) of accented syllables.
        metres_per_unit: of the model.
    """
    if not np.any(amount) or not len(times):
        return np.zeros((len(times), 6), np.float32)
    rng = np.random.default_rng([seed, 0x4EAD])
    hertz, height = _waves(rng)
    phase = rng.uniform(0, 2 * np.pi, (_WAVES, 3))
    vigour = rng.uniform(0, 2 * np.pi)
    # Wave by wave: memory stays a few times that of the result.
    degrees = np.zeros((len(times), 3))
    for f, h, p in zip(hertz, height, phase, strict=True):
        degrees += h * np.sin(2 * np.pi * times[:, None] * f + p)
    degrees *= _STILL + (1 - _STILL) * activity[:, None]
    when, weight = accents
    # Not every accent is nodded at; which ones are is the seed's.
    eager = 0.6 + 0.4 * np.sin(2 * np.pi * _VIGOUR_HZ * when + vigour)
    degrees[:, 0] += _nods(times, when, weight * eager)
    return neck.performed(times, degrees, np.zeros((len(times), 3)), amount, metres_per_unit)


def _waves(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """(W, 3) frequencies, one in each slice of an octave, and heights that have the
    measured spectrum and spread."""
    place = (np.arange(_WAVES)[:, None] + rng.uniform(size=(_WAVES, 3))) / _WAVES
    hertz = _LOW_HZ * (_HIGH_HZ / _LOW_HZ) ** place
    decibel = [np.interp(np.log(hertz[:, k]), np.log(_OCTAVES_HZ), _POWER_DB[k]) for k in range(3)]
    height = 10 ** (np.stack(decibel, 1) / 20)
    return hertz, height * np.array(SPREAD) / np.sqrt(np.square(height).sum(0) / 2)


def _nods(times: np.ndarray, when: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(T,) degrees of pitch: for each accent the head rises, then comes down on it."""
    out = np.zeros(len(times))
    for centre, height in zip(when, weight, strict=True):
        low, high = np.searchsorted(times, [centre - 1.0, centre + 0.6])
        since = times[low:high] - centre
        rise = np.exp(-0.5 * np.square((since - _RISE_AT) / _NOD_WIDTH))
        fall = np.exp(-0.5 * np.square((since - _NOD_AT) / _NOD_WIDTH))
        out[low:high] += height * (_NOD * fall - _RISE * rise)
    return out
