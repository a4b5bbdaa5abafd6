"""Simplifying: fewer keys, every frame within the bound, closures and peaks exact."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import synthetic
from check_layers import NAMES, face, key_by_hand, lively, shown  # noqa: F401

from addon.core.client import Backend
from addon.core.client_driving import drive
from addon.core.errors import InputError
from addon.core.performance import Wanted
from addon.core.subject_data import MotionData
from addon.perform import bake, keys, layers, simplify, stack
from addon.perform.channels import owners
from addon.subject import construct

ROOT = Path(__file__).resolve().parents[3]
BOUNDS = simplify.Bounds(weight=0.01, degrees=0.2, millimetres=0.2)


@pytest.fixture(scope="module")
def driven() -> MotionData:
    """Three seconds of real speech, driven by the real backend."""
    address = os.environ.get("FACEWRIGHT_ADDRESS")
    if not address:
        pytest.skip("no backend: run through tests/blender/test_inside.py")
    with Backend(address) as backend:
        speech = ROOT / "examples" / "speech.wav"
        return drive(backend, speech, Wanted(), fps=25.0, length_seconds=3.0).motion


@pytest.fixture
def spoken(scene, data, tmp_path, driven):
    """A subject that says it."""
    photo = tmp_path / "photo.png"
    photo.write_bytes(synthetic.png(np.zeros((801, 600, 3), np.uint8)))
    who = construct.build(
        replace(data, key_names=tuple(driven.names)), name="face", photo=photo, folder=tmp_path
    )
    layers.place(driven, who, layer="speech", name="take", start=1)
    return who


def motion_shown(who, count: int) -> np.ndarray:
    return np.stack([shown(who, 1 + index) for index in range(count)])


def limits() -> np.ndarray:
    """(74,) bounds of what :func:`shown` gives, in its units."""
    radians = np.radians(BOUNDS.degrees)
    return np.array([BOUNDS.weight] * 64 + [2e-4] * 3 + [radians] * 3 + [radians] * 4)


@pytest.mark.parametrize("smooth", [True, False])
def test_a_driven_motion_keeps_every_frame_within_the_bounds(spoken, driven, smooth):
    want = motion_shown(spoken, len(driven))
    report = simplify.simplify(spoken, "speech", BOUNDS, smooth=smooth)
    got = motion_shown(spoken, len(driven))
    assert (np.abs(got - want).max(axis=0) / limits()).max() <= 1.001
    assert report.worst <= 1.001
    assert report.before == 74 * len(driven)
    assert report.ratio > (4.0 if smooth else 2.5)
    counted = sum(
        len(curve.keyframe_points)
        for owner in owners(spoken)
        for _, strip in stack.strips(owner, "speech")
        for curve in keys.curves(strip.action, owner.id).values()
    )
    assert counted == report.after
    weights = np.asarray(driven.expression)
    resting = np.abs(weights) <= 1e-6  # lips that meet, lids that are open
    assert resting.any()
    assert np.abs(got[:, :64][resting]).max() <= 1e-6
    lid = list(driven.names).index("eyeBlinkLeft")
    if weights[:, lid].max() > 0.3:
        peak = int(weights[:, lid].argmax())
        assert got[peak, lid] == pytest.approx(want[peak, lid], abs=1e-6)


def test_a_smaller_bound_leaves_more_keys(spoken, driven):
    counts = []
    for weight in (0.05, 0.002):
        layers.place(driven, spoken, layer="speech", name="take", start=1)
        counts.append(simplify.simplify(spoken, "speech", replace(BOUNDS, weight=weight)).after)
    assert counts[0] < counts[1] < 74 * len(driven)


def test_a_blink_and_a_closure_stay_exact(face):  # noqa: F811
    frames = 60
    motion = lively(1, frames)
    expression = np.zeros((frames, 64), np.float32)
    expression[20:27, 1] = [0.2, 0.7, 1.0, 0.9, 0.5, 0.2, 0.05]
    expression[:, 0] = np.maximum(np.sin(np.arange(frames) / 4.0) * 0.5, 0.0)
    still = replace(
        motion, expression=expression, pose=0 * motion.pose, gaze=np.full((frames, 4), 0.1, "f4")
    )
    layers.place(still, face, layer="speech", name="take", start=1)
    simplify.simplify(face, "speech", simplify.Bounds(weight=0.05))
    got = motion_shown(face, frames)
    assert got[22, 1] == pytest.approx(1.0, abs=1e-6)
    assert np.abs(got[:, 0][expression[:, 0] == 0.0]).max() == 0.0
    assert np.abs(got[:, :64] - expression).max() <= 0.05
    curve = keys.curves(
        stack.strips(owners(face)[0], "speech")[0][1].action, face.face.data.shape_keys
    )
    assert len(curve['key_blocks["key05"].value', 0].keyframe_points) == 2


def test_edits_before_and_after_are_still_known(face):  # noqa: F811
    speech = lively(1, 40)
    smooth = np.cumsum(speech.expression - 0.15, axis=0).astype(np.float32) * 0.05 + 0.3
    calm = replace(speech, expression=smooth)
    layers.place(calm, face, layer="speech", name="take", start=1)
    layers.open_layer(face, "speech")
    key_by_hand(face, "jawOpen", 10, 0.7)
    simplify.simplify(face, "speech", simplify.Bounds(weight=0.01))
    assert shown(face, 10)[0] == pytest.approx(0.7, abs=0.01)
    assert layers.place(calm, face, layer="speech", name="take", start=1)
    layers.open_layer(face, "hand")
    assert shown(face, 10)[0] == pytest.approx(0.7, abs=0.011)
    np.testing.assert_allclose(shown(face, 20)[:64], smooth[19], atol=1e-5)
    simplify.simplify(face, "speech", simplify.Bounds(weight=0.01))
    assert layers.place(calm, face, layer="speech", name="take", start=1) == ()
    np.testing.assert_allclose(shown(face, 20)[:64], smooth[19], atol=1e-5)


def test_baked_and_hand_keys_are_simplified_and_never_more(face):  # noqa: F811
    layers.place(lively(1, 30), face, layer="speech", name="take", start=1)
    key_by_hand(face, "jawOpen", 3, 0.2)
    key_by_hand(face, "jawOpen", 25, 0.3)
    report = simplify.simplify(face, "hand", BOUNDS)
    assert (report.before, report.after) == (2, 2)
    bake.bake(face, range(1, 31))
    want = motion_shown(face, 30)
    report = simplify.simplify(face, "hand", BOUNDS)
    assert report.before == 74 * 30 and report.after <= report.before
    assert (np.abs(motion_shown(face, 30) - want).max(axis=0) / limits()).max() <= 1.001


def test_wrong_arguments_are_refused(face):  # noqa: F811
    with pytest.raises(InputError, match="holds no keys"):
        simplify.simplify(face, "video")
    with pytest.raises(InputError, match="layer: expected one of"):
        simplify.simplify(face, "sound")
    with pytest.raises(InputError, match="weight: expected a bound"):
        simplify.Bounds(weight=0.0)
