"""The fall-back to the reprojection where a frame shows what the photo shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from facewright.animate.base import CoefficientGeometry
from facewright.animate.reproject import Drawn, Reproject, draw
from facewright.animate.tgdm.trust import COARSE, trust

from ..conftest import SIZE, Scene

SIDE_STEP = SIZE // COARSE


@pytest.fixture(scope="module")
def drawn(scene: Scene) -> Callable[..., Drawn]:
    """A frame of the scene's subject, by what is changed since the photo."""
    animator = Reproject()
    state = animator.prepare(scene.subject, SIZE)
    known = scene.subject.coefficients

    def make(pose: tuple[float, ...] = (0.0,) * 6, **weights: float) -> Drawn:
        expression = known.expression.copy()
        for name, weight in weights.items():
            expression[scene.subject.model.expression_index(name)] += weight
        geometry = CoefficientGeometry(
            np.arange(1), expression[None], np.array([pose], np.float32), known.gaze[None]
        )
        return draw(next(iter(state.correspondences(geometry))), state)

    return make


def on_face(heard: np.ndarray, drawn: Drawn) -> float:
    """The mean over the inner part of the mesh."""
    return float(heard[drawn.weight[::SIDE_STEP, ::SIDE_STEP] > 0.9].mean())


def test_the_photo_itself_is_left_alone(drawn: Callable[..., Drawn]) -> None:
    frame = drawn()
    assert on_face(trust(frame), frame) < 0.02


@pytest.mark.parametrize(
    "pose", [(0, 0, 0.2, 0, 0, 0), (0, 0, 0, 0.01, 0.005, 0), (0, 0, 0, 0, 0, 0.05)]
)
def test_a_head_that_moves_in_the_picture_has_not_changed(
    drawn: Callable[..., Drawn], pose: tuple[float, ...]
) -> None:
    frame = drawn(pose)
    assert on_face(trust(frame), frame) < 0.15


def test_the_network_is_heard_more_the_further_a_head_turns(drawn: Callable[..., Drawn]) -> None:
    frames = [drawn((0.0, yaw, 0.0, 0.0, 0.0, 0.0)) for yaw in (0.02, 0.08, 0.3)]
    shares = [on_face(trust(frame), frame) for frame in frames]
    assert shares == sorted(shares)
    assert shares[0] < 0.2 and shares[-1] > 0.9


def test_a_mouth_that_opens_is_heard_before_the_forehead(drawn: Callable[..., Drawn]) -> None:
    frame = drawn(jawOpen=0.6)
    heard, made = trust(frame), frame.made[::SIDE_STEP, ::SIDE_STEP] > 0.5
    assert made.any() and heard[made].min() > 0.95
    mesh = frame.weight[::SIDE_STEP, ::SIDE_STEP] > 0.9
    forehead = np.flatnonzero(mesh.any(1))[:4]
    assert heard[forehead][mesh[forehead]].mean() < 0.6 * heard[made].mean()


def test_without_a_face_the_network_is_heard(drawn: Callable[..., Drawn]) -> None:
    nothing = replace(drawn(), weight=np.zeros((SIZE, SIZE), np.float32))
    assert (trust(nothing) == 1).all()
