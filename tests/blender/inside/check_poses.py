"""The pose library: poses as the drivers show them, assets, and what they do to a face."""

from __future__ import annotations

import os
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic

from addon.core.client import Backend
from addon.core.face_keys import ARKIT_52, EXTRAS_12, region_of
from addon.core.subject_data import PoseData, SubjectData
from addon.subject import construct, poses, posing
from addon.subject import objects as subject
from addon.texture import geometry
from addon.ui import session

ROOT = Path(__file__).resolve().parents[3]
ADDRESS = os.environ.get("FACEWRIGHT_ADDRESS", "")
NAMES = (*ARKIT_52, *EXTRAS_12)
EIGHT = ("neutral", "happy", "angry", "sad", "afraid", "disgusted", "contemptuous", "surprised")

needs_backend = pytest.mark.skipif(
    not ADDRESS, reason="needs a backend's address in FACEWRIGHT_ADDRESS"
)


@pytest.fixture
def data() -> SubjectData:
    return synthetic.subject(names=NAMES)


@pytest.fixture(scope="module")
def told() -> dict[str, PoseData]:
    """The backend's poses by name."""
    with Backend(ADDRESS) as backend:
        return {pose.name: pose for pose in backend.poses()}


@pytest.fixture
def connected():
    session.disconnect()
    session.connect(session.Settings(ADDRESS), lambda *step: None)
    yield
    session.disconnect()


def values(who: subject.SubjectObjects) -> dict[str, float]:
    return {name: blocks[0].value for name, blocks in posing.blocks(who).items()}


def a_pose(name: str = "happy", group: str = "emotion", **weights: float) -> PoseData:
    return PoseData(name, group, "for a test", dict.fromkeys(NAMES, 0.0) | weights)


@needs_backend
def test_the_library_is_made_of_the_drivers_tables(egg, told, connected):
    assert bpy.ops.facewright.make_pose_library() == {"FINISHED"}
    actions = {action[poses.POSE]: action for action in poses.stored()}
    assert set(actions) == set(told)
    assert len([a for a in actions.values() if a[poses.GROUP] == "viseme"]) == 15
    assert set(EIGHT) < set(actions)
    for name, action in actions.items():
        weights = poses.weights_of(action)
        assert weights == {key: pytest.approx(told[name].weights[key], abs=1e-6) for key in weights}
        about = action.asset_data
        assert about.catalog_id == poses.CATALOGS[action[poses.GROUP]][0]
        assert about.description == told[name].summary
        assert {"Facewright", action[poses.GROUP]} <= {tag.name for tag in about.tags}
    assert {region_of(key) for key in poses.weights_of(actions["viseme_PP"])} == {"mouth"}
    # Again changes nothing, and an edited pose stays edited.
    curve = poses._curves(actions["happy"])[0]
    curve.keyframe_points[0].co.y = 0.123
    kept = poses.weights_of(actions["happy"])
    assert bpy.ops.facewright.make_pose_library() == {"FINISHED"}
    assert len(poses.stored()) == len(actions)
    assert poses.weights_of(poses.named("happy")) == kept


@needs_backend
def test_pictures_are_of_the_subject_in_each_pose(egg, connected):
    if not geometry.can_draw():
        pytest.skip("no usable EGL: this machine cannot draw without a display")
    before = values(egg)
    assert bpy.ops.facewright.make_pose_library() == {"FINISHED"}
    assert values(egg) == before
    shown = {}
    for action in poses.stored():
        size = tuple(action.preview.image_size)
        assert size == (128, 128)
        pixels = np.empty(128 * 128 * 4, np.float32)
        action.preview.image_pixels_float.foreach_get(pixels)
        shown[action[poses.POSE]] = pixels.reshape(128, 128, 4)
    alpha = shown["happy"][..., 3]
    assert 0.05 < (alpha > 0.5).mean() < 0.95
    assert np.abs(shown["happy"] - shown["viseme_aa"]).max() > 0.1
    np.testing.assert_array_equal(shown["neutral"], shown["viseme_sil"])


