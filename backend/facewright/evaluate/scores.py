"""Scores of one row's frames, collected over a clip.

Every score is a series over the compared frames, None where it does not apply to a frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from facewright.animate.base import CoefficientGeometry
from facewright.capture import Subject
from facewright.capture.synthetic import gaze_error
from facewright.checks import Float32, UInt8
from facewright.evaluate.boxes import Box, boxes
from facewright.evaluate.flicker import Flow, pixel_mse
from facewright.evaluate.metrics import Similarity, psnr_of, squared_error

#: Eyes count as moved from here on: lids by this weight of a blink, gaze by this angle.
#: Below them differences are what tracking trembles by.
LIDS_MOVED, GAZE_MOVED = 0.2, 5.0

Series = dict[str, list[float | None]]


@dataclass(slots=True)
class Scores:
    """Series by metric, of equal length.

    Attributes:
        series: what was measured so far.
        frames: how many frames that was.
        whole: scores of the clip as a whole, by metric.
    """

    series: Series = field(default_factory=dict)
    frames: int = 0
    whole: dict[str, float | None] = field(default_factory=dict)

    def add(self, found: dict[str, float | None]) -> None:
        """Append a frame's scores; metrics that it lacks get None."""
        for name in found:
            self.series.setdefault(name, [None] * self.frames)
        for name, values in self.series.items():
            values.append(found.get(name))
        self.frames += 1

    def means(self) -> dict[str, float | None]:
        """Mean of each series over the frames that it applies to, and the whole's scores."""
        return {name: mean(values) for name, values in self.series.items()} | self.whole


def mean(values: Sequence[float | None]) -> float | None:
    """Mean of what is not None; None where nothing is."""
    given = [value for value in values if value is not None]
    return float(np.mean(given)) if given else None


def likeness(
    made: UInt8, truth: UInt8, points68: Float32, eyes_moved: bool
) -> dict[str, float | None]:
    """PSNR, SSIM and MS-SSIM of a frame by region.

    Args:
        made, truth: (S, S, 3).
        points68: (68, 2) iBUG landmarks of the truth, which place the boxes.
        eyes_moved: whether the eyes differ from the source's; then they are scored as
            ``eyes_moved`` too.
    """
    places = places_of(points68, truth)
    error, similar = squared_error(made, truth), Similarity(made, truth)
    found: dict[str, float | None] = {}
    for region, parts in places.items():
        # A frame's value for the eyes is the mean over both boxes.
        cuts = [error if box is None else box.cut(error) for box in parts]
        found[f"psnr_{region}"] = float(np.mean([psnr_of(float(cut.mean())) for cut in cuts]))
        found[f"ssim_{region}"] = float(np.mean([similar.ssim(box) for box in parts]))
        found[f"ms_ssim_{region}"] = float(np.mean([similar.ms_ssim(box) for box in parts]))
    for kind in ("psnr", "ssim", "ms_ssim"):
        found[f"{kind}_eyes_moved"] = found[f"{kind}_eyes"] if eyes_moved else None
    return found


def places_of(points68: Float32, frame: UInt8) -> dict[str, tuple[Box | None, ...]]:
    """A frame's boxes by region; None is the whole frame."""
    found = boxes(points68, (frame.shape[1], frame.shape[0]))
    return {
        "frame": (None,),
        "face": (found["face"],),
        "mouth": (found["mouth"],),
        "eyes": (found["eye_right"], found["eye_left"]),
    }


def steadiness(
    previous: UInt8, current: UInt8, moved: Flow | None, face: Box | None
) -> dict[str, float | None]:
    """Flicker between two consecutive frames of one video.

    Args:
        previous, current: (S, S, 3).
        moved: flow of the real clip between the same frames, None where there is none.
        face: where the real clip has the face.
    """
    found: dict[str, float | None] = {"pixel_mse": pixel_mse(previous, current)}
    if moved is not None:
        found["warped_error"] = moved.error(previous, current)
        found["warped_error_face"] = moved.error(previous, current, face)
    return found


def eyes_moved(subject: Subject, geometry: CoefficientGeometry) -> NDArray[np.bool_]:
    """(N,) which frames' lids or gaze differ from the source's.

    By ``LIDS_MOVED`` in either eyeBlink weight or ``GAZE_MOVED`` degrees of either eye:
    a property of the truth's geometry, the same for every method.
    """
    source, names = subject.coefficients, subject.model.expression_names
    looks = gaze_error(geometry.gaze, np.broadcast_to(source.gaze, geometry.gaze.shape))
    moved = looks.max(-1) >= GAZE_MOVED
    lids = [names.index(n) for n in ("eyeBlinkLeft", "eyeBlinkRight") if n in names]
    if lids:
        falls = np.abs(geometry.expression[:, lids] - source.expression[lids])
        moved |= falls.max(-1) >= LIDS_MOVED
    return moved
