# SPDX-License-Identifier: GPL-3.0-or-later
"""A motion's numbers as channels of a subject: shape keys, head and gaze by data path.

Whoever writes keys goes through here, so that a mesh with names, a bone and units of its
own is driven as a captured one is.
"""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np

from ..core import arkit_csv, rotation
from ..core.errors import InputError
from .objects import GAZE, SubjectObjects

#: Data path and array index of an F-curve.
Channel = tuple[str, int]


def face_weights(
    subject: SubjectObjects, names: Sequence[str], expression: np.ndarray
) -> dict[str, np.ndarray]:
    """Shape key of the face -> (T,) weights.

    Args:
        subject: whose face.
        names: E of Facewright's names, columns of ``expression``.
        expression: (T, E) weights.

    Raises:
        InputError: the face has none of these.
    """
    keys = subject.face.data.shape_keys
    result: dict[str, np.ndarray] = {}
    mapping = subject.mapping
    for column, name in enumerate(names):
        for key, weight in mapping.get(name, ()):
            share = expression[:, column] * np.float32(weight)
            result[key] = result[key] + share if key in result else share
    if keys is None or not result:
        raise InputError(
            f"motion: {subject.face.name} has none of its blendshapes "
            f"({', '.join(names[:3])}, ...); keep the shape keys' names"
        )
    return result


def face_curves(
    subject: SubjectObjects,
    names: Sequence[str],
    expression: np.ndarray,
    gaze: np.ndarray | None = None,
) -> dict[Channel, np.ndarray]:
    """Channels of the face's shape keys (an action on ``face.data.shape_keys``) -> (T,).

    Args:
        subject, names, expression: as for :func:`face_weights`.
        gaze: (T, 4), for faces whose shape keys turn their eyes; the larger of lids and eyes
            counts there.
    """
    if gaze is not None and subject.eyes_by_keys:
        order = {name: place for place, name in enumerate(names)}
        whole = np.zeros((len(expression), len(arkit_csv.NAMES)), expression.dtype)
        known = [(k, order[name]) for k, name in enumerate(arkit_csv.NAMES) if name in order]
        for column, place in known:
            whole[:, column] = expression[:, place]
        looking, expression = arkit_csv.with_gaze(whole, gaze), expression.copy()
        for column, place in known:
            expression[:, place] = looking[:, column]
    return {
        (key_path(key), 0): weights
        for key, weights in face_weights(subject, names, expression).items()
    }


def key_path(key: str) -> str:
    """The data path of a shape key's value."""
    return f'key_blocks["{bpy.utils.escape_identifier(key)}"].value'


def head_curves(subject: SubjectObjects, pose: np.ndarray) -> dict[Channel, np.ndarray]:
    """Channels of the head (an action on the rig) -> (T,), location and Euler angles.

    Args:
        subject: whose head; its rotation mode becomes :data:`..core.rotation.EULER_ORDER`.
        pose: (T, 6) relative to the neutral pose, as a motion has it.
    """
    axes, prefix = subject.head_axes, f"{subject.head_path}." if subject.head_path else ""
    vectors = np.asarray(pose[:, :3], np.float64) @ axes.T
    shifts = np.asarray(pose[:, 3:], np.float64) @ axes.T * subject.head_scale
    angles = rotation.euler_curves(vectors)
    curves = {}
    for axis in range(3):
        curves[f"{prefix}location", axis] = shifts[:, axis]
        curves[f"{prefix}rotation_euler", axis] = angles[:, axis]
    return curves


def gaze_curves(subject: SubjectObjects, gaze: np.ndarray) -> dict[Channel, np.ndarray]:
    """Channels of the gaze (an action on the rig) -> (T,); none where it has no gaze.

    Args:
        subject: whose eyes.
        gaze: (T, 4) left x, y, right x, y.
    """
    head = subject.head
    return {
        (f'{subject.head_path}["{GAZE[column // 2]}"]', column % 2): gaze[:, column]
        for column in range(4)
        if GAZE[column // 2] in head
    }
