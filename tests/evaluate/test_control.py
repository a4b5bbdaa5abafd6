"""Controls re-estimated from frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from facewright import animate
from facewright.animate.base import CoefficientGeometry
from facewright.capture import CaptureSession
from facewright.evaluate.control import effects, reestimated
from facewright.media.picture import read_picture


def test_asked_turns_and_jaws_are_got(examples: Path) -> None:
    session = CaptureSession()
    subject = session.capture(read_picture(examples / "portrait.png"), size=256)
    frames, rho = 5, subject.coefficients
    expression = np.tile(rho.expression, (frames, 1))
    expression[:, subject.model.expression_index("jawOpen")] = np.linspace(0, 0.6, frames)
    pose = np.zeros((frames, 6), np.float32)
    pose[:, 1] = np.deg2rad(np.linspace(-10, 10, frames))
    asked = CoefficientGeometry(np.arange(frames), expression, pose, np.tile(rho.gaze, (frames, 1)))
    animator = animate.create("reproject")
    made = animator(asked, animator.prepare(subject, 256))
    found = {e.name: e for e in effects(subject, asked, reestimated(session, subject, made))}
    session.close()
    assert set(found) == {"jawOpen", "yaw"}
    assert found["yaw"].correlation > 0.98
    assert found["yaw"].gain == pytest.approx(1, abs=0.25)
    assert found["jawOpen"].correlation > 0.9
    assert found["jawOpen"].gain > 0.5
