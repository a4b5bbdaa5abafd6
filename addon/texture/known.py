# SPDX-License-Identifier: GPL-3.0-or-later
"""What a frame shows, said in the subject's own numbers: rho beside the geometry.

Learned animators take rho as a hint; the geometry is what counts. So where the scene no
longer says it in these numbers (a shape key is gone), it is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Matrix

from ..core import rotation
from ..subject.objects import GAZE, RECORD, SubjectObjects
from ..v1 import face_pb2

#: Bounds of a weight in the contract; a slider beyond them is said to be at them.
_LOW, _HIGH = -1.0, 2.0


@dataclass(frozen=True, slots=True)
class Known:
    """What was read of one frame; what the matrices say is worked out later.

    Attributes:
        weights: (K,) float32 of the shape keys, within the contract's bounds.
        gaze: (4,) or empty, where the eyes' matrices say it.
        turned, moved: (3, 3) rotation and (3,) translation of the photograph's pose.
    """

    weights: np.ndarray
    gaze: tuple[float, ...]
    turned: np.ndarray
    moved: np.ndarray

    def message(
        self, camera: np.ndarray, face: np.ndarray, eyes: Sequence[np.ndarray], metres: float
    ) -> face_pb2.CoefficientFrame:
        """Weights, head pose and gaze.

        Args:
            camera, face, eyes: (4, 4) to the world.
            metres: per unit of the model.
        """
        gaze = self.gaze or tuple(value for eye in eyes for value in _ahead(face, eye))
        pose = self._pose(inverse(camera) @ face / metres)
        return face_pb2.CoefficientFrame(expression=self.weights, pose=pose, gaze=gaze)

    def _pose(self, shown: np.ndarray) -> list[float]:
        """(6,) of the face in the camera's space, relative to the photograph's."""
        left, _, right = np.linalg.svd(shown[:3, :3])  # without what scales or shears it
        vector = Matrix(self.turned.T @ left @ right).to_quaternion().to_exponential_map()
        return [*vector, *(self.turned.T @ (shown[:3, 3] - self.moved))]


class Reader:
    """Reads :class:`Known` off the evaluated subject, frame by frame."""

    def __init__(self, subject: SubjectObjects) -> None:
        self._subject, self._names = subject, subject.key_names
        self._order: tuple[str, ...] = ()
        self._rows = np.zeros(0, np.int64)
        pose = subject.rig[RECORD].get("pose")
        self._moved = None if pose is None else np.array(pose, np.float64)[3:]
        self._turned = None if pose is None else rotation.matrix_from_vector(np.array(pose)[:3])

    def read(self, depsgraph: bpy.types.Depsgraph) -> Known | None:
        """What the current frame shows; None where that is not known."""
        weights, gaze = self._weights(depsgraph), self._gaze(depsgraph)
        if weights is None or gaze is None or self._turned is None or self._moved is None:
            return None
        return Known(weights, gaze, self._turned, self._moved)

    def _weights(self, depsgraph: bpy.types.Depsgraph) -> np.ndarray | None:
        keys = self._subject.face.data.shape_keys
        if keys is None or not keys.use_relative or not self._names:
            return None
        blocks = keys.evaluated_get(depsgraph).key_blocks
        order = tuple(blocks.keys())
        if order != self._order:
            places = {name: place for place, name in enumerate(order)}
            if any(name not in places for name in self._names):
                return None
            self._order = order
            self._rows = np.array([places[name] for name in self._names])
        values, mute = np.empty(len(order), np.float32), np.empty(len(order), np.bool_)
        blocks.foreach_get("value", values)
        blocks.foreach_get("mute", mute)
        values[mute] = 0.0
        return values[self._rows].clip(_LOW, _HIGH)

    def _gaze(self, depsgraph: bpy.types.Depsgraph) -> tuple[float, ...] | None:
        """What the gaze properties say, empty where eyes are there to say it better."""
        if len(self._subject.eyes) == len(GAZE):
            return ()
        rig = self._subject.rig.evaluated_get(depsgraph)
        name = getattr(self._subject.head, "name", "")
        bones = rig.pose.bones if rig.pose else {}
        head = bones.get(name) if self._subject.head_path else rig
        if head is None or any(side not in head for side in GAZE):
            return None
        return tuple(min(1.0, max(-1.0, value)) for side in GAZE for value in head[side])


def _ahead(face: np.ndarray, eye: np.ndarray) -> tuple[float, float]:
    """Where an eye points in the head's frame, whatever turned it."""
    ahead = (inverse(face) @ eye)[:3, 2]
    x, y, _ = ahead / np.sqrt((ahead * ahead).sum())
    return float(x), float(y)


def inverse(matrix: np.ndarray) -> np.ndarray:
    """(4, 4) inverse of an affine matrix, by cofactors: the same bits everywhere.

    Raises:
        ZeroDivisionError: it flattens space.
    """
    (a, b, c, x), (d, e, f, y), (g, h, i, z) = matrix[:3].tolist()
    rows = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    scale = 1.0 / (a * rows[0][0] + b * rows[1][0] + c * rows[2][0])
    moved = [-(p * x + q * y + r * z) * scale for p, q, r in rows]
    linear = [[value * scale for value in row] for row in rows]
    return np.array([[*row, t] for row, t in zip(linear, moved, strict=True)] + [[0, 0, 0, 1.0]])
