"""A motion becomes keys that an animator can edit."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np
import pytest
from check_subject import evaluated, expected

from addon.core.errors import InputError
from addon.perform import motion
from addon.subject import objects as subject


def curves(owner: bpy.types.ID) -> dict[tuple[str, int], bpy.types.FCurve]:
    """F-curves of the owner's open action."""
    data = owner.animation_data
    if hasattr(data.action, "slots"):
        bag = data.action.layers[0].strips[0].channelbag(data.action_slot)
        found = bag.fcurves
    else:
        found = data.action.fcurves
    return {(curve.data_path, curve.array_index): curve for curve in found}


def test_frames_show_the_motion(egg, data, performance, scene):
    motion.apply(performance, egg, start=11)
    for index in range(0, len(performance), 3):
        scene.frame_set(11 + index)
        want = expected(
            data,
            performance.expression[index],
            performance.pose[index].astype(np.float64),
            performance.gaze[index],
        )
        assert np.abs(evaluated(egg) - want).max() < 1e-5


def test_keys_are_whole_linear_and_in_place(egg, performance):
    motion.apply(performance, egg, start=11)
    face = curves(egg.face.data.shape_keys)
    head = curves(egg.rig)
    assert len(face) == 64 and len(head) == 10
    for index, name in enumerate(performance.names):
        curve = face[f'key_blocks["{name}"].value', 0]
        points = np.empty(2 * len(curve.keyframe_points), np.float32)
        curve.keyframe_points.foreach_get("co", points)
        np.testing.assert_array_equal(points[::2], np.arange(11, 31))
        np.testing.assert_array_equal(points[1::2], performance.expression[:, index])
        assert {point.interpolation for point in curve.keyframe_points} == {"LINEAR"}
    for side in subject.GAZE:
        assert (f'pose.bones["head"]["{side}"]', 1) in head


def test_a_strip_per_source_and_no_other_touched(egg, performance, scene):
    motion.apply(performance, egg, source="hand", start=101)
    motion.apply(performance, egg, source="speech", start=1)
    louder = replace(performance, expression=performance.expression * 0.5)
    motion.apply(louder, egg, source="speech", start=1)
    keys = egg.face.data.shape_keys
    for owner in (keys, egg.rig):
        assert [track.name for track in owner.animation_data.nla_tracks] == ["hand", "speech"]
    assert len([a for a in bpy.data.actions if a.users]) == 4
    scene.frame_set(4)
    got = keys.key_blocks["key07"].value
    assert got == pytest.approx(float(louder.expression[3, 7]), abs=1e-6)
    scene.frame_set(104)
    got = keys.key_blocks["key07"].value
    assert got == pytest.approx(float(performance.expression[3, 7]), abs=1e-6)


def test_editing_a_key_moves_its_frame_only(egg, performance, scene):
    motion.apply(performance, egg)
    shown = {}
    for frame in (5, 6):
        scene.frame_set(frame)
        shown[frame] = evaluated(egg)
    curve = curves(egg.face.data.shape_keys)['key_blocks["key00"].value', 0]
    curve.keyframe_points[4].co.y = 0.9 if curve.keyframe_points[4].co.y < 0.5 else 0.1
    curve.update()
    scene.frame_set(6)
    np.testing.assert_array_equal(evaluated(egg), shown[6])
    scene.frame_set(5)
    assert np.abs(evaluated(egg) - shown[5]).max() > 1e-4


def test_a_long_motion_is_complete(egg, data, performance, scene):
    rng = np.random.default_rng(5)
    many = replace(
        performance,
        expression=rng.uniform(0, 1, (1500, 64)).astype(np.float32),
        pose=np.zeros((1500, 6), np.float32),
        gaze=np.zeros((1500, 4), np.float32),
    )
    motion.apply(many, egg)
    keys = egg.face.data.shape_keys
    assert sum(len(curve.keyframe_points) for curve in curves(keys).values()) == 64 * 1500
    scene.frame_set(1500)
    assert keys.key_blocks["key63"].value == pytest.approx(float(many.expression[-1, 63]), abs=1e-6)


def test_foreign_names_are_refused(egg, performance):
    foreign = replace(performance, names=tuple(f"other{i}" for i in range(64)))
    with pytest.raises(InputError, match="none of its blendshapes"):
        motion.apply(foreign, egg)
