"""The subject in the scene is the subject that came."""

from __future__ import annotations

from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic
from bpy_extras.object_utils import world_to_camera_view
from mathutils import Vector

from addon.core import rotation
from addon.core.errors import InputError
from addon.core.subject_data import SubjectData
from addon.subject import construct
from addon.subject import objects as subject
from addon.texture import geometry


def expected(data: SubjectData, weights: np.ndarray, pose: np.ndarray, gaze: np.ndarray):
    """The contract: X_cam = R_n (R_rel X + t_rel) + t_n, X with keys and gaze."""
    shape = data.vertices + np.tensordot(weights.astype(np.float64), data.key_deltas, 1)
    shape = synthetic.turn_eyes(data, shape, gaze)
    shape = shape @ rotation.matrix_from_vector(pose[:3]).T + pose[3:]
    return shape @ rotation.matrix_from_vector(data.pose[:3]).T + data.pose[3:]


def evaluated(who: subject.SubjectObjects) -> np.ndarray:
    return geometry.subject_vertices(who, bpy.context.evaluated_depsgraph_get())


def test_neutral_is_the_photograph(egg, data):
    want = expected(data, data.expression, np.zeros(6), data.gaze)
    np.testing.assert_allclose(evaluated(egg), want, atol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_posed_vertices_follow_the_contract(scene, tmp_path, scale):
    data = synthetic.subject(metres_per_unit=scale)
    photo = tmp_path / "photo.png"
    photo.write_bytes(data.plate)
    who = construct.build(data, name="egg", photo=photo, folder=tmp_path)
    rng = np.random.default_rng(3)
    weights = rng.uniform(0, 1, 64).astype(np.float32)
    pose = rng.normal(0, 0.3, 6) * [1, 1, 1, 0.05 / scale, 0.05 / scale, 0.05 / scale]
    gaze = np.array([0.3, -0.2, 0.25, -0.15], np.float32)
    for name, weight in zip(data.key_names, weights, strict=True):
        who.face.data.shape_keys.key_blocks[name].value = weight
    head = who.rig.pose.bones[subject.BONE]
    head.rotation_euler = rotation.euler_from_matrix(rotation.matrix_from_vector(pose[:3]))
    head.location = pose[3:]
    head["gaze_left"], head["gaze_right"] = gaze[:2].tolist(), gaze[2:].tolist()
    who.rig.update_tag()
    bpy.context.view_layer.update()
    error = np.abs(evaluated(who) - expected(data, weights, pose, gaze)).max() * scale
    assert error < 1e-5  # metres


@pytest.mark.parametrize("whole", [False, True])
def test_camera_projects_as_the_contract(scene, data, tmp_path, whole):
    photo = tmp_path / "photo.png"
    photo.write_bytes(synthetic.png(np.zeros((801, 600, 3), np.uint8)))
    who = construct.build(data, name="egg", photo=photo, folder=tmp_path, whole_photo=whole)
    view = data.camera.uncropped(data.box, data.photo_size) if whole else data.camera
    assert (scene.render.resolution_x, scene.render.resolution_y) == view.size
    points = evaluated(who)[::41]
    want = np.stack(
        [
            view.centre[0] + view.focal * points[:, 0] / -points[:, 2],
            view.centre[1] - view.focal * points[:, 1] / -points[:, 2],
        ],
        axis=-1,
    )
    for point, pixel in zip(points, want, strict=True):
        seen = world_to_camera_view(scene, who.camera, who.camera.matrix_world @ Vector(point))
        got = (seen.x * view.size[0], (1 - seen.y) * view.size[1])
        np.testing.assert_allclose(got, pixel, atol=1e-3)


def test_whole_photo_camera_sees_the_crop_where_the_box_is(data):
    view = data.camera.uncropped(data.box, data.photo_size)
    point = np.array([0.03, -0.02, -0.6])
    crop = np.array(data.camera.centre) + data.camera.focal * point[:2] * [1, -1] / 0.6
    photo = np.array(view.centre) + view.focal * point[:2] * [1, -1] / 0.6
    side = data.box[2] - data.box[0]
    np.testing.assert_allclose(photo, np.array(data.box[:2]) + crop * side / 512, rtol=1e-6)


def test_mesh_keeps_order_uvs_and_parts(egg, data):
    mesh = egg.face.data
    rows = np.empty(len(mesh.vertices), np.int32)
    mesh.attributes[subject.VERTEX_ATTRIBUTE].data.foreach_get("value", rows)
    rest = np.empty(3 * len(rows), np.float32)
    mesh.shape_keys.key_blocks["Basis"].data.foreach_get("co", rest)
    np.testing.assert_array_equal(rest.reshape(-1, 3), data.vertices[rows])
    faces = np.r_[data.runs[0].triangles, data.runs[3].triangles]
    uvs = np.empty(2 * len(mesh.loops), np.float32)
    mesh.uv_layers["UVMap"].uv.foreach_get("vector", uvs)
    np.testing.assert_array_equal(
        uvs.reshape(-1, 3, 2), data.uvs[data.uv_triangles[faces]].astype(np.float32)
    )
    parts = np.empty(len(faces), np.int32)
    mesh.attributes[subject.PART_ATTRIBUTE].data.foreach_get("value", parts)
    assert sorted(set(parts.tolist())) == [0, 3]
    assert [key.name for key in mesh.shape_keys.key_blocks] == ["Basis", *data.key_names]


def test_survives_saving(egg, data, tmp_path):
    before = evaluated(egg)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "kept.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "kept.blend"))
    (rig,) = subject.in_scene(bpy.context.scene)
    again = subject.find(rig)
    np.testing.assert_array_equal(evaluated(again), before)
    assert again.subject_id == data.subject_id
    assert again.photo == Path(tmp_path / "photo.png")
    assert again.crop_camera.size == data.camera.size
    for image in bpy.data.images:
        assert image.source != "FILE" or image.filepath.startswith("//"), image.filepath


@pytest.mark.parametrize(("size", "shown"), [((600, 801), True), ((801, 600), False)])
def test_plate_is_shown_where_it_stands_upright(scene, data, tmp_path, size, shown):
    photo = tmp_path / "photo.png"
    photo.write_bytes(synthetic.png(np.zeros((size[1], size[0], 3), np.uint8)))
    who = construct.build(data, name="egg", photo=photo, folder=tmp_path, whole_photo=True)
    assert [plate.image.name for plate in who.camera.data.background_images] == (
        ["photo.png"] if shown else []
    )


def test_missing_face_is_named(egg):
    bpy.data.objects.remove(egg.face)
    with pytest.raises(InputError, match="lost its face"):
        subject.find(egg.rig)
    with pytest.raises(InputError, match="select a subject"):
        subject.find(None)
