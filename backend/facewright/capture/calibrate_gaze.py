"""Measure the bias of gaze on renders: ``python -m facewright.capture.calibrate_gaze``.

Writes ``gaze_calibration.json`` beside this module. Runs some minutes on one core.

Only the bias is taken out. MediaPipe also says too little about looking up and down (its
irises follow a quarter of that on renders), but a factor learned on renders would turn
the eyes of photographs, on which it does better, too far.
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


def measure(model: MorphableModel, count: int, seed: int) -> tuple[Float32, Float32, Float32]:
    """First gaze (N, 2) of both eyes, pose (N, 6) and true gaze (N, 4) on renders.

    N is at most ``count``: renders in which no face is found are left out.
    """
    rng = np.random.default_rng(seed)
    finder = FaceFinder()
    camera = box.camera(_SIZE)
    basis = landmark_basis(model)
    found, head, truth = [], [], []
    for _ in range(count):
        face = random_coefficients(model, rng)
        picture = render(model, face, camera, tuple(rng.uniform(0.2, 0.8, 3)))
        try:
            points = finder.track(picture)
        except NoFaceError:
            continue
        identity, _, pose = fit_shape(points, basis, model.expression_names, camera)
        first = gaze.first_gaze(points, basis, identity, pose, camera)
        found.append(first.reshape(2, 2).mean(0))
        head.append(pose)
        truth.append(face.gaze)
    finder.close()
    return np.array(found, np.float32), np.array(head, np.float32), np.array(truth, np.float32)


def solve(found: Float32, head: Float32, truth: Float32) -> Float32:
    """(4, 2) least squares of the bias on the head's rotation.

    Faces may be mirrored, so the bias to a side changes sign with yaw and roll and has no
    constant part; what is up or down is left to pitch and a constant.
    """
    bias = found - truth.reshape(-1, 2, 2).mean(1)
    pitch_yaw_roll_one = gaze.turned(head)
    matrix = np.zeros((4, 2), np.float32)
    for column, rows in ((0, [1, 2]), (1, [0, 3])):
        seen = pitch_yaw_roll_one[:, rows]
        matrix[rows, column] = np.linalg.lstsq(seen, bias[:, column], rcond=None)[0]
    return matrix


def main(arguments: list[str] | None = None) -> int:
    """Calibrate on renders of some seeds, report the error on others."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=600, help="renders to calibrate on")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    model = load_model()
    matrix = solve(*measure(model, options.count, options.seed))
    found, head, truth = measure(model, max(options.count // 4, 10), options.seed + 1)
    before, after = gaze.together(found), gaze.together(found - gaze.turned(head) @ matrix)
    result = {
        "model": model.name,
        "command": "python -m facewright.capture.calibrate_gaze "
        f"--count {options.count} --seed {options.seed}",
        "largest_bias_degrees_before": _largest_bias(before, head, truth),
        "largest_bias_degrees_after": _largest_bias(after, head, truth),
        "mean_error_degrees_before": round(float(gaze_error(before, truth).mean()), 2),
        "mean_error_degrees_after": round(float(gaze_error(after, truth).mean()), 2),
        "bias": np.round(matrix.astype(float), 5).tolist(),
    }
    TARGET.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))
    return 0


def _largest_bias(estimated: Float32, head: Float32, truth: Float32) -> float:
    """Degrees by which any component is off on average, for heads turned either way."""
    groups = [np.ones(len(head), bool), head[:, 1] > 0.2, head[:, 1] < -0.2]
    biases = [np.abs((estimated - truth)[group].mean(0)).max() for group in groups]
    return round(float(np.degrees(max(biases))), 2)


if __name__ == "__main__":
    sys.exit(main())
