"""Landmarks -> pose, identity, expression, gaze: Gauss-Newton under the priors.

Minimised is the negative log posterior

    sum_i |A_i (project(R S_i + t) - l_i)|^2 + |alpha|^2 + (beta' P beta) + bounds(beta)
    + (R b + t - c)' Q (R b + t - c)

with S = S_mean + B_id alpha + B_exp beta (TGDM, eq. 7) at MediaPipe's 468 skin points l_i,
A_i the points' weights and P the prior of `priors.py`. A_i is a 2 x 2 matrix because
points of the face oval are seen where the cheek turns away: they may slide along it.
The last term is for further pictures of a person: the base b of the neck is near c, where
the first had it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from facewright import checks
from facewright.capture import gaze as gaze_from_irises
from facewright.capture import priors
from facewright.capture.basis import SKIN_POINTS, LandmarkBasis, landmark_basis
from facewright.capture.landmarks import OVAL, POINTS
from facewright.checks import Float32
from facewright.errors import InputError
from facewright.face import pose as poses
from facewright.face.coefficients import Coefficients
from facewright.face.model import MorphableModel
from facewright.render.camera import Camera

#: Pixels are counted on a crop of this side, whatever the camera's.
REFERENCE_SIZE = 256

#: Lips and lids say most about speech; the oval least, least of all along itself.
LIPS = (
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185,
    78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191,
)  # fmt: skip
LIDS = (
    33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246,
    263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466,
)  # fmt: skip
#: Pairs of points above each other on the two lids.
UPPER_LIDS = (246, 161, 160, 159, 158, 157, 173, 398, 384, 385, 386, 387, 388, 466)
LOWER_LIDS = (7, 163, 144, 145, 153, 154, 155, 382, 381, 380, 374, 373, 390, 249)
_LIP_WEIGHT, _LID_WEIGHT, _OVAL_WEIGHT, _SLIDE = 2.0, 2.0, 0.4, 0.3
#: Factors on what a pair says about how far the eye is open, and about where it is. Where an
#: eye lies beside the model's, as when a head is tilted, its upper lid alone could follow,
#: and open eyes would be read as half shut.
_LID_GAP, _LID_PLACE = 3.0, 0.5
#: Standard deviation of a point, in reference pixels. Points err together, so it is
#: larger than what one point would show.
_NOISE = 2.0
_COLD_STEPS, _POSE_STEPS, _WARM_STEPS = 12, 2, 5


@dataclass(frozen=True, slots=True)
class FitResult:
    """One fitted face; the fields up to ``gaze`` are as in ``Coefficients``.

    Attributes:
        identity: (K_id,) alpha.
        expression: (K_exp,) beta.
        pose: (6,) absolute pose.
        gaze: (4,) omega.
        projected: (468, 2) the fitted skin points, offsets included, in the camera's pixels.
        error: mean distance to the given points, in pixels of a 256 x 256 crop.
    """

    identity: Float32
    expression: Float32
    pose: Float32
    gaze: Float32
    projected: Float32
    error: float


def fit(
    landmarks: Float32,
    model: MorphableModel,
    camera: Camera,
    *,
    identity: Float32 | None = None,
    offsets: Float32 | None = None,
    neutral: Float32 | None = None,
    warm_start: FitResult | None = None,
) -> FitResult:
    """Fit one face to its landmarks.

    Args:
        landmarks: (478, 2) MediaPipe's points in the camera's pixels.
        model: a model with a MediaPipe embedding and eyeballs.
        camera: of the picture that the landmarks are in.
        identity: (K_id,) held fixed where given: how further frames of a known face are
            fitted.
        offsets: (468, 3) of :func:`landmark_offsets`, where another picture of the face
            was fitted before: what this face has and the model has not.
        neutral: (6,) pose in another picture of the person by the same camera: the base
            of the neck is expected near where it was there. A prior, where ``warm_start``
            is none.
        warm_start: a fit of a frame nearby, to start from; it saves time and is no
            prior, the result is that frame's own.

    Raises:
        InputError: for landmarks of another shape or a model that cannot be fitted.
    """
    landmarks = checks.floats("landmarks", landmarks, (POINTS, 2))
    basis = landmark_basis(model)
    if offsets is not None:
        offsets = checks.floats("offsets", offsets, (SKIN_POINTS, 3))
        basis = replace(basis, mean=basis.mean + offsets.T)
    neck = None
    if neutral is not None:
        neutral = checks.floats("neutral", neutral, (6,))
        neck = priors.NeckPrior.around(neutral, model.metres_per_unit)
    alpha, beta, pose = fit_shape(
        landmarks, basis, model.expression_names, camera, identity, warm_start, neck
    )
    posed = poses.transform(pose, basis.points(alpha, beta).T)
    projected = camera.project(posed)[:, :2].astype(np.float32)
    distance = np.linalg.norm(projected - landmarks[:SKIN_POINTS], axis=-1).mean()
    return FitResult(
        identity=alpha,
        expression=priors.shut_lids(beta, model.expression_names),
        pose=pose,
        gaze=gaze_from_irises.estimate(landmarks, basis, alpha, pose, camera),
        projected=projected,
        error=float(distance) * REFERENCE_SIZE / camera.size[0],
    )


def fit_shape(
    landmarks: Float32,
    basis: LandmarkBasis,
    expression_names: tuple[str, ...],
    camera: Camera,
    identity: Float32 | None = None,
    warm_start: FitResult | None = None,
    neck: priors.NeckPrior | None = None,
    nearby: Float32 | None = None,
    steps: int | None = None,
) -> tuple[Float32, Float32, Float32]:
    """All of :func:`fit` but the gaze: identity, expression and pose.

    ``nearby`` is the (K_exp,) expression expected from frames before and after, a prior;
    ``steps`` are Gauss-Newton's, by default as many as a cold or a warm start needs.
    """
    seen = landmarks[:SKIN_POINTS]
    if np.ptp(seen, axis=0).min() < 1e-3 * min(camera.size):
        raise InputError("landmarks: expected a face's points, got points that nearly coincide")
    k_identity, k_expression = basis.identity.shape[-1], basis.expression.shape[-1]
    alpha = np.zeros(k_identity, np.float32)
    beta = np.zeros(k_expression, np.float32)
    if warm_start is not None:
        alpha = checks.floats("warm_start.identity", warm_start.identity, (k_identity,))
        beta = checks.floats("warm_start.expression", warm_start.expression, (k_expression,))
    if identity is not None:
        alpha = checks.floats("identity", identity, (k_identity,))
    if warm_start is None:
        rotation, translation = _first_pose(basis.points(alpha, beta), seen, camera)
    else:
        rotation = poses.rotation_matrix(warm_start.pose[:3])
        translation = warm_start.pose[3:]
    weights = _point_weights(seen) * (REFERENCE_SIZE / camera.size[0] / _NOISE)
    precision = priors.expression_precision(expression_names)
    if nearby is None:
        steady, nearby = np.zeros(k_expression, np.float32), np.zeros(k_expression, np.float32)
    else:
        steady = priors.change_precision(expression_names)
    state = (rotation, translation, alpha, beta)
    if steps is None:
        steps = _COLD_STEPS if warm_start is None else _WARM_STEPS
    for step in range(steps):
        state = _gauss_newton_step(
            basis, seen, weights, (precision, steady, nearby), camera, state, neck,
            # A cold start settles the pose before the shape may bend to explain it.
            shape_moves=step >= _POSE_STEPS or warm_start is not None,
            identity_moves=identity is None,
        )  # fmt: skip
    rotation, translation, alpha, beta = state
    pose = np.concatenate([poses.rotation_vector(rotation), translation])
    beta = np.clip(beta, priors.LOW, priors.HIGH)
    return alpha.astype(np.float32), beta.astype(np.float32), pose.astype(np.float32)


def fit_identity(
    landmarks: Float32, model: MorphableModel, camera: Camera, *, steps: int = 8
) -> Float32:
    """One identity for several pictures of a face, with a pose and expression for each.

    Their sum of posteriors is minimised; each picture's own unknowns are eliminated (the
    Schur complement), so that K pictures take K times one picture's time. Points err alike
    in all pictures of a face, so K of them count as sqrt(K), not as K, against the prior.

    Args:
        landmarks: (K, 478, 2) in the camera's pixels; the more turned the heads, the better
            depth is known.
        model, camera: as in :func:`fit`.
        steps: of Gauss-Newton, after a fit of each picture alone.

    Returns:
        (K_id,) alpha.

    Raises:
        InputError: as :func:`fit`, or for no picture at all.
    """
    landmarks = checks.floats("landmarks", landmarks, ("K", POINTS, 2))
    if not len(landmarks):
        raise InputError("landmarks: expected at least one picture's")
    basis, names = landmark_basis(model), model.expression_names
    alone = [fit_shape(points, basis, names, camera) for points in landmarks]
    alpha = np.mean([fitted[0] for fitted in alone], axis=0, dtype=np.float32)
    states: list[_State] = [
        (poses.rotation_matrix(pose[:3]), pose[3:], alpha, beta) for _, beta, pose in alone
    ]
    scale = REFERENCE_SIZE / camera.size[0] / _NOISE
    weights = [_point_weights(points[:SKIN_POINTS]) * scale for points in landmarks]
    zero = np.zeros(len(names), np.float32)
    prior = (priors.expression_precision(names), zero, zero)
    for _ in range(steps):
        equations = [
            _normal_equations(
                basis, points[:SKIN_POINTS], weight, prior, camera, state, None,
                shape_moves=True, identity_moves=True,
                identity_precision=len(landmarks) ** -0.5,
            )
            for points, weight, state in zip(landmarks, weights, states, strict=True)
        ]  # fmt: skip
        states = _shared_identity_step(equations, states)
    return states[0][2].astype(np.float32)


def _shared_identity_step(
    equations: list[tuple[Float32, Float32]], states: list[_State]
) -> list[_State]:
    alpha = states[0][2]
    shared = np.arange(6, 6 + len(alpha))
    own = np.setdiff1d(np.arange(len(equations[0][1])), shared)
    hessian, gradient, solved = np.zeros((len(alpha),) * 2), np.zeros(len(alpha)), []
    for matrix, slope in equations:
        right = np.concatenate([matrix[np.ix_(own, shared)], slope[own, None]], axis=1)
        solved.append(np.linalg.solve(matrix[np.ix_(own, own)].astype(np.float64), right))
        across = matrix[np.ix_(shared, own)]
        hessian += matrix[np.ix_(shared, shared)] - across @ solved[-1][:, :-1]
        gradient += slope[shared] - across @ solved[-1][:, -1]
    moved = np.linalg.solve(hessian, -gradient)
    new = []
    for (rotation, translation, _, beta), one in zip(states, solved, strict=True):
        step = (-one[:, -1] - one[:, :-1] @ moved).astype(np.float32)
        rotation = poses.rotation_matrix(step[:3]) @ rotation
        new.append(
            (rotation, translation + step[3:6], (alpha + moved).astype(np.float32), beta + step[6:])
        )
    return new


def landmark_offsets(
    landmarks: Float32,
    model: MorphableModel,
    camera: Camera,
    coefficients: Coefficients | FitResult,
) -> Float32:
    """What moves a fitted face's landmarks onto those seen, for its further pictures.

    No model has every face: some points stay beside the landmarks, by about a pixel and
    in every frame alike. Further frames that are fitted with these offsets say what moved
    since this one, instead of explaining the same misfit again.

    Args:
        landmarks: (478, 2) that were fitted, in the camera's pixels.
        model: that was fitted.
        camera: of the picture.
        coefficients: the fit.

    Returns:
        (468, 3) to add to the model's landmarks, in model space, across the line of sight.
    """
    basis = landmark_basis(model)
    points = basis.points(coefficients.identity, coefficients.expression).T
    rotation = poses.rotation_matrix(coefficients.pose[:3])
    posed = points @ rotation.T + coefficients.pose[3:]
    across = (landmarks[:SKIN_POINTS] - camera.centre) * np.array([1, -1]) / camera.focal
    seen = np.concatenate([-posed[:, 2:] * across, posed[:, 2:]], axis=-1)
    return ((seen - posed) @ rotation).astype(np.float32)


def _point_weights(seen: Float32) -> Float32:
    """(468, 2, 2) the matrices A_i, without the noise's scale."""
    weights = np.ones(SKIN_POINTS, np.float32)
    weights[list(LIPS)] = _LIP_WEIGHT
    weights[list(LIDS)] = _LID_WEIGHT
    matrices = weights[:, None, None] * np.eye(2, dtype=np.float32)
    oval = seen[list(OVAL)]
    along = np.roll(oval, -1, axis=0) - np.roll(oval, 1, axis=0)
    along /= np.linalg.norm(along, axis=-1, keepdims=True) + 1e-6
    along_matrix = along[:, :, None] * along[:, None, :]
    matrices[list(OVAL)] = _OVAL_WEIGHT * (np.eye(2) - (1 - _SLIDE) * along_matrix)
    return matrices


