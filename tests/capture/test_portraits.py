"""Capture of real portraits, against MediaPipe's points and across a clip's frames."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from facewright.capture import box, fit
from facewright.capture.landmarks import FaceFinder
from facewright.face import pose as poses
from facewright.face.library import load_model


def yaw_degrees(pose: np.ndarray) -> float:
    forward = poses.rotation_matrix(pose[:3])[:, 2]
    return float(np.degrees(np.arctan2(forward[0], forward[2])))


def test_landmark_error_on_photographs(
    finder: FaceFinder, shared: Path, read: Callable[[Path], np.ndarray]
) -> None:
    errors = {}
    for path in sorted((shared / "media" / "dev" / "portraits").glob("*.jpg")):
        if path.stem.startswith("ood_"):
            continue
        photo = read(path)
        height, width = photo.shape[:2]
        points = finder.find(photo)[0].points
        square = box.head_box(points, (width, height))
        found = fit(box.to_crop(points, square, 256), load_model(), box.camera(256))
        if abs(yaw_degrees(found.pose)) <= 35:
            errors[path.stem] = found.error
    assert len(errors) >= 8
    assert np.median(list(errors.values())) <= 1.2, errors
    assert max(errors.values()) <= 1.6, errors
