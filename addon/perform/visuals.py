# SPDX-License-Identifier: GPL-3.0-or-later
"""Head and gaze as they show in the end, after constraints and targets, in channels' numbers."""

from __future__ import annotations

import bpy
import numpy as np

from ..core.errors import InputError
from ..subject.channels import Channel, gaze_curves
from ..subject.gaze import AMOUNT
from ..subject.objects import SubjectObjects


def place(
    subject: SubjectObjects, rig: bpy.types.Object, before: dict[Channel, np.floating]
) -> dict[Channel, float]:
    """Location and rotation of the head as its constraints leave it.

    Args:
        subject: whose head.
        rig: evaluated.
        before: channels' values on the frame before, which angles go on from.

    Raises:
        InputError: the head does not turn by Euler angles.
    """
    path, order = subject.head_path, subject.head.rotation_mode
    if order in ("QUATERNION", "AXIS_ANGLE"):
        raise InputError(f"head: expected an Euler order as its rotation mode, got {order}")
    if path:
        bone = rig.path_resolve(path)
        matrix = rig.convert_space(
            pose_bone=bone, matrix=bone.matrix, from_space="POSE", to_space="LOCAL"
        )
    else:
        local = rig.convert_space(matrix=rig.matrix_world, from_space="WORLD", to_space="LOCAL")
        matrix = rig.matrix_parent_inverse.inverted_safe() @ local
    prefix = f"{path}." if path else ""
    turned = [(f"{prefix}rotation_euler", axis) for axis in range(3)]
    angles = np.array(matrix.to_euler(order))
    if before:  # no jumps of a full turn
        was = np.array([before[channel] for channel in turned])
        angles += 2 * np.pi * np.round((was - angles) / (2 * np.pi))
    moved = matrix.to_translation()
    found = dict(zip(turned, angles, strict=True))
    return found | {(f"{prefix}location", axis): moved[axis] for axis in range(3)}


def aim_path(subject: SubjectObjects) -> str:
    """The data path of how far the eyes follow their target."""
    return f'{subject.head_path}["{AMOUNT}"]'


def aimed(subject: SubjectObjects, animated: set[str]) -> bool:
    """Whether a target turns the eyes of a captured subject, on any frame as far as can be told."""
    if subject.bound or len(subject.eyes) != 2 or AMOUNT not in subject.head:
        return False
    return subject.head[AMOUNT] > 0.0 or aim_path(subject) in animated


def gaze_channels(subject: SubjectObjects) -> list[Channel]:
    """Channels of the gaze: left x, y, right x, y."""
    return list(gaze_curves(subject, np.zeros((1, 4))))


def gaze(subject: SubjectObjects, depsgraph: bpy.types.Depsgraph) -> dict[Channel, float]:
    """Where the eyes of a captured subject point in the head's frame, whatever turned them."""
    face = np.array(subject.face.evaluated_get(depsgraph).matrix_world)[:3, :3]
    looks: list[float] = []
    for eye in subject.eyes:
        ahead = np.array(eye.evaluated_get(depsgraph).matrix_world)[:3, 2]
        inside = np.linalg.solve(face, ahead)
        looks += (inside[:2] / np.linalg.norm(inside)).tolist()
    return dict(zip(gaze_channels(subject), looks, strict=True))
