"""A performance goes out as ARKit CSV and comes back onto a layer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic

from addon.core import arkit_csv, rotation
from addon.core.face_keys import ARKIT_52, EXTRAS_12
from addon.film import arkit, exports
from addon.film.sampling import finished, sample
from addon.perform import layers
from addon.subject import construct
from addon.subject import objects as subject

START, FRAMES, RATE = 1001, 20, 23.976
LOOKS = [name for name in arkit_csv.NAMES if name.startswith("eyeLook")]


@pytest.fixture
def acted(scene, performance, tmp_path: Path) -> subject.SubjectObjects:
    """A subject with ARKit's names that performs on the layer of speech."""
    scene.render.fps, scene.render.fps_base = 24, 24 / RATE
    scene.frame_start, scene.frame_end = START, START + FRAMES - 1
    names = (*ARKIT_52, *EXTRAS_12)
    data = replace(synthetic.subject(metres_per_unit=0.1), key_names=names)
    photo = tmp_path / "photo.png"
    photo.write_bytes(data.plate)
    who = construct.build(data, name="egg", photo=photo, folder=tmp_path)
    motion = replace(
        performance,
        fps=RATE,
        names=names,
        expression=np.clip(performance.expression, 0.0, 1.0),
        pose=performance.pose * np.float32([1, 1, 1, 0, 0, 0]),
    )
    layers.place(motion, who, layer="speech", name="voice", start=START)
    return who


def seen(who: subject.SubjectObjects) -> arkit_csv.Recording:
    """What the evaluated scene says, before it is rounded to a file."""
    return arkit.recording(who, finished(sample(who, range(START, START + FRAMES))))


def test_the_file_says_what_the_performance_was(acted, performance, tmp_path):
    path = exports.export(acted, tmp_path / "talk.csv", format="csv")
    got = arkit_csv.read(path, RATE)
    assert len(got) == FRAMES
    for name in set(ARKIT_52) - set(LOOKS):
        want = np.clip(performance.expression[:, (*ARKIT_52, *EXTRAS_12).index(name)], 0, 1)
        np.testing.assert_allclose(got.weights[:, arkit_csv.NAMES.index(name)], want, atol=1e-5)
    angles = rotation.euler_curves(performance.pose[:, :3])
    np.testing.assert_allclose(got.angles[:, :3], angles[:, [1, 0, 2]], atol=1e-5)
    np.testing.assert_allclose(arkit_csv.gaze_of(got), performance.gaze, atol=1e-5)


def test_it_comes_back_onto_a_layer(acted, tmp_path):
    before = seen(acted)
    path = exports.export(acted, tmp_path / "talk.csv", format="csv")
    motion, regions = arkit.read(path, bpy.context.scene)
    layers.remove(acted, "speech")
    layers.place(motion, acted, layer="video", name="talk", start=START, regions=regions)
    after = seen(acted)
    np.testing.assert_allclose(after.weights, before.weights, atol=1e-4)
    np.testing.assert_allclose(after.angles, before.angles, atol=1e-4)


def test_what_moved_the_face_by_hand_is_in_the_file(acted, tmp_path):
    driver = acted.face.data.shape_keys.key_blocks["tongueOut"].driver_add("value").driver
    driver.type, driver.expression = "SCRIPTED", "0.01 * (frame - 1000)"
    turn = acted.rig.pose.bones["head"].constraints.new("LIMIT_ROTATION")
    turn.owner_space = "LOCAL"
    turn.use_limit_x = turn.use_limit_y = turn.use_limit_z = True
    turn.max_y = turn.min_y = 0.25
    path = exports.export(acted, tmp_path / "talk.csv", format="csv")
    got = arkit_csv.read(path, RATE)
    tongue = got.weights[:, arkit_csv.NAMES.index("tongueOut")]
    np.testing.assert_allclose(tongue, 0.01 * (1 + np.arange(FRAMES)), atol=1e-6)
    want = np.tile([0.25, 0.0, 0.0], (FRAMES, 1))
    np.testing.assert_allclose(got.angles[:, :3], want, atol=1e-5)


def test_a_file_without_angles_leaves_the_head(acted, tmp_path):
    weights = np.zeros((FRAMES, 52), np.float32)
    path = tmp_path / "phone.csv"
    path.write_bytes(arkit_csv.encode(arkit_csv.Recording(RATE, weights)))
    _, regions = arkit.read(path, bpy.context.scene)
    assert "head" not in regions and "mouth" in regions
