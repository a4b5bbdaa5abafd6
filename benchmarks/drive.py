"""How much faster than real time speech drives a face: ``python -m benchmarks.drive``.

Prints the machine, then for 6 s, 1 min and 10 min of speech, with emotion, natural gaze and
all other channels, the factor over real time in wall and in CPU time, the memory that a
length adds, and each part's share. Then what live driving computes for 40 ms of sound.
Fails below 50 x, or above 30 ms.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from facewright import drive
from facewright.drive import channels, emoa2e, gaze, speaker
from facewright.drive.emotion.cues import EmotionCue, EmotionTrack
from facewright.drive.live import Live
from facewright.media.speech import Speech, read_speech

from benchmarks.machine import machine

SPEECH = Path(__file__).resolve().parents[1] / "examples" / "speech.wav"
LEAST_FACTOR, MOST_LIVE_MS = 50.0, 30.0
CHUNK = 640  # samples of 40 ms
_LENGTHS = (6.0, 60.0, 600.0)
#: What is timed: name shown, owner, attribute.
_PARTS: tuple[tuple[str, Any, str], ...] = (
    ("hearing", speaker, "hear"),
    ("emotion prompts", channels, "emotions"),
    ("EmoA2E", emoa2e.EmoA2E, "predict"),
    ("lips", channels.lips, "articulate"),
    ("gaze", channels, "eyes"),
    ("gaze", gaze.Looking, "__call__"),
    ("blinks", channels, "blinking"),
    ("lids", channels.lids, "lids_for"),
    ("lids", channels.lids, "combined"),
    ("emotion", EmotionTrack, "offsets"),
    ("emotion", channels, "combine"),
)


def main() -> int:
    """Measure, print, and fail where driving is slower than it may be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fps", type=float, default=25.0)
    parser.add_argument("--head-model", default="", help="one of drive.pose.names()")
    options = parser.parse_args()
    print(machine())
    sentence = read_speech(SPEECH)
    driver = drive.create("emoa2e")
    cues = (EmotionCue("happy", 0.0, 3.0), EmotionCue("sadly surprised", 3.0, None, 3.0))
    controls = drive.DriveControls(fps=options.fps, emotion=cues, head_model=options.head_model)
    driver(sentence, None, controls)  # warm-up: imports, filters, model, prompts
    slowest = min(_factor(driver, sentence, controls, seconds) for seconds in _LENGTHS)
    live = _live(driver, sentence, drive.DriveControls(fps=options.fps, emotion=cues))
    return 0 if slowest >= LEAST_FACTOR and live <= MOST_LIVE_MS else 1


def _factor(
    driver: drive.Driver, sentence: Speech, controls: drive.DriveControls, seconds: float
) -> float:
    """Print and return how many times faster than real time ``seconds`` of speech are."""
    repeats = int(np.ceil(seconds / sentence.seconds))
    speech = Speech(np.tile(sentence.samples, repeats)[: int(seconds * sentence.rate)])
    before = _peak_mebibytes()
    head, upper = driver.head(controls.head_model), driver.upper(controls.brow_model)
    parts = (*_PARTS, ("head", type(head), "__call__"), ("brows", type(upper), "__call__"))
    with _timed(parts) as spent:
        wall, cpu = time.perf_counter(), time.process_time()
        motion = driver(speech, None, controls)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"{seconds:5.0f} s of speech, {len(motion):5d} frames: {seconds / wall:6.0f} x real "
        f"time ({seconds / cpu:6.0f} x in CPU time), peak memory "
        f"+{_peak_mebibytes() - before:.0f} MiB"
    )
    shares = sorted(spent.items(), key=lambda item: -item[1])
    rest = max(wall - sum(spent.values()), 0.0)
    print("       " + ", ".join(f"{n} {t / wall:.0%}" for n, t in [*shares, ("rest", rest)]))
    return seconds / wall


def _live(driver: drive.Driver, sentence: Speech, controls: drive.DriveControls) -> float:
    """Print and return the 95th percentile of CPU milliseconds that 40 ms of sound take."""
    live = Live(driver, None, controls)
    took = []
    for first in range(0, len(sentence.samples), CHUNK):
        start = time.process_time()
        live.feed(sentence.samples[first : first + CHUNK])
        took.append(1e3 * (time.process_time() - start))
    late = float(np.percentile(took, 95))
    print(
        f" live: {np.mean(took):.1f} ms on average, {late:.1f} ms at the 95th percentile, "
        f"{max(took):.1f} ms at most, of CPU time for 40 ms of sound"
    )
    return late


@contextmanager
def _timed(parts: tuple[tuple[str, Any, str], ...]) -> Iterator[dict[str, float]]:
    """Seconds that each part takes within the block."""
    spent: dict[str, float] = defaultdict(float)
    with ExitStack() as stack:
        for name, owner, attribute in parts:
            plain = getattr(owner, attribute)
            setattr(owner, attribute, _measured(plain, name, spent))
            stack.callback(setattr, owner, attribute, plain)
        yield spent


def _measured(call: Callable[..., Any], name: str, spent: dict[str, float]) -> Callable[..., Any]:
    def measured(*args: Any, **options: Any) -> Any:
        start = time.perf_counter()
        try:
            return call(*args, **options)
        finally:
            spent[name] += time.perf_counter() - start

    return measured


def _peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    raise SystemExit(main())
