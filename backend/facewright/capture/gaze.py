"""Irises -> gaze omega, with the bias of MediaPipe's irises taken out.

The ray through an iris's centre meets the fitted eyeball; the direction from the
eyeball's centre to that point, in the head's frame, is a first gaze. Eyes look together,
so both eyes' mean is taken and they converge on the camera's distance: one eye alone errs
by up to ten degrees where the fitted eyeball lies beside the eye. What is left is a bias
that depends on how the head is turned. It was measured on renders of the default model,
where the truth is known; its constants are in ``gaze_calibration.json``, made by

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
#: Half the angle between the eyes' lines of sight, for something a good metre away.
VERGENCE = 0.028


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
    first = first_gaze(landmarks, basis, identity, pose, camera)
    return together(first.reshape(2, 2).mean(0) - turned(pose) @ _calibration())


def together(direction: Float32) -> Float32:
    """(…, 2) common direction of both eyes -> (…, 4) gaze, converging a little."""
    gaze = np.concatenate([direction, direction], axis=-1)
    gaze = gaze + np.array([-VERGENCE, 0, VERGENCE, 0])
    return np.clip(gaze, -LARGEST, LARGEST).astype(np.float32)


def turned(pose: Float32) -> Float32:
    """(…, 4) what the bias is linear in: the rotation vector, and 1."""
    return np.concatenate([pose[..., :3], np.ones_like(pose[..., :1])], axis=-1)


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
    """(4, 2) bias of the first gaze, by rotation vector and 1."""
    text = (resources.files(__package__) / "gaze_calibration.json").read_text()
    return np.array(json.loads(text)["bias"], np.float32)
