"""Frames per second of the ``reproject`` animator, and of the rasterisers behind it.

Run from the checkout: ``python -m benchmarks.reproject [--portrait PHOTO]``. Animating,
pasting back and encoding H.264 are in the count. Exits with 1 where a size is slower than
promised: 25 frames/s at 256 x 256 and 10 at 512 x 512.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from facewright import animate
from facewright.animate.base import CoefficientGeometry
from facewright.animate.paste import Paster
from facewright.capture import CaptureSession, Subject
from facewright.face import pose as poses
from facewright.media.picture import read_picture
from facewright.media.video import VideoWriter
from facewright.render.rasterise import rasterise

from benchmarks.machine import machine

PORTRAIT = Path(__file__).resolve().parents[1] / "examples" / "portrait.png"
PROMISED = {256: 25, 512: 10}  # frames per second by size
BATCH = 4


def performance(subject: Subject, frames: int) -> CoefficientGeometry:
    """A nodding, talking, glancing head."""
    time_ = np.arange(frames) / 25
    rho, names = subject.coefficients, subject.model.expression_names
    expression = np.tile(rho.expression, (frames, 1))
    expression[:, names.index("jawOpen")] = 0.3 + 0.3 * np.sin(2 * np.pi * 3 * time_)
    for side in ("Left", "Right"):
        expression[:, names.index(f"eyeBlink{side}")] = np.sin(np.pi * time_) ** 20
    pose = np.zeros((frames, 6), np.float32)
    pose[:, 0] = 0.08 * np.sin(2 * np.pi * 0.5 * time_)
    pose[:, 1] = 0.15 * np.sin(2 * np.pi * 0.3 * time_)
    gaze = np.tile(rho.gaze, (frames, 1))
    return CoefficientGeometry(np.arange(frames), expression.astype(np.float32), pose, gaze)


def batches(geometry: CoefficientGeometry) -> list[CoefficientGeometry]:
    """The same in batches, as they would stream."""
    return [
        CoefficientGeometry(
            geometry.indices[i : i + BATCH],
            geometry.expression[i : i + BATCH],
            geometry.pose[i : i + BATCH],
            geometry.gaze[i : i + BATCH],
        )
        for i in range(0, len(geometry.indices), BATCH)
    ]


def rate(subject: Subject, size: int, frames: int, folder: Path) -> tuple[float, float, float]:
    """Seconds to prepare; frames per second of wall time and of CPU time."""
    animator = animate.create("reproject")
    started = time.perf_counter()
    state = animator.prepare(subject, size)
    prepared = time.perf_counter() - started
    paste = Paster(subject)
    parts = batches(performance(subject, frames))
    animator(parts[0], state)
    started, cpu = time.perf_counter(), time.process_time()
    height, width = subject.photo.shape[:2]
    with VideoWriter(folder / f"{size}.mp4", (width, height), fps=25) as video:
        for part in parts:
            for frame in animator(part, state):
                video.write(paste(frame))
    wall = time.perf_counter() - started
    return prepared, frames / wall, frames / (time.process_time() - cpu)


def rasterisers(subject: Subject, size: int) -> tuple[float, float, float]:
    """Milliseconds of CPU time a frame: Numba, torch; and their agreement."""
    rho, model = subject.coefficients, subject.model
    shape = model.vertices(rho.identity, rho.expression, rho.gaze)
    camera = subject.camera.resized((size, size))
    pixels = camera.project(poses.transform(rho.pose, shape))[None]
    seen, costs = [], []
    for backend in ("numba", "torch"):
        seen.append(rasterise(pixels, model.triangles, (size, size), backend).triangles)
        started = time.process_time()
        for _ in range(3):
            rasterise(pixels, model.triangles, (size, size), backend)
        costs.append((time.process_time() - started) / 3 * 1000)
    return costs[0], costs[1], float((seen[0] == seen[1]).mean())


def main() -> int:
    """Print the table; 1 where a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--portrait", type=Path, default=PORTRAIT)
    parser.add_argument("--frames", type=int, default=60)
    options = parser.parse_args()
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    print(machine())
    photo = read_picture(options.portrait)
    session = CaptureSession()
    broken = 0
    with tempfile.TemporaryDirectory() as folder:
        for size, promised in PROMISED.items():
            subject = session.capture(photo, size=size)
            prepared, wall, cpu = rate(subject, size, options.frames, Path(folder))
            broken += wall < promised
            print(
                f"reproject {size}: {wall:.1f} frames/s, {cpu:.1f} per second of CPU time; "
                f"promised {promised}; prepared once in {prepared:.2f} s"
            )
            numba, by_torch, same = rasterisers(subject, size)
            print(
                f"rasterise {size}: numba {numba:.1f} ms, torch {by_torch:.1f} ms of CPU time, "
                f"{by_torch / numba:.0f} x; {100 * same:.3f} % of the pixels agree"
            )
    session.close()
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
