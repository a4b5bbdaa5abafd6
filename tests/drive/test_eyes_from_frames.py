"""What was asked of the eyes, read again from frames of the default model and of a photo."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest
from facewright import animate
from facewright.animate.base import CoefficientGeometry
from facewright.capture import CaptureSession, Subject, box
from facewright.capture.landmarks import FaceFinder
from facewright.capture.synthetic import render
from facewright.checks import Float32, UInt8
from facewright.drive import blinks, gaze, lids
from facewright.drive.gaze import angles
from facewright.evaluate.control import effect, reestimated
from facewright.face.coefficients import Coefficients
from facewright.face.library import load_model
from facewright.media.picture import read_picture
from facewright.render.shading import AMBIENT

_LIDS = (((159, 145), (33, 133)), ((386, 374), (362, 263)))  # upper and lower, corners


@pytest.fixture(scope="module")
def session() -> CaptureSession:
    session = CaptureSession()
    yield session
    session.close()


@pytest.fixture(scope="module")
def subject(session: CaptureSession, examples: Path) -> Subject:
    return session.capture(read_picture(examples / "portrait.png"), size=256)


def performed(subject: Subject, looks: list[tuple[float, float]], shut: Float32) -> UInt8:
    """(B, 256, 256, 3) frames of a photograph that looks in directions (left, up)."""
    rho = subject.coefficients
    keys = [gaze.Key(k, gaze.Direction(*look)) for k, look in enumerate(looks)]
    omega = gaze.track(np.arange(len(looks)), "keys", gaze.Eyes.of(subject), keys=keys).gaze
    face = lids.combined(
        np.tile(rho.expression, (len(looks), 1)),
        lids.lids_for(omega, rho.gaze, rho.expression),
        shut,
    )
    animator = animate.create("reproject")
    geometry = CoefficientGeometry(
        np.arange(len(looks)), face, np.zeros((len(looks), 6), np.float32), omega
    )
    return animator(geometry, animator.prepare(subject, 256))


@pytest.mark.parametrize("axis", [0, 1])
def test_gaze_is_got_as_asked_and_monotone(
    session: CaptureSession, subject: Subject, axis: int
) -> None:
    asked = np.array([(-20, -10, 0, 10, 20), (-20, -13, -6, 6, 16)][axis], np.float32)
    looks = np.tile(angles.common(subject.coefficients.gaze), (len(asked), 1))
    looks[:, axis] = asked
    frames = performed(subject, [tuple(look) for look in looks], np.zeros(len(asked)))
    got = angles.common(reestimated(session, subject, frames).gaze)[:, axis]
    assert (np.diff(got) > 0).all()
    found = effect("gaze", asked, got.astype(np.float32))
    assert found.correlation > 0.95
    # The capture itself sees two thirds of a turn aside and a third of one up or down.
    assert found.gain > (0.5, 0.25)[axis]


def test_the_eyes_of_the_model_are_seen_to_follow_a_target_and_stay_on_it() -> None:
    """A head that turns looks on at a point of the scene: the irises stay with it."""
    model, camera = load_model(), box.camera(256)
    eyes = gaze.Eyes.of(None)
    finder = FaceFinder()
    turns = np.radians([-12, 0, 12])
    pose = np.zeros((3, 6), np.float32)
    pose[:, 1] = turns
    at = {}
    for mode, options in (("camera", {}), ("keys", {"keys": gaze.parse("0:0,0")})):
        omega = gaze.track(np.zeros(3), mode, eyes, pose, **options).gaze
        offsets = []
        for head, look in zip(pose, omega, strict=True):
            points = finder.track(_picture(model, camera, np.zeros(64, np.float32), look, head))
            # Where the irises are between the corners, 0 (the right of the picture) .. 1.
            share = [
                (points[iris, 0] - points[a, 0]) / (points[b, 0] - points[a, 0])
                for iris, a, b in ((468, 33, 133), (473, 362, 263))
            ]
            offsets.append(float(np.mean(share)))
        at[mode] = np.array(offsets)
    finder.close()
    # Turned to its left, the head shows irises that stayed behind, at its right.
    assert (np.diff(at["camera"] - at["keys"]) < -0.05).all()


def test_blinks_are_counted_in_frames() -> None:
    model, camera = load_model(), box.camera(192)
    finder = FaceFinder()
    nothing = np.zeros((1, 64), np.float32)

    @functools.cache  # frames of lids that are equally shut look alike
    def aperture(shut: float) -> float:
        face = lids.combined(nothing, nothing, np.array([shut]))[0]
        return _aperture(finder.track(_picture(model, camera, face, np.zeros(4, np.float32))))

    counts = []
    for rate in (0.0, 12.0, 36.0):
        plan = blinks.plan(30.0, rate, seed=1)
        times = np.arange(0, 30, 0.08)
        shut = plan.shut(times)
        seen = np.array([aperture(round(float(value), 1)) for value in shut])
        still = aperture(0.0)
        low = seen < 0.75 * still
        counts.append((int((low[1:] & ~low[:-1]).sum() + low[0]), len(plan)))
    finder.close()
    assert counts[0] == (0, 0)
    assert counts[0][0] < counts[1][0] < counts[2][0]
    for got, asked in counts:
        assert abs(got - asked) <= max(1, 0.15 * asked)


def _picture(
    model: object, camera: object, face: Float32, omega: Float32, head: Float32 | None = None
) -> UInt8:
    pose = np.array([0, 0, 0, 0, -0.03, -1.1], np.float32)
    pose[:3] = 0 if head is None else head[:3]
    light = np.zeros((3, 9), np.float32)
    light[:, 0] = AMBIENT
    rho = Coefficients(
        identity=np.zeros(80, np.float32),
        expression=face.astype(np.float32),
        texture=np.zeros(80, np.float32),
        illumination=light.ravel(),
        pose=pose,
        gaze=omega,
    )
    return render(model, rho, camera)


def _aperture(points: Float32) -> float:
    """Opening of the lids over the width of the eyes, both eyes' mean."""
    shares = [
        np.linalg.norm(points[up] - points[low]) / np.linalg.norm(points[a] - points[b])
        for (up, low), (a, b) in _LIDS
    ]
    return float(np.mean(shares))
