"""Subject: everything that was learned from one portrait."""

from __future__ import annotations

from dataclasses import dataclass

from facewright.checks import Float32, UInt8
from facewright.face.coefficients import Coefficients
from facewright.face.model import MorphableModel
from facewright.render.camera import Camera


@dataclass(frozen=True, slots=True)
class Subject:
    """A captured face.

    The *crop* is a square of the photograph around the head, resampled to S x S; the
    camera and the coefficients' pose live in it. The *photo* is the whole picture.

    Attributes:
        model: the morphable model that the coefficients belong to.
        coefficients: rho of the photograph (identity, the expression, pose and gaze
            seen in it, texture, illumination).
        camera: of the S x S crop.
        crop: (S, S, 3) uint8 sRGB. Where the square leaves the picture it is filled
            by reflection.
        box: (4,) float64 x0, y0, x1, y1 of the square in the photo, in pixels.
        photo: (H, W, 3) uint8 sRGB, the full picture, never resampled.
        matte: (S, S) float32 0..1, the person (head, hair, body) in the crop.
        landmarks: (478, 2) float32 MediaPipe's points in crop pixels.
        warnings: what the user should know ("2 faces: took the largest; ...").
    """

    model: MorphableModel
    coefficients: Coefficients
    camera: Camera
    crop: UInt8
    box: tuple[float, float, float, float]
    photo: UInt8
    matte: Float32
    landmarks: Float32
    warnings: tuple[str, ...] = ()
