"""The operators of the layers, as scripts call them."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
from check_layers import MOUTH, close, face, key_by_hand, lively, shown, values  # noqa: F401

from addon.perform import layers, record, stack
from addon.perform.channels import owners
from addon.ui import session

OPS = bpy.ops.facewright


@pytest.fixture
def who(face, scene):  # noqa: F811
    """A subject that speaks."""
    layers.place(lively(1), face, layer="speech", name="take", start=1)
    scene.frame_start, scene.frame_end = 1, 20
    return face


def test_layers_are_opened_and_strips_removed(who):
    assert OPS.edit_layer(layer="speech") == {"FINISHED"}
    assert layers.opened(who) == "speech"
    assert OPS.edit_layer(layer="hand") == {"FINISHED"}
    assert layers.opened(who) == "hand"
    with pytest.raises(RuntimeError, match="the video layer has no strip yet"):
        OPS.edit_layer(layer="video")
    with pytest.raises(RuntimeError, match="no strip 'other'"):
        OPS.remove_strip(layer="speech", name="other")
    assert OPS.remove_strip(layer="speech", name="take") == {"FINISHED"}
    assert not stack.strips(owners(who)[0], "speech")


def test_hand_keys_are_deleted(who):
    key_by_hand(who, "jawOpen", 5, 0.6)
    controls = who.rig.facewright_perform
    controls.keyframe_insert("mouth_opening", frame=3)
    assert OPS.clear_hand() == {"FINISHED"}
    close(shown(who, 5), values(lively(1), 4))
    assert controls.id_data.animation_data.action.frame_range[0] == 3  # no key of the layer


def test_baking_over_the_scene_and_back(who):
    key_by_hand(who, "jawOpen", 5, 0.6)
    want = np.stack([shown(who, frame) for frame in range(1, 21)])
    assert OPS.bake() == {"FINISHED"}
    assert not session.state.busy
    got = np.stack([shown(who, frame) for frame in range(1, 21)])
    np.testing.assert_allclose(got, want, atol=1e-6)
    assert tuple(who.rig.animation_data.action.frame_range) == (1, 20)
    assert OPS.simplify(layer="hand", weight=0.02) == {"FINISHED"}
    got = np.stack([shown(who, frame) for frame in range(1, 21)])
    assert np.abs(got - want)[:, :64].max() <= 0.0201
    assert OPS.restore_layers() == {"FINISHED"}
    got = np.stack([shown(who, frame) for frame in range(1, 21)])
    np.testing.assert_allclose(got, want, atol=1e-6)
    assert OPS.bake(first=3, last=7, after="REMOVE") == {"FINISHED"}
    assert tuple(who.rig.animation_data.action.frame_range) == (3, 7)
    with pytest.raises(RuntimeError, match="nothing to restore"):
        OPS.restore_layers()


def test_frame_rate_and_sound(who, scene):
    assert OPS.follow_sounds() == {"FINISHED"}
    scene.render.fps = 48
    assert OPS.retime() == {"FINISHED"}
    close(shown(who, 9), values(lively(1), 4))
    with pytest.raises(RuntimeError, match="holds no keys"):
        OPS.simplify(layer="video")


def test_nothing_is_offered_without_a_subject(scene):
    for operator in (OPS.edit_layer, OPS.bake, OPS.simplify, OPS.follow_sounds, OPS.retime):
        assert not operator.poll()


def test_settings_change_the_scene_at_once(who, scene):
    chosen = who.rig.facewright_layers
    scene.frame_set(5)
    chosen.speech.mouth = "OFF"
    bpy.context.view_layer.update()
    assert shown(who, 5)[MOUTH] != pytest.approx(values(lively(1), 4)[MOUTH], abs=1e-3)
    chosen.speech.mouth = "REPLACE"
    close(shown(who, 5), values(lively(1), 4))
    chosen.speech.influence = 0.5
    chosen.speech.influence = 1.0
    close(shown(who, 5), values(lively(1), 4))
    ((_, strip),) = stack.strips(owners(who)[0], "speech", record.DRIVEN)
    assert not strip.use_animated_influence