def _first_pose(points: Float32, seen: Float32, camera: Camera) -> tuple[Float32, Float32]:
    """Pose from a scaled orthographic camera, in closed form.

    The best affine map from the (3, 468) points to the picture is found by least squares
    and replaced by the nearest scaled rotation.
    """
    centre = points.mean(1)
    middle = seen.mean(0)
    target = (seen - middle) * np.array([1, -1], np.float32)
    affine = np.linalg.lstsq((points - centre[:, None]).T, target, rcond=None)[0].T
    u, stretch, vt = np.linalg.svd(affine, full_matrices=False)
    rows = u @ vt
    rotation = np.stack([rows[0], rows[1], np.cross(rows[0], rows[1])])
    depth = camera.focal / float(stretch.mean())
    offset = (middle - camera.centre) * np.array([1, -1], np.float32) * depth / camera.focal
    translation = np.append(offset, -depth) - rotation @ centre
    return rotation.astype(np.float32), translation.astype(np.float32)


#: Rotation, translation, alpha, beta.
_State = tuple[Float32, Float32, Float32, Float32]
#: P, the diagonal of the precision over time, and the beta that it pulls to.
_ExpressionPrior = tuple[Float32, Float32, Float32]


def _gauss_newton_step(
    basis: LandmarkBasis,
    seen: Float32,
    weights: Float32,
    prior: _ExpressionPrior,
    camera: Camera,
    state: _State,
    neck: priors.NeckPrior | None,
    *,
    shape_moves: bool,
    identity_moves: bool,
) -> _State:
    hessian, gradient = _normal_equations(
        basis, seen, weights, prior, camera, state, neck,
        shape_moves=shape_moves, identity_moves=identity_moves,
    )  # fmt: skip
    step = np.linalg.solve(hessian, -gradient).astype(np.float32)
    rotation, translation, alpha, beta = state
    rotation = poses.rotation_matrix(step[:3]) @ rotation
    translation = translation + step[3:6]
    if shape_moves:
        if identity_moves:
            alpha = alpha + step[6 : 6 + len(alpha)]
        beta = beta + step[-len(beta) :]
    return rotation, translation, alpha, beta


