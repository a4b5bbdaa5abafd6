"""All of iBUG's 68 landmarks where a model brings some of them, or a list of its own.

Formats name few points (BFM 2019 about two dozen). The default model's face, bent so that
its landmarks meet the known ones (a biharmonic spline: in space its kernel is the plain
distance, and it bends least where it extrapolates), tells where the others are; each is
put on the nearest place of the surface. On ICT-FaceKit's mean with 13 points known, lids
come within 1.4 mm on average, lips 2.6 mm, the jaw's contour 8 mm.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facewright.errors import InputError
from facewright.face.adapters.assemble import vertex_embedding
from facewright.face.model import LandmarkEmbedding
from facewright.face.reading import finite, indices, read_limited

#: Fewer known points than this cannot place a face.
MIN_KNOWN = 8


def landmarks_beside(path: Path, triangles: np.ndarray, vertices: int) -> LandmarkEmbedding | None:
    """Landmarks from ``NAME.landmarks68.txt`` beside the model ``NAME.*``, or None.

    The file has 68 lines, each a vertex number counted from 0, or a triangle number and
    three barycentric weights.

    Raises:
        InputError: the file is there and does not fit.
    """
    file = path.with_name(f"{path.stem}.landmarks68.txt")
    if not file.is_file():
        return None
    text = read_limited(file, "landmarks", 1 << 20).decode("utf-8", "replace")
    try:
        rows = [
            [float(word) for word in line.split()] for line in text.splitlines() if line.strip()
        ]
        table = np.array(rows, dtype=np.float64)
    except ValueError as error:
        raise InputError(f"{file}: expected the same count of numbers on each line") from error
    if table.shape == (68, 1):
        return vertex_embedding(str(file), indices(str(file), table[:, 0], vertices), triangles)
    if table.shape == (68, 4):
        weights = finite(str(file), table[:, 1:])
        if np.abs(weights.sum(axis=1) - 1.0).max() > 1e-3 or weights.min() < -1e-4:
            raise InputError(f"{file}: the weights of a line must be 0 to 1 and sum to 1")
        return LandmarkEmbedding(
            indices(str(file), table[:, 0], len(triangles)).astype(np.int32), weights
        )
    raise InputError(f"{file}: expected 68 lines of 1 or 4 numbers, got shape {table.shape}")


def complete_landmarks(
    where: str, known: dict[int, np.ndarray], mean: np.ndarray, triangles: np.ndarray
) -> LandmarkEmbedding:
    """iBUG-68 on a surface from some of the points.

    Args:
        where: the file's name, for messages.
        known: iBUG number to (3,) position, in the model's units and our axes; at least
            ``MIN_KNOWN`` of them, eyes, nose and mouth among them.
        mean: (V, 3) mean shape.
        triangles: (F, 3).

    Raises:
        InputError: too few points.
    """
    from scipy.interpolate import RBFInterpolator

    from facewright.face.library import load_model

    numbers = np.array(sorted(known))
    if len(numbers) < MIN_KNOWN or not {30, 36, 45, 48, 54} <= set(known):
        raise InputError(
            f"{where}: names {len(numbers)} landmarks, too few to place all 68; put a file "
            "NAME.landmarks68.txt with 68 vertex numbers beside it"
        )
    default = load_model("default")
    guide = default.landmark_points(default.mean, default.landmarks68).astype(np.float64)
    found = np.array([known[number] for number in numbers], dtype=np.float64)
    # A similarity first: what the spline bends is then small, also where it extrapolates.
    near = _similarity(guide[numbers], found, guide)
    spline = RBFInterpolator(near[numbers], found - near[numbers], kernel="linear")
    points = near + spline(near)
    points[numbers] = found
    return nearest_embedding(points, mean, triangles)


def nearest_embedding(
    points: np.ndarray, mean: np.ndarray, triangles: np.ndarray, candidates: int = 24
) -> LandmarkEmbedding:
    """Place each point at the nearest spot of the triangles around its nearest centres.

    Args:
        points: (N, 3).
        mean: (V, 3).
        triangles: (F, 3).
        candidates: how many triangles, by their centre, are measured for each point.
    """
    from scipy.spatial import cKDTree
    from trimesh.triangles import closest_point, points_to_barycentric

    corners = np.asarray(mean, np.float64)[triangles]
    count = min(candidates, len(triangles))
    _, rows = cKDTree(corners.mean(axis=1)).query(points, k=count)
    rows = rows.reshape(len(points), count)
    near = closest_point(corners[rows.ravel()], np.repeat(points, count, axis=0))
    distance = np.linalg.norm(near.reshape(len(points), count, 3) - points[:, None], axis=2)
    best = distance.argmin(axis=1)
    chosen = rows[np.arange(len(points)), best]
    spot = near.reshape(len(points), count, 3)[np.arange(len(points)), best]
    weights = np.clip(points_to_barycentric(corners[chosen], spot), 0.0, 1.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return LandmarkEmbedding(chosen.astype(np.int32), weights.astype(np.float32))


def _similarity(source: np.ndarray, target: np.ndarray, points: np.ndarray) -> np.ndarray:
    """``points`` moved by the similarity that best takes ``source`` to ``target`` (Umeyama)."""
    a, b = source - source.mean(axis=0), target - target.mean(axis=0)
    u, s, vt = np.linalg.svd(b.T @ a)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = u * sign @ vt
    scale = (s * sign).sum() / (a**2).sum()
    return scale * (points - source.mean(axis=0)) @ rotation.T + target.mean(axis=0)
