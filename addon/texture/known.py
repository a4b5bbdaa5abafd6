# SPDX-License-Identifier: GPL-3.0-or-later
"""What a frame shows, said in the subject's own numbers: rho beside the geometry.

Learned animators take rho as a hint; the geometry is what counts. So where the scene no
longer says it in these numbers (a shape key is gone), it is left out.
"""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Matrix

from ..core import rotation
from ..subject.objects import BONE, GAZE, RECORD, SubjectObjects
from ..v1 import face_pb2

#: Bounds of a weight in the contract; a slider beyond them is said to be at them.
_LOW, _HIGH = -1.0, 2.0


def rho(
    subject: SubjectObjects, depsgraph: bpy.types.Depsgraph
) -> face_pb2.CoefficientFrame | None:
    """Weights, head pose and gaze of the evaluated subject; None where they are not known."""
    expression = _weights(subject, depsgraph)
    gaze = _gaze(subject, depsgraph)
    if expression is None or gaze is None or "pose" not in subject.rig[RECORD]:
        return None
    return face_pb2.CoefficientFrame(
        expression=expression, pose=_pose(subject, depsgraph), gaze=gaze
    )


def _weights(subject: SubjectObjects, depsgraph: bpy.types.Depsgraph) -> list[float] | None:
    keys = subject.face.data.shape_keys
    names = subject.key_names
    if keys is None or not keys.use_relative or not names:
        return None
    blocks = keys.evaluated_get(depsgraph).key_blocks
    if any(name not in blocks for name in names):
        return None
    found = (blocks[name] for name in names)
    weights = [0.0 if block.mute else block.value for block in found]
    return np.clip(weights, _LOW, _HIGH).tolist()


def _pose(subject: SubjectObjects, depsgraph: bpy.types.Depsgraph) -> list[float]:
    """(6,) of the face in the camera's space, relative to the photograph's."""
    camera = np.array(subject.camera.evaluated_get(depsgraph).matrix_world.normalized())
    face = np.array(subject.face.evaluated_get(depsgraph).matrix_world)
    shown = np.linalg.inv(camera) @ face / subject.metres_per_unit
    left, _, right = np.linalg.svd(shown[:3, :3])  # without what scales or shears it
    pose = np.array(subject.rig[RECORD]["pose"])
    neutral = rotation.matrix_from_vector(pose[:3])
    vector = Matrix(neutral.T @ left @ right).to_quaternion().to_exponential_map()
    return [*vector, *(neutral.T @ (shown[:3, 3] - pose[3:]))]


def _gaze(subject: SubjectObjects, depsgraph: bpy.types.Depsgraph) -> list[float] | None:
    """(4,) where the eyes point in the head's frame, whatever turned them."""
    if len(subject.eyes) != len(GAZE):
        bone = subject.rig.evaluated_get(depsgraph).pose.bones.get(BONE)
        if bone is None or any(side not in bone for side in GAZE):
            return None
        return np.clip([value for side in GAZE for value in bone[side]], -1, 1).tolist()
    face = np.array(subject.face.evaluated_get(depsgraph).matrix_world)
    result: list[float] = []
    for eye in subject.eyes:
        turned = np.linalg.inv(face) @ np.array(eye.evaluated_get(depsgraph).matrix_world)
        ahead = turned[:3, 2]
        result += (ahead[:2] / np.linalg.norm(ahead)).tolist()
    return result
