"""The weights that ship: what is asked for comes back from the frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from facewright.animate.base import CoefficientGeometry
from facewright.animate.tgdm import weights
from facewright.animate.tgdm.animator import Tgdm
from facewright.capture import CaptureSession, Subject
from facewright.evaluate.control import ControlEffect, effect, effects, reestimated
from facewright.media.picture import read_picture
from safetensors import safe_open

FRAMES = 5


@pytest.fixture(scope="module")
def session() -> CaptureSession:
    return CaptureSession()


@pytest.fixture(scope="module")
def subject(session: CaptureSession, examples: Path) -> Subject:
    return session.capture(read_picture(examples / "portrait.png"), size=256)


@pytest.fixture(scope="module")
def animator() -> Tgdm:
    return Tgdm(device="cpu")


def asked(subject: Subject, yaw: float = 0.0, **most: float) -> CoefficientGeometry:
    """Blendshapes that rise from nothing to ``most``, while the head turns by ``yaw``."""
    rho, names = subject.coefficients, subject.model.expression_names
    steps = np.linspace(0, 1, FRAMES, dtype=np.float32)
    expression = np.tile(rho.expression, (FRAMES, 1))
    for name, value in most.items():
        expression[:, names.index(name)] = value * steps
    pose = np.zeros((FRAMES, 6), np.float32)
    pose[:, 1] = np.deg2rad(yaw) * (2 * steps - 1)
    return CoefficientGeometry(np.arange(FRAMES), expression, pose, np.tile(rho.gaze, (FRAMES, 1)))


def got(
    session: CaptureSession, subject: Subject, animator: Tgdm, geometry: CoefficientGeometry
) -> dict[str, ControlEffect]:
    made = animator(geometry, animator.prepare(subject, 256))
    return {e.name: e for e in effects(subject, geometry, reestimated(session, subject, made))}


def test_turns_and_jaws(session: CaptureSession, subject: Subject, animator: Tgdm):
    found = got(session, subject, animator, asked(subject, yaw=10, jawOpen=0.6))
    assert found["yaw"].correlation > 0.98 and found["yaw"].gain == pytest.approx(1, abs=0.25)
    assert found["jawOpen"].correlation > 0.9 and found["jawOpen"].gain > 0.4


def test_blinks(session: CaptureSession, subject: Subject, animator: Tgdm):
    found = got(session, subject, animator, asked(subject, eyeBlinkLeft=1.0, eyeBlinkRight=1.0))
    for side in ("Left", "Right"):
        assert found[f"eyeBlink{side}"].correlation > 0.8
        assert found[f"eyeBlink{side}"].gain > 0.5


def test_gaze(session: CaptureSession, subject: Subject, animator: Tgdm):
    geometry = asked(subject)
    gaze = geometry.gaze.copy()
    gaze[:, [0, 2]] += np.linspace(-0.25, 0.25, FRAMES, dtype=np.float32)[:, None]
    geometry = CoefficientGeometry(geometry.indices, geometry.expression, geometry.pose, gaze)
    made = animator(geometry, animator.prepare(subject, 256))
    back = reestimated(session, subject, made).gaze
    for column in (0, 2):
        across = effect("gazeX", gaze[:, column], back[:, column])
        assert across.correlation > 0.9 and across.gain > 0.4


def test_more_steps_show_the_same_face(subject: Subject, animator: Tgdm):
    geometry, state = asked(subject, jawOpen=0.5), animator.prepare(subject, 256)
    one = animator(geometry, state, steps=1).astype(int)
    for steps in (2, 4):
        other = animator(geometry, state, steps=steps)
        assert 0 < np.abs(other - one).mean() < 1.0


def test_seeds_differ_a_little(subject: Subject, animator: Tgdm):
    geometry, state = asked(subject, jawOpen=0.5), animator.prepare(subject, 256)
    difference = np.abs(animator(geometry, state, 0).astype(int) - animator(geometry, state, 1))
    assert 0 < difference.mean() < 1.0


def test_the_file_says_what_it_is(root: Path):
    assert weights.SHIPPED.stat().st_size < 30e6
    with safe_open(weights.SHIPPED, framework="pt") as file:
        header = file.metadata()
    assert header["name"] == "tgdm" and header["licence"] == "Apache-2.0"
    card = weights.SHIPPED.with_suffix(".md").read_text("utf-8")
    assert "CC BY 4.0" in card and "HDTF" in card
