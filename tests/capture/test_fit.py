"""Known faces, projected, are found again; identity and expression stay apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from facewright.capture import box, priors
from facewright.capture.fit import FitResult, fit, landmark_offsets
from facewright.capture.synthetic import random_coefficients
from facewright.errors import InputError
from facewright.face import pose as poses
from facewright.face.coefficients import Coefficients
from facewright.face.library import load_model
from facewright.face.model import MorphableModel

CAMERA = box.camera(256)


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return load_model()


def points_of(model: MorphableModel, face: Coefficients) -> np.ndarray:
    """(478, 2) the model's own landmarks, as if MediaPipe saw them without error."""
    assert model.landmarks478 is not None
    shape = model.vertices(face.identity, face.expression, face.gaze)
    points = model.landmark_points(shape, model.landmarks478)
    return CAMERA.project(poses.transform(face.pose, points))[:, :2]


def face_with(model: MorphableModel, seed: int, **weights: float) -> Coefficients:
    """A random face, nearly frontal, with these blendshapes alone."""
    face = random_coefficients(model, np.random.default_rng(seed))
    expression = np.zeros(len(model.expression_names), np.float32)
    for name, weight in weights.items():
        expression[model.expression_index(name)] = weight
    pose = face.pose * np.array([0.3, 0.3, 0.3, 1, 1, 1], np.float32)
    return replace(face, expression=expression, gaze=np.zeros(4, np.float32), pose=pose)


def weight(model: MorphableModel, found: FitResult, name: str) -> float:
    return float(found.expression[model.expression_index(name)])


def degrees_apart(a: np.ndarray, b: np.ndarray) -> float:
    turned = poses.rotation_matrix(a[:3]) @ poses.rotation_matrix(b[:3]).T
    return float(np.degrees(np.linalg.norm(poses.rotation_vector(turned))))


@pytest.mark.parametrize("seed", range(6))
def test_round_trip(model: MorphableModel, seed: int) -> None:
    face = random_coefficients(model, np.random.default_rng(seed))
    found = fit(points_of(model, face), model, CAMERA)
    assert found.error < 0.6
    assert degrees_apart(found.pose, face.pose) < 3
    # Depth and size cannot be told apart by one picture: compare shapes of one size.
    true = model.vertices(face.identity, face.expression * 0)
    again = model.vertices(found.identity, found.expression * 0)
    face_rows = np.unique(model.triangles[model.landmarks68.triangles])
    true, again = (
        true[face_rows] - true[face_rows].mean(0),
        again[face_rows] - again[face_rows].mean(0),
    )
    again *= (true * again).sum() / (again * again).sum()
    error_mm = np.linalg.norm(true - again, axis=-1).mean() * model.metres_per_unit * 1000
    assert error_mm < 2.0


