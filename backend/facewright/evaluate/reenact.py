"""Self-reenactment: the first frame of a clip is made to follow the rest of the clip.

Identity comes from the first frame alone. Each further frame is captured on its own, and
what moved in it (expression, pose, gaze) drives the first; the result is compared with
the frame itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facewright.animate.base import Animator, CoefficientGeometry
from facewright.animate.texture import resized
from facewright.capture import CaptureSession, FitResult, Subject
from facewright.checks import Float32, UInt8
from facewright.errors import InputError
from facewright.evaluate.boxes import boxes
from facewright.evaluate.metrics import psnr, ssim_map
from facewright.face import pose as poses
from facewright.media.video import read_frames

REGIONS = ("full", "face", "mouth", "eyes")


@dataclass(frozen=True, slots=True)
class ClipReport:
    """How one clip came out.

    Attributes:
        name: of the clip.
        frames: how many were compared.
        psnr, ssim: mean over those frames, by region: full, face, mouth, eyes.
        worst: (psnr of the face, source, result, truth) of the frame that came out worst.
        middle: the same of the median frame.
    """

    name: str
    frames: int
    psnr: dict[str, float]
    ssim: dict[str, float]
    worst: tuple[float, UInt8, UInt8, UInt8]
    middle: tuple[float, UInt8, UInt8, UInt8]


def reenact(
    clip: Path,
    animator: Animator,
    session: CaptureSession,
    *,
    size: int = 256,
    step: int = 1,
    most: int | None = None,
    progress: Callable[[int], None] = lambda frame: None,
) -> ClipReport:
    """Reenact one clip of square frames.

    Args:
        clip: video file.
        animator: made by ``animate.create``.
        session: captures.
        size: side at which frames are captured, made and compared.
        step: every how many frames to compare.
        most: compare at most this many.
        progress: called with each frame's number.

    Raises:
        InputError: for a clip that is no video of square frames with a face.
    """
    frames = _square_frames(clip, size, step)
    source = next(frames, None)
    if source is None:
        raise InputError(f"{clip}: no frames")
    subject = session.capture(source, size=size, box=(0, 0, size, size))
    state = animator.prepare(subject, size)
    scores: list[dict[str, tuple[float, float]]] = []
    kept: list[tuple[float, UInt8, UInt8, UInt8]] = []
    for number, truth in enumerate(itertools.islice(frames, most), 1):
        fitted = captured(session, subject, truth)
        made = animator(geometry_of(subject, [fitted], [number * step]), state)[0]
        scores.append(scored(made, truth, landmarks68(subject, fitted)))
        kept.append((scores[-1]["face"][0], source, made, truth))
        progress(number)
    if not scores:
        raise InputError(f"{clip}: expected at least two frames")
    means = {region: np.mean([score[region] for score in scores], axis=0) for region in REGIONS}
    order = np.argsort([k[0] for k in kept])
    return ClipReport(
        name=clip.stem,
        frames=len(scores),
        psnr={region: float(mean[0]) for region, mean in means.items()},
        ssim={region: float(mean[1]) for region, mean in means.items()},
        worst=kept[order[0]],
        middle=kept[order[len(order) // 2]],
    )


def captured(session: CaptureSession, subject: Subject, frame: UInt8) -> FitResult:
    """Fit one frame of the subject's clip on its own; identity is the subject's."""
    known = subject.coefficients
    return session.fit_frame(
        frame, subject.model, subject.camera, identity=known.identity, neutral=known.pose
    )[1]


def geometry_of(
    subject: Subject, fits: Iterable[FitResult], indices: Iterable[int]
) -> CoefficientGeometry:
    """Fits of the subject's own clip as geometry frames."""
    fits = list(fits)
    return CoefficientGeometry(
        indices=np.fromiter(indices, np.int64),
        expression=np.stack([fit.expression for fit in fits]),
        pose=poses.relative_to(subject.coefficients.pose, np.stack([fit.pose for fit in fits])),
        gaze=np.stack([fit.gaze for fit in fits]),
    )


def landmarks68(subject: Subject, fitted: FitResult) -> Float32:
    """(68, 2) iBUG landmarks of a fitted frame, in the camera's pixels."""
    model = subject.model
    shape = model.vertices(fitted.identity, fitted.expression)
    points = model.landmark_points(poses.transform(fitted.pose, shape), model.landmarks68)
    return subject.camera.project(points)[:, :2]


def scored(made: UInt8, truth: UInt8, points: Float32) -> dict[str, tuple[float, float]]:
    """PSNR and SSIM of a frame by region; the eyes are both eyes' mean."""
    similar = ssim_map(made, truth)
    found = {
        name: (psnr(box.cut(made), box.cut(truth)), float(box.cut(similar).mean()))
        for name, box in boxes(points, (truth.shape[1], truth.shape[0])).items()
    }
    right, left = found.pop("eye_right"), found.pop("eye_left")
    eyes = ((right[0] + left[0]) / 2, (right[1] + left[1]) / 2)
    return found | {"full": (psnr(made, truth), float(similar.mean())), "eyes": eyes}


def _square_frames(clip: Path, size: int, step: int) -> Iterator[UInt8]:
    for number, frame in enumerate(read_frames(clip)):
        if frame.shape[0] != frame.shape[1]:
            raise InputError(
                f"{clip}: expected square frames around a head, got "
                f"{frame.shape[1]} x {frame.shape[0]}"
            )
        if number % step == 0:
            yield resized(frame, size)
