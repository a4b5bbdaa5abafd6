"""Where a face's eyes are, how they rest, and what they see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from facewright import checks
from facewright.checks import Float32
from facewright.drive.gaze import angles
from facewright.drive.gaze.angles import Floats
from facewright.face import pose as poses
from facewright.face.model import MorphableModel, Part

if TYPE_CHECKING:
    from facewright.capture.subject import Subject

_FAR = 20.0  # metres at which eyes that are parallel are taken to look
_NEAR = 0.2  # metres to which eyes converge at most
_AHEAD = (0.0, -0.03, -1.1)  # metres: where a head without a photograph is
#: A photograph whose gaze is measured within so many degrees of the camera shows somebody
#: who looks at the camera: single photographs are measured to some 5 degrees.
LOOKS_AT_CAMERA = 8.0


@dataclass(frozen=True, slots=True)
class Eyes:
    """The eyes of one face. The scene is the frame of the head in its neutral pose.

    Attributes:
        centres: (2, 3) of the eyeballs, left then right, in the head's frame, model units.
        rest: (4,) omega of the photograph.
        neutral: (6,) absolute pose of the head in the photograph.
        metre: model units in a metre.
    """

    centres: Floats
    rest: Floats
    neutral: Floats
    metre: float = 1.0

    @classmethod
    def of(cls, subject: Subject | None) -> Eyes:
        """A captured person's eyes, or those of the default model's mean face."""
        if subject is None:
            from facewright.face.library import load_model

            model = load_model()
            pose = np.array([0, 0, 0, *_AHEAD]) / model.metres_per_unit
            alpha = np.zeros(len(model.identity_basis), np.float32)
            return cls(_centres(model, alpha), np.zeros(4), pose, 1 / model.metres_per_unit)
        rho = subject.coefficients
        return cls(
            _centres(subject.model, rho.identity),
            np.asarray(rho.gaze, np.float64),
            np.asarray(rho.pose, np.float64),
            1 / subject.model.metres_per_unit,
        )

    @property
    def middle(self) -> Floats:
        """(3,) between the eyes."""
        return self.centres.mean(0)

    @property
    def camera(self) -> Floats:
        """(3,) the camera, in the scene."""
        return self.from_camera(np.zeros(3))

    def from_camera(self, point: ArrayLike) -> Floats:
        """(3,) a point of the camera's frame (x right, y up, the face at -z), in the scene."""
        rotation = poses.rotation_matrix(self.neutral[:3]).astype(np.float64)
        return rotation.T @ (np.asarray(point, np.float64) - self.neutral[3:])

    @property
    def distance(self) -> float:
        """At which the resting eyes' lines of sight meet, model units."""
        left, right = angles.degrees(self.rest)[:, 0]
        half = np.radians(right - left) / 2  # of the vergence; converging eyes: left < right
        apart = np.linalg.norm(self.centres[0] - self.centres[1]) / 2
        far, near = _FAR * self.metre, _NEAR * self.metre
        return float(np.clip(apart / max(np.tan(half), apart / far), near, far))

    def towards(self, left: ArrayLike, up: ArrayLike) -> Floats:
        """(…, 3) the point in a direction (degrees), with the resting eyes' vergence."""
        return self.middle + self.distance * angles.direction(left, up)

    @property
    def resting_point(self) -> Floats:
        """(3,) what the photographed eyes look at, in the scene."""
        return self.towards(*angles.common(self.rest))

    def residual(self, point: ArrayLike) -> Floats:
        """(4,) by how much the photograph's omega differs from a look at ``point``."""
        return self.rest - self.gaze(np.asarray(point, np.float64)[None])[0]

    @property
    def camera_residual(self) -> Floats:
        """(4,) added to a look at the camera: the photograph's, where it looks there.

        Then a look at the camera is what the photograph shows, not what its measured gaze,
        a few degrees off, would make of it.
        """
        residual = self.residual(self.camera)
        near = np.linalg.norm(angles.degrees(residual).mean(0)) < LOOKS_AT_CAMERA
        return residual if near else np.zeros(4)

    def gaze(self, points: ArrayLike, pose: ArrayLike | None = None) -> Floats:
        """(N, 4) omega of eyes that look at (N, 3) points, not limited.

        Args:
            points: of the scene; with ``pose`` None, of the head's own frame.
            pose: (N, 6) relative poses of the head, which the eyes make up for (the
                vestibulo-ocular reflex): X moves to R X + t.
        """
        seen = np.asarray(points, np.float64)
        if pose is not None:
            head = np.asarray(pose, np.float64)
            rotation = poses.rotation_matrix(head[:, :3]).astype(np.float64)
            seen = np.einsum("nji,nj->ni", rotation, seen - head[:, 3:])
        ways = seen[:, None] - self.centres
        length = np.maximum(np.linalg.norm(ways, axis=-1, keepdims=True), 1e-9)
        plane = ways[..., :2] / length
        # What is behind the face is looked for to its side.
        side = np.maximum(np.linalg.norm(ways[..., :2], axis=-1, keepdims=True), 1e-9)
        behind = ways[..., 2:] < 0
        return np.where(behind, ways[..., :2] / side, plane).reshape(-1, 4)


def _centres(model: MorphableModel, identity: Float32) -> Floats:
    """(2, 3) eyeballs of an identity; each goes with its vertices' mean displacement."""
    if model.eye_centres is None:
        # Foreign models may lack eyeballs: eyes of common size and place, in metres.
        return np.array([[0.031, 0.043, 0.08], [-0.031, 0.043, 0.08]]) / model.metres_per_unit
    identity = checks.floats("identity", identity, (len(model.identity_basis),))
    out = []
    for centre, part in zip(model.eye_centres, (Part.EYE_LEFT, Part.EYE_RIGHT), strict=True):
        rows = np.flatnonzero(model.vertex_parts == part)
        out.append(centre + np.tensordot(identity, model.identity_basis[:, rows], 1).mean(0))
    return np.array(out, np.float64)
