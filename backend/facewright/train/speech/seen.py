"""How far lips are open in a video: the check against real lips."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facewright.checks import Float32

# MediaPipe's points: inner lips above and below, at the middle and beside it; the outer
# eye corners, whose distance measures the face.
_UPPER, _LOWER = (82, 13, 312), (87, 14, 317)
_EYES = (33, 263)


def lip_opening(video: Path) -> Float32:
    """(T,) distance of the inner lips over that of the outer eye corners, frame by frame.

    NaN where no face is found.
    """
    from facewright.capture.landmarks import POINTS, FaceFinder
    from facewright.errors import NoFaceError
    from facewright.media.video import read_frames

    finder = FaceFinder()
    found = []
    points = None
    for frame in read_frames(video):
        try:
            points = finder.track(frame, points)
        except NoFaceError:
            found.append(np.full((POINTS, 2), np.nan, np.float32))
            points = None
            continue
        found.append(points)
    return opening_of(np.stack(found))


def opening_of(landmarks: Float32) -> Float32:
    """(T,) as :func:`lip_opening`, of (T, 478, 2) landmarks in pixels."""
    gap = np.linalg.norm(landmarks[:, _UPPER] - landmarks[:, _LOWER], axis=2).mean(1)
    eyes = np.linalg.norm(landmarks[:, _EYES[0]] - landmarks[:, _EYES[1]], axis=1)
    return (gap / eyes).astype(np.float32)


def lagged_correlation(
    predicted: Float32, seen: Float32, most: int = 5
) -> tuple[float, int, float]:
    """Correlation of two curves of frames: at no lag, the best lag, and that lag's.

    Args:
        predicted, seen: (T,) each; NaN in ``seen`` is left out.
        most: lags looked at, in frames either way. A positive best lag: the video is late.
    """
    count = min(len(predicted), len(seen))
    values = {}
    for lag in range(-most, most + 1):
        a = predicted[max(-lag, 0) : count - max(lag, 0)]
        b = seen[max(lag, 0) : count - max(-lag, 0)]
        good = np.isfinite(b)
        enough = good.sum() > 20 and a[good].std() > 1e-6 and b[good].std() > 1e-6
        values[lag] = float(np.corrcoef(a[good], b[good])[0, 1]) if enough else 0.0
    best = max(values, key=lambda lag: values[lag])
    return values[0], best, values[best]
