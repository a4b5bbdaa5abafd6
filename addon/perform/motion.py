# SPDX-License-Identifier: GPL-3.0-or-later
"""Motion -> F-curves, written in bulk: an Action and an NLA strip per source.

A source ("speech") has two actions, one for the face's shape keys and one for the rig
(head bone and gaze), each on an NLA track of the source's name. The tracks are left open
for editing (Blender's tweak mode): the keys show in the dope sheet and graph editor at
once. Driving again replaces the source's own track and no other.
"""

from __future__ import annotations

import bpy
import numpy as np

from ..core import rotation
from ..core.errors import InputError
from ..core.subject_data import MotionData
from ..subject.objects import BONE, GAZE, SubjectObjects

_LINEAR = 1  # Keyframe.interpolation


def apply(
    motion: MotionData, subject: SubjectObjects, *, source: str = "speech", start: int = 1
) -> None:
    """Write a motion onto a subject.

    Args:
        motion: at the scene's frame rate.
        subject: whose shape keys carry the motion's names.
        source: names the NLA tracks.
        start: the scene's frame of the motion's first.

    Raises:
        InputError: the subject has none of the motion's shape keys.
    """
    keys = subject.face.data.shape_keys
    known = [name for name in motion.names if name in keys.key_blocks]
    if not known:
        raise InputError(
            f"motion: {subject.face.name} has none of its blendshapes "
            f"({', '.join(motion.names[:3])}, ...); keep the shape keys' names"
        )
    columns = {name: motion.expression[:, motion.names.index(name)] for name in known}
    for name, column in columns.items():  # a slider's limits would clip its keys
        block = keys.key_blocks[name]
        block.slider_min = min(block.slider_min, float(column.min()))
        block.slider_max = max(block.slider_max, float(column.max()))

    frames = start + np.arange(len(motion), dtype=np.float32)
    weights = {
        (f'key_blocks["{bpy.utils.escape_identifier(name)}"].value', 0): column
        for name, column in columns.items()
    }
    _write(keys, f"{source} face", source, frames, weights)
    _write(subject.rig, f"{source} head", source, frames, _head_curves(motion))


def _head_curves(motion: MotionData) -> dict[tuple[str, int], np.ndarray]:
    """Data path and index -> (T,) values of the head bone and the gaze."""
    bone = f'pose.bones["{BONE}"]'
    curves = {}
    angles = rotation.euler_curves(motion.pose[:, :3])
    for axis in range(3):
        curves[f"{bone}.location", axis] = motion.pose[:, 3 + axis]
        curves[f"{bone}.rotation_euler", axis] = angles[:, axis]
    for column in range(4):
        curves[f'{bone}["{GAZE[column // 2]}"]', column % 2] = motion.gaze[:, column]
    return curves


def _write(
    owner: bpy.types.ID,
    name: str,
    source: str,
    frames: np.ndarray,
    curves: dict[tuple[str, int], np.ndarray],
) -> None:
    """Make an action of ``curves`` and put it on ``owner``'s NLA track of the source."""
    data = owner.animation_data_create()
    data.use_tweak_mode = False
    for track in [track for track in data.nla_tracks if track.name == source]:
        stale = [strip.action for strip in track.strips if strip.action]
        data.nla_tracks.remove(track)
        for action in stale:
            if action.users == 0:
                bpy.data.actions.remove(action)
    action = bpy.data.actions.new(name)
    action.use_fake_user = False
    if hasattr(action, "slots"):  # Blender 4.4 and later
        slot = action.slots.new(id_type=owner.id_type, name=owner.name)
        layer = action.layers.new("Layer")
        fcurves = layer.strips.new(type="KEYFRAME").channelbag(slot, ensure=True).fcurves
    else:
        slot, fcurves = None, action.fcurves
    for (path, index), values in curves.items():
        curve = fcurves.new(path, index=index)
        curve.keyframe_points.add(len(frames))
        points = np.column_stack([frames, values]).astype(np.float32)
        curve.keyframe_points.foreach_set("co", points.ravel())
        linear = np.full(len(frames), _LINEAR, np.int32)
        curve.keyframe_points.foreach_set("interpolation", linear)
        curve.update()

    track = data.nla_tracks.new()
    track.name = source
    strip = track.strips.new(source, int(frames[0]), action)
    if slot is not None:
        strip.action_slot = slot
    # The lowest track rules all frames; one above it only its own.
    alone = len(data.nla_tracks) == 1
    strip.extrapolation = data.action_extrapolation = "HOLD" if alone else "NOTHING"
    for other in data.nla_tracks:
        other.select = False
    track.select = strip.select = True
    data.nla_tracks.active = track
    data.use_tweak_mode = True
