"""A head driver beside real heads: of speakers it never saw, with intervals.

facewright train evaluate-pose CLIPS --weights out/pose/pose.safetensors
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from facewright.checks import Float32
from facewright.drive.heard import Heard
from facewright.drive.pose.base import HeadDriver
from facewright.drive.pose.diffusion import GUIDANCE
from facewright.errors import InputError
from facewright.evaluate.gohd_metrics import ssim_p, structure
from facewright.face.library import load_model
from facewright.train.pose import measure
from facewright.train.pose.takes import Take

#: What :func:`score` returns of each clip; the larger, the better.
MEASURES = ("ssim_p", "structure", "likeness", "nod", "alignment", "calm")
_SKIPPED = 1.0  # seconds at the beginning, where made motion fades in
_DRAWS = 4000


@dataclass(frozen=True, slots=True)
class Made:
    """A driver's motion for a real clip.

    Attributes:
        real: (T, 6) of the clip.
        made: (S, T, 6), one for each seed.
        fps: frames a second.
        heard: the clip's sound, for what has to do with it; else None.
    """

    real: Float32
    made: Float32
    fps: float
    heard: Heard | None


def perform(
    driver: HeadDriver,
    takes: Sequence[Take],
    seeds: int = 8,
    guidance: float = GUIDANCE,
    amount: float = 1.0,
) -> list[Made]:
    """A driver's motion beside each clip's own.

    A clip without synchronous sound is performed to the sound of another: that says
    nothing about rhythm, but amplitude and spectrum can be compared.

    Raises:
        InputError: no clip has sound.
    """
    voices = [take.heard for take in takes if take.heard is not None]
    if not voices:
        raise InputError("takes: expected one with synchronous sound or more, got none")
    unit = load_model().metres_per_unit
    found = []
    for number, take in enumerate(takes):
        heard = take.heard or voices[number % len(voices)]
        times = np.arange(len(take.poses)) / take.fps
        made = [driver(times, amount, seed, heard, guidance, unit) for seed in range(seeds)]
        skip = round(_SKIPPED * take.fps)
        own = None if take.heard is None else take.heard
        found.append(Made(take.poses[skip:], np.stack(made)[:, skip:], take.fps, own))
    return found


def score(clip: Made) -> dict[str, float]:
    """How well made motion goes with a clip; means over seeds. See :data:`MEASURES`.

    ``ssim_p`` and ``structure`` are of :mod:`facewright.evaluate.gohd_metrics`, about the
    mean pose. ``likeness`` is the negative mean difference, dB, of the power in octaves
    from that of the clip. ``nod`` (degrees) and ``alignment`` are of
    :mod:`facewright.train.pose.measure`, NaN without sound. ``calm`` is how far jitter
    lies below the clip's, as a share of it.
    """
    own = clip.real - clip.real.mean(0)
    bands = measure.bands(own, clip.fps)
    rows = []
    for made in clip.made:
        about = made - made.mean(0)
        row = {
            "ssim_p": ssim_p(own, about),
            "structure": structure(own[:, :3], about[:, :3]),
            "likeness": -float(np.abs(measure.bands(about, clip.fps) - bands).mean()),
            "calm": float(1 - (measure.jitter(about) / measure.jitter(own)).mean()),
            "nod": float("nan"),
            "alignment": float("nan"),
        }
        if clip.heard is not None:
            accents = clip.heard.accents[0] - _SKIPPED
            accents = accents[(accents > 0.5) & (accents < len(own) / clip.fps)]
            row["nod"] = measure.nod(about, clip.fps, accents)
            row["alignment"] = measure.beat_alignment(about, clip.fps, accents)[1]
        rows.append(row)
    return {key: float(np.mean([row[key] for row in rows])) for key in MEASURES}


def diversity(clip: Made) -> float:
    """Degrees: mean over axes of the standard deviation between seeds, at equal times."""
    return float(np.degrees(clip.made[..., :3].std(0)).mean())


def difference(
    first: Sequence[float], second: Sequence[float], seed: int = 0
) -> tuple[float, float, float]:
    """Mean of ``first`` - ``second`` over clips, and its 95 % interval by bootstrap.

    Clips where either is NaN are left out; NaN where none is left.
    """
    apart = np.subtract(first, second)
    apart = apart[np.isfinite(apart)]
    if not len(apart):
        return float("nan"), float("nan"), float("nan")
    draws = np.random.default_rng(seed).integers(len(apart), size=(_DRAWS, len(apart)))
    low, high = np.percentile(apart[draws].mean(1), [2.5, 97.5])
    return float(apart.mean()), float(low), float(high)


def report(
    takes: Sequence[Take],
    drivers: dict[str, HeadDriver],
    tell: Callable[[str], None],
    seeds: int = 8,
    guidance: float = GUIDANCE,
) -> dict[str, list[dict[str, float]]]:
    """Print a table: real heads, then each driver, then differences from the first driver."""
    takes = [take for take in takes if take.seconds > 7]
    real = [Made(t.poses, t.poses[None], t.fps, t.heard) for t in takes]
    tell(_ranges("real", real))
    scores: dict[str, list[dict[str, float]]] = {}
    for name, driver in drivers.items():
        made = perform(driver, takes, seeds, guidance)
        tell(_ranges(name, made))
        scores[name] = [score(clip) for clip in made]
        means = {key: np.nanmean([row[key] for row in scores[name]]) for key in MEASURES}
        tell("  " + "  ".join(f"{key} {value:.3f}" for key, value in means.items()))
        tell(f"  diversity {np.mean([diversity(clip) for clip in made]):.2f}°")
    base, *others = scores
    for name in others:
        for key in MEASURES:
            mean, low, high = difference(
                [row[key] for row in scores[name]], [row[key] for row in scores[base]]
            )
            tell(f"{name} - {base}, {key}: {mean:+.3f} [{low:+.3f}, {high:+.3f}]")
    return scores


def _ranges(name: str, clips: Sequence[Made]) -> str:
    """One line of medians over clips and seeds, pitch / yaw / roll."""

    def line(of: Callable[[Float32, float], Float32], digits: int) -> str:
        each = [of(made, clip.fps) for clip in clips for made in clip.made]
        return "/".join(f"{value:.{digits}f}" for value in np.median(each, 0))

    return (
        f"{name}: std {line(lambda p, fps: measure.spread(p), 1)}°"
        f"  half < {line(lambda p, fps: measure.power_below(p, fps, 0.5), 2)} Hz"
        f"  90 % < {line(lambda p, fps: measure.power_below(p, fps, 0.9), 2)} Hz"
        f"  jitter {line(lambda p, fps: measure.jitter(p), 3)}°"
    )
