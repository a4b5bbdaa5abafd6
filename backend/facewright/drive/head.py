"""Head motion: a seeded prior.

Heads of people who talk to a camera sway slowly (half of the power below about 0.5 Hz,
nine tenths below 1.5 Hz), by a few degrees, and nod a little on accents (Hadar et al.
1983; Graf et al. 2002); they are stiller while silent. Here: sums of sinusoids with
seeded frequencies and phases, a nod for each peak of the speech's loudness, both fading
in from the photographed pose. All of it is a function of time, so any frame rate samples
the same motion.
"""

from __future__ import annotations

import numpy as np

from facewright.checks import Float32

#: Standard deviations of pitch, yaw and roll at ``head_motion`` 1, degrees: about two
#: thirds of what was measured on talking heads (2.2-2.8, 2.1-3.7, 1.2-2.3).
SPREAD = (1.6, 2.0, 0.9)
_WAVES = 24  # sinusoids per axis
_MEDIAN_HZ, _HZ_SPREAD, _MAX_HZ = 0.42, 0.75, 2.2  # log-normal frequencies
_STILL = 0.35  # share of the motion that is left in silence
_NOD = 1.4  # degrees of the largest nods
_FADE_IN = 0.8  # seconds from the photographed pose
_LIMIT = 12.0  # degrees, softly
#: The head turns about a point in the neck, below and behind the pivot; metres.
_NECK = np.array([0.0, -0.09, -0.02])


def motion(
    times: np.ndarray,
    amount: float,
    seed: int,
    activity: Float32,
    accents: tuple[np.ndarray, np.ndarray],
    metres_per_unit: float = 1.0,
) -> Float32:
    """(T, 6) relative head poses at ``times``, as in ``Motion.pose``.

    Args:
        times: (T,) seconds.
        amount: factor; 0 is still.
        seed: the same seed gives the same motion.
        activity: (T,) 0..1, how much is being said.
        accents: seconds and weights (0..1) of accented syllables.
        metres_per_unit: of the model.
    """
    from facewright.face.pose import rotation_matrix

    pose = np.zeros((len(times), 6), np.float32)
    if amount <= 0 or not len(times):
        return pose
    rng = np.random.default_rng([seed, 0x4EAD])
    hertz = np.minimum(rng.lognormal(np.log(_MEDIAN_HZ), _HZ_SPREAD, (3, _WAVES)), _MAX_HZ)
    phase = rng.uniform(0, 2 * np.pi, (3, _WAVES))
    spread = np.array(SPREAD) * np.sqrt(2 / _WAVES)
    sway = np.stack(
        [np.sin(2 * np.pi * times[:, None] * hertz[a] + phase[a]).sum(1) for a in range(3)], 1
    )
    degrees = sway * spread * (_STILL + (1 - _STILL) * activity[:, None])
    degrees[:, 0] += _NOD * _nods(times, *accents)
    fade = np.clip(times / _FADE_IN, 0, 1)
    degrees *= (amount * fade * fade * (3 - 2 * fade))[:, None]
    degrees = _LIMIT * np.tanh(degrees / _LIMIT)
    # Pitch about x (positive nods: the face turns down), yaw about y, roll about z.
    pose[:, :3] = np.radians(degrees)
    neck = _NECK / metres_per_unit
    pose[:, 3:] = neck - rotation_matrix(pose[:, :3]) @ neck.astype(np.float32)
    return pose


def _nods(times: np.ndarray, when: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(T,) sum of short downward nods, one for each accent."""
    out = np.zeros(len(times))
    width = 0.13
    for centre, height in zip(when, weight, strict=True):
        low, high = np.searchsorted(times, [centre - 4 * width, centre + 6 * width])
        since = (times[low:high] - centre) / width
        # quicker down than up
        out[low:high] += height * np.exp(-0.5 * np.where(since < 0, since, since / 1.6) ** 2)
    return out
