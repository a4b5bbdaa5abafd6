"""Speed of dubbing from file to file: ``python -m benchmarks.dub [--minutes 2 10]``.

Prints the machine; capture after warm-up; driving as a multiple of real time; frames a
second from decoded motion to a finished MP4 with sound, at both sizes, for the square
alone and pasted into the photograph. With --minutes it also dubs a clip of each length
in a process of its own and prints the most memory each took: the numbers should agree,
since frames stream. Lines ending in "MISSED" fall short of what the project promises on
2 cores, and make the exit status 1. The number in brackets counts a second of CPU time
as a second: on a busy machine it is the better one to compare.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from facewright.capture.portrait import CaptureSession
from facewright.capture.subject import Subject
from facewright.dub import DubOptions, Job, drive
from facewright.face.motion import Motion
from facewright.film import render
from facewright.media.picture import read_picture
from facewright.media.speech import RATE, Speech, read_speech
from facewright.media.video import read_video_info

from benchmarks.machine import machine

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
CAPTURE_SECONDS, DRIVE_RATIO, FPS = 2.0, 50.0, {256: 25.0, 512: 10.0}

# Growth of the longest clip's memory over the shortest's that still counts as flat: the
# decoded speech and the motion do grow, by some 4 and 0.5 MB a minute.
FLAT_MB_PER_MINUTE = 12.0


def main() -> int:
    """Measure and print; 1 where a promise is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, nargs="*", default=[], help="memory of clips")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--clip", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.clip is not None:
        _dub_clip(options.clip)
        return 0
    print(machine())
    subject, kept = measure_capture(options.repeats)
    motion, fast = measure_drive(subject, options.repeats)
    kept = kept and fast
    for size in FPS:
        for extent in ("crop", "photo"):
            kept = measure_frames(subject, motion, size, extent, options.repeats) and kept
    if options.minutes:
        kept = measure_memory(sorted(options.minutes)) and kept
    return 0 if kept else 1


def measure_capture(repeats: int) -> tuple[Subject, bool]:
    """Seconds from decoded photo to subject, MediaPipe already started."""
    photo = read_picture(EXAMPLES / "portrait.png")
    session = CaptureSession()
    subject = session.capture(photo)
    wall, cpu = _seconds(lambda: session.capture(photo), repeats)
    session.close()
    return subject, _line("capture", f"{wall:.2f} s ({cpu:.2f})", wall <= CAPTURE_SECONDS)


def measure_drive(subject: Subject, repeats: int) -> tuple[Motion, bool]:
    """Seconds of speech driven in one second."""
    speech = _speech(60.0)
    options = DubOptions()
    motion = drive(read_speech(EXAMPLES / "speech.wav"), subject, options, Job())  # warm-up
    wall, cpu = _seconds(lambda: drive(speech, subject, options, Job()), repeats)
    value = f"{speech.seconds / wall:.0f} ({speech.seconds / cpu:.0f}) x real time"
    return motion, _line("driving", value, speech.seconds / wall >= DRIVE_RATIO)


def measure_frames(subject: Subject, motion: Motion, size: int, extent: str, repeats: int) -> bool:
    """Frames a second from motion to finished file, sound included."""
    options = DubOptions(size=size, extent=extent)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "a.mp4"

        def work() -> None:
            render(subject, motion, EXAMPLES / "speech.wav", out, options)

        work()
        wall, cpu = _seconds(work, repeats)
        info = read_video_info(out)
    what = f"frames, size {size}, {extent} ({info.width} x {info.height})"
    value = f"{len(motion) / wall:.1f} ({len(motion) / cpu:.1f}) frames/s"
    return _line(what, value, len(motion) / wall >= FPS[size])


def measure_memory(minutes: list[float]) -> bool:
    """Most memory of whole dubs of several lengths, each in its own process."""
    peaks = []
    for length in minutes:
        command = [sys.executable, "-m", "benchmarks.dub", "--clip", str(length)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks.append(float(done.stdout.split()[-1]))
        print(f"{f'memory, {length:g} minutes':48} {peaks[-1]:21.0f} MB", flush=True)
    growth = (peaks[-1] - peaks[0]) / max(minutes[-1] - minutes[0], 1e-9)
    if len(minutes) < 2:
        return True
    return _line("memory grows by", f"{growth:.1f} MB/minute", growth <= FLAT_MB_PER_MINUTE)


def _dub_clip(minutes: float) -> None:
    """Dub the example portrait with a long speech and print the peak memory in MB."""
    import soundfile
    from facewright.dub import dub

    with tempfile.TemporaryDirectory() as folder:
        speech = Path(folder) / "speech.wav"
        soundfile.write(speech, _speech(60 * minutes).samples, RATE)
        dub(EXAMPLES / "portrait.png", speech, Path(folder) / "a.mp4", DubOptions())
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _speech(seconds: float) -> Speech:
    """The example sentence over and over."""
    sentence = read_speech(EXAMPLES / "speech.wav").samples
    return Speech(np.resize(sentence, round(seconds * RATE)))


def _seconds(work: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Medians of wall and CPU seconds."""
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return statistics.median(walls), statistics.median(cpus)


def _line(what: str, value: str, kept: bool) -> bool:
    print(f"{what:48} {value:>24}{'' if kept else '   MISSED'}", flush=True)
    return kept


if __name__ == "__main__":
    sys.exit(main())
