"""The filled texture atlas of a subject: the photo where it shows a part, and what it
does not show made up from what it does.

Skin that was hidden takes the model's albedo under the photo's light (TGDM eq. 8), carried
to the photo's own tone by the smooth ratio of both where the skin was seen. Irises are
completed around their centre, sclera and teeth from their own visible tone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from facewright.animate.openings import Openings, pull_push
from facewright.checks import Float32, UInt8
from facewright.face.coefficients import Coefficients
from facewright.face.model import MorphableModel, Part
from facewright.render.fragments import Fragments
from facewright.render.rasterise import interpolate
from facewright.render.shading import shade
from facewright.render.texture import sample, unwrapped

#: Side of the atlas that animators use.
SIZE = 1024
_EYES = (Part.EYE_LEFT, Part.EYE_RIGHT)
#: Light behind the lips, the depth to which it reaches and over which it fades (metres),
#: and its share at any depth.
_BEHIND_LIPS, _LIT_DEPTH, _DARK_DEPTH, _DARKEST = 0.78, 0.012, 0.02, 0.3
_SCLERA = np.array([205, 198, 194], np.float32)  # where the photo shows none
_FEW_TEXELS = 40  # too few to tell a tone by
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_MOUTH = (Part.TEETH_UPPER, Part.TEETH_LOWER, Part.GUMS, Part.TONGUE)


@dataclass(frozen=True, slots=True)
class Atlas:
    """Everything per texel of an (A, A) atlas, row 0 at v = 1.

    Attributes:
        colour: (A, A, 3) uint8 sRGB, filled.
        seen: (A, A) float32 0..1, how far the colour is the photo's own.
        parts: (A, A) uint8 part ids + 1, 0 between charts.
        fragments: triangle and barycentrics of each texel.
    """

    colour: UInt8
    seen: Float32
    parts: UInt8
    fragments: Fragments


def bake(
    model: MorphableModel,
    rho: Coefficients,
    photo: UInt8,
    pixels: Float32,
    normals: Float32,
    seen: Float32,
    depth: Float32,
    holes: Openings,
) -> Atlas:
    """Fill the atlas of a subject.

    Args:
        model, rho: the subject's.
        photo: (S, S, 3) the crop.
        pixels: (V, 3) its vertices in the crop, and their depth.
        normals: (V, 3) in camera space.
        seen: (V,) 0..1 visibility of the skin.
        depth: (S, S) of the mesh in the crop.
        holes: eyes and mouth in the crop.
    """
    texels = unwrapped(model.uvs, model.uv_triangles, SIZE)
    light = shade(np.ones_like(normals), normals, rho.illumination)
    # Behind lids and lips comes the face's mean light: without its colour, which errors of
    # the skin's albedo have a part in, and from no side.
    skin_vertices = (model.vertex_parts == Part.SKIN)[:, None]
    mean_light = float(np.average(light @ _LUMA, weights=seen + 1e-6))
    light = model.albedo(rho.texture) * np.where(skin_vertices, light, mean_light)
    baked = interpolate(
        texels, np.concatenate([pixels, light, seen[:, None]], -1), model.triangles
    )[0]
    points, away, guess = baked[..., :2], baked[..., 2], np.clip(baked[..., 3:6], 0.02, 1) * 255
    parts = np.where(
        texels.triangles[0] >= 0, model.triangle_parts[texels.triangles[0]] + 1, 0
    ).astype(np.uint8)
    colour = sample(photo, points).astype(np.float32)
    slack = 0.004 / model.metres_per_unit
    front = away < sample(np.where(np.isinf(depth), 1e6, depth).astype(np.float32), points) + slack
    shown = front.astype(np.float32)
    hole = sample(np.maximum(holes.eyes.max(0), holes.mouth), points)

    skin = parts == Part.SKIN + 1
    known = np.where(skin, baked[..., 6] * (hole < 0.02), 0).astype(np.float32)
    out = _carried(colour, guess, known)
    for side, part in enumerate(_EYES):
        at = parts == part + 1
        if at.any():
            inside = shown * sample(_shrunk(holes.eyes[side]), points)
            turned = _eye_plane(model, texels, part)
            out[at], known[at] = _eye(colour[at], inside[at], turned[at], points[at],
                                      holes.irises[side])  # fmt: skip
    mouth = np.isin(parts, [part + 1 for part in _MOUTH])
    inside = np.where(mouth, shown * sample(_shrunk(holes.mouth), points), 0).astype(np.float32)
    made = guess * (_skin_tone(out, guess, skin, known) * _throat(model, texels))[..., None]
    for part in _MOUTH:
        at = parts == part + 1
        out[at] = _inner(colour[at], made[at], inside[at])
    known = np.where(mouth, inside, known)
    return Atlas(_bled(out, parts), known.astype(np.float32), parts, texels)


def _shrunk(cover: Float32) -> Float32:
    """An opening without its rim, where lids and lips mix in."""
    steps = max(1, cover.shape[0] // 512)
    return cv2.erode(cover, np.ones((3, 3), np.uint8), iterations=steps)


def _carried(colour: Float32, guess: Float32, known: Float32) -> Float32:
    """The photo where known; elsewhere the guess, times the smooth ratio of both."""
    ratio = np.log(np.maximum(colour, 4) / guess)
    reliable = cv2.erode((known > 0.5).astype(np.float32), np.ones((5, 5), np.uint8))
    smooth = pull_push(cv2.GaussianBlur(ratio * reliable[..., None], (0, 0), 6)
                       / np.maximum(cv2.GaussianBlur(reliable, (0, 0), 6), 1e-3)[..., None],
                       reliable)  # fmt: skip
    carried = np.clip(guess * np.exp(np.clip(smooth, -1.5, 1.5)), 0, 255)
    return colour * known[..., None] + carried * (1 - known[..., None])


def _eye_plane(model: MorphableModel, texels: Fragments, part: Part) -> Float32:
    """(A, A, 2) x and y of the direction from an eyeball's centre, at gaze zero."""
    vertices = model.mean[model.vertex_parts == part]
    centre = (vertices.max(0) + vertices.min(0)) / 2
    if model.eye_centres is not None:
        centre = model.eye_centres[_EYES.index(part)]
    direction = model.mean - centre
    direction = direction / np.linalg.norm(direction, axis=-1, keepdims=True)
    return interpolate(texels, direction[:, :2], model.triangles)[0]


