"""Eyes as they are made, beside what was published and real ones: ``python -m benchmarks.eyes``.

Prints looks away and blinks of the natural gaze, with ``--clips`` the same of tracked
videos, and, with ``--portrait``, gaze and lids read again from frames.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from facewright.checks import Float32
from facewright.drive import blinks, gaze
from facewright.drive.gaze import angles
from scipy.signal import find_peaks

SECONDS, SEEDS = 600.0, 5
_SACCADE, _APART = 4.0, 6  # degrees within three frames, frames apart
_SHUT, _STILL = 0.6, 0.85  # of the median opening
_LIDS = (((159, 145), (33, 133)), ((386, 374), (362, 263)))  # upper and lower, corners


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, help="a folder of videos of people who talk")
    parser.add_argument("--cache", type=Path, help="where their tracks are kept")
    parser.add_argument("--portrait", type=Path, help="a photo to be performed and read again")
    options = parser.parse_args()
    made()
    asked_blinks()
    if options.clips:
        real(options.clips, options.cache)
    if options.portrait:
        from_frames(options.portrait)
    return 0


def made() -> None:
    """The natural gaze at 25 fps, pauses every 3.3 s."""
    times = np.arange(0, SECONDS, 1 / 25)
    pauses = np.arange(2, SECONDS, 3.3)
    rows = []
    for seed in range(SEEDS):
        track = gaze.track(times, "natural", gaze.Eyes.of(None), seed=seed, pauses=pauses)
        way = angles.common(track.gaze)
        rows += [_gaze(way[k : k + 375]) for k in range(0, len(way) - 374, 375)]
    _print("made, 15 s each", rows)


def asked_blinks() -> None:
    """Blinks a minute, asked for and counted at 25 fps."""
    times = np.arange(0, SECONDS, 1 / 25)
    for rate in (5, 10, 17, 26, 40, 60):
        counts = [_falls(1 - blinks.plan(SECONDS, rate, seed).shut(times)) for seed in range(SEEDS)]
        print(f"blinks: {rate:2d} a minute asked, {np.mean(counts) * 60 / SECONDS:5.1f} made")


def real(folder: Path, cache: Path | None) -> None:
    """The same of tracked clips, and the time course of their blinks."""
    from facewright.train.performance import performances

    rows, falls, seconds, courses = [], 0, 0.0, []
    for clip in performances(folder, cache=cache):
        rows.append(_gaze(angles.common(clip.motion.gaze)))
        opening = _opening(clip.landmarks)
        opening /= np.median(opening)
        falls += _falls(opening)
        seconds += len(opening) / clip.fps
        courses += _courses(opening, clip.fps)
    _print(f"{len(rows)} real clips, {seconds:.0f} s", rows)
    closing, reopening = np.median(courses, axis=0)
    print(
        f"real blinks: {falls * 60 / seconds:.0f} a minute; "
        f"{closing:.2f} s to close, {reopening:.2f} s to open (medians, frame by frame)"
    )


def from_frames(portrait: Path) -> None:
    """Gaze asked of a photograph, performed by ``reproject``, and captured again."""
    from facewright import animate
    from facewright.animate.base import CoefficientGeometry
    from facewright.capture import CaptureSession
    from facewright.drive import lids
    from facewright.evaluate.control import effect, reestimated
    from facewright.media.picture import read_picture

    session = CaptureSession()
    subject = session.capture(read_picture(portrait), size=256)
    rho = subject.coefficients
    animator = animate.create("reproject")
    state = animator.prepare(subject, 256)
    for axis, name in enumerate(("left", "up")):
        asked = np.linspace(-20, 20 - 4 * axis, 9, dtype=np.float32)
        looks = np.tile(angles.common(rho.gaze), (len(asked), 1))
        looks[:, axis] = asked
        keys = [gaze.Key(k, gaze.Direction(*look)) for k, look in enumerate(looks)]
        eyes = gaze.Eyes.of(subject)
        omega = gaze.track(np.arange(len(keys)), "keys", eyes, keys=keys).gaze
        face = np.tile(rho.expression, (len(keys), 1))
        face = lids.combined(
            face, lids.lids_for(omega, rho.gaze, rho.expression), np.zeros(len(keys))
        )
        pose = np.zeros((len(keys), 6), np.float32)
        geometry = CoefficientGeometry(np.arange(len(keys)), face, pose, omega)
        frames = animator(geometry, state)
        got = angles.common(reestimated(session, subject, frames).gaze)[:, axis]
        found = effect(name, asked, got.astype(np.float32))
        print(
            f"degrees {name}: gain {found.gain:.2f}, correlation {found.correlation:.3f}, "
            f"monotone {bool((np.diff(got) > 0).all())}"
        )
    session.close()


def _gaze(way: Float32) -> tuple[float, float, float]:
    """Spread to the side and up (degrees), large saccades a second, at 25 fps."""
    jumps = np.linalg.norm(way[3:] - way[:-3], axis=1)
    saccades, _ = find_peaks(jumps, height=_SACCADE, distance=_APART)
    return (*way.std(0).tolist(), len(saccades) * 25 / len(way))


def _print(what: str, rows: list[tuple[float, float, float]]) -> None:
    low, middle, high = np.percentile(rows, [10, 50, 90], axis=0)
    print(f"gaze, {what}: median (10th to 90th percentile)")
    for k, name in enumerate(("aside, degrees", "up, degrees", "saccades > 4 deg a second")):
        print(f"    {name}: {middle[k]:.2f} ({low[k]:.2f} to {high[k]:.2f})")


def _opening(points: Float32) -> Float32:
    """(T,) opening of the lids over the width of the eyes."""
    shares = [
        np.linalg.norm(points[:, up] - points[:, low], axis=1)
        / np.linalg.norm(points[:, a] - points[:, b], axis=1)
        for (up, low), (a, b) in _LIDS
    ]
    return np.mean(shares, 0)


def _falls(opening: Float32) -> int:
    shut = opening < _SHUT
    return int((shut[1:] & ~shut[:-1]).sum())


def _courses(opening: Float32, fps: float) -> list[tuple[float, float]]:
    """Seconds from still to shut and back, of each blink."""
    out = []
    shut = opening < _SHUT
    for k in np.flatnonzero(shut[1:] & ~shut[:-1]) + 1:
        before = np.flatnonzero(opening[:k] >= _STILL)
        after = np.flatnonzero(opening[k:] >= _STILL)
        if len(before) and len(after):
            first, last = int(before[-1]), int(k + after[0])
            least = first + int(opening[first : last + 1].argmin())
            out.append(((least - first) / fps, (last - least) / fps))
    return out


if __name__ == "__main__":
    raise SystemExit(main())
