"""Milliseconds a frame of video tracking: ``python -m benchmarks.track [VIDEO]``.

Prints the machine, then CPU time a frame of each stage on one core. Last comes what a frame
costs once its landmarks are known (smoothing, fits, gaze), whether it is within 15 ms, and
the ratio to fitting each frame afresh with its own identity. Without a video, the example
portrait, moved about, stands in for one.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from facewright.capture import CaptureSession, box, fit, fit_track, track_landmarks
from facewright.capture.smooth import smooth_points
from facewright.checks import UInt8
from facewright.media.picture import read_picture
from facewright.media.video import read_frames

from benchmarks.machine import machine

PORTRAIT = Path(__file__).resolve().parents[1] / "examples" / "portrait.png"
MOST_MS = 15.0


def timed(stage: str, work: Callable[[], object], frames: int) -> float:
    """Run once; print and return the CPU milliseconds a frame."""
    start = time.process_time()
    work()
    each = 1000 * (time.process_time() - start) / frames
    print(f"{stage:34} {each:8.2f} ms a frame")
    return each


def swaying(count: int) -> list[UInt8]:
    """The example portrait, shifted around a circle."""
    photo = read_picture(PORTRAIT)
    angles = 2 * np.pi * np.arange(count) / 50
    shifts = np.round(6 * np.stack([np.sin(angles), np.cos(angles)], 1)).astype(int)
    return [np.roll(photo, tuple(shift), axis=(0, 1)) for shift in shifts]


def main() -> int:
    """Measure, print, and fail where a frame takes longer than it may."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("video", nargs="?", type=Path)
    parser.add_argument("--frames", type=int, default=150)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(machine())
    if options.video is None:
        frames = swaying(options.frames)
    else:
        frames = list(itertools.islice(read_frames(options.video), options.frames))
    session, count = CaptureSession(), len(frames)
    subject = session.capture(frames[0])
    marks = track_landmarks(frames[:2], session.finder)  # warms up
    timed("landmarks", lambda: track_landmarks(frames, session.finder), count)
    marks = track_landmarks(frames, session.finder)
    size = subject.camera.size[0]
    smooth = timed("smoothing", lambda: smooth_points(marks.points), count)
    points = box.to_crop(marks.smooth, subject.box, size)[marks.known]
    fit_track(points[:2], subject)
    fits = timed("fits and gaze", lambda: fit_track(points, subject), len(points))
    cold = timed(
        "a fit of each frame afresh",
        lambda: [fit(p, subject.model, subject.camera) for p in points],
        len(points),
    )
    each = smooth + fits
    print(
        f"after landmarks {each:.2f} ms a frame (at most {MOST_MS:g}), {cold / each:.1f} x faster"
    )
    return 0 if each <= MOST_MS else 1


if __name__ == "__main__":
    raise SystemExit(main())
