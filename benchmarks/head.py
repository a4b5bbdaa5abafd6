"""How head motion is made: ``python -m benchmarks.head [--weights FILE]``.

Prints, for the prior and, with weights, for the diffusion: the factor over real time and
the memory that 6 s, 1 min and 10 min take; for the diffusion also how sharply the head
turns where windows meet and elsewhere, and what guidance does: how far a head that was
photographed turned aside comes back, how much seeds differ, how much it nods on accents.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np
import torch
from facewright.drive.heard import Heard, hear
from facewright.drive.pose import HeadDriver, create
from facewright.drive.pose.generate import Diffusion
from facewright.media.speech import Speech, read_speech
from facewright.train.pose import measure

from benchmarks.machine import machine

SPEECH = Path(__file__).resolve().parents[1] / "examples" / "speech.wav"
_FPS = 25
_ASIDE = 8.0  # degrees of yaw
_SEEDS = 4


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(machine())
    sentence = read_speech(SPEECH)
    drivers = [create("prior")]
    if options.weights is not None:
        drivers.append(create("diffusion", options.weights))
    for driver in drivers:
        driver(np.arange(9.0), 1.0, 0, hear(sentence))  # warm-up
        for seconds in (6.0, 60.0, 600.0):
            long = _speed(driver, _repeated(sentence, seconds), seconds)
    if options.weights is not None:
        _seams(drivers[-1], long)
        _guidance(options.weights, _repeated(sentence, 20.0))
    return 0


def _speed(driver: HeadDriver, heard: Heard, seconds: float) -> np.ndarray:
    before, started = _peak_mebibytes(), time.process_time()
    pose = driver(np.arange(int(seconds * _FPS)) / _FPS, 1.0, 1, heard)
    cpu = time.process_time() - started
    print(
        f"{driver.name}: {seconds:4.0f} s at {seconds / cpu:6.0f} x real time in CPU time, "
        f"peak memory +{_peak_mebibytes() - before:.0f} MiB"
    )
    return pose


def _seams(driver: HeadDriver, pose: np.ndarray) -> None:
    config = driver.networks.config  # type: ignore[attr-defined]
    bend = np.abs(np.diff(np.degrees(pose[:, :3]), 2, axis=0)).mean(1)
    # Frames around those at which a window begins and another ends.
    hop = config.window / 2 / config.rate
    apart = np.abs(((np.arange(len(bend)) + 1) / _FPS + hop / 2) % hop - hop / 2)
    near = apart < 0.1
    error = bend.std() / np.sqrt(near.sum())
    print(
        f"windows' borders: second difference {bend[near].mean():.4f}° ± {error:.4f}, "
        f"elsewhere {bend[~near].mean():.4f}°"
    )


def _guidance(weights: Path, heard: Heard) -> None:
    times = np.arange(20 * _FPS) / _FPS
    reference = np.zeros(6, np.float32)
    reference[1] = np.radians(_ASIDE)
    aside, plain = Diffusion(weights, reference=reference), Diffusion(weights)
    accents = heard.accents[0]
    for guidance in (0.0, 0.4, 1.0):
        far, near = (
            np.stack([d(times, 1.0, seed, heard, guidance) for seed in range(_SEEDS)])
            for d in (aside, plain)
        )
        back = -np.degrees(far[:, _FPS * 2 :, 1]).mean()
        nod = np.mean([measure.nod(pose, _FPS, accents) for pose in near])
        std = np.degrees(near[..., :3].std(1)).mean(0)
        print(
            f"guidance {guidance:.1f}: photographed {_ASIDE:.0f}° aside, comes back by "
            f"{back:+.1f}°; std {std[0]:.1f}/{std[1]:.1f}/{std[2]:.1f}°; between seeds "
            f"{np.degrees(near[..., :3].std(0)).mean():.1f}°; nods {nod:+.2f}°"
        )


def _repeated(sentence: Speech, seconds: float) -> Heard:
    count = int(seconds * sentence.rate)
    repeats = int(np.ceil(count / len(sentence.samples)))
    return hear(Speech(np.tile(sentence.samples, repeats)[:count], sentence.rate))


def _peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    raise SystemExit(main())
