"""Photo -> illumination gamma and texture delta, by alternating linear least squares.

The rendered face is T * (H gamma) with T = T_mean + B_t delta (TGDM, eq. 7 and 8; H the
spherical harmonics of the normals). For a given delta it is linear in gamma and the other
way round, so each is solved for in turn, with robust weights against what is no skin:
glasses, a fringe, a highlight.
"""

from __future__ import annotations

import cv2
import numpy as np

from facewright.capture.fit import FitResult
from facewright.capture.landmarks import OVAL
from facewright.checks import Float32, UInt8
from facewright.face import pose as poses
from facewright.face.model import MorphableModel, Part
from facewright.render.camera import Camera
from facewright.render.normals import VertexNormals
from facewright.render.rasterise import rasterise
from facewright.render.shading import AMBIENT, harmonics

_SIZE = 256  # colours are compared at this resolution; light has no finer detail
_ROUNDS = 5
_NOISE = 0.06  # standard deviation of a colour that the model leaves unexplained
_OUTLIER = 0.10  # colour error at which a sample counts half
#: Neighbouring samples err together: their number is divided by this.
_CORRELATED = 12.0
#: Standard deviations of gamma about white ambient light: overall, and by direction.
_LIGHT_WIDTH = np.array([1.5] + [1.0] * 3 + [0.6] * 5, np.float32)
_FACING = 0.25  # least cosine between normal and view
_FEWEST = 60  # samples, below which nothing is learned


def fit_light(
    crop: UInt8, fitted: FitResult, model: MorphableModel, camera: Camera
) -> tuple[Float32, Float32]:
    """Texture and light of a fitted face.

    Args:
        crop: (S, S, 3) uint8 sRGB.
        fitted: of the crop.
        model: that was fitted.
        camera: of the crop.

    Returns:
        (K_tex,) delta and (27,) gamma. Where next to no skin is seen they are the
        prior's: zero, and white light of the brightness there is.
    """
    colours, normals, rows = _samples(crop, fitted, model, camera)
    mean = model.texture_mean[rows]
    basis = model.texture_basis[:, rows]
    delta = np.zeros(len(basis), np.float32)
    gamma = np.zeros((9, 3), np.float32)
    gamma[0] = AMBIENT
    if len(rows) < _FEWEST:
        return delta, gamma.T.ravel()
    light = harmonics(normals).astype(np.float32)
    flat_basis = basis.transpose(1, 2, 0).reshape(-1, len(basis))
    # Far darker than most of the face is no skin; later rounds judge by the fit.
    brightness = colours.mean(-1)
    weights = np.where(brightness < 0.4 * np.median(brightness), 0.1, 1).astype(np.float32)
    for _ in range(_ROUNDS):
        albedo = np.clip(mean + (flat_basis @ delta).reshape(-1, 3), 0.02, 1.0)
        gamma = _solve_light(light, albedo, colours, weights)
        shading = light @ gamma
        delta = _solve_texture(flat_basis, mean, shading, colours, weights)
        shown = (mean + (flat_basis @ delta).reshape(-1, 3)) * shading
        error = np.linalg.norm(shown - colours, axis=-1)
        weights = (1 / (1 + (error / _OUTLIER) ** 2)).astype(np.float32)
    return delta, gamma.T.ravel().astype(np.float32)


def _samples(
    crop: UInt8, fitted: FitResult, model: MorphableModel, camera: Camera
) -> tuple[Float32, Float32, Float32]:
    """Colours (N, 3), camera-space normals (N, 3) and rows (N,) of the skin that is seen."""
    small = cv2.resize(crop, (_SIZE, _SIZE), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 1.0).astype(np.float32) / 255
    view = camera.resized((_SIZE, _SIZE))
    shape = model.vertices(fitted.identity, fitted.expression, fitted.gaze)
    posed = poses.transform(fitted.pose, shape)
    normals = VertexNormals(model.triangles, model.vertex_count)(posed)
    points = view.project(posed).astype(np.float32)
    seen = np.unique(rasterise(points[None], model.triangles, view.size).triangles)
    rows = np.unique(model.triangles[seen[seen >= 0]])
    rays = posed[rows] / -np.linalg.norm(posed[rows], axis=-1, keepdims=True)
    facing = (normals[rows] * rays).sum(-1) > _FACING
    # Beyond the face's oval hair may hang over the skin.
    oval = fitted.projected[list(OVAL)] * (_SIZE / camera.size[0])
    inside = np.zeros((_SIZE, _SIZE), np.uint8)
    cv2.fillPoly(inside, [np.round(oval).astype(np.int32)], 1)
    inside = cv2.erode(inside, np.ones((5, 5), np.uint8))
    pixels = np.floor(points[rows, :2]).astype(int).clip(0, _SIZE - 1)
    skin = model.vertex_parts[rows] == Part.SKIN
    within = (points[rows, :2] >= 0).all(-1) & (points[rows, :2] < _SIZE).all(-1)
    keep = facing & skin & within & (inside[pixels[:, 1], pixels[:, 0]] > 0)
    rows, pixels = rows[keep], pixels[keep]
    return small[pixels[:, 1], pixels[:, 0]], normals[rows], rows


def _solve_light(light: Float32, albedo: Float32, colours: Float32, weights: Float32) -> Float32:
    """(9, 3) gamma given the albedo: three small ridge regressions."""
    prior = np.zeros(9, np.float32)
    prior[0] = AMBIENT
    precision = np.diag((_NOISE / _LIGHT_WIDTH) ** 2)
    gamma = np.empty((9, 3), np.float32)
    for channel in range(3):
        rows = light * albedo[:, channel, None]
        weighted = rows.T * (weights / _CORRELATED)
        left = weighted @ rows + precision
        gamma[:, channel] = np.linalg.solve(
            left, weighted @ colours[:, channel] + precision @ prior
        )
    return gamma


def _solve_texture(
    basis: Float32, mean: Float32, shading: Float32, colours: Float32, weights: Float32
) -> Float32:
    """(K_tex,) delta given the light: one ridge regression, N(0, 1) prior."""
    rows = basis * shading.reshape(-1, 1)
    target = (colours - mean * shading).ravel()
    weighted = rows.T * (np.repeat(weights, 3) / _CORRELATED)
    left = weighted @ rows + np.eye(rows.shape[1], dtype=np.float32) * _NOISE**2
    return np.linalg.solve(left, weighted @ target).astype(np.float32)
