# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the head of any mesh is, from what its shape keys move; no bpy.

A shape key moves one place of the face, and the middle of what it moves is a landmark that
every mesh with that shape key has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

#: The default model's landmarks, in model space, metres; tests/blender/test_alignment.py
#: computes them again.
REFERENCE: dict[str, tuple[float, float, float]] = {
    "eyeBlinkLeft": (0.0332, 0.0456, 0.0989),
    "eyeBlinkRight": (-0.0332, 0.0456, 0.0989),
    "browOuterUpLeft": (0.0517, 0.0656, 0.0871),
    "browOuterUpRight": (-0.0516, 0.0653, 0.0871),
    "browInnerUp": (-0.0001, 0.0670, 0.1062),
    "noseSneerLeft": (0.0151, -0.0009, 0.1092),
    "noseSneerRight": (-0.0150, -0.0009, 0.1092),
    "cheekSquintLeft": (0.0392, 0.0308, 0.0941),
    "cheekSquintRight": (-0.0392, 0.0308, 0.0941),
    "mouthSmileLeft": (0.0234, -0.0282, 0.1022),
    "mouthSmileRight": (-0.0233, -0.0282, 0.1022),
    "mouthFunnel": (0.0000, -0.0306, 0.1066),
    "mouthPucker": (0.0000, -0.0289, 0.1042),
    "jawOpen": (0.0000, -0.0393, 0.0893),
}
#: Landmarks that a fit needs.
FEWEST = 4


@dataclass(frozen=True, slots=True)
class Similarity:
    """x -> scale R x + shift.

    Attributes:
        rotation: (3, 3).
        scale: above 0.
        shift: (3,).
        error: root mean square of what is left over, in lengths of the target.
    """

    rotation: np.ndarray
    scale: float
    shift: np.ndarray
    error: float = 0.0

    @property
    def matrix(self) -> np.ndarray:
        """(4, 4)."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.scale * self.rotation
        matrix[:3, 3] = self.shift
        return matrix

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """(N, 3) points moved."""
        return self.scale * points @ self.rotation.T + self.shift


def landmark(points: np.ndarray, offsets: np.ndarray) -> np.ndarray | None:
    """(3,) the middle of what a shape key moves; None where it moves nothing.

    Args:
        points: (V, 3) at rest.
        offsets: (V, 3) of the shape key.
    """
    weights = np.linalg.norm(offsets, axis=1)
    total = float(weights.sum())
    return weights @ points / total if total > 0 else None


def similarity(
    source: np.ndarray, target: np.ndarray, weights: np.ndarray | None = None
) -> Similarity:
    """The similarity that best carries (N, 3) points onto others, by least squares.

    Umeyama, "Least-squares estimation of transformation parameters between two point
    patterns" (1991).
    """
    share = np.ones(len(source)) if weights is None else np.asarray(weights, np.float64)
    share = share / share.sum()
    middle, goal = share @ source, share @ target
    a, b = source - middle, target - goal
    left, sizes, right = np.linalg.svd((b * share[:, None]).T @ a)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    rotation = (left * sign) @ right
    scale = float((sizes * sign).sum() / (share @ (a**2).sum(1)))
    moved = Similarity(rotation, scale, goal - scale * rotation @ middle)
    error = float(np.sqrt(share @ ((moved(source) - target) ** 2).sum(1)))
    return Similarity(rotation, scale, moved.shift, error)


def between(
    source: Mapping[str, np.ndarray], target: Mapping[str, np.ndarray]
) -> Similarity | None:
    """The similarity of landmarks that both have; None where they are too few to tell."""
    names = [name for name in source if name in target]
    if len(names) < FEWEST:
        return None
    a, b = (np.array([marks[name] for name in names], np.float64) for marks in (source, target))
    spread = np.linalg.svd(a - a.mean(0), compute_uv=False)
    if spread[1] < 0.1 * spread[0] or not np.isfinite(b).all():
        return None  # on one line
    found = similarity(a, b)
    off = np.linalg.norm(found(a) - b, axis=1)
    # Shape keys of one name differ in how far they reach: the worst have less say.
    return similarity(a, b, 1 / (1 + (off / max(float(np.median(off)), 1e-9)) ** 2))
