"""Pairs to train the small network on: a reprojected frame, and the frame itself.

As in self-reenactment, a frame of a clip is taken for the portrait: its identity is
fitted on it alone, as at run time, and it is made to follow other frames of the clip.
Pairs take a hundred times the room of the clips they come from, so they are rendered on
the machine that trains, from a pack.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from facewright.animate import create
from facewright.animate.base import CoefficientGeometry
from facewright.animate.reproject import Reproject, ReprojectState, draw
from facewright.animate.tgdm import conditions
from facewright.capture import CaptureSession, Subject, fit
from facewright.capture.fit import FitResult
from facewright.checks import Float32, UInt8
from facewright.errors import InputError

SIDE = conditions.SIDE
#: Cells of a coarse plane, along a side.
COARSE = SIDE // 4
#: int8 steps a pixel of optical flow, and uint8 steps of a weight.
FLOW_STEPS, WEIGHT_STEPS = 8.0, 16.0
#: What an error counts: outside of the head, on it, in the face, the eyes and the mouth.
_OUTSIDE, _HEAD, _FACE, _EYES, _MOUTH = 0.3, 1.0, 3.0, 6.0, 7.0
_EYE_RIMS = ((33, 133, 159, 145), (263, 362, 386, 374))  # corners, upper, lower
_LIP_RIM = (78, 308, 13, 14)
_FACE_HEIGHT = (10, 152)
_OPEN = 0.75  # of the median: eyes nearer to shut are a blink's


@dataclass(frozen=True, slots=True)
class Pairs:
    """One source and its targets.

    Attributes:
        source: (SIDE, SIDE, 6) uint8, see ``conditions.source_planes``.
        source_rho: (K_exp + 7,) see ``conditions.source_rho``.
        planes: (N, SIDE, SIDE, 9) uint8, see ``conditions.planes``.
        truth: (N, SIDE, SIDE, 3) uint8.
        rho: (N, 3, K_exp + 10) the frame's and its neighbours', see ``conditions.frame_rho``.
        flow: (N, COARSE, COARSE, 2) int8 of DIS optical flow, truth to reprojection.
        weight: (N, COARSE, COARSE) uint8 what an error counts.
    """

    source: UInt8
    source_rho: Float32
    planes: UInt8
    truth: UInt8
    rho: Float32
    flow: np.ndarray
    weight: UInt8

    def save(self, folder: Path) -> None:
        """Keep every array as .npy, to be mapped into memory; none is ever there in part."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in self.__slots__:
            pending = folder / f".{name}.{os.getpid()}.npy"  # several may render
            np.save(pending, getattr(self, name), allow_pickle=False)
            pending.replace(folder / f"{name}.npy")


def load(folder: Path) -> Pairs:
    """Map the arrays that :meth:`Pairs.save` kept."""
    arrays = {
        name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        for name in Pairs.__slots__
    }
    return Pairs(**arrays)


def openness(landmarks: Float32) -> tuple[Float32, Float32]:
    """(T,) how far eyes and lips are open, in face heights."""
    height = np.linalg.norm(landmarks[:, _FACE_HEIGHT[0]] - landmarks[:, _FACE_HEIGHT[1]], axis=-1)

    def gap(rim: tuple[int, ...]) -> Float32:
        return np.linalg.norm(landmarks[:, rim[2]] - landmarks[:, rim[3]], axis=-1) / height

    return np.minimum(gap(_EYE_RIMS[0]), gap(_EYE_RIMS[1])), gap(_LIP_RIM)


def portraits(landmarks: Float32) -> NDArray[np.int64]:
    """Frames that could be a portrait: a face with open eyes."""
    eyes, _ = openness(landmarks)
    seen = np.isfinite(eyes)
    return np.flatnonzero(seen & (np.nan_to_num(eyes) >= _OPEN * np.median(eyes[seen])))


