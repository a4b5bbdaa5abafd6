"""Capture of real portraits, against MediaPipe's points and across a clip's frames."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
from facewright.capture import box, fit
from facewright.capture.landmarks import FaceFinder
from facewright.face import pose as poses
from facewright.face.library import load_model
from facewright.media.video import read_frames


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


def neutral_shapes(clip: Path, finder: FaceFinder, count: int) -> np.ndarray:
    """(count, 68, 3) millimetres: neutral landmarks of frames, each fitted on its own.

    All are brought to one size, which pictures do not tell.
    """
    model, camera = load_model(), box.camera(256)
    zero = np.zeros(len(model.expression_names), np.float32)
    shapes = []
    for frame in itertools.islice(read_frames(clip), 0, 8 * count, 8):
        found = fit(finder.track(frame), model, camera)
        points = model.landmark_points(model.vertices(found.identity, zero), model.landmarks68)
        points = points - points.mean(0)
        shapes.append(points * (60 / np.sqrt((points**2).sum(-1).mean())))
    return np.array(shapes)


def test_identity_is_the_persons_not_the_frames(finder: FaceFinder, shared: Path) -> None:
    """While they talk, people keep one neutral shape; it is not another person's."""
    folder = shared / "media" / "dev" / "clips256"
    names = ("mead_M003", "gohd_RoyBlunt", "vrt_2", "mead_W023")
    people = [neutral_shapes(folder / f"{name}.mp4", finder, 4) for name in names]
    within = [np.linalg.norm(p - p.mean(0), axis=-1).mean() for p in people]
    means = np.array([p.mean(0) for p in people])
    between = np.linalg.norm(means - means.mean(0), axis=-1).mean()
    assert max(within) < 1.2
    assert between > 1.8 * np.mean(within)


def test_expression_follows_a_talking_face(finder: FaceFinder, shared: Path) -> None:
    """With the first frame's identity, lips part and jaw drops as the landmarks say."""
    model, camera = load_model(), box.camera(256)
    assert model.landmarks478 is not None
    clip = shared / "media" / "dev" / "clips256" / "mead_M003.mp4"
    points, near = [], None
    for frame in itertools.islice(read_frames(clip), 0, 75, 3):
        near = finder.track(frame, near)
        points.append(near)
    first = fit(points[0], model, camera)
    fits = [fit(p, model, camera, identity=first.identity, warm_start=first) for p in points]
    shapes = [
        model.landmark_points(model.vertices(f.identity, f.expression), model.landmarks478)
        for f in fits
    ]

    def follows(modelled: list[float], upper: int, lower: int) -> float:
        seen = [np.linalg.norm(p[upper] - p[lower]) for p in points]
        return float(np.corrcoef(modelled, seen)[0, 1])

    gap = [float(np.linalg.norm(s[13] - s[14])) for s in shapes]
    jaw = [float(f.expression[model.expression_index("jawOpen")]) for f in fits]
    assert follows(gap, 13, 14) > 0.95
    assert follows(jaw, 2, 152) > 0.7
    assert max(f.error for f in fits) < 1.6
