"""One camera, three conventions: ours, OpenCV's and Blender's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from facewright.errors import InputError
from facewright.render.camera import Camera

CAMERA = Camera(focal=611.5, centre=(250.25, 281.75), size=(512, 512))
WIDE = Camera(focal=900.0, centre=(400.0, 170.0), size=(640, 360))


def _points(count: int = 40) -> np.ndarray:
    rng = np.random.default_rng(0)
    across = rng.uniform(-0.2, 0.2, (count, 2))
    return np.column_stack([across, rng.uniform(-1.2, -0.6, count)]).astype(np.float32)


@pytest.mark.parametrize("camera", [CAMERA, WIDE])
def test_opencv_projects_to_the_same_pixels(camera: Camera) -> None:
    matrix, turn = camera.to_opencv()
    points = _points()
    theirs, _ = cv2.projectPoints(
        points.astype(np.float64) @ turn.T, np.zeros(3), np.zeros(3), matrix, None
    )
    ours = camera.project(points)
    np.testing.assert_allclose(ours[:, :2] - 0.5, theirs[:, 0], atol=1e-3)
    np.testing.assert_allclose(ours[:, 2], -points[:, 2])


def test_axes_point_as_the_picture_shows() -> None:
    centre = CAMERA.project(np.float32([[0, 0, -1]]))[0]
    right, up = CAMERA.project(np.float32([[0.1, 0, -1], [0, 0.1, -1]]))
    np.testing.assert_allclose(centre[:2], CAMERA.centre)
    assert right[0] > centre[0]
    assert right[1] == centre[1]
    assert up[1] < centre[1]


@pytest.mark.parametrize("camera", [CAMERA, WIDE])
def test_blender_projects_to_the_same_pixels(camera: Camera) -> None:
    bpy = pytest.importorskip("bpy", reason="needs the blender extra (bpy)")
    from bpy_extras.object_utils import world_to_camera_view
    from mathutils import Vector

    settings = camera.to_blender()
    scene = bpy.data.scenes.new("camera test")
    data = bpy.data.cameras.new("camera test")
    eye = bpy.data.objects.new("camera test", data)
    try:
        scene.collection.objects.link(eye)
        scene.render.resolution_x = settings.pop("resolution_x")
        scene.render.resolution_y = settings.pop("resolution_y")
        for name, value in settings.items():
            setattr(data, name, value)
        width, height = camera.size
        seen = [world_to_camera_view(scene, eye, Vector(p.tolist())) for p in _points()]
        theirs = np.array([[s.x * width, (1 - s.y) * height, s.z] for s in seen])
    finally:
        bpy.data.objects.remove(eye)
        bpy.data.cameras.remove(data)
        bpy.data.scenes.remove(scene)
    np.testing.assert_allclose(camera.project(_points()), theirs, atol=2e-3)


def test_resized_sees_the_same() -> None:
    half = CAMERA.resized((256, 256)).project(_points())
    np.testing.assert_allclose(half[:, :2] * 2, CAMERA.project(_points())[:, :2], rtol=1e-5)


def test_names_what_is_wrong() -> None:
    with pytest.raises(InputError, match="focal"):
        Camera(focal=float("nan"), centre=(1, 1), size=(2, 2))
