"""What prompts do to the lips' timing: nothing, if closures stay where they were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from facewright.checks import Float32
from facewright.drive.base import DriveControls, Driver
from facewright.drive.emotion.cues import EmotionCue
from facewright.drive.lips import opening
from facewright.evaluate.voice.points import Points
from facewright.media.speech import Speech
from facewright.train.speech.score import closure_events, closure_of
from facewright.train.speech.seen import lagged_correlation

#: Lips nearer than this are shut for who looks, millimetres: a pixel of a 256-pixel crop.
SHUT = 1.0
#: And a closure is kept where a prompt parts them by no more than this, millimetres.
KEPT = 0.5
FPS = 50.0
_NEAR = 0.020  # seconds that the gap is looked for around a closure's middle


@dataclass(frozen=True, slots=True)
class Timing:
    """Lips with a prompt, beside the same lips without.

    Attributes:
        prompt: in words.
        intensity: eta.
        closures: that there are without the prompt, over all sentences.
        kept: share of them at which the lips are no more than :data:`KEPT` further apart.
        gap, without: millimetres between the lips there, mean, with the prompt and without.
        lag: seconds of the best correlation of the lips' opening, mean over sentences.
        correlation: at no lag, mean over sentences.
    """

    prompt: str
    intensity: float
    closures: int
    kept: float
    gap: float
    without: float
    lag: float
    correlation: float


def measure(
    driver: Driver,
    speeches: Sequence[Speech],
    prompts: Sequence[str],
    points: Points,
    intensities: Sequence[float] = (2.0, 3.0),
    controls: DriveControls | None = None,
) -> list[Timing]:
    """Perform every sentence without and with each prompt.

    Args:
        driver: of whole performances.
        speeches: sentences.
        prompts: one at a time, throughout.
        points: of the default model.
        intensities: eta of each.
        controls: all else; default: a head that holds still.
    """
    controls = controls or DriveControls(head_motion=0)
    controls = replace(controls, fps=FPS)
    plain = [driver(speech, None, controls).expression for speech in speeches]
    events = [closure_events(closure_of(face), FPS) for face in plain]
    found = []
    for prompt in prompts:
        for intensity in intensities:
            cue = EmotionCue(prompt, intensity=intensity)
            felt = replace(controls, emotion=(cue,))
            made = [driver(speech, None, felt).expression for speech in speeches]
            found.append(_compared(prompt, intensity, plain, made, events, points))
    return found


def _compared(
    prompt: str,
    intensity: float,
    plain: Sequence[Float32],
    made: Sequence[Float32],
    events: Sequence[Sequence[float]],
    points: Points,
) -> Timing:
    gaps: dict[bool, list[float]] = {True: [], False: []}
    lags, alike = [], []
    for before, after, middles in zip(plain, made, events, strict=True):
        for felt, face in ((False, before), (True, after)):
            gap = points.lip_gap(face)
            gaps[felt] += [_gap_at(gap, middle) for middle in middles]
        zero, lag, _ = lagged_correlation(opening(after), opening(before))
        lags.append(lag / FPS)
        alike.append(zero)
    return Timing(
        prompt=prompt,
        intensity=intensity,
        closures=len(gaps[True]),
        kept=float(np.mean(np.subtract(gaps[True], gaps[False]) <= KEPT)),
        gap=float(np.mean(gaps[True])),
        without=float(np.mean(gaps[False])),
        lag=float(np.mean(lags)),
        correlation=float(np.mean(alike)),
    )


def _gap_at(gap: Float32, middle: float) -> float:
    """Least gap within one frame of a closure's middle."""
    first, last = (round((middle + side * _NEAR) * FPS) for side in (-1, 1))
    return float(gap[max(first, 0) : last + 1].min())
