"""What moves in a clip, as geometry frames of a subject: worked out once, for every method.

With smoothing, landmarks are followed over the whole clip (``capture.track``), as a user's
driving video is. Without, each frame is captured on its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewright.animate.base import CoefficientGeometry
from facewright.animate.texture import resized
from facewright.capture import CaptureSession, FitResult, Subject
from facewright.capture.track_fit import fit_track
from facewright.capture.track_landmarks import track_landmarks
from facewright.checks import Float32, UInt8
from facewright.errors import InputError, NoFaceError
from facewright.face import pose as poses
from facewright.media.video import read_frames


@dataclass(frozen=True, slots=True)
class ClipGeometry:
    """A clip's T frames as geometry of one subject.

    Attributes:
        geometry: the frames whose face is known, in order; ``indices`` are frame numbers.
            Some may be interpolated: they serve as neighbours.
        boxes: (T, 68, 2) the fitted iBUG landmarks that boxes are taken around; zeros
            where none are known.
        known: (T,) bool, the frames that show the face and can be compared.
    """

    geometry: CoefficientGeometry
    boxes: Float32
    known: NDArray[np.bool_]


def square_frames(clip: Path, size: int) -> Iterator[UInt8]:
    """A clip's frames at ``size`` x ``size``.

    Raises:
        InputError: naming a clip that cannot be read or is not square.
    """
    for frame in read_frames(clip):
        if frame.shape[0] != frame.shape[1]:
            raise InputError(
                f"{clip}: expected square frames around a head, got "
                f"{frame.shape[1]} x {frame.shape[0]}"
            )
        yield resized(frame, size)


def first_frame(clip: Path, size: int) -> UInt8:
    """A clip's first frame at ``size`` x ``size``; raises as :func:`square_frames`."""
    frame = next(square_frames(clip, size), None)
    if frame is None:
        raise InputError(f"{clip}: no frames")
    return frame


def clip_geometry(
    frames: Iterable[UInt8],
    subject: Subject,
    session: CaptureSession,
    *,
    smooth: bool = True,
    wanted: Sequence[int] | None = None,
    fps: float = 25.0,
    check: Callable[[int], None] = lambda frame: None,
) -> ClipGeometry:
    """Capture a clip's frames as geometry of a subject captured from the same clip.

    Args:
        frames: (S, S, 3) uint8, all frames in order, of the subject's crop.
        subject: of one of the frames.
        session: captures.
        smooth: follow landmarks over time; else each frame on its own.
        wanted: frame numbers needed, which saves time where frames stand alone; None: all.
        fps: frames a second.
        check: called with each frame's number; what it raises ends the work.

    Raises:
        NoFaceError: where no frame shows a face.
    """
    if smooth:
        return _followed(frames, subject, session, fps, check)
    return _alone(frames, subject, session, None if wanted is None else set(wanted), check)


def _alone(
    frames: Iterable[UInt8],
    subject: Subject,
    session: CaptureSession,
    wanted: set[int] | None,
    check: Callable[[int], None],
) -> ClipGeometry:
    fits: dict[int, FitResult] = {}
    total = 0
    for total, frame in enumerate(frames, 1):
        number = total - 1
        check(number)
        if wanted is not None and number not in wanted:
            continue
        try:
            fits[number] = captured(session, subject, frame)[1]
        except NoFaceError:
            continue
    return _assembled(subject, total, fits)


def _followed(
    frames: Iterable[UInt8],
    subject: Subject,
    session: CaptureSession,
    fps: float,
    check: Callable[[int], None],
) -> ClipGeometry:
    seen = track_landmarks(frames, session.finder, fps=fps, seen=lambda number, *_: check(number))
    fits = fit_track(seen.smooth, subject)
    rows = np.flatnonzero(seen.known)
    pose = fits.relative_pose(subject.coefficients.pose)
    identity = subject.coefficients.identity
    boxes = np.zeros((len(seen), 68, 2), np.float32)
    for row in rows:
        boxes[row] = landmarks68(subject, identity, fits.expression[row], fits.pose[row])
    geometry = CoefficientGeometry(rows, fits.expression[rows], pose[rows], fits.gaze[rows])
    return ClipGeometry(geometry, boxes, seen.found)


def _assembled(subject: Subject, total: int, fits: dict[int, FitResult]) -> ClipGeometry:
    if not fits:
        raise NoFaceError("no frame shows a face")
    boxes = np.zeros((total, 68, 2), np.float32)
    known = np.zeros(total, bool)
    for number, fitted in fits.items():
        known[number] = True
        boxes[number] = landmarks68(subject, fitted.identity, fitted.expression, fitted.pose)
    return ClipGeometry(geometry_of(subject, fits.values(), fits), boxes, known)


def captured(
    session: CaptureSession,
    subject: Subject,
    frame: UInt8,
    near: tuple[Float32, FitResult] | None = None,
) -> tuple[Float32, FitResult]:
    """Fit one frame of the subject's clip on its own; identity is the subject's.

    Args:
        near: what this gave for a frame that looks alike; saves time only.

    Returns:
        (478, 2) landmarks and the fit.
    """
    known = subject.coefficients
    return session.fit_frame(
        frame,
        subject.model,
        subject.camera,
        identity=known.identity,
        neutral=known.pose,
        near=near,
    )


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


def landmarks68(subject: Subject, identity: Float32, expression: Float32, pose: Float32) -> Float32:
    """(68, 2) iBUG landmarks of a fitted frame (absolute pose), in the camera's pixels."""
    model = subject.model
    shape = model.vertices(identity, expression)
    points = model.landmark_points(poses.transform(pose, shape), model.landmarks68)
    return subject.camera.project(points)[:, :2]
