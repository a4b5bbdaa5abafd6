"""Irises -> gaze omega, with the bias of MediaPipe's irises taken out.

The ray through an iris's centre meets the fitted eyeball; the direction from the
eyeball's centre to that point, in the head's frame, is a first gaze. It is biased: the
fitted eyeball sits elsewhere than the eye, and MediaPipe's irises lean to the middle of
the lids. On renders of the default model, where the truth is known, an affine map from
the first gaze of both eyes and the head's rotation to the true one was fitted; its
constants are in ``gaze_calibration.json``, made by

    python -m facewright.capture.calibrate_gaze
"""

from __future__ import annotations

import functools
import json
from importlib import resources

import numpy as np

from facewright.capture.basis import IRIS_CENTRES, LandmarkBasis
from facewright.checks import Float32
from facewright.face import pose as poses
from facewright.render.camera import Camera

#: Sine of the largest angle an eye turns by; irises are then half under the lids.
LARGEST = 0.64


def estimate(
    landmarks: Float32, basis: LandmarkBasis, identity: Float32, pose: Float32, camera: Camera
) -> Float32:
    """(4,) gaze of a fitted face: calibrated, within what eyes can do.

    Args:
        landmarks: (478, 2) in the camera's pixels.
        basis: of the model that was fitted.
        identity: (K_id,) alpha.
        pose: (6,) absolute pose.
        camera: of the picture.
    """
    measured = features(landmarks, basis, identity, pose, camera)
    return np.clip(measured @ _calibration(), -LARGEST, LARGEST).astype(np.float32)


def features(
    landmarks: Float32, basis: LandmarkBasis, identity: Float32, pose: Float32, camera: Camera
) -> Float32:
    """(8,) what the calibration maps to gaze: the first gaze, the rotation vector, 1."""
    return np.concatenate([first_gaze(landmarks, basis, identity, pose, camera), pose[:3], [1.0]])


def first_gaze(
    landmarks: Float32, basis: LandmarkBasis, identity: Float32, pose: Float32, camera: Camera
) -> Float32:
    """(4,) gaze by geometry alone, uncalibrated; arguments as in :func:`estimate`."""
    rotation = poses.rotation_matrix(pose[:3])
    eyes = (basis.eyes + basis.eyes_identity @ identity) @ rotation.T + pose[3:]
    irises = landmarks[list(IRIS_CENTRES)]
    across = (irises - camera.centre) * np.array([1, -1], np.float32) / camera.focal
    rays = np.concatenate([across, np.full((2, 1), -1.0)], axis=-1)
    rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
    # The nearer crossing of ray and eyeball; where they miss, the point of closest approach.
    along = (rays * eyes).sum(-1)
    square = basis.eye_radius**2 - ((eyes**2).sum(-1) - along**2)
    hits = rays * (along - np.sqrt(np.maximum(square, 0.0)))[:, None]
    directions = (hits - eyes) @ rotation
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    return directions[:, :2].ravel().astype(np.float32)


@functools.cache
def _calibration() -> Float32:
    """(8, 4) matrix from features to gaze."""
    text = (resources.files(__package__) / "gaze_calibration.json").read_text()
    return np.array(json.loads(text)["features_to_gaze"], np.float32)
