"""A face of the default model before a patterned wall, whose every pixel is known."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from facewright.animate.base import CoefficientGeometry
from facewright.capture.subject import Subject
from facewright.face import pose as poses
from facewright.face.coefficients import Coefficients
from facewright.face.library import load_model
from facewright.face.model import MorphableModel
from facewright.render.camera import Camera
from facewright.render.normals import VertexNormals
from facewright.render.rasterise import interpolate, rasterise
from facewright.render.shading import AMBIENT, shade

SIZE = 256


@dataclass(frozen=True)
class Scene:
    """The subject, and true pictures of it."""

    subject: Subject
    wall: np.ndarray

    def true_picture(self, expression: np.ndarray, relative: np.ndarray) -> tuple:
        """The (SIZE, SIZE, 3) picture and the (SIZE, SIZE) head of a posed face."""
        rho = self.subject.coefficients
        return render(self.subject.model, rho, self.wall, self.subject.camera, expression,
                      poses.compose(rho.pose, relative))  # fmt: skip

    def geometry(
        self, *, pose: np.ndarray | None = None, gaze: np.ndarray | None = None, **weights: float
    ) -> CoefficientGeometry:
        """One frame: the photo's expression with some weights changed."""
        rho = self.subject.coefficients
        expression = rho.expression.copy()
        for name, weight in weights.items():
            expression[self.subject.model.expression_index(name)] = weight
        return CoefficientGeometry(
            indices=np.zeros(1, np.int64),
            expression=expression[None],
            pose=np.zeros((1, 6), np.float32) if pose is None else pose[None],
            gaze=(rho.gaze if gaze is None else gaze)[None],
        )


def render(
    model: MorphableModel,
    rho: Coefficients,
    wall: np.ndarray,
    camera: Camera,
    expression: np.ndarray,
    pose: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """A shaded face with freckles that stick to its skin."""
    vertices = poses.transform(pose, model.vertices(rho.identity, expression, rho.gaze))
    normals = VertexNormals(model.triangles, model.vertex_count)(vertices)
    found = rasterise(camera.project(vertices)[None], model.triangles, camera.size)
    waves = 0.08 * np.sin(model.mean * 400).prod(-1, keepdims=True)
    colour = shade(model.albedo(rho.texture) + waves, normals, rho.illumination)
    picture = interpolate(found, colour.astype(np.float32), model.triangles)[0] * 255
    head = found.triangles[0] >= 0
    return np.where(head[..., None], picture.clip(0, 255), wall).astype(np.uint8), head


@pytest.fixture(scope="session")
def scene() -> Scene:
    """A neutral face, slightly turned, in a photo that is larger than its crop."""
    model = load_model()
    rng = np.random.default_rng(0)
    camera = Camera(3.6 * SIZE, (SIZE / 2, SIZE / 2), (SIZE, SIZE))
    illumination = np.zeros(27, np.float32)
    illumination[::9] = 0.9 * AMBIENT
    illumination[2::9] = 0.2
    rho = Coefficients(
        identity=rng.normal(0, 0.5, 80),
        expression=np.zeros(64),
        texture=np.zeros(80),
        illumination=illumination,
        pose=np.array([0.05, 0.1, 0.02, 0.0, -0.04, -1.15]),
        gaze=np.zeros(4),
    )
    noise = rng.uniform(40, 220, (SIZE + 128, SIZE + 128, 3)).astype(np.float32)
    photo = cv2.GaussianBlur(noise, (0, 0), 6).clip(0, 255).astype(np.uint8)
    box = (64.0, 64.0, 64.0 + SIZE, 64.0 + SIZE)
    inside = (slice(64, 64 + SIZE),) * 2
    crop, head = render(model, rho, photo[inside], camera, rho.expression, rho.pose)
    photo[inside] = crop
    vertices = poses.transform(rho.pose, model.vertices(rho.identity, rho.expression, rho.gaze))
    assert model.landmarks478 is not None
    landmarks = camera.project(model.landmark_points(vertices, model.landmarks478))[:, :2]
    wall = cv2.GaussianBlur(noise, (0, 0), 6).clip(0, 255).astype(np.uint8)[inside]
    subject = Subject(
        model=model,
        coefficients=rho,
        camera=camera,
        crop=crop,
        box=box,
        photo=photo,
        matte=head.astype(np.float32),
        landmarks=landmarks.astype(np.float32),
    )
    return Scene(subject, wall)
