"""Renders of the model whose coefficients are known: what capture is calibrated on."""

from __future__ import annotations

import cv2
import numpy as np

from facewright.checks import Float32, UInt8
from facewright.face import pose as poses
from facewright.face.coefficients import Coefficients
from facewright.face.model import MorphableModel
from facewright.render.camera import Camera
from facewright.render.normals import VertexNormals
from facewright.render.rasterise import interpolate, rasterise
from facewright.render.shading import AMBIENT, shade

_SUPERSAMPLED = 2


def render(
    model: MorphableModel,
    coefficients: Coefficients,
    camera: Camera,
    background: tuple[float, float, float] = (0.45, 0.5, 0.55),
) -> UInt8:
    """(H, W, 3) uint8 sRGB picture of a face (TGDM, eq. 8) before a plain background."""
    size = (camera.size[0] * _SUPERSAMPLED, camera.size[1] * _SUPERSAMPLED)
    view = camera.resized(size)
    shape = model.vertices(coefficients.identity, coefficients.expression, coefficients.gaze)
    posed = poses.transform(coefficients.pose, shape)
    normals = VertexNormals(model.triangles, model.vertex_count)(posed)
    colours = shade(model.albedo(coefficients.texture), normals, coefficients.illumination)
    fragments = rasterise(view.project(posed).astype(np.float32)[None], model.triangles, size)
    picture = interpolate(fragments, colours.astype(np.float32), model.triangles)[0]
    picture = np.where((fragments.triangles[0] >= 0)[..., None], picture, background)
    picture = cv2.resize(picture, camera.size, interpolation=cv2.INTER_AREA)
    return np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def random_coefficients(
    model: MorphableModel, rng: np.random.Generator, *, gaze_sine: float = 0.3
) -> Coefficients:
    """A face as portraits show them, drawn from ``rng``.

    Turned by up to some 30 degrees, an open or closed mouth, eyes that look together to
    within ``gaze_sine`` of straight ahead and lids that follow them, light from a side.
    """
    weights = dict.fromkeys(model.expression_names, 0.0)
    across, up = rng.uniform(-gaze_sine, gaze_sine), rng.uniform(-0.6, 0.6) * gaze_sine
    vergence = rng.uniform(0, 0.05)
    for side in ("Left", "Right"):
        weights[f"eyeLookUp{side}"] = max(up, 0) / 0.5
        weights[f"eyeLookDown{side}"] = max(-up, 0) / 0.5
        weights[f"eyeBlink{side}"] = 0.15 * rng.random()
        weights[f"mouthSmile{side}"] = 0.4 * rng.random()
    weights["jawOpen"] = 0.3 * rng.random()
    light = np.zeros((3, 9))
    light[:, 0] = AMBIENT * rng.uniform(0.7, 1.1)
    light[:, 1:4] = rng.normal(0, 0.5, 3)
    rotation = rng.uniform([-0.3, -0.5, -0.15], [0.3, 0.5, 0.15])
    # The head's middle, some 3 cm above its pivot, stays in the middle of the picture.
    shift = [rng.normal(0, 0.01), rng.normal(-0.03, 0.01), -rng.uniform(1.05, 1.2)]
    return Coefficients(
        identity=rng.normal(0, 0.8, len(model.identity_basis)).astype(np.float32),
        expression=np.array([weights[n] for n in model.expression_names], np.float32),
        texture=rng.normal(0, 0.7, len(model.texture_basis)).astype(np.float32),
        illumination=light.ravel().astype(np.float32),
        pose=np.concatenate([rotation, shift]).astype(np.float32),
        gaze=np.array([across - vergence, up, across + vergence, up], np.float32),
    )


def gaze_error(estimated: Float32, true: Float32) -> Float32:
    """(…, 2) degrees between two (…, 4) gazes, per eye."""
    cosines = (_directions(estimated) * _directions(true)).sum(-1)
    return np.degrees(np.arccos(np.clip(cosines, -1, 1))).astype(np.float32)


def _directions(gaze: Float32) -> Float32:
    plane = np.asarray(gaze, np.float64).reshape(*np.shape(gaze)[:-1], 2, 2)
    depth = np.sqrt(np.clip(1 - (plane**2).sum(-1, keepdims=True), 0, 1))
    return np.concatenate([plane, depth], -1)