def _eye(
    colour: Float32, inside: Float32, plane: Float32, points: Float32, iris: Float32
) -> tuple[Any, Any]:
    """Complete an eyeball's (N, 3) texels: colours, and how far they are the photo's."""
    sclera_seen = (inside > 0.9) & (np.linalg.norm(points - iris[:2], axis=-1) > 1.25 * iris[2])
    sclera = _SCLERA
    if sclera_seen.sum() > _FEW_TEXELS:
        sclera = np.percentile(colour[sclera_seen], 60, axis=0)
    iris_seen = (inside > 0.9) & (np.linalg.norm(points - iris[:2], axis=-1) < 1.05 * iris[2])
    if iris_seen.sum() < _FEW_TEXELS:
        fill = np.broadcast_to(sclera, colour.shape)
        return colour * inside[:, None] + fill * (1 - inside[:, None]), inside
    # In the eye's own plane the iris is a disc: where the photo shows its middle.
    weight = inside * (np.linalg.norm(points - iris[:2], axis=-1) < 0.5 * iris[2])
    centre = (plane * weight[:, None]).sum(0) / max(float(weight.sum()), 1e-6)
    away = np.linalg.norm(plane - centre, axis=-1)
    radius = float(np.percentile(away[iris_seen], 97))
    rings = np.clip(away / radius, 0, 1.15)
    bins = np.minimum((rings * 16).astype(int), 18)
    counted = np.bincount(bins, inside, 19)
    profile = np.stack(
        [
            np.bincount(bins, inside * colour[:, k], 19) / np.maximum(counted, 1e-6)
            for k in range(3)
        ],
        -1,
    )
    profile[counted < 3] = np.median(colour[iris_seen], 0)
    within = 1 - np.clip((away / radius - 0.95) / 0.15, 0, 1)
    fill = profile[np.minimum(bins, 15)] * within[:, None] + sclera * (1 - within[:, None])
    return colour * inside[:, None] + fill * (1 - inside[:, None]), inside


def _skin_tone(out: Float32, guess: Float32, skin: Any, known: Float32) -> Any:
    """How much brighter than the model's skin the photo's is."""
    at = skin & (known > 0.5)
    if not at.any():
        return np.float32(1)
    return np.clip(np.median(out[at] @ _LUMA) / np.median(guess[at] @ _LUMA), 0.4, 1.2)


def _throat(model: MorphableModel, texels: Fragments) -> Float32:
    """(A, A) how light what lies behind the lips is: less, the deeper it lies."""
    lips = model.landmark_points(model.mean, model.landmarks68)[60:68]
    behind = (lips[:, 2].mean() - model.mean[:, 2:]) * model.metres_per_unit
    fall = np.exp(-np.maximum(behind - _LIT_DEPTH, 0) / _DARK_DEPTH)
    fall = _DARKEST + (1 - _DARKEST) * fall
    return interpolate(texels, _BEHIND_LIPS * fall, model.triangles)[0, ..., 0]


def _inner(colour: Float32, made: Float32, inside: Float32) -> Any:
    """Teeth, gums or tongue: the photo's own where seen, else the model's in that tone."""
    seen = inside > 0.9
    if seen.sum() > _FEW_TEXELS:
        ratio = np.median(colour[seen] @ _LUMA) / max(float(np.median(made[seen] @ _LUMA)), 1)
        made = made * np.clip(ratio, 0.5, 1.3)
    return colour * inside[:, None] + np.clip(made, 0, 255) * (1 - inside[:, None])


def _bled(colour: Float32, parts: UInt8) -> UInt8:
    """Charts with their colours carried a little beyond their borders, for filtering."""
    known = (parts > 0).astype(np.float32)
    return np.round(pull_push(colour, known)).clip(0, 255).astype(np.uint8)
