"""What the small network is shown of a frame: the reprojection, and how it came about.

The paper's network is given the rendered face I3d (TGDM, eq. 8) and has to find the
source's texture by itself. Here the render carries the photo's texture already, and
planes beside it say how far it can be trusted, so that the network spends itself on what
is missing. All planes are uint8: that is what a training set can afford to keep, and a
frame at run time takes the same way.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from facewright import checks
from facewright.animate import openings
from facewright.animate.correspondence import Correspondence
from facewright.animate.reproject import Drawn
from facewright.animate.texture import PhotoTexture
from facewright.capture.subject import Subject
from facewright.checks import Float32, UInt8
from facewright.face import pose as poses
from facewright.face.model import Part

#: Side at which networks work, whatever the frame's.
SIDE = 256
#: Planes of :func:`planes`: RGB, mesh, person, mouth, eyes, shift across and down.
PLANES = 9
#: Planes of :func:`source_planes`: RGB, person, mouth, eyes.
SOURCE_PLANES = 6
#: uint8 steps a pixel (of ``SIDE``) of shift, around 128.
SHIFT_STEPS = 3.0
_TOUCH = 0.4  # pixels of SIDE: lids and lips nearer than this are shut


def planes(found: Correspondence, drawn: Drawn) -> UInt8:
    """(SIDE, SIDE, 9) what is known of one frame.

    RGB of the reprojection; how far the mesh shows the photo there; how far the pixel
    moves with the person; coverage of the mouth's and the eyes' openings; how far the
    photo's point is away (``SHIFT_STEPS`` a pixel, 128 = none).
    """
    size = len(drawn.frame)
    side = np.arange(size, dtype=np.float32) + 0.5
    shift = drawn.points - np.stack(np.meshgrid(side, side), -1)
    mouth, eyes = _covers(found, size)
    flat = np.stack([drawn.weight, mouth, eyes], -1) * 255
    steps = 128 + shift * (SHIFT_STEPS * SIDE / size)
    out = np.empty((SIDE, SIDE, PLANES), np.uint8)
    out[..., :3] = _small(drawn.frame)
    out[..., 3] = _rounded(_small(flat[..., 0]))
    out[..., 4] = _small(drawn.person)
    out[..., 5:7] = _rounded(_small(flat[..., 1:]))
    out[..., 7:] = _rounded(_small(steps))
    return out


def source_planes(texture: PhotoTexture) -> UInt8:
    """(SIDE, SIDE, 6) what is known of the photo: RGB, person, mouth's and eyes' openings."""
    holes = openings.find(texture.landmarks, texture.size)
    both = np.stack([holes.mouth, holes.eyes.max(0)], -1) * 255
    return np.concatenate([_small(texture.photo), _rounded(_small(both))], -1)


@dataclass(frozen=True, slots=True)
class Rho:
    """Sizes of the coefficients that networks are told: what moves, not who it is.

    Attributes:
        expression: K_exp of the morphable model.
    """

    expression: int

    @property
    def frame(self) -> int:
        """Numbers a frame: expression, relative pose, gaze."""
        return self.expression + 10

    @property
    def source(self) -> int:
        """Numbers of the source: expression, rotation, gaze."""
        return self.expression + 7


#: What brings the relative pose's translation, in metres, to the size of the rest.
_TRANSLATION = 10.0


def frame_rho(
    expression: Float32, pose: Float32, gaze: Float32, metres_per_unit: float = 1.0
) -> Float32:
    """(…, K_exp + 10) numbers of frames: beta, pose relative to the photo's, omega.

    Raises:
        InputError: for numbers that are not finite, neighbours' too, which nobody draws.
    """
    lead = np.shape(expression)[:-1]
    expression = checks.floats("geometry.expression", expression, (*lead, None))
    pose = checks.floats("geometry.pose", pose, (*lead, 6))
    gaze = checks.floats("geometry.gaze", gaze, (*lead, 4))
    shift = pose[..., 3:] * np.float32(_TRANSLATION * metres_per_unit)
    return np.concatenate([expression, pose[..., :3], shift, gaze], -1).astype(np.float32)


def source_rho(subject: Subject) -> Float32:
    """(K_exp + 7,) numbers of the photo: beta, absolute rotation, omega."""
    rho = subject.coefficients
    return np.concatenate([rho.expression, rho.pose[:3], rho.gaze]).astype(np.float32)


def own(drawn: Drawn, shown: UInt8) -> Float32:
    """(SIDE, SIDE) 0..1 where eyes or mouth show the photo's own teeth, irises or skin.

    Args:
        drawn: the frame.
        shown: of :func:`planes`.
    """
    opening = cv2.dilate(shown[..., 5:7].max(-1), np.ones((3, 3), np.uint8))
    soft = cv2.GaussianBlur(opening.astype(np.float32) / 255, (0, 0), 1.0)
    return soft * (1 - np.clip(_small(drawn.made), 0, 1))


def _covers(found: Correspondence, size: int) -> tuple[Float32, Float32]:
    """(S, S) coverage of the mouth's opening, and of both eyes'."""
    if found.rims is not None:
        slack = _TOUCH * size / SIDE
        covers = [openings.polygon(openings.parted(rim, slack), (size, size)) for rim in found.rims]
        return covers[2], np.maximum(covers[0], covers[1])
    mouth = (found.parts >= Part.TEETH_UPPER + 1) & (found.parts <= Part.TONGUE + 1)
    eyes = (found.parts == Part.EYE_LEFT + 1) | (found.parts == Part.EYE_RIGHT + 1)
    return mouth.astype(np.float32), eyes.astype(np.float32)


def _small(picture: np.ndarray) -> np.ndarray:
    if picture.shape[0] == SIDE:
        return picture
    method = cv2.INTER_AREA if picture.shape[0] > SIDE else cv2.INTER_LINEAR
    return cv2.resize(picture, (SIDE, SIDE), interpolation=method)


def _rounded(values: Float32) -> UInt8:
    return np.round(values).clip(0, 255).astype(np.uint8)


def relative(subject: Subject, absolute: Float32) -> Float32:
    """(…, 6) poses relative to the photo's."""
    return poses.relative_to(subject.coefficients.pose, absolute)