def test_a_pose_is_put_on_and_taken_back(egg):
    poses.store([a_pose(jawOpen=0.8, browInnerUp=0.6, eyeBlinkLeft=0.5)])
    before = values(egg)
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.facewright.apply_pose(pose="happy", amount=0.25) == {"FINISHED"}
    after = values(egg)
    assert after["jawOpen"] == pytest.approx(0.75 * before["jawOpen"] + 0.2, abs=1e-6)
    assert after["cheekPuff"] == pytest.approx(0.75 * before["cheekPuff"], abs=1e-6)
    assert after["eyeLookInLeft"] == before["eyeLookInLeft"]  # the eyes' own matter
    bpy.ops.ed.undo_push(message="pose")  # as Blender does where a person applies it
    bpy.ops.ed.undo()
    (rig,) = subject.in_scene(bpy.context.scene)
    assert values(subject.find(rig)) == before
    bpy.ops.ed.redo()
    (rig,) = subject.in_scene(bpy.context.scene)
    assert values(subject.find(rig)) == after


def test_regions_and_adding(egg):
    poses.store([a_pose(jawOpen=0.8, browInnerUp=0.6)])
    before = values(egg)
    bpy.ops.facewright.apply_pose(pose="happy", regions={"brows"})
    after = values(egg)
    assert after["browInnerUp"] == pytest.approx(0.6)
    assert {n for n in NAMES if after[n] != before[n]} <= {n for n in NAMES if "brow" in n}
    bpy.ops.facewright.apply_pose(pose="happy", regions={"mouth"}, add=True, amount=0.5)
    added = values(egg)
    assert added["jawOpen"] == pytest.approx(min(1.0, before["jawOpen"] + 0.4), abs=1e-6)
    assert added["cheekPuff"] == after["cheekPuff"]
    with pytest.raises(RuntimeError, match="'glad' is not in this file"):
        bpy.ops.facewright.apply_pose(pose="glad")


def test_with_auto_keying_a_pose_is_keyed(egg, scene):
    poses.store([a_pose("viseme_aa", "viseme", jawOpen=0.7)])
    scene.tool_settings.use_keyframe_insert_auto = True
    scene.frame_set(5)
    bpy.ops.facewright.apply_pose(pose="viseme_aa")
    scene.frame_set(12)
    bpy.ops.facewright.apply_pose(pose="viseme_aa", amount=1.0, regions={"mouth"})
    egg.face.data.shape_keys.key_blocks["jawOpen"].value = 0.1
    scene.frame_set(5)
    block = egg.face.data.shape_keys.key_blocks["jawOpen"]
    assert block.value == pytest.approx(0.7)
    scene.frame_set(12)
    assert block.value == pytest.approx(0.7)
    scene.tool_settings.use_keyframe_insert_auto = False


def test_assets_survive_saving(egg, tmp_path):
    poses.store([a_pose(jawOpen=0.8), a_pose("viseme_PP", "viseme", mouthClose=0.4)])
    shaded = np.zeros((256, 256, 4), np.uint8)
    shaded[:128, :, 0] = 255  # red above
    shaded[..., 3] = 255
    poses.set_preview(poses.named("happy"), shaded)
    path = str(tmp_path / "poses.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert [action[poses.POSE] for action in poses.stored()] == ["viseme_PP", "happy"]
    happy = poses.named("happy")
    assert happy.asset_data.catalog_id == poses.CATALOGS["emotion"][0]
    assert poses.weights_of(happy)["jawOpen"] == pytest.approx(0.8)
    pixels = np.empty(128 * 128 * 4, np.float32)
    happy.preview.image_pixels_float.foreach_get(pixels)
    picture = pixels.reshape(128, 128, 4)  # the first row below
    np.testing.assert_allclose(picture[-1, 0], [1, 0, 0, 1], atol=0.01)
    np.testing.assert_allclose(picture[0, 0], [0, 0, 0, 1], atol=0.01)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "another.blend"))
    with bpy.data.libraries.load(path, link=False, assets_only=True) as (there, _):
        assert sorted(there.actions) == ["Happy", "Viseme PP"]


MINE = b"# mine\r\nVERSION 1\r\n\r\n0f6d6f2a-0000-4000-8000-000000000001:Props/\xc3\x84pfel:Props-x"


