"""I3d and ρ̂ as the paper has them: the shaded face and its coefficients (eq. 6, 8)."""

from __future__ import annotations

import cv2
import numpy as np

from facewright import checks
from facewright.capture.subject import Subject
from facewright.checks import Float32, UInt8
from facewright.face import pose as poses
from facewright.render.normals import VertexNormals
from facewright.render.rasterise import interpolate, rasterise
from facewright.render.shading import shade

_SUPERSAMPLED = 2


class FaceRenderer:
    """Renders a subject's face, in the source's identity, texture and light."""

    def __init__(self, subject: Subject, size: int) -> None:
        """Prepare frames of ``size`` x ``size`` pixels."""
        size = int(checks.number("size", size, low=16, high=2048))
        self.subject, self.size = subject, size
        self._camera = subject.camera.resized((size * _SUPERSAMPLED,) * 2)
        model = subject.model
        self._normals = VertexNormals(model.triangles, model.vertex_count)
        self._albedo = model.albedo(subject.coefficients.texture)

    def __call__(self, expression: Float32, pose: Float32, gaze: Float32) -> UInt8:
        """I3d = R(S, T, γ, p) (eq. 8), black where the model has nothing.

        Args:
            expression: (B, K_exp) β_d.
            pose: (B, 6) p_d, relative to the subject's, as in ``Motion.pose``.
            gaze: (B, 4) ω_d.

        Returns:
            (B, size, size, 3) uint8 sRGB.

        Raises:
            InputError: for numbers that are not finite or of other shapes.
        """
        expression, pose, gaze = _checked(self.subject, expression, pose, gaze)
        absolute = poses.compose(self.subject.coefficients.pose, pose)
        frames = zip(expression, absolute, gaze, strict=True)
        empty = np.empty((0, self.size, self.size, 3), np.uint8)
        return np.stack([self._render(*frame) for frame in frames]) if len(pose) else empty

    def _render(self, expression: Float32, pose: Float32, gaze: Float32) -> UInt8:
        model, known = self.subject.model, self.subject.coefficients
        shape = model.vertices(known.identity, expression, gaze)
        posed = poses.transform(pose, shape)
        colours = shade(self._albedo, self._normals(posed), known.illumination)
        points = self._camera.project(posed).astype(np.float32)[None]
        fragments = rasterise(points, model.triangles, self._camera.size)
        picture = interpolate(fragments, colours.astype(np.float32), model.triangles)[0]
        picture = cv2.resize(picture, (self.size,) * 2, interpolation=cv2.INTER_AREA)
        return np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def descriptors(subject: Subject, expression: Float32, pose: Float32, gaze: Float32) -> Float32:
    """(B, 261) ρ̂ = {α_s, β_d, δ_s, γ_s, p_d, ω_d} (section 4.2).

    Args:
        subject: the source, s.
        expression, pose, gaze: of the driving frames, d, as for :class:`FaceRenderer`; the
            pose is told relative to the subject's, which no crop changes.

    Raises:
        InputError: for numbers that are not finite or of other shapes.
    """
    expression, pose, gaze = _checked(subject, expression, pose, gaze)
    known = subject.coefficients

    def repeated(values: Float32) -> Float32:
        return np.broadcast_to(values, (len(pose), len(values)))

    parts = [repeated(known.identity), expression, repeated(known.texture)]
    parts += [repeated(known.illumination), pose, gaze]
    return np.concatenate(parts, -1).astype(np.float32)


def windows(rho: Float32, radius: int = 1) -> Float32:
    """(B, 2 radius + 1, K) ρ̂_{i-radius .. i+radius} of (B, K); ends are repeated."""
    rho = checks.floats("rho", rho, (None, None))
    rows = np.arange(len(rho))[:, None] + np.arange(-radius, radius + 1)
    return rho[rows.clip(0, len(rho) - 1)]


def _checked(
    subject: Subject, expression: Float32, pose: Float32, gaze: Float32
) -> tuple[Float32, Float32, Float32]:
    expression = checks.floats(
        "expression", expression, (None, len(subject.model.expression_names))
    )
    count = len(expression)
    pose = checks.floats("pose", pose, (count, 6))
    return expression, pose, checks.floats("gaze", gaze, (count, 4))
