"""Procedural albedo: a mean face and components along melanin and haemoglobin.

Albedo is sRGB per vertex. A face is the mean plus a sum of independent *fields*, each a
smooth region (lips, cheeks, nose, brows, beard, lids, ...) times a direction of colour
times a standard deviation. The components are the fields' principal axes, so they are
orthogonal and ordered by how much they change.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facewright.face.build import eyes
from facewright.face.build.sources import Floats

#: Mean skin and what one unit of each pigment adds to it.
SKIN = np.array([0.70, 0.52, 0.44])
MELANIN = np.array([-0.150, -0.155, -0.150])
HAEMOGLOBIN = np.array([0.030, -0.075, -0.055])
CAROTENE = np.array([0.010, 0.000, -0.060])
STUBBLE = np.array([-0.200, -0.160, -0.120])
GREY = np.array([1.0, 1.0, 1.0]) * 0.1
LIPS = np.array([0.63, 0.36, 0.34])
BROW = np.array([0.22, 0.15, 0.12])

#: Blobs on the skin: centre (|x|, y, z) and radii in millimetres about the pivot. A pair
#: where |x| > 0: each side, and both, get fields.
BLOBS: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "forehead": ((0, 82, 95), (42, 20, 40)),
    "glabella": ((0, 52, 110), (10, 12, 20)),
    "nose_bridge": ((0, 28, 115), (8, 18, 20)),
    "nose_tip": ((0, 4, 126), (12, 10, 16)),
    "nose_wing": ((15, 0, 112), (8, 9, 12)),
    "cheek": ((38, 2, 92), (17, 17, 25)),
    "cheekbone": ((48, 22, 82), (16, 10, 22)),
    "upper_lid": ((31, 54, 95), (17, 7, 18)),
    "under_eye": ((31, 29, 96), (16, 7, 18)),
    "eye_corner": ((17, 41, 98), (6, 7, 12)),
    "crow_feet": ((52, 40, 80), (9, 12, 16)),
    "temple": ((60, 58, 55), (16, 22, 25)),
    "nasolabial": ((26, -12, 104), (7, 17, 18)),
    "philtrum": ((0, -13, 117), (10, 7, 14)),
    "chin": ((0, -60, 105), (18, 14, 24)),
    "under_lip": ((0, -49, 107), (16, 6, 16)),
    "jaw": ((48, -48, 62), (22, 22, 32)),
    "ear": ((78, 26, 2), (16, 36, 30)),
    "neck": ((0, -105, 35), (70, 30, 80)),
    "scalp": ((0, 120, -20), (90, 62, 85)),
}
#: How strongly each axis varies in a blob, in units of pigment.
BLOB_DEVIATION = 0.17


@dataclass(frozen=True, slots=True)
class Albedo:
    """Mean and components.

    Attributes:
        mean: (V, 3) sRGB.
        basis: (K, V, 3) per standard deviation.
    """

    mean: Floats
    basis: Floats


def bump(points: Floats, centre: Floats, radii: Floats) -> Floats:
    """(V,) Gaussian around a centre with a radius per axis."""
    return np.exp(-0.5 * (((points - centre) / radii) ** 2).sum(1))


def brow_mask(points: Floats, eye: Floats, side: int) -> Floats:
    """(V,) 0..1 along one brow: an arc above the eye, tapering outward."""
    x = side * points[:, 0] * 1e3 - 12.0
    share = np.clip(x / 46.0, 0.0, 1.0)
    arc = eye[1] * 1e3 + 17.0 + 5.2 * np.sin(0.78 * np.pi * share) - 1.5 * share**2
    half = 5.4 * (1 - 0.45 * share)
    across = np.exp(-0.5 * ((points[:, 1] * 1e3 - arc) / half) ** 2 * 1.6)
    along = 1 / (1 + np.exp(-(x + 1.0) / 1.6)) / (1 + np.exp((x - 45.0) / 2.0))
    return across * along * (points[:, 2] > 0.03)


def skin_masks(points: Floats, lips: Floats, eye: Floats) -> dict[str, Floats]:
    """Regions of the skin, (V,) 0..1 each, left and right parted.

    Args:
        points: (V, 3) metres about the pivot.
        lips: (V,) mask of the vermilion.
        eye: (3,) centre of the left eyeball.
    """
    masks: dict[str, Floats] = {}
    for name, (centre, radii) in BLOBS.items():
        sides = (1, -1) if centre[0] else (1,)
        for side in sides:
            middle = np.array([side * centre[0], centre[1], centre[2]]) * 1e-3
            label = name if len(sides) == 1 else f"{name}_{'left' if side > 0 else 'right'}"
            masks[label] = bump(points, middle, np.array(radii) * 1e-3) * (1 - lips)
    for side, label in ((1, "brow_left"), (-1, "brow_right")):
        masks[label] = brow_mask(points, eye, side)
    low = np.clip((-points[:, 1] * 1e3 - 8.0) / 18.0, 0, 1)
    front = np.clip((points[:, 2] * 1e3 - 10.0) / 40.0, 0, 1)
    above = 1 / (1 + np.exp(-(points[:, 1] * 1e3 + 92.0) / 6.0))
    masks["beard"] = low * front * above * (1 - lips)
    upper = points[:, 1] * 1e3 > -30.5
    masks["lip_upper"] = np.where(upper, lips, 0.0)
    masks["lip_lower"] = np.where(upper, 0.0, lips)
    return masks


def smooth_fields(points: Floats) -> list[Floats]:
    """Ten slow waves over the head, (V,) each in -1..1."""
    way = points / np.linalg.norm(points, axis=1, keepdims=True)
    x, y, z = way.T
    return [x, y, z, x * y, y * z, z * x, x * x - y * y, 1.5 * z * z - 0.5, y * y * z, x * y * z]


def build_albedo(
    points: Floats,
    base_colour: Floats,
    skin: slice,
    lips: Floats,
    balls: tuple[slice, slice],
    inner: dict[str, slice],
    count: int,
) -> Albedo:
    """Mean albedo and ``count`` components of the whole model.

    Args:
        points: (V, 3) metres about the pivot.
        base_colour: (V, 3) mean albedo of every part but the skin.
        skin: rows of the skin.
        lips: (skin vertices,) mask of the vermilion.
        balls: rows of the eyeballs, left then right.
        inner: rows of "teeth", "gums" and "lashes".
        count: number of components.
    """
    eye = points[balls[0]].mean(0) * (1.0, 1.0, 0.8)
    surface = points[skin]
    masks = skin_masks(surface, lips, eye)
    mean = base_colour.copy()
    mean[skin] = _mean_skin(masks, lips, len(surface))
    fields: list[Floats] = []

    def add(rows: slice, mask: Floats, colour: Floats, deviation: float) -> None:
        field = np.zeros_like(points)
        field[rows] = deviation * mask[:, None] * colour
        fields.append(field)

    whole = np.ones(len(surface))
    hairless = 1.0 - np.clip(masks["brow_left"] + masks["brow_right"], 0, 1)
    add(skin, hairless, MELANIN, 0.9)
    add(skin, hairless, HAEMOGLOBIN, 0.4)
    add(skin, hairless, CAROTENE, 0.45)
    add(skin, whole, GREY, 0.35)
    for wave in smooth_fields(surface):
        for pigment, deviation in ((MELANIN, 0.08), (HAEMOGLOBIN, 0.11)):
            add(skin, wave * hairless, pigment, deviation)
    for mask in masks.values():
        for pigment in (MELANIN, HAEMOGLOBIN):
            add(skin, mask, pigment, BLOB_DEVIATION)
    brows = masks["brow_left"] + masks["brow_right"]
    add(skin, brows, MELANIN, 0.6)
    add(skin, brows, CAROTENE, -0.5)
    add(skin, masks["beard"], STUBBLE, 0.22)
    add(skin, masks["scalp"], STUBBLE, 0.7)
    add(skin, masks["lip_upper"] + masks["lip_lower"], HAEMOGLOBIN, 0.4)
    add(skin, masks["lip_upper"] + masks["lip_lower"], GREY, 0.35)
    _add_others(add, balls, inner)
    return Albedo(mean, principal_fields(np.stack(fields), count))


def _mean_skin(masks: dict[str, Floats], lips: Floats, count: int) -> Floats:
    def both(name: str) -> Floats:
        return (masks[f"{name}_left"] + masks[f"{name}_right"])[:, None]

    colour = np.tile(SKIN, (count, 1))
    colour += HAEMOGLOBIN * 0.45 * (both("cheek") + both("nose_wing") + both("ear"))
    colour += HAEMOGLOBIN * 0.35 * masks["nose_tip"][:, None]
    colour += (MELANIN * 0.25 + HAEMOGLOBIN * 0.35) * (both("under_eye") + both("upper_lid"))
    colour += STUBBLE * 0.16 * masks["beard"][:, None]
    colour += STUBBLE * 0.5 * masks["scalp"][:, None]
    colour = colour * (1 - lips[:, None]) + LIPS * lips[:, None]
    brow = 0.85 * np.clip(masks["brow_left"] + masks["brow_right"], 0, 1)[:, None]
    return np.clip(colour * (1 - brow) + BROW * brow, 0, 1)


def _add_others(add, balls: tuple[slice, slice], inner: dict[str, slice]) -> None:
    iris = eyes.iris_mask()
    sclera = eyes.sclera_mask()
    for ball in balls:
        add(ball, iris, np.array([0.10, 0.12, 0.12]), 1.0)
    both = slice(balls[0].start, balls[1].stop)
    twice = np.tile(iris, 2)
    add(both, twice, np.array([0.06, 0.12, 0.16]), 1.2)
    add(both, twice, np.array([-0.08, 0.02, 0.12]), 0.9)
    add(both, np.tile(sclera, 2), np.array([0.02, -0.05, -0.05]), 0.7)
    add(both, np.tile(sclera, 2), GREY, 0.6)
    for name, colour in (
        ("teeth", np.array([0.06, 0.06, 0.06])),
        ("teeth", np.array([0.00, -0.03, -0.09])),
        ("gums", np.array([-0.06, -0.08, -0.07])),
        ("lashes", np.array([0.10, 0.08, 0.06])),
    ):
        rows = inner[name]
        add(rows, np.ones(rows.stop - rows.start), colour, 0.7)


def principal_fields(fields: Floats, count: int) -> Floats:
    """(count, V, 3) principal axes of a sum of fields with independent unit weights."""
    flat = fields.reshape(len(fields), -1)
    values, vectors = np.linalg.eigh(flat @ flat.T)
    order = np.argsort(values)[::-1][:count]
    axes = vectors[:, order].T @ flat
    sign = np.sign(axes.sum(1, keepdims=True))
    return (np.where(sign == 0, 1.0, sign) * axes).reshape(count, *fields.shape[1:])
