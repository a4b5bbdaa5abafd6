"""Video -> Track: one face's motion, with one identity for the whole clip.

Three stages: the face's landmarks in every frame (``track_landmarks``), smoothed over time
(``smooth``); one identity from frames spread over the head's turns; pose, expression and
gaze of every frame (``track_fit``). Frames stream through: but for the one that the subject
is captured from, only their landmarks are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from facewright import checks
from facewright.capture import box as boxes
from facewright.capture.fit import fit_identity
from facewright.capture.portrait import CaptureSession
from facewright.capture.subject import Subject
from facewright.capture.track_fit import fit_track
from facewright.capture.track_landmarks import LandmarkTrack, track_landmarks
from facewright.checks import Float32, UInt8
from facewright.face.library import load_model
from facewright.face.model import MorphableModel
from facewright.face.motion import Motion

#: Takes a stage ("landmarks" or "fitting") and the number of frames done.
TrackListener = Callable[[str, int], None]

#: The square grows to hold the face at all times, up to this many face heights.
_LARGEST_SIDE = 2.3
_MARGIN = 0.1  # of the face's height, between it and the square's edge
#: Fits this far off (pixels at 256 x 256) halve the confidence.
_POOR_FIT = 3.0
#: Frames of a lower confidence are used for identity only where there are no better ones.
_SURE = 0.5


@dataclass(frozen=True, slots=True)
class Track:
    """What a video says about one face.

    Attributes:
        motion: expression, pose and gaze of every frame; poses are relative to the
            subject's, the pose in the frame that it was captured from.
        subject: the face, captured from the clip's most neutral frame; its box is the
            square for the whole clip.
        landmarks: (T, 478, 2) smoothed, in pixels of the frames; NaN where unknown.
        found: (T,) bool, whether the frame showed the face.
        confidence: (T,) 0..1, of the landmarks (``LandmarkTrack``) times how well the
            model fits them; 0 where the motion is only what lies between other frames.
        reference: number of the frame that the subject was captured from.
    """

    motion: Motion
    subject: Subject
    landmarks: Float32
    found: NDArray[np.bool_]
    confidence: Float32
    reference: int


def track(
    frames: Iterable[UInt8],
    fps: float,
    session: CaptureSession,
    *,
    subject: Subject | None = None,
    model: MorphableModel | None = None,
    face: int = 0,
    identity_frames: int = 7,
    size: int = 512,
    progress: TrackListener = lambda stage, frames: None,
) -> Track:
    """Track one face through a clip.

    Args:
        frames: (H, W, 3) uint8 sRGB, all of one size.
        fps: frames a second.
        session: captures.
        subject: the same person, captured before, from a picture of any kind: the identity
            is held. Everything else is the clip's own.
        model: the morphable model to fit, where no subject names it; the default one if
            None.
        face: which face of the first frame that shows any, 0 = the largest.
        identity_frames: how many frames the identity is fitted on.
        size: side of the subject's crop in pixels.
        progress: called as frames are done.

    Raises:
        NoFaceError: where no frame shows a face.
        InputError: for frames or arguments that cannot be used.
    """
    checks.number("identity_frames", identity_frames, low=1, high=100)
    if subject is not None:
        model = subject.model
    model = load_model() if model is None else model
    reference = _Reference()

    def seen(number: int, frame: UInt8, points: Float32 | None, sure: float) -> None:
        if points is not None:
            reference.offer(number, frame, points, sure)
        progress("landmarks", number + 1)

    marks = track_landmarks(frames, session.finder, fps=fps, face=face, seen=seen)
    picture, points = reference.picture, marks.smooth[reference.number]
    box = clip_box(points, marks, (picture.shape[1], picture.shape[0]))
    if subject is None:
        chosen = spread_over_pose(marks, reference.number, identity_frames)
        crops = boxes.to_crop(marks.smooth[chosen], box, size)
        identity = fit_identity(crops, model, boxes.camera(size))
    else:
        identity = subject.coefficients.identity
    own = session.capture(
        picture, model=model, size=size, box=box, identity=identity,
        face=_number_of(session, picture, points),
    )  # fmt: skip
    fitted = fit_track(
        boxes.to_crop(marks.smooth, box, size), own, neck=False,
        progress=lambda count: progress("fitting", count),
    )  # fmt: skip
    motion = Motion(
        fps=fps,
        model=model.name,
        names=model.expression_names,
        expression=fitted.expression,
        pose=fitted.relative_pose(own.coefficients.pose),
        gaze=fitted.gaze,
        sources=dict.fromkeys(("expression", "pose", "gaze"), "video"),
    )
    fits = 1 / (1 + (np.nan_to_num(fitted.error) / _POOR_FIT) ** 2)
    confidence = (marks.confidence * fits).astype(np.float32)
    return Track(motion, own, marks.smooth, marks.found, confidence, reference.number)


@dataclass(slots=True)
class _Reference:
    """The frame most like a portrait so far: turned to the camera, at rest, well seen."""

    number: int = -1
    picture: UInt8 = field(default_factory=lambda: np.zeros((0, 0, 3), np.uint8))
    _cost: float = np.inf

    def offer(self, number: int, frame: UInt8, points: Float32, sure: float) -> None:
        height = float(np.ptp(points[:468, 1])) or 1.0
        lips = float(np.linalg.norm(points[13] - points[14])) / height
        lids = sum(
            float(np.linalg.norm(points[upper] - points[lower]))
            / max(float(np.linalg.norm(points[inner] - points[outer])), 1e-3)
            for upper, lower, inner, outer in ((159, 145, 133, 33), (386, 374, 362, 263))
        )
        turned = float(np.abs(_turned(points[None])[0]).sum())
        cost = turned + 4 * lips + max(0.0, 0.6 - lids) + (1 - sure)
        if cost < self._cost:
            self.number, self.picture, self._cost = number, frame, cost


def spread_over_pose(marks: LandmarkTrack, reference: int, count: int) -> list[int]:
    """Up to ``count`` frames whose heads are turned as differently as possible."""
    sure = np.flatnonzero(marks.found & (marks.confidence >= _SURE))
    if not len(sure):
        sure = np.flatnonzero(marks.found)
    turned = _turned(marks.smooth[sure])
    chosen = [reference]
    farthest = np.linalg.norm(turned - _turned(marks.smooth[[reference]]), axis=1)
    while len(chosen) < min(count, len(sure)):
        best = int(farthest.argmax())
        if farthest[best] <= 0:
            break
        chosen.append(int(sure[best]))
        farthest = np.minimum(farthest, np.linalg.norm(turned - turned[best], axis=1))
    return sorted(set(chosen))


def clip_box(points: Float32, marks: LandmarkTrack, picture_size: tuple[int, int]) -> boxes.Box:
    """One square for a clip: around the reference frame's head, and the moving face in it.

    It never moves, so that poses are of one camera. Where the face goes farther than a
    square of usual size can follow, its poses lead out of the square.

    Args:
        points: (478, 2) of the reference frame.
        marks: of all frames, in the same pixels.
        picture_size: (width, height).
    """
    box = boxes.head_box(points, picture_size)
    if box == (0.0, 0.0, float(picture_size[0]), float(picture_size[1])):
        return box
    skin = marks.smooth[marks.known][:, :468]
    height = float(np.median(np.ptp(skin[..., 1], axis=1)))
    low, high = np.percentile(skin.min(1), 5, axis=0), np.percentile(skin.max(1), 95, axis=0)
    centre = np.array([box[0] + box[2], box[1] + box[3]]) / 2
    reach = float(max(np.abs(low - centre).max(), np.abs(high - centre).max()))
    side = box[2] - box[0]
    wanted = 2 * (reach + _MARGIN * height)
    side = float(round(max(side, min(wanted, _LARGEST_SIDE * height))))
    x0, y0 = (float(np.round(v - side / 2)) for v in centre)
    return (x0, y0, x0 + side, y0 + side)


def _turned(points: Float32) -> Float32:
    """(T, 2) how far heads are turned aside and up, roughly in halves of the face.

    The nose's tip between the cheeks, and between the brows' root and the chin.
    """
    right, left, tip, root, chin = (points[:, i] for i in (234, 454, 1, 168, 152))
    across, down = left - right, chin - root
    aside = ((tip - right) * across).sum(1) / np.maximum((across**2).sum(1), 1e-6) - 0.5
    up = ((tip - root) * down).sum(1) / np.maximum((down**2).sum(1), 1e-6) - 0.38
    return np.stack([2 * aside, 2 * up], axis=1)


def _number_of(session: CaptureSession, picture: UInt8, points: Float32) -> int:
    """Which face of a picture, counted from the largest, these points belong to."""
    middle = points[:468].mean(0)
    apart = [
        float(np.linalg.norm(found.points[:468].mean(0) - middle))
        for found in session.finder.find(picture)
    ]
    return int(np.argmin(apart)) if apart else 0