@pytest.mark.parametrize(
    ("shapes", "tolerance"),
    [
        ({"jawOpen": 0.6}, 0.12),
        ({"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8}, 0.2),
        ({"mouthPucker": 0.7}, 0.2),
        ({"eyeBlinkLeft": 0.9, "eyeBlinkRight": 0.9}, 0.15),
        ({"browInnerUp": 0.7}, 0.25),
        ({"jawOpen": 0.35, "mouthSmileLeft": 0.6, "mouthSmileRight": 0.6}, 0.2),
    ],
)
def test_expressions_of_a_known_face(
    model: MorphableModel, shapes: dict[str, float], tolerance: float
) -> None:
    face = face_with(model, 3, **shapes)
    found = fit(points_of(model, face), model, CAMERA, identity=face.identity)
    np.testing.assert_array_equal(found.identity, face.identity)
    for name, true in shapes.items():
        assert weight(model, found, name) == pytest.approx(true, abs=tolerance), name
    others = [n for n in model.expression_names if n not in shapes]
    assert max(weight(model, found, n) for n in others) < 0.45


def test_open_smile_is_a_smile(model: MorphableModel) -> None:
    face = face_with(model, 5, jawOpen=0.3, mouthSmileLeft=0.7, mouthSmileRight=0.7)
    found = fit(points_of(model, face), model, CAMERA)
    assert weight(model, found, "mouthSmileLeft") > 4 * weight(model, found, "smileOpen")
    assert weight(model, found, "mouthSmileRight") > 0.4


def test_neutral_face_stays_neutral(model: MorphableModel) -> None:
    for seed in range(4):
        found = fit(points_of(model, face_with(model, seed)), model, CAMERA)
        assert weight(model, found, "jawOpen") < 0.08
        assert found.expression.max() < 0.35


def test_identity_does_not_take_the_expression(model: MorphableModel) -> None:
    """The same person, neutral and with a wide open mouth: one neutral shape."""
    neutral = fit(points_of(model, face_with(model, 2)), model, CAMERA)
    opened = fit(points_of(model, face_with(model, 2, jawOpen=0.7)), model, CAMERA)
    zero = np.zeros_like(neutral.expression)
    rows = np.unique(model.triangles[model.landmarks68.triangles])
    shapes = [model.vertices(f.identity, zero)[rows] for f in (neutral, opened)]
    moved = np.linalg.norm(shapes[0] - shapes[1], axis=-1) * model.metres_per_unit * 1000
    expression = np.zeros_like(zero)
    expression[model.expression_index("jawOpen")] = 0.7
    by_jaw = np.linalg.norm(
        (model.vertices(neutral.identity, expression) - model.vertices(neutral.identity, zero))[
            rows
        ],
        axis=-1,
    ) * (model.metres_per_unit * 1000)
    assert moved.mean() < 0.15 * by_jaw.max()
    assert weight(model, opened, "jawOpen") == pytest.approx(0.7, abs=0.15)


def test_weights_stay_in_bounds(model: MorphableModel) -> None:
    for seed in range(4):
        face = random_coefficients(model, np.random.default_rng(seed))
        noise = np.random.default_rng(seed).normal(0, 2, (478, 2))
        found = fit(points_of(model, face) + noise, model, CAMERA)
        assert found.expression.min() >= 0
        assert found.expression.max() <= 1
        assert np.abs(found.identity).max() < 4


def test_resolution_does_not_matter(model: MorphableModel) -> None:
    points = points_of(model, random_coefficients(model, np.random.default_rng(1)))
    small, large = fit(points, model, CAMERA), fit(points * 2, model, box.camera(512))
    np.testing.assert_allclose(large.expression, small.expression, atol=0.01)
    np.testing.assert_allclose(large.pose, small.pose, atol=2e-3)
    assert large.error == pytest.approx(small.error, abs=0.01)
    np.testing.assert_allclose(large.projected, small.projected * 2, atol=0.1)


def test_warm_start_only_saves_time(model: MorphableModel) -> None:
    face = face_with(model, 4, jawOpen=0.2)
    near = fit(points_of(model, face), model, CAMERA, identity=face.identity)
    moved = replace(
        face,
        expression=face_with(model, 4, jawOpen=0.35, mouthPucker=0.2).expression,
        pose=face.pose + np.array([0.03, -0.04, 0.02, 0.002, 0, 0], np.float32),
    )
    points = points_of(model, moved)
    cold = fit(points, model, CAMERA, identity=face.identity)
    warm = fit(points, model, CAMERA, identity=face.identity, warm_start=near)
    assert np.abs(warm.expression - cold.expression).max() < 0.05
    assert degrees_apart(warm.pose, cold.pose) < 0.3


def test_offsets_explain_what_the_model_lacks(model: MorphableModel) -> None:
    """A face with features of its own: its further frames are fitted better with offsets."""
    face = face_with(model, 6)
    own = np.random.default_rng(6).normal(0, 1.5, (478, 2))
    first = points_of(model, face) + own
    known = fit(first, model, CAMERA)
    offsets = landmark_offsets(first, model, CAMERA, known)
    again = fit(first, model, CAMERA, identity=known.identity, offsets=offsets)
    assert again.error < 0.1
    np.testing.assert_allclose(again.pose, known.pose, atol=0.01)
    moved = points_of(model, replace(face, expression=face_with(model, 6, jawOpen=0.4).expression))
    plain = fit(moved + own, model, CAMERA, identity=known.identity)
    better = fit(moved + own, model, CAMERA, identity=known.identity, offsets=offsets)
    assert better.error < 0.6 * plain.error
    assert weight(model, better, "jawOpen") == pytest.approx(0.4, abs=0.15)


def test_same_points_same_fit(model: MorphableModel) -> None:
    points = points_of(model, random_coefficients(model, np.random.default_rng(9)))
    first, second = fit(points, model, CAMERA), fit(points.copy(), model, CAMERA)
    np.testing.assert_array_equal(first.expression, second.expression)
    np.testing.assert_array_equal(first.identity, second.identity)


def test_bad_arguments_are_named(model: MorphableModel) -> None:
    points = points_of(model, face_with(model, 0))
    with pytest.raises(InputError, match="landmarks: expected shape"):
        fit(points[:468], model, CAMERA)
    with pytest.raises(InputError, match="landmarks: expected finite"):
        fit(np.where(np.arange(478)[:, None] == 7, np.nan, points), model, CAMERA)
    with pytest.raises(InputError, match="nearly coincide"):
        fit(np.full((478, 2), 100.0), model, CAMERA)
    with pytest.raises(InputError, match="identity: expected shape"):
        fit(points, model, CAMERA, identity=np.zeros(79, np.float32))
    with pytest.raises(InputError, match="offsets: expected shape"):
        fit(points, model, CAMERA, offsets=np.zeros((478, 3), np.float32))
    with pytest.raises(InputError, match="no MediaPipe landmarks"):
        fit(points, replace(model, landmarks478=None), CAMERA)


def test_the_neck_stays_near_where_another_picture_had_it(model: MorphableModel) -> None:
    """Points drawn a little taller than they are move the neck less where it is known."""
    face = face_with(model, 5)
    points = points_of(model, face)
    middle = points.mean(0)
    points = middle + (points - middle) * np.array([1, 1.04], np.float32)
    base = np.array([[0, -0.10, -0.02]], np.float32) / model.metres_per_unit
    held = poses.transform(face.pose, base)
    free, known = (
        fit(points, model, CAMERA, identity=face.identity, neutral=neutral)
        for neutral in (None, face.pose)
    )
    wandered = [np.linalg.norm(poses.transform(f.pose, base) - held) for f in (free, known)]
    assert wandered[1] < 0.9 * wandered[0]


def test_a_trunk_that_leans_is_followed_all_the_same(model: MorphableModel) -> None:
    face = face_with(model, 6)
    leaning = face.pose + np.array([0, 0, 0, 0.03, 0.01, 0.03], np.float32)
    points = points_of(model, replace(face, pose=leaning))
    found = fit(points, model, CAMERA, identity=face.identity, neutral=face.pose)
    assert found.error < 0.6
    assert degrees_apart(found.pose, leaning) < 2
    assert np.abs(found.pose[3:5] - leaning[3:5]).max() < 0.003


def test_the_neck_prior_has_its_least_where_it_says(model: MorphableModel) -> None:
    pose = np.array([0.2, -0.3, 0.1, 0.02, 0.03, -1.0], np.float32)
    neck = priors.NeckPrior.around(pose, model.metres_per_unit)
    rotation, translation = poses.rotation_matrix(pose[:3]), pose[3:]
    np.testing.assert_allclose(neck.normal_equations(rotation, translation)[1], 0, atol=1e-2)
    moved = translation + np.array([0.01, -0.02, 0.03], np.float32)

    def cost(step: np.ndarray) -> float:
        turned = poses.rotation_matrix(step[:3]).astype(float) @ rotation @ neck.base
        return float((neck.precision * (turned + moved + step[3:] - neck.held) ** 2).sum() / 2)

    slope = [(cost(h) - cost(-h)) / 2e-4 for h in 1e-4 * np.eye(6)]
    found = neck.normal_equations(rotation, moved)[1]
    np.testing.assert_allclose(found, slope, rtol=1e-2, atol=0.5)


def test_a_neutral_pose_of_another_shape_is_refused(model: MorphableModel) -> None:
    points = points_of(model, face_with(model, 0))
    with pytest.raises(InputError, match="neutral"):
        fit(points, model, CAMERA, neutral=np.zeros(3, np.float32))
