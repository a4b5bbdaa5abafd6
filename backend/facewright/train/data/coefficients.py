"""The coefficients of a clip (TGDM, eq. 6): one face, and how it moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facewright.capture import CaptureSession
from facewright.capture.box import camera
from facewright.capture.fit import fit_identity
from facewright.capture.track import spread_over_pose
from facewright.capture.track_fit import fit_track
from facewright.capture.track_landmarks import LandmarkTrack
from facewright.checks import Float32, UInt8
from facewright.errors import InputError
from facewright.face import coefficients as rho
from facewright.face.archive import Archive
from facewright.face.library import load_model

#: Frames that the identity is fitted on.
_IDENTITY_FRAMES = 7
_OF_FACE = {
    "identity": rho.IDENTITY,
    "texture": rho.TEXTURE,
    "illumination": rho.ILLUMINATION,
}
_OF_FRAME = {"expression": rho.EXPRESSION, "pose": rho.POSE, "gaze": rho.GAZE}

#: Bytes that they take in a clip's file, once and with each frame.
BYTES_OF_FACE = 4 * sum(_OF_FACE.values()) + 4096
BYTES_OF_FRAME = 4 * sum(_OF_FRAME.values())


@dataclass(frozen=True, slots=True)
class ClipCoefficients:
    """rho of every frame, in the parts of ``face.coefficients.Coefficients``.

    Attributes:
        model: name of the morphable model.
        identity: (80,) alpha, fitted on several frames at once.
        texture, illumination: (80,) delta and (27,) gamma of the frame ``reference``.
        expression: (T, 64) beta.
        pose: (T, 6) p, absolute in the frames' camera (``capture.box.camera``).
        gaze: (T, 4) omega.
        reference: the frame most like the others, which texture and light are from.
    """

    model: str
    identity: Float32
    texture: Float32
    illumination: Float32
    expression: Float32
    pose: Float32
    gaze: Float32
    reference: int

    def arrays(self) -> dict[str, np.ndarray]:
        """What is written."""
        numbers = {name: getattr(self, name) for name in (*_OF_FACE, *_OF_FRAME)}
        return numbers | {"model": np.array(self.model), "reference": np.array(self.reference)}


def reference_frame(landmarks: Float32) -> int:
    """The frame whose (T, 478, 2) landmarks are nearest to the clip's median."""
    middle = np.median(landmarks, axis=0)
    return int(np.linalg.norm(landmarks - middle, axis=-1).mean(-1).argmin())


def fit_clip(frame: UInt8, marks: LandmarkTrack, session: CaptureSession) -> ClipCoefficients:
    """Fit a clip.

    Args:
        frame: (S, S, 3) uint8 sRGB, the clip's ``reference_frame``.
        marks: of all frames, in pixels of S x S.
        session: captures.

    Raises:
        NoFaceError: where no face is found in ``frame`` alone.
    """
    size, model = len(frame), load_model()
    reference = reference_frame(marks.smooth)
    chosen = spread_over_pose(marks, reference, _IDENTITY_FRAMES)
    identity = fit_identity(marks.smooth[chosen], model, camera(size))
    subject = session.capture(
        frame, model=model, size=size, box=(0, 0, size, size), identity=identity
    )
    # No frame is known to be at rest, so the neck is not expected where this one has it.
    fitted = fit_track(marks.smooth, subject, neck=False)
    return ClipCoefficients(
        model.name,
        identity,
        subject.coefficients.texture,
        subject.coefficients.illumination,
        fitted.expression,
        fitted.pose,
        fitted.gaze,
        reference,
    )


def read_coefficients(archive: Archive, count: int) -> ClipCoefficients | None:
    """Those of a clip's file; None where it was packed without. Raises InputError."""
    if "model" not in archive:
        return None
    name = archive.string("model")
    if not name or len(name) > 256:
        raise InputError(f"{archive.path}: model: expected a name of 1 to 256 characters")
    return ClipCoefficients(
        model=name,
        **{part: archive.floats(part, (size,)) for part, size in _OF_FACE.items()},
        **{part: archive.floats(part, (count, size)) for part, size in _OF_FRAME.items()},
        reference=int(archive.indices("reference", (), count)),
    )
