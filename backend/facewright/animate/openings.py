"""The eyes' and the mouth's openings in a photo, by MediaPipe's landmarks."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from facewright.checks import Float32, UInt8

# Rims in order around each opening (MediaPipe's numbers).
EYE_LEFT_RIM = (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)
EYE_RIGHT_RIM = (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)
MOUTH_RIM = (
    78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191,
)  # fmt: skip
RIMS = (EYE_LEFT_RIM, EYE_RIGHT_RIM, MOUTH_RIM)
#: Iris centre and the four points around it: subject's left, then right.
IRISES = ((473, 474, 475, 476, 477), (468, 469, 470, 471, 472))
#: How far lashes reach around the eyes, in crop sides.
_LASH_REACH = 0.01
#: How much darker lids are than the skin around, and how much more so under their fold;
#: red least, for they are thin.
_LID = np.array([0.04, 0.055, 0.06], np.float32)
_FOLD = np.array([0.08, 0.11, 0.12], np.float32)
_SHIFT = 4  # fractional bits of OpenCV's drawing


@dataclass(frozen=True, slots=True)
class Openings:
    """What is not skin.

    Attributes:
        eyes: (2, H, W) float32 0..1 coverage between the lids, subject's left then right.
        mouth: (H, W) float32 0..1 coverage between the lips.
        irises: (2, 3) float32 x, y and radius of each iris in pixels.
    """

    eyes: Float32
    mouth: Float32
    irises: Float32


def find(landmarks: Float32, size: int) -> Openings:
    """The openings that (478, 2) landmarks outline in a ``size`` x ``size`` picture."""
    irises = []
    for centre, *ring in IRISES:
        around = landmarks[ring]
        radius = np.linalg.norm(around - around.mean(0), axis=-1).mean()
        irises.append([*landmarks[centre], radius])
    eyes = [polygon(landmarks[list(rim)], (size, size)) for rim in (EYE_LEFT_RIM, EYE_RIGHT_RIM)]
    return Openings(
        np.stack(eyes),
        polygon(landmarks[list(MOUTH_RIM)], (size, size)),
        np.array(irises, np.float32),
    )


def parted(rim: Float32, slack: float) -> Float32:
    """A rim of (N, 2) points, without the parts where its upper edge passed the lower.

    A rim starts at one corner, goes along the lower edge to point N / 2, the other
    corner, and back along the upper: point k faces point N - k.

    Args:
        rim: the outline.
        slack: edges nearer than this many pixels touch.
    """
    half = len(rim) // 2
    lower, upper = rim[1:half], rim[:half:-1]
    along = rim[half] - rim[0]
    # Corners run from right to left or back; either way the lower edge is the lower one.
    across = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-6)
    across = across * (1 if along[0] > 0 else -1)
    gap = (lower - upper) @ across
    shut = np.clip(slack - gap, 0, None) / 2 + np.minimum(slack, np.maximum(gap, 0)) / 2
    middle = (lower + upper) / 2
    closed = (gap <= slack)[:, None]
    out = rim.copy()
    out[1:half] = np.where(closed, middle, lower - shut[:, None] * across)
    out[:half:-1] = np.where(closed, middle, upper + shut[:, None] * across)
    return out


def polygon(corners: Float32, shape: tuple[int, int]) -> Float32:
    """(height, width) 0..1 coverage of a polygon of (N, 2) points, corners at integers."""
    coverage = np.zeros(shape, np.uint8)
    fixed = np.round((corners - 0.5) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(coverage, [fixed], 255, cv2.LINE_AA, _SHIFT)
    return coverage.astype(np.float32) / 255


def filled(photo: UInt8, holes: Openings) -> UInt8:
    """The photo with its openings filled smoothly from their rims.

    Lids that close and lips that move show what is around them, never iris or teeth.
    """
    size = photo.shape[0]
    # The lash line goes too: it will be drawn where the lid's edge then is.
    reach = 2 * max(1, round(_LASH_REACH * size)) + 1
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    eyes = cv2.dilate(holes.eyes.max(0), ellipse)
    mouth = cv2.dilate(holes.mouth, np.ones((3, 3), np.uint8), iterations=max(1, size // 256))
    # Lids take their tone from beyond the shadow that lashes and sockets cast.
    beyond = np.maximum(cv2.dilate(eyes, ellipse, iterations=2), mouth)
    known = (beyond < 0.05).astype(np.float32)
    fill = pull_push(photo.astype(np.float32), known) * _lid_tone(holes.eyes.max(0), size)
    soft = np.maximum(
        cv2.GaussianBlur(eyes, (0, 0), size / 200), cv2.GaussianBlur(mouth, (0, 0), size / 400)
    )[..., None]
    soft = np.minimum(1.4 * soft, 1)  # whole over the opening itself
    return np.round(photo * (1 - soft) + fill * soft).astype(np.uint8)


def _lid_tone(eyes: Float32, size: int) -> Float32:
    """(H, W, 3) what skin is multiplied by on lids: rounded, and darker under the fold."""
    on = cv2.GaussianBlur(eyes, (0, 0), size / 150)
    down = np.array([[1, 0, 0], [0, 1, size / 64]], np.float32)
    fold = np.clip(on - cv2.warpAffine(on, down, (size, size)), 0, 1)
    return 1 - (on[..., None] * _LID + fold[..., None] * _FOLD)


def pull_push(values: Float32, known: Float32) -> Float32:
    """Fill (H, W, C) values smoothly where (H, W) ``known`` is small.

    Averages of what is known are pulled down a pyramid and pushed up again into the
    gaps (Gortler et al., "The Lumigraph", 1996, section 3.4.2).
    """
    if known.ndim == 2:
        known = known[..., None]
    if min(values.shape[:2]) <= 2:
        mean = (values * known).sum((0, 1)) / max(float(known.sum()), 1e-6)
        return values * known + (1 - known) * mean
    half = ((values.shape[1] + 1) // 2, (values.shape[0] + 1) // 2)
    weight = cv2.resize(known[..., 0], half, interpolation=cv2.INTER_AREA)[..., None]
    small = cv2.resize(values * known, half, interpolation=cv2.INTER_AREA)
    small = small.reshape(*weight.shape[:2], -1) / np.maximum(weight, 1e-6)
    coarse = pull_push(small, np.minimum(1, weight * 4))
    up = cv2.resize(coarse, values.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return values * known + up.reshape(values.shape) * (1 - known)
