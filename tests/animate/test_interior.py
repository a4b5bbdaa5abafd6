"""The mouth between its lips, as it opens."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from facewright import animate
from facewright.animate import openings
from facewright.animate.base import CoefficientGeometry
from facewright.animate.reproject import ReprojectState
from facewright.face import pose as poses

from .conftest import SIZE, Scene

STEPS = 24
PARTED = {"jawOpen": 0.35, "mouthSmileLeft": 0.6, "mouthSmileRight": 0.6}


@pytest.fixture(scope="module")
def state(scene: Scene) -> ReprojectState:
    return animate.create("reproject").prepare(scene.subject, SIZE)


@pytest.fixture(scope="module")
def laughing(scene: Scene) -> Scene:
    """The scene photographed with its mouth open."""
    subject, expression = scene.subject, scene.geometry(**PARTED).expression[0]
    rho = dataclasses.replace(subject.coefficients, expression=expression)
    crop, head = scene.true_picture(expression, np.zeros(6, np.float32))
    vertices = poses.transform(rho.pose, subject.model.vertices(rho.identity, expression, rho.gaze))
    landmarks = subject.model.landmark_points(vertices, subject.model.landmarks478)
    return Scene(
        dataclasses.replace(
            subject,
            coefficients=rho,
            crop=crop,
            matte=head.astype(np.float32),
            landmarks=subject.camera.project(landmarks)[:, :2].astype(np.float32),
        ),
        scene.wall,
    )


def _sweep(scene: Scene, state: ReprojectState, **ends: float) -> np.ndarray:
    """(STEPS, h, w, 3) the mouth while some weights grow from 0, in small steps."""
    frames = []
    rim = scene.subject.landmarks[list(openings.MOUTH_RIM)]
    low, high = rim.min(0).astype(int), rim.max(0).astype(int)
    x0, y0, x1, y1 = low[0] - 8, low[1] - 8, high[0] + 8, high[1] + 30
    for share in np.linspace(0, 1, STEPS):
        posed = scene.geometry(**{name: share * end for name, end in ends.items()})
        frames.append(animate.create("reproject")(posed, state)[0, y0:y1, x0:x1])
    return np.stack(frames).astype(np.float32)


@pytest.mark.parametrize(
    "ends",
    [
        {"jawOpen": 0.8},
        {"jawOpen": 0.3, "mouthSmileLeft": 0.8, "mouthSmileRight": 0.8},
    ],
)
def test_an_opening_mouth_does_not_pop(scene, state, ends) -> None:
    mouth = _sweep(scene, state, **ends)
    steps = np.abs(np.diff(mouth, axis=0)).mean((1, 2, 3))
    # No step shows much more than its share of the whole change.
    assert steps.max() < 5
    assert steps.max() < 4 * np.median(steps) + 0.5


def test_a_photo_with_an_open_mouth_does_not_flash(laughing) -> None:
    state = animate.create("reproject").prepare(laughing.subject, SIZE)
    # The smile goes while the jaw opens: the lips part as widely as in the photo on the way,
    # but never alike.
    mouth = []
    for share in np.linspace(0, 1, STEPS):
        smile = 0.8 * (1 - share)
        posed = laughing.geometry(
            jawOpen=0.1 + 0.6 * share, mouthSmileLeft=smile, mouthSmileRight=smile
        )
        mouth.append(animate.create("reproject")(posed, state)[0])
    rim = laughing.subject.landmarks[list(openings.MOUTH_RIM)].astype(int)
    (x0, y0), (x1, y1) = rim.min(0) - 8, rim.max(0) + 16
    inside = np.stack(mouth)[:, y0:y1, x0:x1].astype(np.float32)
    steps = np.abs(np.diff(inside, axis=0)).mean((1, 2, 3))
    assert steps.max() < 2 * np.median(steps)


def test_the_throat_is_dark_and_warm(scene, state) -> None:
    opened = _sweep(scene, state, jawOpen=0.8)[-1]
    luma = opened @ np.array([0.299, 0.587, 0.114], np.float32)
    deepest = opened[luma <= np.percentile(luma, 3)].mean(0)
    assert 10 < deepest.mean() < 70
    assert deepest[0] > deepest[2] + 3
    assert luma.min() > 5


def test_closed_lips_show_no_black_line(scene, state) -> None:
    # A smile redraws the mouth but keeps it shut.
    shut = _sweep(scene, state, mouthSmileLeft=0.7, mouthSmileRight=0.7)
    before, after = shut[0].mean(-1), shut[-1].mean(-1)
    assert after.min() > 0.4 * before.min()


def test_what_the_photo_shows_of_teeth_stays_the_photos(scene, state) -> None:
    # The scene's lips are closed: nothing is known of its teeth, and none is invented
    # brighter than its skin.
    mouth = state.regions[2].interior
    assert mouth is not None
    assert not mouth.own.any()
    assert mouth.tones.teeth.mean() < np.percentile(scene.subject.crop.mean(-1), 99)
    assert mouth.tones.throat.mean() < 0.4 * mouth.tones.teeth.mean()


def test_pictured_rims_are_the_meshs(scene, state) -> None:
    from .test_reproject import TURNED, _rendered

    for weights in ({}, {"jawOpen": 0.5}, {"eyeBlinkLeft": 0.6, "eyeBlinkRight": 0.6}):
        geometry: CoefficientGeometry = scene.geometry(pose=TURNED, **weights)
        seen = state.correspondences(_rendered(scene, geometry))[0].rims
        known = state.correspondences(geometry)[0].rims
        for one, other in zip(seen, known, strict=True):
            assert np.abs(one - other).mean() < 0.7
