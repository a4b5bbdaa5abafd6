# SPDX-License-Identifier: GPL-3.0-or-later
"""What a subject does over a range of frames, as Blender evaluates it.

Layers, drivers, constraints and hand-set keys all count: the scene is stepped through.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import bpy
import numpy as np

from ..core import rotation
from ..subject.objects import BONE, GAZE, SubjectObjects


@dataclass(frozen=True, slots=True)
class Sampled:
    """A subject over T frames.

    Attributes:
        frames: of the scene.
        fps: frames a second.
        names: K shape keys, without the first, which is the rest.
        weights: (T, K) float32; 0 where a key is muted.
        places: (T, M, 4, 4) float64 world matrices of the subject's meshes, the face's first.
        stand: (T, 4, 4) float64 world matrices that the head is posed against: the rig's, or
            where there is no rig the face's own of the first frame.
    """

    frames: range
    fps: float
    names: tuple[str, ...]
    weights: np.ndarray
    places: np.ndarray
    stand: np.ndarray

    @property
    def head(self) -> np.ndarray:
        """(T, 3, 3) rotations of the head against the rest."""
        return _turns(np.linalg.inv(self.stand) @ self.places[:, 0])

    @property
    def gaze(self) -> np.ndarray | None:
        """(T, 4) float32 x, y of where the eyes point in the head's frame; None without eyes."""
        if self.places.shape[1] != 1 + len(GAZE):
            return None
        turned = np.linalg.inv(self.places[:, :1]) @ self.places[:, 1:]
        ahead = turned[..., :3, 2] / np.linalg.norm(turned[..., :3, 2], axis=-1, keepdims=True)
        return ahead[..., :2].reshape(len(self.frames), 4).astype(np.float32)


def sample(subject: SubjectObjects, frames: range) -> Generator[float, None, Sampled]:
    """Step through the open scene; yields the share that is done, returns what was seen.

    The frame that was shown is shown again at the end, also where it is stopped.
    """
    scene = bpy.context.scene
    keys = subject.face.data.shape_keys
    blocks = list(keys.key_blocks)[1:] if keys is not None else []
    names = tuple(block.name for block in blocks)
    count = len(frames)
    weights = np.zeros((count, len(names)), np.float32)
    places = np.empty((count, len(subject.meshes), 4, 4))
    stand = np.empty((count, 4, 4))
    resume = scene.frame_current, scene.frame_subframe
    try:
        for row, frame in enumerate(frames):
            scene.frame_set(frame)
            depsgraph = bpy.context.evaluated_depsgraph_get()
            if names:
                weights[row] = _weights(keys, depsgraph)
            for column, thing in enumerate(subject.meshes):
                places[row, column] = thing.evaluated_get(depsgraph).matrix_world
            stand[row] = _stand(subject, depsgraph)
            yield (row + 1) / count
    finally:
        scene.frame_set(resume[0], subframe=resume[1])
    fps = scene.render.fps / scene.render.fps_base
    return Sampled(frames, fps, names, weights, places, stand)


def finished(steps: Generator[float, None, Sampled]) -> Sampled:
    """Run :func:`sample` to its end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def _weights(keys: bpy.types.Key, depsgraph: bpy.types.Depsgraph) -> np.ndarray:
    """(K,) values of the evaluated keys but the first."""
    blocks = keys.evaluated_get(depsgraph).key_blocks
    values, muted = np.empty(len(blocks), np.float32), np.empty(len(blocks), bool)
    blocks.foreach_get("value", values)
    blocks.foreach_get("mute", muted)
    values[muted] = 0.0
    return values[1:]


def _stand(subject: SubjectObjects, depsgraph: bpy.types.Depsgraph) -> np.ndarray:
    """(4, 4) what the head bone's rest is in the world."""
    rig = subject.rig.evaluated_get(depsgraph)
    if rig.pose is None or BONE not in rig.pose.bones:
        return np.array(rig.matrix_world)
    return np.array(rig.matrix_world) @ np.array(rig.data.bones[BONE].matrix_local)


def _turns(matrices: np.ndarray) -> np.ndarray:
    """(T, 3, 3) rotations of (T, 4, 4) matrices, without what scales or shears."""
    left, _, right = np.linalg.svd(matrices[:, :3, :3])
    return left @ right


def euler(turns: np.ndarray) -> np.ndarray:
    """(T, 3) angles about x, y, z of (T, 3, 3) rotations, without jumps of a turn."""
    return np.unwrap(rotation.euler_from_matrix(turns), axis=0)
