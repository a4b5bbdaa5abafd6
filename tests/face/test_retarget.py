"""Motion keeps its meaning when it moves to another model."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from facewright.errors import InputError
from facewright.face.library import load_model
from facewright.face.motion import Motion
from facewright.face.retarget import (
    bounded_least_squares,
    retarget,
    retarget_with_report,
    weight_bounds,
)
from scipy.optimize import lsq_linear


@pytest.fixture(scope="module")
def default():
    return load_model("default")


@pytest.fixture(scope="module")
def ict(shared):
    return load_model(shared / "models" / "ict_facekit.npz")


def _motion(model, names=None, frames=90, seed=0, level=1.0) -> Motion:
    """Smooth weights in 0..1 on ``names``, each at rest about half of the time."""
    names = model.expression_names if names is None else names
    rng = np.random.default_rng(seed)
    kernel = np.hanning(17)[:, None] / np.hanning(17).sum()
    noise = rng.normal(size=(frames + 16, len(names)))
    smooth = np.stack([np.convolve(c, kernel[:, 0], "valid") for c in noise.T], axis=1)
    return Motion(
        fps=25.0,
        model=model.name,
        names=tuple(names),
        expression=np.clip(level * 2.5 * smooth, 0, 1),
        pose=rng.normal(size=(frames, 6)) * 0.01,
        gaze=rng.uniform(-0.2, 0.2, (frames, 4)),
        sources={"expression": "speech"},
    )


def _landmarks(model, motion):
    """(T, 68, 3) landmark displacements in millimetres."""
    rows = [model.expression_index(name) for name in motion.names]
    basis = model.landmark_points(model.expression_basis[rows], model.landmarks68)
    return np.tensordot(motion.expression, basis, 1) * model.metres_per_unit * 1e3


def _rms(offset):
    return float(np.sqrt((offset**2).sum(axis=-1).mean()))


def _mixed(model, seed=1, scale=1.0):
    """The same face with its expressions mixed by a random rotation and made nameless."""
    count = len(model.expression_names)
    mix, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(count, count)))
    return dataclasses.replace(
        model,
        name=f"mixed-{seed}",
        mean=model.mean * scale,
        expression_basis=np.tensordot(mix, model.expression_basis, 1).astype(np.float32) * scale,
        expression_names=tuple(f"expression_{k:03d}" for k in range(count)),
        metres_per_unit=model.metres_per_unit / scale,
    )


def test_to_itself_nothing_changes(default):
    motion = _motion(default)
    moved, report = retarget_with_report(motion, default, default)
    for name in ("expression", "pose", "gaze"):
        np.testing.assert_array_equal(getattr(moved, name), getattr(motion, name))
    assert (moved.fps, moved.sources) == (motion.fps, motion.sources)
    assert report.landmarks == 0 and report.fitted == report.lost == ()


def test_names_may_be_some_in_any_order(default):
    motion = _motion(default, ("mouthFunnel", "jawOpen"))
    moved = retarget(motion, default, default)
    assert moved.names == default.expression_names
    for name in motion.names:
        np.testing.assert_array_equal(moved.column(name), motion.column(name))
    assert np.count_nonzero(moved.expression.any(axis=0)) == 2


@pytest.mark.parametrize("direction", ["default to ICT", "ICT to default"])
def test_jaw_opens_alike_on_ict_and_default(default, ict, direction):
    source, target = (default, ict) if direction.startswith("default") else (ict, default)
    motion = _motion(source, ("jawOpen",))
    moved, report = retarget_with_report(motion, source, target)
    assert report.matched == ("jawOpen",) and not report.fitted
    np.testing.assert_array_equal(moved.column("jawOpen"), motion.column("jawOpen"))
    # By name a weight is the same, and each jaw opens as its own model has it: ICT's goes
    # about 1.46 times as far.
    gap = [
        (points[:, 62, 1] - points[:, 66, 1])[motion.column("jawOpen") > 0.3]
        for points in (_landmarks(source, motion), _landmarks(target, moved))
    ]
    ratio = np.log(gap[1] / gap[0])
    assert np.abs(ratio).max() < np.log(1.6) and np.ptp(ratio) < 1e-4

    # By landmarks alone the mouth opens equally far in millimetres, give or take a face's size.
    moved, report = retarget_with_report(motion, source, target, by_name=False)
    assert report.landmarks == 68 and report.matched == () and report.fitted == ("jawOpen",)
    points = _landmarks(target, moved)
    got = (points[:, 62, 1] - points[:, 66, 1])[motion.column("jawOpen") > 0.3]
    np.testing.assert_allclose(got / gap[0], 1.0, atol=0.25)
    assert report.rms_mm < 0.35 * report.moved_mm  # a jaw cannot open further than its 1


def test_units_of_the_pose(default, ict):
    motion = _motion(default, ("jawOpen",))
    moved = retarget(motion, default, ict)
    np.testing.assert_allclose(moved.pose[:, 3:], motion.pose[:, 3:] * 100, rtol=1e-5)
    np.testing.assert_array_equal(moved.pose[:, :3], motion.pose[:, :3])
    np.testing.assert_array_equal(moved.gaze, motion.gaze)
    back = retarget(moved, ict, default)
    np.testing.assert_allclose(back.pose, motion.pose, rtol=1e-5)


def test_round_trip_over_ict(default, ict):
    shared_names = [name for name in default.expression_names if name in ict.expression_names]
    motion = _motion(default, shared_names)
    back = retarget(retarget(motion, default, ict), ict, default)
    for name in shared_names:
        np.testing.assert_array_equal(back.column(name), motion.column(name))

    extras = [name for name in default.expression_names if name not in ict.expression_names]
    motion = _motion(default, extras, level=0.6)
    there, report = retarget_with_report(motion, default, ict)
    assert set(report.fitted) | set(report.lost) == set(extras) and not report.matched
    assert "lipsPart" in report.fitted and "tongueUp" in report.lost
    back = retarget(there, ict, default)
    error = _rms(_landmarks(default, back) - _landmarks(default, motion))
    assert error < 0.75 * _rms(_landmarks(default, motion))

    # Without names, expressions themselves survive a round trip through landmarks.
    motion = _motion(default, level=0.6)
    there, report = retarget_with_report(motion, default, ict, by_name=False)
    back, _ = retarget_with_report(there, ict, default, by_name=False)
    error = _rms(_landmarks(default, back) - _landmarks(default, motion))
    assert error < 0.25 * _rms(_landmarks(default, motion))
    assert there.expression.min() >= 0 and there.expression.max() <= 1


def test_nameless_components_are_recovered_through_landmarks(default):
    mixed = _mixed(default)
    motion = _motion(default)
    moved, report = retarget_with_report(motion, default, mixed)
    assert (
        report.landmarks == 468 and report.matched == () and moved.names == mixed.expression_names
    )
    assert report.rms_mm < 0.02 * report.moved_mm and report.max_mm < 1.0
    # Not only the landmarks: the whole skin, which they stand for.
    frames = np.arange(0, len(motion), 10)
    want = np.tensordot(motion.expression[frames], default.expression_basis, 1)
    got = np.tensordot(moved.expression[frames], mixed.expression_basis, 1)
    skin = default.vertex_parts == 0
    assert _rms(got[:, skin] - want[:, skin]) < 0.12 * _rms(want[:, skin])
    back = retarget(moved, mixed, default)
    error = _rms(_landmarks(default, back) - _landmarks(default, motion))
    assert error < 0.05 * _rms(_landmarks(default, motion))


def test_two_nameless_models_never_match_by_name(default):
    first, second = _mixed(default, 1), _mixed(default, 2)
    motion = retarget(_motion(default), default, first)
    moved, report = retarget_with_report(motion, first, second)
    assert report.matched == ()
    error = _rms(_landmarks(second, moved) - _landmarks(first, motion))
    assert error < 0.05 * _rms(_landmarks(first, motion))


def test_units_do_not_matter_to_the_fit(default):
    motion = _motion(default)
    metres = retarget(motion, default, _mixed(default))
    millimetres = retarget(motion, default, _mixed(default, scale=1000.0))
    np.testing.assert_allclose(millimetres.expression, metres.expression, atol=2e-3)
    np.testing.assert_allclose(millimetres.pose[:, 3:], metres.pose[:, 3:] * 1000, rtol=1e-4)


def test_copied_weights_and_fitted_ones_stay_within_bounds(default, ict):
    names = ("jawOpen", "mouthSmileLeft", "mouthSmileRight", "smileOpen")
    motion = Motion(25.0, default.name, names, np.ones((5, 4)), np.zeros((5, 6)), np.zeros((5, 4)))
    moved, report = retarget_with_report(motion, default, ict)
    assert report.fitted == ("smileOpen",)
    assert moved.expression.min() >= 0 and moved.expression.max() <= 1
    over = dataclasses.replace(motion, expression=np.full((5, 4), 1.2))
    moved = retarget(over, default, ict)
    np.testing.assert_allclose(moved.column("mouthSmileLeft"), 1.2, atol=0.2)


def test_wrong_model_is_named(default, ict):
    motion = _motion(default, ("jawOpen",))
    with pytest.raises(InputError, match="not to 'ict-facekit'"):
        retarget(motion, ict, default)
    odd = dataclasses.replace(motion, names=("noSuchShape",))
    with pytest.raises(InputError, match="noSuchShape"):
        retarget(odd, default, default)


def test_empty_and_resting_motions(default):
    mixed = _mixed(default)
    for frames in (0, 3):
        motion = Motion(
            25.0, default.name, ("jawOpen",), np.zeros((frames, 1)), np.zeros((frames, 6)),
            np.zeros((frames, 4)),
        )  # fmt: skip
        moved, report = retarget_with_report(motion, default, mixed)
        assert moved.expression.shape == (frames, len(mixed.expression_names))
        assert not moved.expression.any() and report.fitted == ()


def test_bounded_least_squares_against_an_exact_solver():
    rng = np.random.default_rng(7)
    matrix = rng.normal(size=(60, 12)) * rng.uniform(0.1, 5, 12)
    matrix[:, 1] = matrix[:, 0] * 2 + 0.01 * rng.normal(size=60)  # nearly the same direction
    wanted = rng.normal(size=(40, 60)) * 3
    low, high = np.full(12, -0.2), np.full(12, 0.5)
    gram = matrix.T @ matrix + 1e-3 * np.eye(12)
    found = bounded_least_squares(gram, wanted @ matrix, low, high, iterations=20000)
    assert found.min() >= -0.2 - 1e-12 and found.max() <= 0.5 + 1e-12
    extended = np.concatenate([matrix, np.sqrt(1e-3) * np.eye(12)])

    def cost(x, row):
        return ((extended @ x - np.append(wanted[row], np.zeros(12))) ** 2).sum()

    for row in range(0, 40, 5):
        exact = lsq_linear(extended, np.append(wanted[row], np.zeros(12)), (low, high), tol=1e-12)
        assert cost(found[row], row) <= cost(exact.x, row) * (1 + 1e-6) + 1e-9


def test_bounds(default):
    low, high = weight_bounds(default)
    assert set(low) == {0.0} and set(high) == {1.0}
    low, high = weight_bounds(_mixed(default))
    assert set(low) == {-3.0} and set(high) == {3.0}
