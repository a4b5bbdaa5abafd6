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
from ..subject.objects import GAZE, SubjectObjects


@dataclass(frozen=True, slots=True)
class Shapes:
    """The shape keys of a mesh over T frames.

    Attributes:
        names: K of them, without the first, which is the rest.
        weights: (T, K) float32; 0 where a key is muted.
    """

    names: tuple[str, ...]
    weights: np.ndarray

    def of(self, name: str) -> np.ndarray:
        """(T,) weights of the key called ``name``."""
        return self.weights[:, self.names.index(name)]


@dataclass(frozen=True, slots=True)
class Sampled:
    """A subject over T frames.

    Attributes:
        frames: of the scene.
        fps: frames a second.
        shapes: of each of the subject's M meshes, the face's first.
        places: (T, M, 4, 4) float64 matrices of the meshes to the world.
        stand: (4, 4) where the face rests in the world on the first frame.
        head: (T, 3, 3) rotations of the head against its rest, in model axes.
        gaze: (T, 4) float32 x, y of where the left and the right eye point in the head's
            frame; None where that is not known.
    """

    frames: range
    fps: float
    shapes: tuple[Shapes, ...]
    places: np.ndarray
    stand: np.ndarray
    head: np.ndarray
    gaze: np.ndarray | None

    @property
    def head_angles(self) -> np.ndarray:
        """(T, 3) angles of the head about x, y, z, without jumps of a turn."""
        return np.unwrap(rotation.euler_from_matrix(self.head), axis=0)


#: Yields the share that is done, returns what was seen.
Sampling = Generator[float, None, Sampled]


def sample(subject: SubjectObjects, frames: range) -> Sampling:
    """Step through the open scene.

    The frame that was shown is shown again at the end, also where it is stopped.
    """
    scene = bpy.context.scene
    keys = [thing.data.shape_keys for thing in subject.meshes]
    names = [tuple(key.key_blocks.keys()[1:]) if key else () for key in keys]
    count = len(frames)
    weights = [np.zeros((count, len(known)), np.float32) for known in names]
    places = np.empty((count, len(keys), 4, 4))
    heads, looks = np.empty((count, 3, 3)), np.zeros((count, 4), np.float32)
    looking, stand = False, np.eye(4)
    resume = scene.frame_current, scene.frame_subframe
    try:
        for row, frame in enumerate(frames):
            scene.frame_set(frame)
            depsgraph = bpy.context.evaluated_depsgraph_get()
            for column, thing in enumerate(subject.meshes):
                places[row, column] = thing.evaluated_get(depsgraph).matrix_world
                if names[column]:
                    weights[column][row] = _weights(keys[column], depsgraph)
            heads[row] = _head(subject, depsgraph)
            gaze = _gaze(subject, depsgraph, places[row])
            looking = gaze is not None
            looks[row] = 0.0 if gaze is None else gaze
            if row == 0:
                stand = _stand(subject, depsgraph, places[0, 0])
            yield (row + 1) / count
    finally:
        scene.frame_set(resume[0], subframe=resume[1])
    shapes = tuple(Shapes(*pair) for pair in zip(names, weights, strict=True))
    fps = scene.render.fps / scene.render.fps_base
    return Sampled(frames, fps, shapes, places, stand, heads, looks if looking else None)


def finished(steps: Sampling) -> Sampled:
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


def _head(subject: SubjectObjects, depsgraph: bpy.types.Depsgraph) -> np.ndarray:
    """(3, 3) rotation of the head against its rest, whatever turned it, in model axes."""
    rig = subject.rig.evaluated_get(depsgraph)
    if isinstance(subject.head, bpy.types.PoseBone):
        bone = rig.pose.bones[subject.head.name]
        local = rig.convert_space(
            pose_bone=bone, matrix=bone.matrix, from_space="POSE", to_space="LOCAL"
        )
    else:
        local = rig.convert_space(matrix=rig.matrix_world, from_space="WORLD", to_space="LOCAL")
    left, _, right = np.linalg.svd(np.array(local)[:3, :3])  # without what scales or shears it
    return subject.head_axes.T @ left @ right @ subject.head_axes


def _gaze(
    subject: SubjectObjects, depsgraph: bpy.types.Depsgraph, places: np.ndarray
) -> np.ndarray | None:
    """(4,) where the eyes point in the head's frame."""
    if not subject.bound and len(subject.eyes) == len(GAZE):
        turned = np.linalg.inv(places[0]) @ places[1 : 1 + len(GAZE)]
        ahead = turned[:, :3, 2] / np.linalg.norm(turned[:, :3, 2], axis=-1, keepdims=True)
        return ahead[:, :2].ravel()
    rig = subject.rig.evaluated_get(depsgraph)
    here = subject.head
    head = rig.pose.bones[here.name] if isinstance(here, bpy.types.PoseBone) else rig
    if any(side not in head for side in GAZE):
        return None
    return np.array([value for side in GAZE for value in head[side]])


def _stand(subject: SubjectObjects, depsgraph: bpy.types.Depsgraph, face: np.ndarray) -> np.ndarray:
    """(4, 4) where the face rests in the world; a bound one where it is."""
    if subject.bound:
        return face
    rig = subject.rig.evaluated_get(depsgraph)
    return np.array(rig.matrix_world) @ np.array(rig.data.bones[subject.head.name].matrix_local)
