"""What a mouth shows between its lips, painted on planes that move like teeth do.

Upper teeth are rigid with the head, so where the photo shows them, they are the photo's
own, carried by the head's pose. What it does not show is made up in its light: a row of
teeth with soft gaps, gums, a tongue and dim lower teeth that follow the lower lip, before
a throat that is dark and warm. Proportions are those of adult dentition (upper central
incisors 8.5 mm wide; 1 to 3 mm of them below the resting lip).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from facewright.animate import openings
from facewright.capture.subject import Subject
from facewright.checks import Float32, UInt8
from facewright.face import pose as poses
from facewright.face.model import MorphableModel
from facewright.render.camera import Camera
from facewright.render.texture import sample

# All lengths in millimetres of the subject, x to its left and y up.
_HALF_WIDTH, _HALF_HEIGHT = 30.0, 15.0
_TEETH_BEHIND = 6.0  # of the closed lips
_TEETH_BELOW = 2.4  # incisal edge below the closed lips
_GAPS = np.array([0.0, 8.5, 15.0, 22.0, 28.0])  # between teeth, from the middle
_GUMS = 7.5  # above the closed lips
_LOWER_TEETH, _TONGUE = 2.2, 7.0  # how far they stand out above the lower lip
#: Texels a pixel of the frame.
_DENSITY = 1.5
#: Luminance of teeth and throat, in that of the brightest skin.
_TEETH_LIGHT, _THROAT_LIGHT, _LOWER_LIGHT = 0.72, 0.17, 0.4
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
#: Gaps, in pixels of 256, below which only their shade is seen, and from which all is.
_NARROW = (1.0, 3.2)
#: Gap in pixels of 256 that shows teeth in a photo, and the luminance, in that of skin,
#: from which what it shows is teeth.
_SHOWS, _TOOTHLIKE = 2.5, (0.22, 0.42)
_UPPER_LIP = (2, 164, 0, 11, 12, 13)  # MediaPipe's, from the nose down to the opening


@dataclass(frozen=True, slots=True)
class Tones:
    """(3,) sRGB colours in the photo's light."""

    teeth: Float32
    gums: Float32
    throat: Float32
    crease: Float32


