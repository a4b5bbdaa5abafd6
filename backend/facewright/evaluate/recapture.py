"""What a made frame shows when it is captured again, against the frame it follows.

``lmd_face``, ``lmd_mouth``   landmark distance (Chen et al., "Lip movements generation at
    a glance", 2018): mean distance of MediaPipe's points, 468 of the face or 40 of the
    lips, in pixels at 256 x 256.
``lmd_mouth_aligned``   the same after the similarity that brings eyes and nose together,
    where the head moves differently by intent.
``expression``   Euclidean distance of beta ("Exp" in TGDM, section 5.1).
``pose_degrees``   angle of the rotation between both heads.
``gaze_degrees``   mean angle of both eyes.

Both frames are captured in the same way, so what the capture always gets wrong cancels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facewright.capture import CaptureSession, FitResult, Subject
from facewright.capture.fit import LIPS
from facewright.capture.landmarks import EYE_CORNERS
from facewright.capture.synthetic import gaze_error
from facewright.checks import Float32, UInt8
from facewright.errors import NoFaceError
from facewright.evaluate.geometry import captured
from facewright.face import pose as poses

_SKIN = 468
_INNER_LIPS = (13, 14)  # upper, lower
# Eye corners, bridge of the nose, forehead, temples: what speech hardly moves.
_STEADY = (*EYE_CORNERS, 133, 362, 168, 6, 197, 195, 5, 8, 9, 151, 10, 127, 356, 234, 454)
_REFERENCE = 256


@dataclass(frozen=True, slots=True)
class Seen:
    """A captured frame.

    Attributes:
        points: (478, 2) landmarks, in pixels of the frame.
        fitted: the face.
        neutral: (6,) the pose that the subject of the frame has at rest.
        size: side of the frame, pixels.
    """

    points: Float32
    fitted: FitResult
    neutral: Float32
    size: int

    @property
    def pose(self) -> Float32:
        """(6,) relative to the subject's neutral pose."""
        return poses.relative_to(self.neutral, self.fitted.pose)

    @property
    def opening(self) -> float:
        """Gap of the lips over the distance of the outer eye corners."""
        lips = self.points[_INNER_LIPS[0]] - self.points[_INNER_LIPS[1]]
        eyes = self.points[EYE_CORNERS[0]] - self.points[EYE_CORNERS[1]]
        return float(np.linalg.norm(lips) / max(float(np.linalg.norm(eyes)), 1e-6))


def look(
    session: CaptureSession, subject: Subject, frame: UInt8, near: Seen | None = None
) -> Seen | None:
    """Capture a frame of a subject; None where it shows no face.

    Args:
        near: what a frame that looks alike shows; saves looking for the face.
    """
    start = None if near is None else (near.points, near.fitted)
    try:
        points, fitted = captured(session, subject, frame, start)
    except NoFaceError:
        return None
    return Seen(points, fitted, subject.coefficients.pose, frame.shape[0])


def differences(made: Seen, truth: Seen, *, same_face: bool = True) -> dict[str, float]:
    """How a made frame differs from the one it follows.

    Args:
        same_face: whether both show one person in one place; else only what is
            comparable between people is given, poses relative to each one's own.
    """
    turn = made.pose[:3], truth.pose[:3]
    found = {
        "expression": float(np.linalg.norm(made.fitted.expression - truth.fitted.expression)),
        "pose_degrees": angle(*turn),
        "gaze_degrees": float(gaze_error(made.fitted.gaze, truth.fitted.gaze).mean()),
    }
    if same_face:
        scale = _REFERENCE / truth.size
        lips = list(LIPS)
        aligned = similar(made.points, truth.points)
        found |= {
            "lmd_face": scale * distance(made.points[:_SKIN], truth.points[:_SKIN]),
            "lmd_mouth": scale * distance(made.points[lips], truth.points[lips]),
            "lmd_mouth_aligned": scale * distance(aligned[lips], truth.points[lips]),
        }
    return found


def distance(a: Float32, b: Float32) -> float:
    """Mean distance of (N, 2) points."""
    return float(np.linalg.norm(a - b, axis=-1).mean())


def angle(a: Float32, b: Float32) -> float:
    """Degrees between the rotations of two (3,) rotation vectors."""
    between = poses.rotation_matrix(a).T @ poses.rotation_matrix(b)
    return float(np.rad2deg(np.linalg.norm(poses.rotation_vector(between))))


def similar(points: Float32, onto: Float32) -> Float32:
    """(478, 2) points turned, scaled and moved so that eyes and nose lie as in ``onto``."""
    steady = list(_STEADY)
    matrix = similarity(points[steady], onto[steady])
    return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)


def similarity(points: Float32, onto: Float32) -> NDArray[np.float64]:
    """(2, 3) the rotation, scale and shift that best carry (N, 2) points onto others.

    Least squares in the complex plane, where a similarity is z -> a z + b.
    """
    z, w = (p[:, 0] + 1j * p[:, 1] for p in (points.astype(float), onto.astype(float)))
    spread = z - z.mean()
    a = np.vdot(spread, w - w.mean()) / max(float(np.vdot(spread, spread).real), 1e-12)
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
