"""Milliseconds of each stage of capture: ``python -m benchmarks.capture [PORTRAIT]``.

Prints the machine, then per stage the wall and the CPU time of one call after warm-up
(medians), and last whether the whole capture takes at most 2 s.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from facewright.capture import CaptureSession, box, fit
from facewright.capture.light import fit_light
from facewright.face.library import load_model
from facewright.media.picture import read_picture

from benchmarks.machine import machine

PORTRAIT = Path(__file__).resolve().parents[1] / "examples" / "portrait.png"
MOST_SECONDS = 2.0


def timed(stage: str, work: Callable[[], object], repeats: int) -> float:
    """Run once to warm up, then ``repeats`` times; print and return the wall median."""
    work()
    wall, cpu = [], []
    for _ in range(repeats):
        start, start_cpu = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - start_cpu)
    wall_ms, cpu_ms = (1000 * statistics.median(times) for times in (wall, cpu))
    print(f"{stage:34} {wall_ms:8.1f} ms   CPU {cpu_ms:8.1f} ms")
    return wall_ms


def main() -> int:
    """Measure, print, and fail where a portrait takes longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("portrait", nargs="?", type=Path, default=PORTRAIT)
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    repeats = options.repeats
    print(machine())
    photo = read_picture(options.portrait)
    model, session = load_model(), CaptureSession()
    subject = session.capture(photo, model=model)
    camera, crop, points = subject.camera, subject.crop, subject.landmarks
    known = subject.coefficients.identity
    cold = fit(points, model, camera)
    small = box.cut(photo, subject.box, 256)
    near = session.fit_frame(small, model, box.camera(256), identity=known)
    timed("find faces", lambda: session.finder.find(photo), repeats)
    timed("fit, all free, cold", lambda: fit(points, model, camera), repeats)
    timed(
        "fit, identity known, warm",
        lambda: fit(points, model, camera, identity=known, warm_start=cold),
        repeats,
    )
    timed("texture and light", lambda: fit_light(crop, cold, model, camera), repeats)
    timed("matte", lambda: session.matter(crop), repeats)
    timed(
        "video frame 256, landmarks + fit",
        lambda: session.fit_frame(small, model, box.camera(256), identity=known, near=near),
        repeats,
    )
    whole = timed("portrait -> subject", lambda: session.capture(photo, model=model), repeats)
    return 0 if whole <= 1000 * MOST_SECONDS else 1


if __name__ == "__main__":
    raise SystemExit(main())
