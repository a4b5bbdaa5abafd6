"""How much faster than real time speech drives a face: ``python -m benchmarks.drive``.

Prints the machine, then for 6 s, 1 min and 10 min of speech the factor over real time in
wall and in CPU time, and the memory that a length adds. Fails below 50 x.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np
from facewright import drive
from facewright.media.speech import Speech, read_speech

from benchmarks.machine import machine

SPEECH = Path(__file__).resolve().parents[1] / "examples" / "speech.wav"
LEAST_FACTOR = 50.0
_LENGTHS = (6.0, 60.0, 600.0)


def main() -> int:
    """Measure, print, and fail where driving is slower than it may be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fps", type=float, default=25.0)
    options = parser.parse_args()
    print(machine())
    sentence = read_speech(SPEECH)
    driver = drive.create("emoa2e")
    controls = drive.DriveControls(fps=options.fps)
    driver(sentence, None, controls)  # warm-up: imports, filters, model
    slowest = float("inf")
    for seconds in _LENGTHS:
        repeats = int(np.ceil(seconds / sentence.seconds))
        speech = Speech(np.tile(sentence.samples, repeats)[: int(seconds * sentence.rate)])
        before = _peak_mebibytes()
        wall, cpu = time.perf_counter(), time.process_time()
        motion = driver(speech, None, controls)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        slowest = min(slowest, seconds / wall)
        print(
            f"{seconds:5.0f} s of speech, {len(motion):5d} frames: {seconds / wall:6.0f} x real "
            f"time ({seconds / cpu:6.0f} x in CPU time), peak memory "
            f"+{_peak_mebibytes() - before:.0f} MiB"
        )
    return 0 if slowest >= LEAST_FACTOR else 1


def _peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    raise SystemExit(main())