def choose_targets(
    landmarks: Float32, source: int, count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """(count,) frames to make of one source: half of them by chance, the rest where eyes
    and lips are elsewhere than in the source, which chance seldom meets."""
    usable = np.flatnonzero(np.isfinite(landmarks).all((1, 2)))
    usable = usable[np.abs(usable - source) > 1]
    if not len(usable):
        raise InputError("landmarks: expected a face in at least two frames that are apart")
    eyes, lips = openness(landmarks)
    away = np.abs(eyes - eyes[source]) / (np.nanstd(eyes) + 1e-6)
    away += np.abs(lips - lips[source]) / (np.nanstd(lips) + 1e-6)
    share = away[usable] + 1e-3
    half = min(count // 2, len(usable))
    chosen = rng.choice(usable, half, replace=False, p=share / share.sum())
    return np.concatenate([chosen, rng.choice(usable, count - half)]).astype(np.int64)


def render(
    frames: UInt8,
    landmarks: Float32,
    source: int,
    targets: NDArray[np.int64],
    session: CaptureSession,
) -> Pairs:
    """Reproject frame ``source`` of a clip onto its ``targets``.

    Args:
        frames: (T, SIDE, SIDE, 3) uint8 sRGB.
        landmarks: (T, 478, 2) in their pixels; NaN where there is no face.
        source, targets: frame numbers.
        session: captures.

    Raises:
        NoFaceError: for a source in which no face is found.
    """
    subject = session.capture(frames[source], size=SIDE, box=(0, 0, SIDE, SIDE))
    animator = create("reproject")
    assert isinstance(animator, Reproject)
    state = animator.prepare(subject, SIDE)
    made = [_pair(subject, state, frames, landmarks, int(target)) for target in targets]
    planes, truth, rho, flow, weight = (np.stack(arrays) for arrays in zip(*made, strict=True))
    return Pairs(
        source=conditions.source_planes(state.texture),
        source_rho=conditions.source_rho(subject),
        planes=planes,
        truth=truth,
        rho=rho,
        flow=flow,
        weight=weight,
    )


def _pair(
    subject: Subject, state: ReprojectState, frames: UInt8, landmarks: Float32, target: int
) -> tuple[np.ndarray, ...]:
    fits = _window(subject, landmarks, target)
    pose = conditions.relative(subject, np.stack([f.pose for f in fits]))
    expression = np.stack([f.expression for f in fits])
    gaze = np.stack([f.gaze for f in fits])
    middle = slice(1, 2)
    geometry = CoefficientGeometry(
        np.array([target]), expression[middle], pose[middle], gaze[middle]
    )
    found = state.correspondences(geometry)[0]
    drawn = draw(found, state)
    truth = frames[target]
    planes = conditions.planes(found, drawn)
    return (
        planes,
        truth,
        conditions.frame_rho(expression, pose, gaze, subject.model.metres_per_unit),
        _flow(truth, drawn.frame),
        _weight(landmarks[target], planes[..., 4]),
    )


def _window(subject: Subject, landmarks: Float32, target: int) -> list[FitResult]:
    """Fits of a frame and its neighbours, the subject's identity held."""
    known = subject.coefficients
    fits: list[FitResult] = []
    for frame in (target - 1, target, target + 1):
        frame = min(max(frame, 0), len(landmarks) - 1)
        if not np.isfinite(landmarks[frame]).all():
            frame = target
        fits.append(
            fit(
                landmarks[frame], subject.model, subject.camera, identity=known.identity,
                neutral=known.pose, warm_start=fits[-1] if fits else None,
            )
        )  # fmt: skip
    return fits


def _flow(truth: UInt8, made: UInt8) -> np.ndarray:
    """(COARSE, COARSE, 2) int8 where in the reprojection the truth's pixels lie."""
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (truth, made)]
    flow = finder.calc(grey[0], grey[1], None)
    flow = cv2.resize(flow, (COARSE, COARSE), interpolation=cv2.INTER_AREA)
    return np.round(flow * FLOW_STEPS).clip(-127, 127).astype(np.int8)


def _weight(landmarks: Float32, person: UInt8) -> UInt8:
    """(COARSE, COARSE) what an error counts, in ``WEIGHT_STEPS``."""
    scale = COARSE / SIDE
    head = cv2.resize(person, (COARSE, COARSE), interpolation=cv2.INTER_AREA) / np.float32(255)
    weight = _OUTSIDE + (_HEAD - _OUTSIDE) * head
    hull = cv2.convexHull(landmarks[:468])[:, 0] * scale
    _raise(weight, hull, _FACE, grown=1)
    for rim in _EYE_RIMS:
        _raise(weight, _box(landmarks[list(rim)] * scale, 0.4, 0.9), _EYES)
    lips = landmarks[[61, 291, 0, 17]] * scale
    _raise(weight, _box(lips, 0.25, 0.35), _MOUTH)
    smooth = cv2.GaussianBlur(weight, (0, 0), 1.0)
    return np.round(smooth * WEIGHT_STEPS).clip(0, 255).astype(np.uint8)


def _box(points: Float32, across: float, down: float) -> Float32:
    low, high = points.min(0), points.max(0)
    grow = np.array([high[0] - low[0]] * 2) * (across / 2, down / 2)
    low, high = low - grow, high + grow
    return np.array([low, [high[0], low[1]], high, [low[0], high[1]]], np.float32)


def _raise(weight: Float32, corners: Float32, value: float, grown: int = 0) -> None:
    drawn = np.zeros(weight.shape, np.uint8)
    cv2.fillPoly(drawn, [np.round(corners * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    if grown:
        drawn = cv2.dilate(drawn, np.ones((2 * grown + 1,) * 2, np.uint8))
    np.maximum(weight, drawn / np.float32(255) * value, out=weight)
