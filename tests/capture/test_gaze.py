"""Gaze on rendered eyes, where the truth is known."""

from __future__ import annotations

import numpy as np
from facewright.capture import box
from facewright.capture.fit import fit
from facewright.capture.landmarks import FaceFinder
from facewright.capture.synthetic import gaze_error, random_coefficients, render
from facewright.face import pose as poses
from facewright.face.library import load_model


def test_no_bias_on_rendered_eyes(finder: FaceFinder) -> None:
    model, camera = load_model(), box.camera(256)
    # Not the seeds of the calibration.
    rng = np.random.default_rng(2024)
    estimated, true = [], []
    for _ in range(32):
        face = random_coefficients(model, rng)
        points = finder.track(render(model, face, camera))
        estimated.append(fit(points, model, camera).gaze)
        true.append(face.gaze)
    off = np.array(estimated) - np.array(true)
    assert np.abs(np.degrees(off.mean(0))).max() <= 2.0
    assert gaze_error(np.array(estimated), np.array(true)).mean() <= 7.0
    # Eyes that look to a side are seen to: what is left is noise and a smaller swing.
    across = np.corrcoef(np.array(estimated)[:, 0], np.array(true)[:, 0])[0, 1]
    assert across > 0.85


def test_eyes_turn_with_the_irises() -> None:
    """Irises moved by a known turn of the eyes move the gaze by as much."""
    model, camera = load_model(), box.camera(512)
    assert model.landmarks478 is not None
    zero = np.zeros(64, np.float32)
    pose = np.array([0, 0, 0, 0, -0.03, -1.1], np.float32)
    gazes = []
    for across, up in ((0.0, 0.0), (0.2, 0.0), (0.0, -0.15)):
        gaze = np.array([across, up, across, up], np.float32)
        shape = model.vertices(np.zeros(80, np.float32), zero, gaze)
        points = model.landmark_points(poses.transform(pose, shape), model.landmarks478)
        gazes.append(fit(camera.project(points)[:, :2], model, camera).gaze)
    straight, aside, down = gazes
    np.testing.assert_allclose(aside - straight, [0.2, 0, 0.2, 0], atol=0.02)
    np.testing.assert_allclose(down - straight, [0, -0.15, 0, -0.15], atol=0.02)


def test_error_is_an_angle() -> None:
    sideways = np.array([np.sin(np.radians(10)), 0, 0, np.sin(np.radians(-5))])
    np.testing.assert_allclose(gaze_error(sideways, np.zeros(4)), [10, 5], atol=1e-3)
