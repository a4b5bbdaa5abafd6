"""Layers: driven strips, hand keys above them, regions, and what survives driving again."""

from __future__ import annotations

from dataclasses import replace

import bpy
import numpy as np
import pytest
from check_subject import evaluated, expected

from addon.perform import layers
from addon.subject import objects as subject


def shown(egg: subject.SubjectObjects, frame: int) -> np.ndarray:
    """All channels' values on a frame: 64 weights, location, rotation, gaze."""
    bpy.context.scene.frame_set(frame)
    head = egg.rig.pose.bones["head"]
    weights = [block.value for block in egg.face.data.shape_keys.key_blocks[1:]]
    gaze = [*head["gaze_left"], *head["gaze_right"]]
    return np.array([*weights, *head.location, *head.rotation_euler, *gaze])


def test_frames_show_the_motion(egg, data, performance, scene):
    assert layers.place(performance, egg, layer="speech", name="take", start=11) == ()
    for index in range(0, len(performance), 3):
        scene.frame_set(11 + index)
        want = expected(
            data,
            performance.expression[index],
            performance.pose[index].astype(np.float64),
            performance.gaze[index],
        )
        assert np.abs(evaluated(egg) - want).max() < 1e-5


def test_hand_keys_lie_above_and_survive(egg, performance, scene):
    layers.place(performance, egg, layer="speech", name="take", start=1)
    block = egg.face.data.shape_keys.key_blocks["key07"]
    scene.frame_set(5)
    block.value = 0.9
    assert block.keyframe_insert("value")
    head = egg.rig.pose.bones["head"]
    head["gaze_left"] = [0.33, -0.21]
    assert head.keyframe_insert('["gaze_left"]')
    got = shown(egg, 5)
    assert got[7] == pytest.approx(0.9, abs=1e-5)
    np.testing.assert_allclose(got[-4:-2], [0.33, -0.21], atol=1e-5)
    louder = replace(performance, expression=performance.expression * 0.5)
    layers.place(louder, egg, layer="speech", name="take", start=1)
    offset = 0.9 - float(performance.expression[4, 7])
    want = float(louder.expression[4, 7]) + offset
    assert shown(egg, 5)[7] == pytest.approx(want, abs=1e-5)
    np.testing.assert_allclose(shown(egg, 5)[-4:-2], [0.33, -0.21], atol=1e-5)
