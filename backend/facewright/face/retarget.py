"""Moving a performance from one morphable model to another.

A blendshape that both models have by name keeps its weight: names carry meaning, and a
wide mouth should stay a fully open one on a face that opens less far. What the other
source channels do to the face is measured as displacements of shared landmarks and
explained with the target's components by bounded least squares, on top of the weights
that names have settled:

    min over x of sum_n w_n |B x_n - d_n|^2 + lambda |D x|^2,   low <= copied + x <= high

for all frames at once, where d is the displacement due to the unmatched channels, B the
target's displacements per unit of weight, and D scales components alike. Names of PCA
components ("expression_000") mean nothing outside their model and are never matched.

Channels without any landmark effect (the tongue, the pupils) have no counterpart unless
by name; the report lists them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from facewright import checks
from facewright.checks import Float32
from facewright.errors import InputError
from facewright.face.model import LandmarkEmbedding, MorphableModel
from facewright.face.motion import Motion

#: A component without a meaning of its own.
_ANONYMOUS = re.compile(r"expression_\d+")
#: Bounds of the weights: a blendshape's, and a PCA component's in standard deviations.
BLENDSHAPE_BOUNDS = (0.0, 1.0)
COMPONENT_BOUNDS = (-3.0, 3.0)

#: Below this weight a channel is taken to rest.
_REST = 1e-4
#: Landmarks that move less than this (metres, at the largest weight) do not show a channel.
_VISIBLE = 1e-4
#: Frames whose landmarks are held at once while the residual is measured.
_CHUNK = 512


@dataclass(frozen=True, slots=True)
class RetargetReport:
    """How a motion was moved.

    Attributes:
        landmarks: how many shared landmarks were used (68 or 468); 0 where names sufficed.
        matched: blendshapes carried over by name.
        fitted: moving source channels explained through landmarks.
        lost: moving source channels that no landmark shows and no name matches.
        rms_mm, max_mm: what is left of the fitted channels' landmark displacements, root
            mean square and largest, in millimetres; 0 where nothing was fitted.
        moved_mm: root mean square of those displacements themselves, to compare with.
    """

    landmarks: int
    matched: tuple[str, ...]
    fitted: tuple[str, ...]
    lost: tuple[str, ...]
    rms_mm: float
    max_mm: float
    moved_mm: float


def retarget(motion: Motion, source: MorphableModel, target: MorphableModel) -> Motion:
    """``motion`` of the model ``source`` as a motion of the model ``target``.

    Weights move as the module describes; the pose's translation changes units; gaze is
    the same in every model.

    Raises:
        InputError: the motion belongs to another model than ``source``.
    """
    return retarget_with_report(motion, source, target)[0]


def retarget_with_report(
    motion: Motion,
    source: MorphableModel,
    target: MorphableModel,
    *,
    by_name: bool = True,
    regularisation: float = 1e-3,
) -> tuple[Motion, RetargetReport]:
    """As :func:`retarget`, with what was done and how well it fits.

    Args:
        motion: of the model ``source``; its names may be some of the model's, in any order.
        source, target: the models.
        by_name: False explains every channel through landmarks.
        regularisation: lambda, relative to the mean energy of the target's components.

    Raises:
        InputError: the motion belongs to another model, or names a blendshape unknown to it.
    """
    if motion.model != source.name:
        raise InputError(f"motion: belongs to model {motion.model!r}, not to {source.name!r}")
    checks.number("regularisation", regularisation, low=1e-9, high=1e3)
    columns = [source.expression_index(name) for name in motion.names]
    moving = np.abs(motion.expression).max(axis=0, initial=0.0) > _REST

    weights = np.zeros((len(motion), len(target.expression_names)), np.float32)
    matched = [
        (row, target.expression_names.index(name))
        for row, name in enumerate(motion.names)
        if by_name and _same_channel(name, source, target)
    ]
    here, there = [list(side) for side in zip(*matched, strict=True)] if matched else ([], [])
    weights[:, there] = motion.expression[:, here]
    rest = np.array([row for row in np.flatnonzero(moving) if row not in set(here)], dtype=np.int64)

    report = RetargetReport(
        0, tuple(motion.names[row] for row in here if moving[row]), (), (), 0.0, 0.0, 0.0
    )
    if len(rest):
        weights, report = _through_landmarks(
            motion,
            [columns[row] for row in rest],
            rest,
            source,
            target,
            weights,
            regularisation,
            report,
        )
    pose = motion.pose.copy()
    pose[:, 3:] *= source.metres_per_unit / target.metres_per_unit
    moved = Motion(
        fps=motion.fps,
        model=target.name,
        names=target.expression_names,
        expression=weights,
        pose=pose,
        gaze=motion.gaze,
        sources=motion.sources,
    )
    return moved, report


def bounded_least_squares(
    gram: np.ndarray,
    moments: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    *,
    iterations: int = 2000,
    tolerance: float = 1e-6,
) -> np.ndarray:
    """Minimise x^T G x / 2 - c^T x within bounds, for many right-hand sides at once.

    Accelerated projected gradient (FISTA; Beck & Teboulle 2009, eq. 4.1-4.3) with
    O'Donoghue & Candes' restart, on variables scaled to a unit diagonal: one eigenvalue
    of the K x K matrix serves every frame, and each step is one matrix product.

    Args:
        gram: (K, K) symmetric positive definite G.
        moments: (T, K) c of each problem.
        low, high: (T, K) or (K,) bounds.
        iterations: the most steps.
        tolerance: stop where no scaled variable changes by more.

    Returns:
        (T, K) float64.
    """
    scale = 1.0 / np.sqrt(np.diag(gram))
    scaled = gram * scale[:, None] * scale
    rate = 1.0 / float(np.linalg.eigvalsh(scaled)[-1])
    target = moments * scale
    floor, ceiling = low / scale, high / scale

    current = np.clip(np.zeros_like(target), floor, ceiling)
    ahead, momentum = current, 1.0
    for _ in range(iterations):
        step = np.clip(ahead - rate * (ahead @ scaled - target), floor, ceiling)
        change = step - current
        if np.abs(change).max(initial=0.0) < tolerance and momentum > 1.0:
            current = step
            break
        # Overshooting frames pull against the step just made: begin to accelerate anew.
        if ((ahead - step) * change).sum() > 0:
            momentum = 1.0
        following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        ahead = step + (momentum - 1.0) / following * change
        current, momentum = step, following
    return current * scale


def shared_landmarks(
    source: MorphableModel, target: MorphableModel
) -> tuple[LandmarkEmbedding, LandmarkEmbedding, np.ndarray]:
    """Embeddings of the landmarks that both models have, and a weight (N,) for each.

    MediaPipe's 468 face points where both have them, else iBUG-68. The contour of the jaw
    (0-16) slides over the skin and counts less, lids and lips count more.
    """
    if source.landmarks478 is not None and target.landmarks478 is not None:
        first = [
            LandmarkEmbedding(e.triangles[:468], e.barycentric[:468])
            for e in (source.landmarks478, target.landmarks478)
        ]
        return first[0], first[1], np.ones(468)
    weights = np.ones(68)
    weights[:17] = 0.4
    weights[36:] = 2.0
    return source.landmarks68, target.landmarks68, weights


def _through_landmarks(
    motion: Motion,
    columns: list[int],
    rows: np.ndarray,
    source: MorphableModel,
    target: MorphableModel,
    copied: Float32,
    regularisation: float,
    report: RetargetReport,
) -> tuple[Float32, RetargetReport]:
    """Explain the channels ``rows`` of the motion (``columns`` of the source's basis)."""
    here, there, importance = shared_landmarks(source, target)
    size, other = _face_size(source, here), _face_size(target, there)
    # Both in metres on the target: a larger face moves further for the same expression.
    moves = _displacements(source, here, columns) * source.metres_per_unit * (other / size)
    basis = _displacements(target, there, None) * target.metres_per_unit
    weights = motion.expression[:, rows].astype(np.float64)

    peak = np.abs(weights).max(axis=0)
    visible = np.linalg.norm(moves, axis=2).max(axis=1) * peak > _VISIBLE
    names = [motion.names[row] for row in rows]
    fitted = tuple(name for name, seen in zip(names, visible, strict=True) if seen)
    lost = tuple(name for name, seen in zip(names, visible, strict=True) if not seen)
    report = replace(report, landmarks=len(here), fitted=fitted, lost=lost)
    useful = np.linalg.norm(basis, axis=2).max(axis=1) > _VISIBLE
    if not fitted or not useful.any():
        return copied, report

    moves, weights = moves[visible].reshape(len(fitted), -1), weights[:, visible]
    flat = basis[useful].reshape(int(useful.sum()), -1)
    importance = np.repeat(importance, 3)
    gram = (flat * importance) @ flat.T
    energy = float(np.trace(gram)) / len(gram)
    gram += regularisation * energy * np.eye(len(gram))
    # c = W_src (M B^T): the frames' landmarks themselves are never laid out.
    moments = weights @ ((moves * importance) @ flat.T)
    low, high = weight_bounds(target)
    start = copied[:, useful].astype(np.float64)
    # A copied weight beyond its bounds (a driver may overshoot) stays where it is.
    floor = np.minimum(low[useful] - start, 0.0)
    ceiling = np.maximum(high[useful] - start, 0.0)
    extra = bounded_least_squares(gram, moments, floor, ceiling)

    result = copied.copy()
    result[:, useful] += extra.astype(np.float32)
    rms, largest, moved = _residual(weights, moves, extra, flat)
    return result, replace(report, rms_mm=rms, max_mm=largest, moved_mm=moved)


def weight_bounds(model: MorphableModel) -> tuple[np.ndarray, np.ndarray]:
    """(K_exp,) lowest and highest weight of each component."""
    bounds = np.array(
        [
            COMPONENT_BOUNDS if _ANONYMOUS.fullmatch(name) else BLENDSHAPE_BOUNDS
            for name in model.expression_names
        ],
        dtype=np.float64,
    ).reshape(-1, 2)
    return bounds[:, 0], bounds[:, 1]


def _same_channel(name: str, source: MorphableModel, target: MorphableModel) -> bool:
    if name not in target.expression_names:
        return False
    return source.name == target.name or not _ANONYMOUS.fullmatch(name)


def _displacements(
    model: MorphableModel, embedding: LandmarkEmbedding, columns: list[int] | None
) -> np.ndarray:
    """(K, N, 3) landmark displacements per unit of weight, in model units."""
    basis = model.expression_basis if columns is None else model.expression_basis[columns]
    return model.landmark_points(basis, embedding).astype(np.float64)


def _face_size(model: MorphableModel, embedding: LandmarkEmbedding) -> float:
    """Spread of the neutral landmarks about their middle, in metres."""
    points = model.landmark_points(model.mean, embedding).astype(np.float64)
    spread = np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean())
    return float(spread) * model.metres_per_unit


def _residual(
    weights: np.ndarray, moves: np.ndarray, extra: np.ndarray, flat: np.ndarray
) -> tuple[float, float, float]:
    """Root mean square and largest misfit, and rms displacement, of landmarks in mm."""
    squares = moved = largest = 0.0
    count = 0
    for start in range(0, len(weights), _CHUNK):
        frames = slice(start, start + _CHUNK)
        wanted = (weights[frames] @ moves).reshape(-1, moves.shape[1] // 3, 3)
        misfit = wanted - (extra[frames] @ flat).reshape(wanted.shape)
        lengths = (misfit**2).sum(axis=2)
        squares += float(lengths.sum())
        moved += float((wanted**2).sum())
        largest = max(largest, float(lengths.max(initial=0.0)))
        count += lengths.size
    count = max(count, 1)
    return (
        1e3 * float(np.sqrt(squares / count)),
        1e3 * float(np.sqrt(largest)),
        1e3 * float(np.sqrt(moved / count)),
    )