def _normal_equations(
    basis: LandmarkBasis,
    seen: Float32,
    weights: Float32,
    prior: _ExpressionPrior,
    camera: Camera,
    state: _State,
    neck: priors.NeckPrior | None,
    *,
    shape_moves: bool,
    identity_moves: bool,
    identity_precision: float = 1.0,
) -> tuple[Float32, Float32]:
    """(N, N) Hessian and (N,) gradient in pose, then alpha and beta where they move."""
    rotation, translation, alpha, beta = state
    precision, steady, nearby = prior
    turned = rotation @ basis.points(alpha, beta)
    x, y, z = turned + translation[:, None]
    z = np.minimum(z, -1e-3)
    scale = -camera.focal / z
    predicted = np.stack([camera.centre[0] + x * scale, camera.centre[1] - y * scale], -1)
    zero = np.zeros_like(x)
    # d(u, v) / d(X_cam): with u = c_x - f x / z, v = c_y + f y / z.
    by_point = np.stack(
        [np.stack([scale, zero, x * scale / -z], -1), np.stack([zero, -scale, y * scale / z], -1)],
        axis=-2,
    )
    by_point = weights @ by_point
    residual = (weights @ (predicted - seen)[..., None])[..., 0]
    # Pose moves as X -> exp(w) R S + t + dt, so dX/dw = -[R S]_x.
    columns = [by_point @ _minus_cross(turned.T), by_point]
    if neck is None:
        held, pull = np.zeros((6, 6), np.float32), np.zeros(6, np.float32)
    else:
        held, pull = neck.normal_equations(rotation, translation)
    priors_block, pulls = [held], [pull]
    if shape_moves:
        by_model_point = by_point @ rotation
        if identity_moves:
            columns.append(_through(by_model_point, basis.identity))
            priors_block.append(identity_precision * np.eye(len(alpha), dtype=np.float32))
            pulls.append(identity_precision * alpha)
        columns.append(_through(by_model_point, basis.expression))
        bounds = np.where((beta < priors.LOW) | (beta > priors.HIGH), priors.SOFTNESS**-2, 0.0)
        outside = beta - np.clip(beta, priors.LOW, priors.HIGH)
        priors_block.append(precision + np.diag(bounds + steady))
        pulls.append(precision @ beta + bounds * outside + steady * (beta - nearby))
    jacobian = np.concatenate(columns, axis=-1)
    _pair_lids(jacobian)
    _pair_lids(residual)
    jacobian = jacobian.reshape(2 * SKIN_POINTS, -1)
    gradient = jacobian.T @ residual.ravel() + np.concatenate(pulls)
    return jacobian.T @ jacobian + _block_diagonal(priors_block), gradient


