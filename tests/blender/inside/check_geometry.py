"""What is sent is what Blender shows."""

from __future__ import annotations

import bpy
import numpy as np
import pytest
import synthetic
from check_subject import evaluated, expected

from addon.core.errors import InputError
from addon.perform import layers
from addon.subject import construct
from addon.subject import objects as subject
from addon.texture import geometry


def image_of(make_frame: geometry.Pass, size: int) -> dict[str, np.ndarray]:
    """An ImageFrame's planes as arrays."""
    image = make_frame(1, 0.0).image
    assert (image.width, image.height) == (size, size)
    return {
        "shaded": np.frombuffer(image.shaded, np.uint8).reshape(size, size, 4),
        "uv": np.frombuffer(image.uv, "<f2").reshape(size, size, 2).astype(np.float32),
        "parts": np.frombuffer(image.parts, np.uint8).reshape(size, size),
        "depth": np.frombuffer(image.depth, "<f4").reshape(size, size),
    }


@pytest.fixture
def drawing():
    if not geometry.can_draw():
        pytest.skip("no usable EGL: this machine cannot draw without a display")


def test_vertices_are_the_evaluated_mesh(egg):
    frame = geometry.create_pass(egg, 256, "vertices")(7, 0.28)
    assert (frame.index, frame.time_code) == (7, 0.28)
    sent = np.frombuffer(frame.vertices.positions, "<f4").reshape(-1, 3)
    np.testing.assert_array_equal(sent, evaluated(egg))


@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_rho_says_what_is_shown(scene, tmp_path, scale):
    """Whatever moved the subject: keys, a driver, the rig, the camera."""
    data = synthetic.subject(metres_per_unit=scale)
    photo = tmp_path / "photo.png"
    photo.write_bytes(data.plate)
    who = construct.build(data, name="egg", photo=photo, folder=tmp_path)
    blocks = who.face.data.shape_keys.key_blocks
    blocks["key03"].value, blocks["key05"].value = 0.7, 0.9
    blocks["key05"].mute = True
    driver = blocks["key07"].driver_add("value").driver
    driver.type, driver.expression = "SCRIPTED", "0.1 + 0.2"
    head = who.rig.pose.bones[subject.BONE]
    head.rotation_euler, head.location = (0.1, -0.3, 0.05), (0.01 / scale, 0.0, -0.02 / scale)
    head["gaze_left"], head["gaze_right"] = [0.3, -0.2], [0.25, 0.1]
    who.rig.location.x += 0.03
    who.camera.rotation_euler.y += 0.1
    who.rig.update_tag()
    bpy.context.view_layer.update()
    rho = geometry.create_pass(who, 256, "vertices")(1, 0.0).rho
    weights, pose, gaze = (np.array(v) for v in (rho.expression, rho.pose, rho.gaze))
    assert weights[[3, 5, 7]] == pytest.approx([0.7, 0.0, 0.3], abs=1e-6)
    assert gaze == pytest.approx([0.3, -0.2, 0.25, 0.1], abs=1e-5)
    error = np.abs(evaluated(who) - expected(data, weights, pose, gaze)).max() * scale
    assert error < 2e-5  # metres


def test_rho_of_the_photograph_is_the_subjects_own(egg, data):
    for kind in ("vertices", "auto"):
        rho = geometry.create_pass(egg, 256, kind)(1, 0.0).rho
        np.testing.assert_allclose(rho.expression, data.expression, atol=1e-6)
        np.testing.assert_allclose(rho.pose, np.zeros(6), atol=1e-5)
        np.testing.assert_allclose(rho.gaze, data.gaze, atol=1e-6)


def test_rho_is_left_out_where_it_is_not_known(egg, data):
    make_frame = geometry.create_pass(egg, 256, "vertices")
    assert make_frame(1, 0.0).HasField("rho")
    egg.face.data.shape_keys.key_blocks["key01"].slider_max = 5
    egg.face.data.shape_keys.key_blocks["key01"].value = 4
    assert make_frame(1, 0.0).rho.expression[1] == 2  # the most that can be said
    egg.face.data.shape_keys.key_blocks["key09"].name = "renamed"
    assert not make_frame(1, 0.0).HasField("rho")


