"""Fit the map from first gaze to gaze on renders: ``python -m facewright.capture.calibrate_gaze``.

Writes ``gaze_calibration.json`` beside this module. Runs some minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from facewright.capture import box, gaze
from facewright.capture.basis import landmark_basis
from facewright.capture.fit import fit_shape
from facewright.capture.landmarks import FaceFinder
from facewright.capture.synthetic import gaze_error, random_coefficients, render
from facewright.checks import Float32
from facewright.errors import NoFaceError
from facewright.face.library import load_model
from facewright.face.model import MorphableModel

TARGET = Path(__file__).with_name("gaze_calibration.json")
_SIZE = 512
_RIDGE = 1e-3


def measure(model: MorphableModel, count: int, seed: int) -> tuple[Float32, Float32]:
    """(N, F) features and (N, 4) true gaze of ``count`` renders in which a face is found."""
    rng = np.random.default_rng(seed)
    finder = FaceFinder()
    camera = box.camera(_SIZE)
    basis = landmark_basis(model)
    features, truth = [], []
    for _ in range(count):
        face = random_coefficients(model, rng)
        picture = render(model, face, camera, tuple(rng.uniform(0.2, 0.8, 3)))
        try:
            points = finder.track(picture)
        except NoFaceError:
            continue
        identity, _, pose = fit_shape(points, model, camera)
        features.append(gaze.features(points, basis, identity, pose, camera))
        truth.append(face.gaze)
    finder.close()
    return np.array(features, np.float32), np.array(truth, np.float32)


def solve(features: Float32, truth: Float32) -> Float32:
    """(F, 4) ridge regression from features to gaze."""
    left = features.T @ features + _RIDGE * len(features) * np.eye(features.shape[1])
    return np.linalg.solve(left, features.T @ truth).astype(np.float32)


def main(arguments: list[str] | None = None) -> int:
    """Calibrate on renders of some seeds, report the error on others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=600, help="renders to calibrate on")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    model = load_model()
    matrix = solve(*measure(model, options.count, options.seed))
    features, truth = measure(model, max(options.count // 4, 10), options.seed + 1)
    before, after = gaze_error(features[:, :4], truth), gaze_error(features @ matrix, truth)
    result = {
        "model": model.name,
        "command": "python -m facewright.capture.calibrate_gaze "
        f"--count {options.count} --seed {options.seed}",
        "degrees_before": round(float(before.mean()), 2),
        "degrees_after": round(float(after.mean()), 2),
        "features_to_gaze": np.round(matrix, 5).tolist(),
    }
    TARGET.write_text(json.dumps(result, indent=1) + "\n")
    print(f"{TARGET.name}: {before.mean():.2f} -> {after.mean():.2f} degrees on unseen renders")
    return 0


if __name__ == "__main__":
    sys.exit(main())
