"""Keyed controls, measured in what Blender then shows; with the real backend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import acting
import bpy
import numpy as np
import pytest
import versions
from acting import EXAMPLES, key, looked, shown, turned

from addon.core.client import Backend
from addon.drive import keyed, speech
from addon.film import sequence
from addon.subject import objects as subject

pytestmark = [acting.needs_backend, versions.needs_sound]
START, RATE = 21, 25.0


@pytest.fixture(scope="module")
def backend() -> Iterator[Backend]:
    with Backend(acting.ADDRESS) as backend:
        yield backend


@pytest.fixture
def anna(scene: bpy.types.Scene, backend: Backend, tmp_path: Path) -> subject.SubjectObjects:
    sequence.set_rate(scene, RATE)
    who = acting.actor(backend, "Anna", tmp_path)
    who.rig.facewright_perform.seed = 3
    sequence.strips(scene).new_sound("words", str(EXAMPLES / "speech.wav"), 1, START)
    return who


@pytest.fixture
def frames(anna, scene) -> range:
    return range(START, sequence.strips(scene)["words"].frame_final_end - 1)


def halves(frames: range) -> tuple[range, range]:
    middle = (frames.start + frames.stop) // 2
    return range(frames.start, middle - 1), range(middle + 1, frames.stop)


def step(who: subject.SubjectObjects, name: str, frames: range, early: object, late: object):
    """Key a control so that it changes in the middle."""
    middle = (frames.start + frames.stop) // 2
    key(who.rig, name, {middle - 1: early, middle: late})
    for curve in keyed.fcurves(who.rig.animation_data.action, who.rig):
        for point in curve.keyframe_points:
            point.interpolation = "LINEAR"


def test_the_mouth_opens_where_it_is_keyed(anna, scene, backend, frames):
    step(anna, "mouth_opening", frames, 0.0, 2.0)
    speech.drive_strips(scene, backend)
    early, late = (np.ptp(shown(anna, "jawOpen", half)) for half in halves(frames))
    assert early < 0.03 and late > 0.3


def test_the_head_is_still_where_it_is_keyed(anna, scene, backend, frames):
    step(anna, "head_motion", frames, 2.0, 0.0)
    speech.drive_strips(scene, backend)
    early, late = (np.ptp(turned(anna, half), axis=0).max() for half in halves(frames))
    assert early > 0.03 and late < 1e-4


def test_brows_rise_where_they_are_keyed(anna, scene, backend, frames):
    step(anna, "brow_motion", frames, 0.0, 3.0)
    speech.drive_strips(scene, backend)
    early, late = (np.ptp(shown(anna, "browInnerUp", half)) for half in halves(frames))
    assert early == 0 and late > 0.02


def test_blinks_come_where_they_are_keyed(anna, scene, backend, frames):
    step(anna, "blink_rate", frames, 0.0, 60.0)
    anna.rig.facewright_perform.gaze = "still"
    speech.drive_strips(scene, backend)
    counts = []
    for half in halves(frames):
        shut = shown(anna, "eyeBlinkLeft", half) > 0.5
        counts.append(int(np.sum(np.diff(shut.astype(int), prepend=0) > 0)))
    assert counts[0] == 0 and counts[1] >= 2


def test_emotions_grow_where_intensity_is_keyed(anna, scene, backend, frames):
    anna.rig.facewright_perform.emotion = "angry"
    step(anna, "intensity", frames, 0.0, 3.0)
    speech.drive_strips(scene, backend)
    early, late = (shown(anna, "browDownLeft", half).mean() for half in halves(frames))
    assert early < 0.05 and late > early + 0.3


def test_the_gaze_switches_where_it_is_keyed(anna, scene, backend, frames):
    step(anna, "gaze", frames, "still", "natural")
    anna.rig.facewright_perform.aversion = 3.0
    speech.drive_strips(scene, backend)
    early, late = (np.ptp(looked(anna, half), axis=0).max() for half in halves(frames))
    assert early < 1e-6 and late > 0.02


def test_a_marker_moves_the_eyes(anna, scene, backend, frames):
    chosen = anna.rig.facewright_perform
    chosen.gaze, chosen.head_motion = "keys", 0.0
    middle = (frames.start + frames.stop) // 2
    scene.timeline_markers.new("gaze: 15, 0", frame=1)
    scene.timeline_markers.new("gaze: -15, 0", frame=middle)
    speech.drive_strips(scene, backend)
    early, late = (looked(anna, half)[:, 0].mean() for half in halves(frames))
    assert early == pytest.approx(np.sin(np.radians(15)), abs=0.05)
    assert late == pytest.approx(-np.sin(np.radians(15)), abs=0.05)


def test_keys_are_read_in_short_pieces(anna, scene, backend):
    """No step of the job holds Blender up for long, however long the sound."""
    key(anna.rig, "mouth_opening", {1: 0.5, 40_000: 2.0})
    pieces = list(keyed.sampled(anna.rig, "mouth_opening", np.arange(30_000)))
    assert len(pieces) == 31 and pieces[:-1] == [None] * 30
    assert pieces[-1].shape == (30_000,)
