"""How far lids are shut, re-estimated from renders and from given weights."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from facewright.capture import fit, priors
from facewright.capture.landmarks import FaceFinder
from facewright.face.build import landmarks as built
from facewright.face.library import load_model
from facewright.render.camera import Camera

CAMERA = Camera(built.FOCAL, (built.SIZE / 2, built.SIZE / 2), (built.SIZE, built.SIZE))


@pytest.fixture(scope="module")
def finder() -> Iterator[FaceFinder]:
    finder = FaceFinder()
    yield finder
    finder.close()


@pytest.mark.parametrize("pitch", [-10.0, 0.0, 10.0])
def test_lids_of_a_known_face_are_found_as_they_were_set(finder: FaceFinder, pitch: float) -> None:
    model = load_model()
    rng = np.random.default_rng(11)
    alpha = (0.7 * rng.normal(size=80).clip(-2, 2)).astype(np.float32)
    lids = [model.expression_index(f"eyeBlink{side}") for side in ("Left", "Right")]
    colour, straight = model.albedo(np.zeros(80, np.float32)), np.zeros(4, np.float32)
    known, found = None, []
    for weight in (0.0, 0.25, 0.5, 1.0):
        beta = np.zeros(len(model.expression_names), np.float32)
        beta[lids] = weight
        shape = model.vertices(alpha, beta, straight)
        picture, _, _ = built.render(model, shape, colour, np.radians([pitch, 0.0, 0.0]))
        points = finder.track(picture)
        if known is None:
            known = fit(points, model, CAMERA)
        fitted = fit(points, model, CAMERA, identity=known.identity, neutral=known.pose)
        found.append(float(fitted.expression[lids].mean()))
    assert found[0] < 0.12
    assert found[1] == pytest.approx(0.25, abs=0.15)
    assert found[2] == pytest.approx(0.5, abs=0.2)
    assert found[3] > 0.9


def test_points_of_the_upper_lid_follow_it_down() -> None:
    model = load_model()
    beta = np.zeros(len(model.expression_names), np.float32)
    beta[[model.expression_index(f"eyeBlink{side}") for side in ("Left", "Right")]] = 1
    still, alpha = np.zeros_like(beta), np.zeros(80, np.float32)
    gaps = []
    for weights in (still, beta):
        shape = model.vertices(alpha, weights, np.zeros(4, np.float32))
        points = model.landmark_points(shape, model.landmarks478)
        gaps.append(points[[159, 386], 1] - points[[145, 374], 1])
    assert (gaps[1] < 0.25 * gaps[0]).all()


def test_shut_lids_stretches_only_what_is_nearly_shut() -> None:
    names = ("eyeBlinkLeft", "eyeBlinkRight", "jawOpen")
    for weight, expected in ((0.0, 0.0), (0.5, 0.5), (0.65, 0.75), (0.8, 1.0), (1.0, 1.0)):
        given = np.array([weight, weight, weight], np.float32)
        out = priors.shut_lids(given, names)
        np.testing.assert_allclose(out, [expected, expected, weight], atol=1e-6)
        assert given[0] == np.float32(weight)  # the argument is left alone