@pytest.mark.parametrize("old", [None, MINE])
def test_catalogs_of_others_stay(tmp_path, old):
    path = tmp_path / "blender_assets.cats.txt"
    if old is not None:
        path.write_bytes(old)
    assert poses.write_catalogs(tmp_path) is True
    text = path.read_bytes()
    assert old is None or text.startswith(old + b"\n")
    lines = text.decode().splitlines()
    assert lines.count("VERSION 1") == 1
    for key, where in poses.CATALOGS.values():
        assert f"{key}:{where}:{where.replace('/', '-')}" in lines
    assert poses.write_catalogs(tmp_path) is False
    assert path.read_bytes() == text
    assert [p.name for p in tmp_path.iterdir()] == ["blender_assets.cats.txt"]


def test_where_catalogs_cannot_be_written_says_so(tmp_path):
    from addon.core.errors import OutputError

    (tmp_path / "blender_assets.cats.txt").mkdir()
    with pytest.raises(OutputError, match=r"blender_assets\.cats\.txt"):
        poses.write_catalogs(tmp_path)


@needs_backend
def test_poses_move_the_real_mouth(scene, told, tmp_path):
    """On a captured subject: lips meet for p, part for a, and the frame's vertices say so."""
    with Backend(ADDRESS) as backend:
        person = backend.capture(ROOT / "examples/portrait.png")
    photo = tmp_path / "portrait.png"
    photo.write_bytes((ROOT / "examples/portrait.png").read_bytes())
    who = construct.build(person, name="person", photo=photo, folder=tmp_path)
    poses.store(told.values())
    lower, upper = lips(person)

    def apart(name: str) -> float:
        """Millimetres between the lips."""
        assert bpy.ops.facewright.apply_pose(pose=name) == {"FINISHED"}
        bpy.context.view_layer.update()
        sent = geometry.create_pass(who, 256, "vertices")(1, 0.0).vertices.positions
        points = np.frombuffer(sent, "<f4").reshape(-1, 3)
        return 1000 * float(np.median(np.linalg.norm(points[upper] - points[lower], axis=1)))

    gaps = {name: apart(f"viseme_{name}") for name in ("PP", "ou", "E", "aa", "sil")}
    assert gaps["aa"] > gaps["E"] > gaps["ou"] > gaps["PP"]
    assert gaps["aa"] > gaps["PP"] + 5
    assert abs(gaps["sil"] - gaps["PP"]) < 2
    apart("viseme_aa")
    shown = geometry.create_pass(who, 256, "vertices")(1, 0.0).rho
    wanted = told["viseme_aa"].weights
    weights = dict(zip(who.key_names, shown.expression, strict=True))
    for name in who.key_names:
        if region_of(name) == "mouth":
            assert weights[name] == pytest.approx(wanted[name], abs=1e-6)
    bpy.ops.facewright.apply_pose(pose="surprised")
    bpy.context.view_layer.update()
    brows = person.key_names.index("browInnerUp")
    rows = np.argsort(-np.abs(person.key_deltas[brows, :, 1]))[:50]
    sent = geometry.create_pass(who, 256, "vertices")(1, 0.0)
    raised = np.frombuffer(sent.vertices.positions, "<f4").reshape(-1, 3)[rows, 1].mean()
    bpy.ops.facewright.apply_pose(pose="neutral")
    bpy.context.view_layer.update()
    sent = geometry.create_pass(who, 256, "vertices")(1, 0.0)
    rest = np.frombuffer(sent.vertices.positions, "<f4").reshape(-1, 3)[rows, 1].mean()
    assert raised - rest > 0.003  # metres


def lips(person: SubjectData) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of vertices, below and above, that touch at rest and part most with the jaw."""
    run = person.runs[0].vertices
    rest = person.vertices[run].astype(np.float64)
    by_name = {n: person.key_deltas[k, run] for k, n in enumerate(person.key_names)}
    size = {n: np.linalg.norm(by_name[n], axis=1) for n in ("mouthRollLower", "mouthRollUpper")}
    sets = [np.flatnonzero(size[name] > 0.3 * size[name].max()) for name in size]
    away = np.linalg.norm(rest[sets[0]][:, None] - rest[sets[1]][None], axis=-1)
    below, above = sets[0], sets[1][away.argmin(1)]
    opened = np.linalg.norm(by_name["jawOpen"][below] - by_name["jawOpen"][above], axis=1)
    opened[away.min(1) > 0.003] = 0
    best = np.argsort(-opened)[:12]
    return below[best] + run.start, above[best] + run.start
