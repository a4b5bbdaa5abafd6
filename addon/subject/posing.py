# SPDX-License-Identifier: GPL-3.0-or-later
"""A face by hand: reset, mirror and key its shape keys, its head and its gaze."""

from __future__ import annotations

from collections.abc import Iterable

import bpy

from ..core.face_keys import mirrored
from . import gaze
from .objects import GAZE, RECORD, SubjectObjects


def blocks(subject: SubjectObjects) -> dict[str, list[bpy.types.ShapeKey]]:
    """Facewright's names -> the face's shape keys for it."""
    keys = subject.face.data.shape_keys
    if keys is None:
        return {}
    return {
        name: [keys.key_blocks[key] for key, _ in pairs] for name, pairs in subject.mapping.items()
    }


def photographed(subject: SubjectObjects) -> dict[str, float]:
    """Weights that the photograph shows; empty where it is not known."""
    seen = subject.rig[RECORD].get("expression")
    return {} if seen is None else dict(zip(subject.key_names, map(float, seen), strict=False))


def reset_face(
    subject: SubjectObjects, names: Iterable[str], *, to_photo: bool = False
) -> list[bpy.types.ShapeKey]:
    """Set shape keys to zero, or to what the photograph shows; those that were set."""
    rest, table = photographed(subject) if to_photo else {}, blocks(subject)
    touched = []
    for name in names:
        for block in table.get(name, ()):
            block.value = rest.get(name, 0.0)
            touched.append(block)
    return touched


def mirror_face(
    subject: SubjectObjects, names: Iterable[str], way: str = "SWAP"
) -> list[bpy.types.ShapeKey]:
    """Swap left and right ("SWAP"), or copy one side to the other ("LEFT" is copied, "RIGHT").

    Returns:
        The shape keys that were set.
    """
    table = blocks(subject)
    sides = [name for name in names if mirrored(name) != name and mirrored(name) in table]
    lefts = {name if name.endswith("Left") else mirrored(name) for name in sides}
    touched = []
    for left in sorted(lefts):
        both = (table.get(left, []), table.get(mirrored(left), []))
        for one, other in zip(*both, strict=False):
            values = (one.value, other.value)
            one.value = values[0] if way == "LEFT" else values[1]
            other.value = values[1] if way == "RIGHT" else values[0]
            touched += [one, other]
    return touched


def reset_head(subject: SubjectObjects) -> None:
    """Bring the head back to its rest, as photographed."""
    head = subject.head
    head.location = (0.0, 0.0, 0.0)
    head.rotation_euler = (0.0, 0.0, 0.0)
    head.rotation_quaternion = (1.0, 0.0, 0.0, 0.0)
    subject.rig.update_tag()


def reset_gaze(subject: SubjectObjects, *, to_photo: bool = True) -> None:
    """Look as photographed or straight ahead, and no more at the target."""
    seen = subject.rig[RECORD].get("gaze") if to_photo else None
    gaze.reset(subject, (0.0,) * 4 if seen is None else tuple(map(float, seen)))


def key(things: Iterable[bpy.types.ShapeKey], frame: int) -> int:
    """Key shape keys at ``frame`` where they can be; how many."""
    return sum(block.keyframe_insert("value", frame=frame) for block in things)


def key_head(subject: SubjectObjects, frame: int) -> None:
    """Key the head's place and turn at ``frame``."""
    head = subject.head
    turn = {"QUATERNION": "rotation_quaternion", "AXIS_ANGLE": "rotation_axis_angle"}
    for path in ("location", turn.get(head.rotation_mode, "rotation_euler")):
        head.keyframe_insert(path, frame=frame)


def key_gaze(subject: SubjectObjects, frame: int) -> None:
    """Key where the eyes look at ``frame``."""
    head = subject.head
    for name in (*GAZE, gaze.AMOUNT):
        if name in head:
            head.keyframe_insert(f'["{name}"]', frame=frame)
