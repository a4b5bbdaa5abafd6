"""Landmarks over time, without their trembling.

MediaPipe's points tremble by some tenths of a pixel from frame to frame. Motion is told
from that by where it happens and how large it is. Every frame is split into a similarity
(place, size and roll of the head) and what is left in the face's own frame. Each part (the
similarity, the face at large, jaw, lips, lids, irises) is averaged with its neighbours in time
that are alike (bilateral filter: Tomasi and Manduchi 1998), so that what jumps, a blink
above all, keeps its depth. The similarity follows local parabolas (Savitzky and Golay
1964) instead of means, which keeps a nod's height. All kernels look as far ahead as back:
nothing lags.

Widths were picked on training clips: one look of MediaPipe, smoothed, against the mean of
two other looks at the same frames.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewright import checks
from facewright.capture.fit import LIDS, LIPS
from facewright.capture.landmarks import POINTS
from facewright.checks import Float32

_Complex = NDArray[np.complex128]
_Float64 = NDArray[np.float64]

#: Frames a second for which widths are given; they scale with the rate.
_RATE = 25.0
#: Of each kind of motion: width of the Gaussian weights in frames, degree of the local
#: polynomial, and by how much a part's points may differ between frames that are still
#: alike (root mean square over the face's height).
_RIGID, _FACE, _QUICK = (1.5, 2, 0.02), (1.5, 0, 0.006), (1.0, 0, 0.003)
_REACH = 2.0  # widths
_LARGEST_REACH = 16  # frames

_LIDS_LEFT, _LIDS_RIGHT = ([i for i in LIDS if (i >= 249) == left] for left in (True, False))
#: Points beside the lips that an opening jaw moves by a third of the chin's way or more.
_JAW = [
    15, 16, 18, 32, 43, 57, 62, 76, 77, 83, 85, 86, 89, 90, 96, 106, 135, 136, 138, 140, 148, 149,
    150, 152, 169, 170, 171, 172, 175, 176, 179, 180, 182, 194, 199, 200, 201, 202, 204, 208, 210,
    211, 212, 214, 262, 273, 287, 292, 306, 307, 313, 315, 316, 319, 320, 325, 335, 364, 365, 367,
    369, 377, 378, 379, 394, 395, 396, 397, 400, 403, 404, 406, 418, 421, 422, 424, 428, 430, 431,
    432, 434,
]  # fmt: skip
_QUICK_PARTS = (
    list(LIPS), _JAW, _LIDS_LEFT, _LIDS_RIGHT, list(range(468, 473)), list(range(473, 478)),
)  # fmt: skip
_FACE_PART = sorted(set(range(POINTS)).difference(*_QUICK_PARTS))
#: Eye corners, nose and the sides of forehead and head: neither speech nor lids move them.
_STILL = [33, 133, 362, 263, 168, 6, 197, 195, 5, 4, 1, 234, 454, 127, 356, 10, 151, 9]


def smooth_points(points: Float32, fps: float = 25.0) -> Float32:
    """Smooth landmarks over time.

    Args:
        points: (T, 478, 2) in pixels. Frames of NaN are missing: they stay so, and nothing
            is smoothed across them.
        fps: frames a second; slow clips are smoothed over fewer frames.

    Returns:
        (T, 478, 2) float32.

    Raises:
        InputError: for another shape, or infinite points.
    """
    raw = np.asarray(points, np.float32)
    missing = np.atleast_1d(np.isnan(raw).any(axis=tuple(range(1, raw.ndim))))
    checks.floats("points", np.nan_to_num(raw, nan=0.0, posinf=np.inf), ("T", POINTS, 2))
    checks.number("fps", fps, low=1.0, high=240.0)
    out = raw.copy()
    for first, last in runs(~missing):
        out[first:last] = _smooth_run(raw[first:last], fps)
    return out


def runs(wanted: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and one past the last index of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], wanted, [False]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _smooth_run(points: Float32, fps: float) -> Float32:
    plane = points[..., 0].astype(np.float64) + 1j * points[..., 1]
    height = float(np.median(np.ptp(points[:, :468, 1], axis=1))) or 1.0
    centre = plane[:, _STILL].mean(1)
    shape = plane[:, _STILL] - centre[:, None]
    mean = shape.mean(0)
    # The complex number that turns and scales the mean shape to each frame's.
    turn = (shape * mean.conj()).sum(1) / max((np.abs(mean) ** 2).sum(), 1e-9)
    turn[np.abs(turn) < 1e-6] = 1.0
    inner = (plane - centre[:, None]) / turn[:, None]
    similarity = np.stack([centre, turn], axis=1)
    still = plane[:, _STILL] / height
    similarity = _filtered(similarity, still, _RIGID, fps)
    smooth = np.empty_like(inner)
    for part, how in ((_FACE_PART, _FACE), *((part, _QUICK) for part in _QUICK_PARTS)):
        smooth[:, part] = _filtered(inner[:, part], inner[:, part] / height, how, fps)
    smooth = similarity[:, :1] + similarity[:, 1:] * smooth
    return np.stack([smooth.real, smooth.imag], -1).astype(np.float32)


def _filtered(
    values: _Complex, seen: NDArray[Any], how: tuple[float, int, float], fps: float
) -> _Complex:
    """(T, D) values smoothed by kernels whose weights fall with time and with the
    distance of the (T, N) points ``seen``."""
    width, degree, alike = how[0] * fps / _RATE, how[1], how[2]
    frames = len(values)
    reach = min(max(1, round(_REACH * width)), _LARGEST_REACH)
    offsets = np.arange(-reach, reach + 1)
    at = np.arange(frames)[:, None] + offsets
    near = np.exp(-0.5 * (offsets / width) ** 2) * ((at >= 0) & (at < frames))
    at = at.clip(0, frames - 1)
    for column in range(len(offsets)):  # one neighbour at a time: clips may be long
        apart = (np.abs(seen[at[:, column]] - seen) ** 2).mean(1)
        near[:, column] *= np.exp(-0.5 * apart / alike**2)
    kernels = _local_polynomials(near, offsets, degree)
    out = np.zeros_like(values)
    for column in range(len(offsets)):
        out += kernels[:, column, None] * values[at[:, column]]
    return out


def _local_polynomials(weights: _Float64, offsets: NDArray, degree: int) -> _Float64:
    """(T, W) kernels that give the value at 0 of the polynomials fitted under weights."""
    powers = offsets[:, None].astype(np.float64) ** np.arange(degree + 1)
    normal = np.einsum("tw,wi,wj->tij", weights, powers, powers)
    # Where too few neighbours are alike for a parabola, a little of this takes the mean.
    normal += 1e-6 * np.diag(np.arange(degree + 1) > 0)
    one = np.zeros((len(weights), degree + 1, 1))
    one[:, 0] = 1.0
    return weights * (np.linalg.solve(normal, one)[..., 0] @ powers.T)