def test_image_agrees_with_the_vertices(egg, data, drawing):
    """Each pixel's position on the surface, by its UV, projects to that pixel."""
    size = 256
    planes = image_of(geometry.create_pass(egg, size, "image"), size)
    skin = planes["parts"] == 1
    assert 0.1 < skin.mean() < 0.9
    assert set(np.unique(planes["parts"])) >= {0, 1, 2, 3}
    np.testing.assert_array_equal(planes["shaded"][..., 3] == 255, planes["parts"] > 0)
    assert (planes["depth"][planes["parts"] == 0] == 0).all()

    view, points = data.camera.resized(size), evaluated(egg).astype(np.float64)
    pixels = view.focal * points[:, :2] * [1, -1] / -points[:, 2:] + view.centre
    rows, checked = data.runs[0].vertices, 0
    for vertex in range(rows.start, rows.stop):
        x, y = np.floor(pixels[vertex]).astype(int)
        near = skin[y, x] and abs(planes["depth"][y, x] + points[vertex, 2]) < 1e-3
        u, v = data.uvs[vertex]
        seam = not (0.01 < u < 0.49 and 0.2 < v < 0.8)
        if near and not seam:  # the vertex is what this pixel shows
            offset = np.abs(planes["uv"][y, x] - data.uvs[vertex])
            assert offset.max() < 0.02
            checked += 1
    assert checked > 20


def test_gaze_by_hand_moves_the_eye_alone(egg, drawing):
    make_frame = geometry.create_pass(egg, 256, "image")
    before = image_of(make_frame, 256)
    egg.rig.pose.bones["head"]["gaze_left"] = [0.4, 0.2]
    egg.rig.update_tag()
    bpy.context.view_layer.update()
    after = image_of(make_frame, 256)
    moved = np.abs(after["uv"] - before["uv"]).max(axis=-1) > 1e-3
    assert moved.any() and set(np.unique(after["parts"][moved])) <= {1, 2}
    assert (after["parts"][moved] == 2).mean() > 0.9


def test_sculpting_moves_what_is_sent(egg, data):
    """A sculpted vertex counts, whichever way it is stored."""
    before = evaluated(egg)
    egg.face.data.shape_keys.key_blocks["Basis"].data[20].co.z += 0.01
    for name in data.key_names:
        egg.face.data.shape_keys.key_blocks[name].value = 0.0
    egg.face.data.update()
    bpy.context.view_layer.update()
    after = evaluated(egg)
    assert np.linalg.norm(after[20] - before[20]) > 0.005


def test_added_vertices_need_images(egg, drawing):
    egg.face.modifiers.new("Subdivision", "SUBSURF").levels = 1
    bpy.context.view_layer.update()
    with pytest.raises(InputError, match="send the geometry as images"):
        geometry.create_pass(egg, 256, "vertices")(1, 0.0)
    planes = image_of(geometry.create_pass(egg, 256, "image"), 256)
    assert (planes["parts"] == 1).mean() > 0.1


def test_every_frame_is_its_own(egg, performance, scene, drawing):
    layers.place(performance, egg, layer="speech", name="take", start=1)
    make_frame = geometry.create_pass(egg, 256, "image")
    masks = []
    for frame in (1, 2, 1):
        scene.frame_set(frame)
        masks.append(image_of(make_frame, 256)["parts"])
    assert (masks[0] != masks[1]).any()
    np.testing.assert_array_equal(masks[0], masks[2])


def test_kinds_are_checked(egg):
    with pytest.raises(InputError, match="geometry: expected one of auto, image, vertices"):
        geometry.create_pass(egg, 256, "pixels")


def test_automatic_never_fails(egg):
    """Where nothing can draw, vertices are sent, and asking for images is refused."""
    frame = geometry.create_pass(egg, 256, "auto")(1, 0.0)
    drawn = geometry.can_draw()
    assert frame.WhichOneof("geometry") == ("image" if drawn else "vertices")
    if not drawn:
        with pytest.raises(InputError, match="choose 'vertices'"):
            geometry.create_pass(egg, 256, "image")
