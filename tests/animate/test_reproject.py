"""The reproject animator on a face whose true pictures are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from facewright import animate
from facewright.animate.base import (
    CoefficientGeometry,
    ImageGeometry,
    VertexGeometry,
    rows_of,
)
from facewright.animate.reproject import ReprojectState
from facewright.errors import CancelledError, InputError
from facewright.evaluate.metrics import psnr
from facewright.face import pose as poses
from facewright.face.model import Part
from facewright.render.rasterise import interpolate, rasterise

from .conftest import SIZE, Scene

TURNED = np.array([0.05, -0.2, 0.03, 0.004, 0.002, 0.0], np.float32)
BLINK = {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0}


@pytest.fixture(scope="module")
def animator() -> animate.base.Animator:
    return animate.create("reproject")


@pytest.fixture(scope="module")
def state(scene: Scene, animator: animate.base.Animator) -> ReprojectState:
    return animator.prepare(scene.subject, SIZE)


def _posed(scene: Scene, geometry: CoefficientGeometry) -> np.ndarray:
    """(1, V, 3) the geometry's mesh in the camera's space."""
    rho, model = scene.subject.coefficients, scene.subject.model
    shape = model.vertices(rho.identity, geometry.expression, geometry.gaze).reshape(1, -1, 3)
    return poses.transform(poses.compose(rho.pose, geometry.pose), shape)


def _eye_box(scene: Scene) -> tuple[slice, slice]:
    rim = scene.subject.landmarks[[263, 362, 386, 374]]
    (x0, y0), (x1, y1) = rim.min(0).astype(int) - 2, rim.max(0).astype(int) + 3
    return slice(y0, y1), slice(x0, x1)


def test_is_found_by_name() -> None:
    assert "reproject" in animate.names()
    with pytest.raises(InputError, match="animator: 'nobody' is not one of"):
        animate.create("nobody")


def test_nothing_moves_gives_the_photo(scene, animator, state) -> None:
    frame = animator(scene.geometry(), state)
    assert frame.shape == (1, SIZE, SIZE, 3)
    assert frame.dtype == np.uint8
    assert psnr(frame[0], scene.subject.crop) > 40


def test_a_turned_head_looks_like_the_true_picture(scene, animator, state) -> None:
    # The mouth stays closed: nothing shades what the true picture shows in it.
    geometry = scene.geometry(pose=TURNED, mouthSmileLeft=0.3, browInnerUp=0.4)
    truth, head = scene.true_picture(geometry.expression[0], TURNED)
    made = animator(geometry, state)[0]
    rows, columns = np.nonzero(head)
    # Down to the chin: in the true picture the neck turns with the head.
    chin = int(scene.subject.landmarks[152, 1])
    box = (slice(rows.min(), chin), slice(columns.min(), columns.max()))
    copied = psnr(scene.subject.crop[box], truth[box])
    assert psnr(made[box], truth[box]) > copied + 4
    # The inner face follows the mesh closely.
    inner = (slice(SIZE // 2 - 35, SIZE // 2 + 25), slice(SIZE // 2 - 30, SIZE // 2 + 30))
    assert psnr(made[inner], truth[inner]) > 24


def test_background_stands_still(scene, animator, state) -> None:
    made = animator(scene.geometry(pose=TURNED), state)[0].astype(int)
    for corner in (np.s_[:30, :30], np.s_[:30, -30:]):
        assert np.abs(made[corner] - scene.subject.crop[corner]).max() <= 1


def test_the_border_rests_where_the_photo_goes_on(scene, animator, state) -> None:
    made = animator(scene.geometry(pose=TURNED), state)[0].astype(int)
    for edge in (np.s_[:2], np.s_[-2:], np.s_[:, :2], np.s_[:, -2:]):
        assert np.abs(made[edge] - scene.subject.crop[edge]).mean() < 3


def test_vertices_give_what_coefficients_give(scene, animator, state) -> None:
    geometry = scene.geometry(pose=TURNED, jawOpen=0.4, mouthSmileLeft=0.5)
    by_vertices = VertexGeometry(geometry.indices, _posed(scene, geometry))
    assert psnr(animator(by_vertices, state)[0], animator(geometry, state)[0]) > 38


def test_a_sculpted_vertex_moves_its_pixels(scene, animator, state) -> None:
    geometry = scene.geometry()
    vertices = _posed(scene, geometry)
    # The nose's tip is pulled up by a centimetre, smoothly.
    tip = scene.subject.model.mean[:, 2].argmax()
    near = np.exp(-0.5 * ((scene.subject.model.mean - scene.subject.model.mean[tip]) ** 2).sum(-1)
                  / 0.008**2)  # fmt: skip
    vertices[0, :, 1] += 0.01 * near * (scene.subject.model.vertex_parts == Part.SKIN)
    plain = animator(geometry, state)[0].astype(int)
    made = animator(VertexGeometry(geometry.indices, vertices), state)[0].astype(int)
    x, y = scene.subject.camera.project(vertices[0, tip])[:2].astype(int)
    changed = np.abs(made - plain).max(-1)
    assert changed[y - 8 : y + 8, x - 8 : x + 8].max() > 15
    assert changed[:40].max() <= 5


def _rendered(scene: Scene, geometry: CoefficientGeometry) -> ImageGeometry:
    """The geometry as a client with a renderer would send it."""
    model = scene.subject.model
    pixels = scene.subject.camera.project(_posed(scene, geometry))
    found = rasterise(pixels, model.triangles, (SIZE, SIZE))
    uv = interpolate(found, model.uvs, model.uv_triangles)
    parts = np.where(found.triangles >= 0, model.triangle_parts[found.triangles] + 1, 0)
    shaded = np.zeros((1, SIZE, SIZE, 4), np.uint8)
    half = uv.astype(np.float16).astype(np.float32)  # as it travels
    return ImageGeometry(geometry.indices, shaded, half, parts.astype(np.uint8))


def test_pictures_give_about_what_coefficients_give(scene, animator, state) -> None:
    geometry = scene.geometry(pose=TURNED)
    made = animator(_rendered(scene, geometry), state)[0]
    assert psnr(made, animator(geometry, state)[0]) > 30


def test_pictures_tell_their_pose(scene, state) -> None:
    geometry = scene.geometry(pose=TURNED)
    found = state.correspondences(_rendered(scene, geometry))[0]
    expected = poses.compose(scene.subject.coefficients.pose, TURNED)
    np.testing.assert_allclose(found.pose[:3], expected[:3], atol=0.01)
    np.testing.assert_allclose(found.pose[3:], expected[3:], atol=0.01)


def test_pictures_without_correspondence_are_refused(scene, animator, state) -> None:
    sent = _rendered(scene, scene.geometry())
    for missing in ("uv", "parts"):
        with pytest.raises(InputError, match="needs uv and parts"):
            animator(replace(sent, **{missing: None}), state)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"expression": np.zeros((1, 63), np.float32)}, "geometry.expression: expected shape"),
        ({"pose": np.full((1, 6), np.nan, np.float32)}, "geometry.pose: expected finite"),
        ({"gaze": np.full((1, 4), 2, np.float32)}, "geometry.gaze: expected values <= 1"),
        ({"pose": np.zeros((2, 6), np.float32)}, "geometry.pose: expected shape"),
    ],
)
def test_wrong_coefficients_are_named(scene, animator, state, change, words) -> None:
    with pytest.raises(InputError, match=words):
        animator(replace(scene.geometry(), **change), state)


def test_wrong_vertices_and_sizes_are_named(scene, animator, state) -> None:
    with pytest.raises(InputError, match=r"geometry\.vertices: expected shape"):
        animator(VertexGeometry(np.zeros(1), np.zeros((1, 5, 3), np.float32)), state)
    with pytest.raises(InputError, match="size: expected values <= 1024"):
        animator.prepare(scene.subject, 4096)


def test_closed_lids_show_no_eye(scene, animator, state) -> None:
    box = _eye_box(scene)
    open_eye = scene.subject.crop[box].astype(int)
    closed = animator(scene.geometry(**BLINK), state)[0][box].astype(int)
    # Neither the white of the eye nor the dark of the pupil is left.
    assert closed.min(-1).max() < open_eye.min(-1).max() - 20
    assert np.ptp(closed.sum(-1)) < 0.7 * np.ptp(open_eye.sum(-1))


def test_gaze_moves_the_iris_to_its_side(scene, animator, state) -> None:
    box = _eye_box(scene)

    def pupil(gaze_x: float) -> float:
        gaze = np.array([gaze_x, 0, gaze_x, 0], np.float32)
        eye = animator(scene.geometry(gaze=gaze), state)[0][box].astype(np.float64).sum(-1)
        dark = np.clip(np.percentile(eye, 25) - eye, 0, None)
        return float((dark.sum(0) * np.arange(dark.shape[1])).sum() / dark.sum())

    # x is the subject's left: the picture's right.
    assert pupil(0.3) > pupil(0.0) + 1 > pupil(-0.3) + 2


def _three(scene: Scene) -> CoefficientGeometry:
    frames = [scene.geometry(), scene.geometry(pose=TURNED, jawOpen=0.5), scene.geometry(**BLINK)]
    return CoefficientGeometry(
        *(np.concatenate([getattr(f, name) for f in frames])
          for name in ("indices", "expression", "pose", "gaze"))
    )  # fmt: skip


def test_frames_do_not_depend_on_their_batch(scene, animator, state) -> None:
    batch = _three(scene)
    together = animator(batch, state)
    alone = np.concatenate([animator(rows_of(batch, [row]), state) for row in range(3)])
    np.testing.assert_array_equal(together, alone)


def test_context_changes_nothing(scene, animator, state) -> None:
    batch = _three(scene)
    together = animator(batch, state)
    posed = np.concatenate([_posed(scene, rows_of(batch, [row])) for row in range(3)])
    for geometry in (batch, VertexGeometry(batch.indices, posed)):
        plain = animator(geometry, state)
        middle = animator(replace(geometry, context=(1, 1)), state)
        np.testing.assert_array_equal(middle, plain[1:2])
    np.testing.assert_array_equal(animator(replace(batch, context=(0, 2)), state), together[:1])
    chosen = animator(replace(batch, chosen=np.array([2, 0])), state)
    np.testing.assert_array_equal(chosen, together[[2, 0]])


def test_steps_are_refused_and_check_is_called(scene, animator, state) -> None:
    with pytest.raises(InputError, match="steps: animator 'reproject' has no sampling steps"):
        animator(scene.geometry(), state, steps=2)

    def stop() -> None:
        raise CancelledError("called off")

    with pytest.raises(CancelledError):
        animator(scene.geometry(), state, check=stop)


def test_what_is_made_up_is_told(scene: Scene, state: ReprojectState):
    """An opened mouth and shut eyes show what the photo did not; the rest is the photo's."""
    from facewright.animate.reproject import draw

    def made(**weights: float) -> np.ndarray:
        found = state.correspondences(scene.geometry(**weights))[0]
        return draw(found, state).made

    assert made().max() == 0  # all as in the photo
    opened = made(jawOpen=0.6)
    x, y = state.texture.landmarks[[13, 14]].mean(0).astype(int)
    assert opened[y : y + 12, x].max() > 0.8
    assert opened[: y - 25].max() == 0  # not the eyes
