"""The morphable model's own arithmetic, on a model small enough to check by hand."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.errors import InputError
from facewright.face.model import LandmarkEmbedding, MorphableModel, Part

LEFT = np.array([[0.0, 0.0, 0.2], [0.1, 0.0, 0.0], [0.0, 0.1, 0.0]], np.float32)


@pytest.fixture
def tiny() -> MorphableModel:
    """One skin triangle and one triangle for each eyeball, around (±1, 0, 0)."""
    skin = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
    shift = np.array([1.0, 0.0, 0.0], np.float32)
    mean = np.concatenate([skin, LEFT + shift, LEFT - shift])
    identity = np.zeros((2, 9, 3), np.float32)
    identity[0, 3:6] = [0.0, 0.0, 0.5]  # the left eye as a whole
    identity[1, 0] = [0.0, 0.0, 1.0]
    expression = np.zeros((1, 9, 3), np.float32)
    expression[0, 1] = [0.0, 2.0, 0.0]
    parts = np.array([Part.SKIN, Part.EYE_LEFT, Part.EYE_RIGHT], np.uint8)
    triangles = np.arange(9, dtype=np.int32).reshape(3, 3)
    point = LandmarkEmbedding(np.array([0], np.int32), np.array([[0.5, 0.25, 0.25]], np.float32))
    return MorphableModel(
        name="tiny",
        mean=mean,
        identity_basis=identity,
        expression_basis=expression,
        texture_mean=np.full((9, 3), 0.5, np.float32),
        texture_basis=np.full((1, 9, 3), 0.4, np.float32),
        expression_names=("raise",),
        triangles=triangles,
        triangle_parts=parts,
        vertex_parts=parts.repeat(3),
        uvs=np.zeros((9, 2), np.float32),
        uv_triangles=triangles,
        landmarks68=point,
        eye_centres=np.stack([shift, -shift]),
        eye_axes=np.array([[0, 0, 1], [0, 0, 1]], np.float32),
    )


def gaze(x: float, y: float) -> np.ndarray:
    return np.array([x, y, 0.0, 0.0], np.float32)


def test_shape_is_mean_plus_weighted_bases(tiny: MorphableModel) -> None:
    shape = tiny.vertices(np.float32([0, 3]), np.float32([0.5]))
    assert shape.shape == (9, 3)
    np.testing.assert_allclose(shape[0], [0, 0, 3])
    np.testing.assert_allclose(shape[1], [1, 1, 0])
    np.testing.assert_allclose(shape[2:], tiny.mean[2:])


def test_a_batch_axis_anywhere_gives_a_batch(tiny: MorphableModel) -> None:
    one, many = np.zeros(2, np.float32), np.zeros((5, 1), np.float32)
    assert tiny.vertices(one, many).shape == (5, 9, 3)
    assert tiny.vertices(one[None], many[0]).shape == (1, 9, 3)
    assert tiny.vertices(one, many[0], np.zeros((4, 4), np.float32)).shape == (4, 9, 3)


def test_batches_of_different_sizes_are_refused(tiny: MorphableModel) -> None:
    with pytest.raises(InputError, match=r"batches of one size, got \[2, 3\]"):
        tiny.vertices(np.zeros((2, 2), np.float32), np.zeros((3, 1), np.float32))


def test_wrong_widths_and_nan_are_refused(tiny: MorphableModel) -> None:
    with pytest.raises(InputError, match="identity: expected shape"):
        tiny.vertices(np.zeros(3, np.float32), np.zeros(1, np.float32))
    with pytest.raises(InputError, match="expression: expected finite"):
        tiny.vertices(np.zeros(2, np.float32), np.float32([np.nan]))
    with pytest.raises(InputError, match="gaze: expected values <= 1"):
        tiny.vertices(np.zeros(2, np.float32), np.zeros(1, np.float32), gaze(1.5, 0))


def test_gaze_points_the_axis_along_omega(tiny: MorphableModel) -> None:
    shape = tiny.vertices(np.zeros(2, np.float32), np.zeros(1, np.float32), gaze(0.6, -0.3))
    pupil = shape[3] - [1, 0, 0]  # it lay 0.2 in front of the left eye's centre
    np.testing.assert_allclose(pupil, 0.2 * np.array([0.6, -0.3, np.sqrt(1 - 0.45)]), atol=1e-6)
    np.testing.assert_allclose(shape[6:], tiny.mean[6:], atol=1e-6)  # the right eye stays
    np.testing.assert_array_equal(shape[:3], tiny.mean[:3])


def test_eyes_turn_rigidly_about_centres_that_identity_moves(tiny: MorphableModel) -> None:
    zero = np.zeros(1, np.float32)
    straight = tiny.vertices(np.float32([2, 0]), zero, gaze(0, 0))
    turned = tiny.vertices(np.float32([2, 0]), zero, gaze(-0.5, 0.4))
    np.testing.assert_allclose(straight[3:6], np.array([1.0, 0.0, 1.0]) + LEFT, atol=1e-6)

    def sides(points: np.ndarray) -> np.ndarray:
        return np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1)

    centre = np.array([1.0, 0.0, 1.0])
    np.testing.assert_allclose(sides(turned[3:6]), sides(straight[3:6]), atol=1e-6)
    np.testing.assert_allclose(
        np.linalg.norm(turned[3:6] - centre, axis=1), np.linalg.norm(LEFT, axis=1), atol=1e-6
    )


def test_gaze_batches_agree_with_single_calls(tiny: MorphableModel) -> None:
    directions = np.random.default_rng(3).uniform(-0.5, 0.5, (6, 4)).astype(np.float32)
    alpha, beta = np.float32([0.3, 0.1]), np.float32([0.7])
    together = tiny.vertices(alpha, beta, directions)
    for row, direction in enumerate(directions):
        np.testing.assert_allclose(together[row], tiny.vertices(alpha, beta, direction), atol=1e-6)


def test_landmarks_are_barycentric_points(tiny: MorphableModel) -> None:
    points = tiny.landmark_points(tiny.mean, tiny.landmarks68)
    np.testing.assert_allclose(points, [[0.25, 0.25, 0.0]])
    batch = tiny.landmark_points(np.stack([tiny.mean, tiny.mean + 1]), tiny.landmarks68)
    np.testing.assert_allclose(batch[1], points + 1)


def test_albedo_is_clipped_to_colours(tiny: MorphableModel) -> None:
    assert tiny.albedo(np.float32([0.5])).max() == pytest.approx(0.7)
    assert tiny.albedo(np.float32([5.0])).max() == 1.0
    assert tiny.albedo(np.float32([-5.0])).min() == 0.0


def test_unknown_blendshapes_are_named(tiny: MorphableModel) -> None:
    assert tiny.expression_index("raise") == 0
    with pytest.raises(InputError, match="no blendshape 'lower'"):
        tiny.expression_index("lower")