def _pair_lids(rows: Float32) -> None:
    """Replace the rows of paired lid points by their weighted difference and sum."""
    upper, lower = rows[list(UPPER_LIDS)], rows[list(LOWER_LIDS)]
    rows[list(UPPER_LIDS)] = _LID_GAP * np.sqrt(0.5, dtype=np.float32) * (upper - lower)
    rows[list(LOWER_LIDS)] = _LID_PLACE * np.sqrt(0.5, dtype=np.float32) * (upper + lower)


def _minus_cross(points: Float32) -> Float32:
    """(N, 3, 3) the matrices -[p]_x."""
    matrices = np.zeros((len(points), 3, 3), np.float32)
    x, y, z = points.T
    matrices[:, 0, 1], matrices[:, 0, 2] = z, -y
    matrices[:, 1, 0], matrices[:, 1, 2] = -z, x
    matrices[:, 2, 0], matrices[:, 2, 1] = y, -x
    return matrices


def _through(by_point: Float32, basis: Float32) -> Float32:
    """(N, 2, 3) times (3, N, K): three fused products beat 468 tiny matrix products."""
    out = by_point[:, :, 0, None] * basis[0][:, None]
    out += by_point[:, :, 1, None] * basis[1][:, None]
    out += by_point[:, :, 2, None] * basis[2][:, None]
    return out


def _block_diagonal(blocks: list[Float32]) -> Float32:
    size = sum(len(block) for block in blocks)
    matrix = np.zeros((size, size), np.float32)
    at = 0
    for block in blocks:
        matrix[at : at + len(block), at : at + len(block)] = block
        at += len(block)
    return matrix
