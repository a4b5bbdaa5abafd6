"""Landmarks over time -> pose, expression and gaze of a known face in every frame.

Each frame is fitted from the one before, which saves time and is no prior. Then every frame
is fitted again with the mean of both neighbours' expressions expected (``priors``): that
steadies the weights and, looking ahead as far as back, delays nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from facewright import checks
from facewright.capture import gaze as gaze_from_irises
from facewright.capture import priors
from facewright.capture.basis import SKIN_POINTS, LandmarkBasis, landmark_basis
from facewright.capture.fit import REFERENCE_SIZE, FitResult, fit, fit_shape
from facewright.capture.landmarks import POINTS
from facewright.capture.smooth import runs
from facewright.capture.subject import Subject
from facewright.checks import Float32
from facewright.errors import InputError
from facewright.face import pose as poses
from facewright.render.camera import Camera

#: Gauss-Newton steps of the second fit, which starts beside its end.
_STEADY_STEPS = 2


@dataclass(frozen=True, slots=True)
class FitTrack:
    """A face's motion, as it was fitted.

    Frames without landmarks hold what lies between the frames around them.

    Attributes:
        expression: (T, K_exp) beta.
        pose: (T, 6) absolute, in the subject's camera.
        gaze: (T, 4) omega.
        error: (T,) mean distance to the landmarks in pixels of a 256 x 256 crop, NaN
            without landmarks.
    """

    expression: Float32
    pose: Float32
    gaze: Float32
    error: Float32

    def relative_pose(self, neutral: Float32) -> Float32:
        """(T, 6) poses relative to a (6,) absolute one, as ``Motion.pose`` has them."""
        return poses.relative_to(neutral, self.pose)


def fit_track(
    landmarks: Float32,
    subject: Subject,
    *,
    offsets: Float32 | None = None,
    neck: bool = True,
    steady: bool = True,
    progress: Callable[[int], None] = lambda _: None,
) -> FitTrack:
    """Fit a subject to its landmarks in every frame of a clip.

    Args:
        landmarks: (T, 478, 2) in pixels of the subject's crop (``box.to_crop`` with
            ``subject.box`` takes them there), best smoothed; frames of NaN have none.
        subject: whose identity is held, and whose camera saw the landmarks.
        offsets: (468, 3) of ``fit.landmark_offsets``, where wanted.
        neck: whether the neck's base is expected near where the subject's photo has it:
            right where the photo is a frame of the clip and the person stays in place.
        steady: whether neighbours' expressions are a prior.
        progress: called with the number of frames done; one fitted twice counts once.

    Raises:
        InputError: for landmarks of another shape, or without any frame that has them.
    """
    raw = np.asarray(landmarks, np.float32)
    missing = np.isnan(raw).any(axis=tuple(range(1, raw.ndim)))
    raw = checks.floats("landmarks", np.nan_to_num(raw, posinf=np.inf), ("T", POINTS, 2))
    if missing.all():
        raise InputError("landmarks: expected points in at least one frame, all are missing")
    known = subject.coefficients
    neutral = known.pose if neck else None
    results: list[FitResult | None] = []
    before: FitResult | None = None
    for points, absent in zip(raw, missing, strict=True):
        if absent:
            before = None
        else:
            before = fit(
                points, subject.model, subject.camera, identity=known.identity,
                offsets=offsets, neutral=neutral, warm_start=before,
            )  # fmt: skip
        results.append(before)
        progress(len(results) // 2 if steady else len(results))
    if steady:
        _steady(raw, subject, results, offsets, neutral, progress)
    return _arrays(results)


def _steady(
    landmarks: Float32,
    subject: Subject,
    results: list[FitResult | None],
    offsets: Float32 | None,
    neutral: Float32 | None,
    progress: Callable[[int], None],
) -> None:
    """Fit every frame that has neighbours once more, in place."""
    model, camera = subject.model, subject.camera
    basis = landmark_basis(model)
    if offsets is not None:
        basis = replace(basis, mean=basis.mean + np.asarray(offsets, np.float32).T)
    neck = None if neutral is None else priors.NeckPrior.around(neutral, model.metres_per_unit)
    first = [None if result is None else result.expression for result in results]
    for k, result in enumerate(results):
        progress((len(results) + k + 1) // 2)
        if result is None:
            continue
        expected = _expected(first, k)
        alpha, beta, pose = fit_shape(
            landmarks[k], basis, model.expression_names, camera,
            result.identity, result, neck, nearby=expected, steps=_STEADY_STEPS,
        )  # fmt: skip
        fitted = _result(landmarks[k], basis, camera, alpha, beta, pose)
        shut = priors.shut_lids(beta, model.expression_names)
        results[k] = replace(fitted, expression=shut)


def _expected(expressions: list[Float32 | None], k: int) -> Float32:
    """The mean of a frame's expression and its neighbours', binomially weighted.

    Without its own part, noise that changes sign with every frame would only be turned
    over.
    """
    total, weights = np.zeros_like(expressions[k]), 0.0
    for offset, weight in ((-1, 0.25), (0, 0.5), (1, 0.25)):
        if 0 <= k + offset < len(expressions) and (at := expressions[k + offset]) is not None:
            total, weights = total + weight * at, weights + weight
    return total / weights


def _result(
    points: Float32,
    basis: LandmarkBasis,
    camera: Camera,
    alpha: Float32,
    beta: Float32,
    pose: Float32,
) -> FitResult:
    posed = poses.transform(pose, basis.points(alpha, beta).T)
    projected = camera.project(posed)[:, :2].astype(np.float32)
    distance = np.linalg.norm(projected - points[:SKIN_POINTS], axis=-1).mean()
    gaze = gaze_from_irises.estimate(points, basis, alpha, pose, camera)
    error = float(distance) * REFERENCE_SIZE / camera.size[0]
    return FitResult(alpha, beta, pose, gaze, projected, error)


def _arrays(results: list[FitResult | None]) -> FitTrack:
    fitted = np.array([result is not None for result in results])
    have = [result for result in results if result is not None]
    error = np.full(len(results), np.nan, np.float32)
    error[fitted] = [result.error for result in have]
    expression, gaze = (
        _filled(np.stack([getattr(result, name) for result in have]), fitted)
        for name in ("expression", "gaze")
    )
    # Rotation vectors may jump by a turn; relative to one of them they do not.
    middle = have[0].pose
    relative = poses.relative_to(middle, np.stack([result.pose for result in have]))
    pose = poses.compose(middle, _filled(relative, fitted))
    return FitTrack(expression, pose, gaze, error)


def _filled(values: Float32, known: NDArray[np.bool_]) -> Float32:
    """(T, D) from the values of known frames: straight lines between, level at the ends."""
    out = np.empty((len(known), values.shape[1]), np.float32)
    out[known] = values
    at = np.flatnonzero(known)
    for first, last in runs(~known):
        frames = np.arange(first, last)
        for column in range(values.shape[1]):
            out[first:last, column] = np.interp(frames, at, values[:, column])
    return out