@dataclass(frozen=True, slots=True)
class Interior:
    """A subject's mouth, for frames of one size.

    Attributes:
        camera: of frames.
        size: of frames.
        anchors: (3, 3) model space: the teeth plane's origin, and a millimetre to its
            left and up (times ten).
        to_layer: (2, 3) from millimetres to the layers' texels.
        upper: (h, w, 4) float32 premultiplied colour and coverage.
        own: (h, w) float32 how far ``upper`` is the photo's.
        lower: (h, w, 4) float32 as ``upper``, of what follows the lower lip.
        tones: colours.
    """

    camera: Camera
    size: int
    anchors: Float32
    to_layer: Float32
    upper: Float32
    own: Float32
    lower: Float32
    tones: Tones

    def paint(
        self, rim: Float32, cover: Float32, pose: Float32, corner: tuple[int, int]
    ) -> tuple[Float32, Float32, Float32]:
        """(h, w, 3) colours between the lips; (h, w) how far they are narrowed to a line, and
        how far they are the photo's.

        Args:
            rim: (N, 2) the opening's outline in the frame, see ``openings.parted``.
            cover: (h, w) 0..1 of the opening.
            pose: (6,) absolute pose of the head.
            corner: x and y of the frame's pixel at the top left of ``cover``.
        """
        unit, shape = self.size / 256, (cover.shape[1], cover.shape[0])
        plane = _plane(self.camera, pose, self.anchors)
        plane[:, 2] -= corner
        low = plane.copy()
        low[:, 2] = rim[len(rim) // 4] - corner
        upper = self._moved(self.upper, plane, shape)
        own = self._moved(self.own, plane, shape)
        lower = self._moved(self.lower, low, shape)
        # Lips shade what is just behind them, the upper more than the lower.
        below = np.array([[1, 0, 0], [0, 1, 2.0 * unit]], np.float32)
        shifted = cv2.warpAffine(cover, below, shape)
        light = 0.6 + 0.4 * cv2.GaussianBlur(shifted, (0, 0), 1.6 * unit)
        light = (light + (1 - light) * own)[..., None]
        colour = self.tones.throat * (1 - lower[..., 3:]) + lower[..., :3]
        colour = colour * (1 - upper[..., 3:]) + upper[..., :3]
        colour = self.tones.throat + (colour - self.tones.throat) * light
        gap = cv2.GaussianBlur(cover.sum(0, keepdims=True), (0, 0), 2 * unit) / unit
        t = np.clip((gap - _NARROW[0]) / (_NARROW[1] - _NARROW[0]), 0, 1)
        narrow = 1 - t * t * (3 - 2 * t)
        colour += (self.tones.crease - colour) * narrow[..., None]
        return colour, np.broadcast_to(narrow, cover.shape), own * (1 - narrow)

    def _moved(self, layer: Float32, plane: Float32, shape: tuple[int, int]) -> Float32:
        """A layer as a plane's (2, 3) millimetres-to-pixels map shows it."""
        square = np.vstack([plane, [0, 0, 1]])
        back = self.to_layer @ np.linalg.inv(square)  # pixels, corners at integers
        back[:, 2] += back[:, :2] @ (0.5, 0.5) - 0.5
        return cv2.warpAffine(
            layer, back, shape, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )  # fmt: skip


def interior(
    subject: Subject, camera: Camera, photo: UInt8, landmarks: Float32, correction: Float32
) -> Interior:
    """Paint the mouth of a subject whose model has a MediaPipe embedding.

    Args:
        subject: whose it is.
        camera: of frames.
        photo: (size, size, 3) at their size.
        landmarks: (478, 2) in its pixels.
        correction: (V, 3) what moves the mesh onto them.
    """
    model, rho, size = subject.model, subject.coefficients, len(photo)
    anchors = _anchors(model, rho.identity, correction)
    plane = _plane(camera, rho.pose, anchors)
    density = _DENSITY * float(np.sqrt(abs(np.linalg.det(plane[:, :2]))))
    width, height = (max(16, round(2 * half * density)) for half in (_HALF_WIDTH, _HALF_HEIGHT))
    to_layer = np.array([[density, 0, width / 2], [0, -density, height / 2]], np.float64)
    x = (np.arange(width) + 0.5 - width / 2) / density
    y = (height / 2 - np.arange(height) - 0.5) / density
    grid = np.stack(np.meshgrid(x, y), -1).astype(np.float32)
    points = grid @ plane[:, :2].T.astype(np.float32) + plane[:, 2].astype(np.float32)
    rim = landmarks[list(openings.MOUTH_RIM)]
    colour, own = _shown(photo, rim, points, _skin(photo, landmarks))
    tones = _tones(photo, landmarks, colour, own)
    made, cover = _upper(grid, tones)
    mixed = made + (colour - made) * own[..., None]
    cover = np.maximum(cover, own)[..., None]
    return Interior(
        camera=camera,
        size=size,
        anchors=anchors,
        to_layer=to_layer.astype(np.float32),
        upper=np.concatenate([mixed * cover, cover], -1).astype(np.float32),
        own=own.astype(np.float32),
        lower=_lower(grid, tones),
        tones=tones,
    )


def _anchors(model: MorphableModel, identity: Float32, correction: Float32) -> Float32:
    """The plane of the upper front teeth: behind the lips where they close."""
    assert model.landmarks478 is not None
    shape = model.vertices(identity, np.zeros(len(model.expression_names), np.float32))
    points = model.landmark_points(shape, model.landmarks478)
    moved = model.landmark_points(correction, model.landmarks478)
    millimetre = 0.001 / model.metres_per_unit
    middle = points[[13, 14]].mean(0) + moved[list(_UPPER_LIP)].mean(0)
    middle[2] -= _TEETH_BEHIND * millimetre
    steps = 10 * millimetre * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
    return (middle + steps).astype(np.float32)


def _plane(camera: Camera, pose: Float32, anchors: Float32) -> Float32:
    """(2, 3) from millimetres on the plane to pixels."""
    at = camera.project(poses.transform(pose, anchors))[:, :2].astype(np.float64)
    return np.stack([(at[1] - at[0]) / 10, (at[2] - at[0]) / 10, at[0]], -1)


def _skin(photo: UInt8, landmarks: Float32) -> Float32:
    """(3,) the face's well-lit skin: the brighter half of cheeks, nose and chin."""
    face = openings.polygon(cv2.convexHull(landmarks)[:, 0], (len(photo),) * 2) > 0.5
    colours = photo[face].astype(np.float32)
    luma = colours @ _LUMA
    low, high = np.percentile(luma, (60, 95))
    return np.median(colours[(luma >= low) & (luma <= high)], 0)


def _shown(photo: UInt8, rim: Float32, points: Float32, skin: Float32) -> tuple[Float32, Float32]:
    """The photo on the teeth's plane, and 0..1 where it shows teeth there."""
    unit = len(photo) / 256
    colour = sample(photo, points).astype(np.float32)
    half = len(rim) // 2
    gaps = np.linalg.norm(rim[1:half] - rim[:half:-1], axis=-1)
    if gaps.max() < _SHOWS * unit:
        return colour, np.zeros(colour.shape[:2], np.float32)
    hole = openings.polygon(rim, (len(photo),) * 2)
    hole = np.clip(2 * cv2.GaussianBlur(hole, (0, 0), 0.8 * unit) - 1, 0, 1)
    light = (colour @ _LUMA) / float(skin @ _LUMA)
    # Gaps between teeth belong to them.
    light = cv2.GaussianBlur(light, (0, 0), 2 * _DENSITY * unit)
    t = np.clip((light - _TOOTHLIKE[0]) / (_TOOTHLIKE[1] - _TOOTHLIKE[0]), 0, 1)
    return colour, sample(hole, points) * t * t * (3 - 2 * t)


def _tones(photo: UInt8, landmarks: Float32, colour: Float32, own: Float32) -> Tones:
    """Colours in the light that the photo's skin is seen in."""
    skin = _skin(photo, landmarks)
    bright = float(skin @ _LUMA)
    # Half of a skin's tint is taken for the light's.
    tint = np.sqrt(np.maximum(skin, 8) / bright)
    tint = tint / float(tint @ _LUMA)
    teeth = tint * (_TEETH_LIGHT * bright)
    if own.sum() > 40:
        teeth = np.median(colour[own > 0.5 * own.max()], 0)
    lips = landmarks[[0, 11, 12, 13, 14, 15, 16, 17, 37, 267, 84, 314]]
    lip = np.median(sample(photo, lips[None].astype(np.float32))[0].astype(np.float32), 0)
    warm = tint * np.array([1.3, 0.92, 0.85], np.float32)
    throat = warm * (_THROAT_LIGHT * bright)
    gums = 0.6 * lip + 0.4 * warm * (0.5 * bright)
    return Tones(teeth, gums, throat, 0.35 * lip + 0.65 * throat)


def _upper(grid: Float32, tones: Tones) -> tuple[Float32, Float32]:
    """Upper teeth and gums on the plane: colours and coverage."""
    x, y = np.abs(grid[..., 0]), grid[..., 1]
    between = np.exp(-0.5 * ((x[..., None] - _GAPS) / 0.55) ** 2).max(-1)
    edge = -_TEETH_BELOW + 0.007 * x**2 + 0.5 * between
    cover = _rise(-0.8, 0.8, y - edge)
    shade = (1 - 0.2 * between) * (1 - 0.6 * _rise(8, 26, x)) * (0.94 + 0.06 * _rise(0, 5, y))
    colour = tones.teeth * shade[..., None]
    scallop = _GUMS - 0.8 * between + 0.004 * x**2
    gums = _rise(-0.8, 0.8, y - scallop)[..., None]
    return colour + (0.75 * tones.gums - colour) * gums, cover


def _lower(grid: Float32, tones: Tones) -> Float32:
    """Tongue and lower teeth above the lower lip: premultiplied colours and coverage."""
    x, y = np.abs(grid[..., 0]), grid[..., 1]
    tongue = 0.85 * _rise(2.5, -2.5, y - _TONGUE + 0.02 * x**2)[..., None]
    colour = 0.62 * tones.gums * tongue
    between = np.exp(-0.5 * ((x[..., None] - 0.65 * _GAPS) / 0.6) ** 2).max(-1)
    teeth = 0.8 * _rise(1.0, -1.0, y - _LOWER_TEETH + 0.004 * x**2) * (1 - 0.8 * _rise(8, 20, x))
    shade = tones.teeth * (_LOWER_LIGHT * (1 - 0.12 * between))[..., None]
    teeth = teeth[..., None]
    colour = colour * (1 - teeth) + shade * teeth
    cover = tongue * (1 - teeth) + teeth
    return np.concatenate([colour, cover], -1).astype(np.float32)


def _rise(low: float, high: float, value: Float32) -> Float32:
    """0 on the side of ``low``, 1 on that of ``high``, smooth between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)
