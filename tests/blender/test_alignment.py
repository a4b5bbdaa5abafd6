"""Where a head is, from what its shape keys move."""

from __future__ import annotations

import numpy as np
import pytest
from facewright.face.library import load_model
from scipy.spatial.transform import Rotation

pytestmark = pytest.mark.usefixtures("core")


@pytest.fixture
def alignment(core):
    from addon.core import alignment

    return alignment


def test_the_reference_is_the_default_models(alignment):
    model = load_model()
    for name, place in alignment.REFERENCE.items():
        offsets = model.expression_basis[model.expression_index(name)]
        np.testing.assert_allclose(alignment.landmark(model.mean, offsets), place, atol=6e-5)
    assert model.metres_per_unit == 1


def test_a_key_that_moves_nothing_has_no_landmark(alignment):
    assert alignment.landmark(np.ones((4, 3)), np.zeros((4, 3))) is None


def test_a_similarity_is_found_again(alignment):
    rng = np.random.default_rng(0)
    turn = Rotation.from_rotvec([0.4, -1.2, 2.0]).as_matrix()
    points = rng.normal(size=(30, 3))
    moved = 37.0 * points @ turn.T + [5, -6, 7]
    found = alignment.similarity(points, moved)
    np.testing.assert_allclose(found.rotation, turn, atol=1e-9)
    assert found.scale == pytest.approx(37.0)
    assert found.error < 1e-9
    np.testing.assert_allclose(found(points), moved)
    whole = np.c_[points, np.ones(30)] @ found.matrix.T
    np.testing.assert_allclose(whole[:, :3], moved)


def test_mirrored_points_are_not_mirrored_back(alignment):
    points = np.random.default_rng(1).normal(size=(20, 3))
    found = alignment.similarity(points, points * [-1, 1, 1])
    assert np.linalg.det(found.rotation) == pytest.approx(1)
    assert found.scale > 0


def test_one_odd_landmark_has_little_say(alignment):
    source = {name: np.array(place) for name, place in alignment.REFERENCE.items()}
    turn = Rotation.from_rotvec([0.2, 0.3, -0.1]).as_matrix()
    target = {name: 2 * turn @ place + [1, 2, 3] for name, place in source.items()}
    target["jawOpen"] = target["jawOpen"] + [0.0, -0.08, 0.0]  # 4 cm of the head
    found = alignment.between(source, target)
    angle = Rotation.from_matrix(found.rotation @ turn.T).magnitude()
    assert np.degrees(angle) < 3
    assert found.scale == pytest.approx(2, rel=0.05)


def test_too_few_landmarks_tell_nothing(alignment):
    source = {name: np.array(place) for name, place in alignment.REFERENCE.items()}
    some = dict(list(source.items())[:3])
    assert alignment.between(some, source) is None
    line = {name: np.array([k, 0.0, 0.0]) for k, name in enumerate(source)}
    assert alignment.between(line, source) is None
    assert alignment.between(source, {name: np.full(3, np.nan) for name in source}) is None
