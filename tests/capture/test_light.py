"""Light and texture of renders are found again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from facewright.capture import box
from facewright.capture.fit import FitResult
from facewright.capture.light import fit_light
from facewright.capture.synthetic import random_coefficients, render
from facewright.face import pose as poses
from facewright.face.coefficients import Coefficients
from facewright.face.library import load_model
from facewright.face.model import MorphableModel

CAMERA = box.camera(256)


@pytest.fixture(scope="module")
def model() -> MorphableModel:
    return load_model()


def known(model: MorphableModel, face: Coefficients) -> FitResult:
    """The truth as if it had been fitted."""
    assert model.landmarks478 is not None
    shape = model.vertices(face.identity, face.expression)
    points = model.landmark_points(shape, model.landmarks478)[:468]
    projected = CAMERA.project(poses.transform(face.pose, points))[:, :2]
    return FitResult(face.identity, face.expression, face.pose, face.gaze, projected, 0.0)


@pytest.mark.parametrize("seed", range(3))
def test_the_same_picture_is_rendered_again(model: MorphableModel, seed: int) -> None:
    face = random_coefficients(model, np.random.default_rng(seed))
    picture = render(model, face, CAMERA)
    texture, illumination = fit_light(picture, known(model, face), model, CAMERA)
    again = render(model, replace(face, texture=texture, illumination=illumination), CAMERA)
    seen = np.abs(picture.astype(int) - render(model, face, CAMERA, (0, 0, 0))).max(-1) == 0
    error = np.abs(picture.astype(float) - again)[seen].mean()
    assert error < 6


def test_side_of_the_light(model: MorphableModel) -> None:
    face = random_coefficients(model, np.random.default_rng(5))
    light = face.illumination.reshape(3, 9) * 0
    light[:, 0], light[:, 3] = 3.0, 1.0  # brighter from the image's right
    face = replace(face, illumination=light.ravel(), pose=face.pose * (0, 0, 0, 1, 1, 1))
    _, found = fit_light(render(model, face, CAMERA), known(model, face), model, CAMERA)
    found = found.reshape(3, 9)
    assert (found[:, 3] > 0.5).all()
    assert np.abs(found[:, 1]).max() < 0.4


def test_glasses_do_not_tint_the_skin(model: MorphableModel) -> None:
    face = random_coefficients(model, np.random.default_rng(6))
    picture = render(model, face, CAMERA)
    clean, light = fit_light(picture, known(model, face), model, CAMERA)
    eyes = known(model, face).projected[[33, 133, 362, 263]].astype(int)
    dark = picture.copy()
    dark[eyes[:, 1].min() - 8 : eyes[:, 1].max() + 10, eyes[:, 0].min() : eyes[:, 0].max()] = 10
    covered, light_covered = fit_light(dark, known(model, face), model, CAMERA)
    cheek = model.triangles[model.landmarks478.triangles[205]]  # type: ignore[union-attr]
    before, after = (model.albedo(texture)[cheek].mean(0) for texture in (clean, covered))
    assert np.abs(before - after).max() < 0.06
    assert np.abs(light[[0, 9, 18]] - light_covered[[0, 9, 18]]).max() < 0.35


def test_no_skin_in_view_gives_the_prior(model: MorphableModel) -> None:
    face = random_coefficients(model, np.random.default_rng(7))
    away = replace(known(model, face), projected=np.zeros((468, 2), np.float32))
    texture, illumination = fit_light(np.zeros((256, 256, 3), np.uint8), away, model, CAMERA)
    assert not texture.any()
    np.testing.assert_allclose(illumination.reshape(3, 9)[:, 1:], 0)
    assert (illumination.reshape(3, 9)[:, 0] > 0).all()
