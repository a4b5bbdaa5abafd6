"""Set, render, capture again: does a control do to the frames what it says?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from facewright import animate
from facewright.animate.base import CoefficientGeometry
from facewright.capture import CaptureSession, Subject
from facewright.checks import Float32, UInt8
from facewright.drive import gaze
from facewright.drive.base import DriveControls, Driver
from facewright.drive.gaze import angles
from facewright.evaluate.control import reestimated
from facewright.evaluate.voice.natural import Eyes, blinks_of
from facewright.evaluate.voice.points import lid_opening
from facewright.face.motion import Motion
from facewright.media.speech import Speech
from facewright.train.pose.measure import spread
from facewright.train.speech.seen import opening_of

MOUTHS = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0)
HEADS = (0.0, 0.5, 1.0, 2.0, 3.0)
BLINKS = (0.0, 10.0, 20.0, 40.0, 60.0)
ASIDE = (-20.0, -10.0, 0.0, 10.0, 20.0)
UP = (-16.0, -8.0, 0.0, 8.0, 16.0)
#: Landmarks tremble by this much of the eyes' distance between two looks at one face.
TREMBLE = 0.01
_STEP = 0.05  # to which weights are rounded where frames that look alike are made once


@dataclass(frozen=True, slots=True)
class Response:
    """What was asked of a control and what frames show.

    Attributes:
        name: of the control, with its unit.
        measured: what was measured in the frames, with its unit.
        asked, got: (N,) in order.
    """

    name: str
    measured: str
    asked: tuple[float, ...]
    got: tuple[float, ...]

    @property
    def monotone(self) -> bool:
        """Whether every step asked for more got more."""
        return bool((np.diff(self.got) > 0).all())


class Stage:
    """A photographed subject, performed and looked at again.

    Args:
        session: captures.
        subject: with a crop of the frames' size.
        driver: what performs.
        speech: what is said.
    """

    def __init__(
        self, session: CaptureSession, subject: Subject, driver: Driver, speech: Speech
    ) -> None:
        self.session, self.subject, self._driver, self._speech = session, subject, driver, speech
        self._animator = animate.create("reproject")
        self.size = subject.camera.size[0]
        self._state = self._animator.prepare(subject, self.size)

    def perform(self, controls: DriveControls, speech: Speech | None = None) -> Motion:
        """A performance of the subject."""
        return self._driver(speech or self._speech, self.subject, controls)

    def frames(self, motion: Motion) -> UInt8:
        """(T, S, S, 3) all frames of a motion."""
        count = np.arange(len(motion))
        geometry = CoefficientGeometry(count, motion.expression, motion.pose, motion.gaze)
        return self._animator(geometry, self._state)

    def landmarks(self, frames: UInt8) -> Float32:
        """(T, 478, 2) points of frames that look alike."""
        found: list[Float32] = []
        for frame in frames:
            near = found[-1] if found else None
            found.append(self.session.finder.track(frame, near))
        return np.stack(found)


def mouth(stage: Stage, controls: DriveControls) -> tuple[Response, float]:
    """Mouth opening -> mean opening of the inner lips; and the most that 0 opens them.

    The second number is the largest opening at 0 less that of the mouth at rest, in
    distances of the outer eye corners.
    """
    quiet = replace(controls, head_motion=0, blink_rate=0, gaze="still", brow_motion=0)
    rest = opening_of(stage.landmarks(stage.frames(_rest(stage, quiet))))[0]
    means, most = [], 0.0
    for asked in MOUTHS:
        motion = stage.perform(replace(quiet, mouth_opening=asked))
        opened = opening_of(stage.landmarks(_distinct(stage, motion)))
        counts = _counts(motion)
        means.append(float((opened * counts).sum() / counts.sum()))
        if asked == 0:
            most = float(opened.max() - rest)
    return Response("mouth opening", "lips apart / eyes apart, mean", MOUTHS, tuple(means)), most


def head(stage: Stage, controls: DriveControls) -> Response:
    """Head motion -> mean over pitch, yaw and roll of their standard deviation, degrees."""
    quiet = replace(controls, mouth_opening=0, blink_rate=0, gaze="still", brow_motion=0)
    got = []
    for asked in HEADS:
        motion = stage.perform(replace(quiet, head_motion=asked))
        seen = reestimated(stage.session, stage.subject, stage.frames(motion))
        got.append(float(spread(seen.pose).mean()))
    return Response("head motion", "std of pitch, yaw, roll, mean, °", HEADS, tuple(got))


def looks(stage: Stage, axis: int) -> Response:
    """Gaze keys (0: to the left, 1: up, degrees) -> degrees that are captured again."""
    asked = (ASIDE, UP)[axis]
    own = angles.common(stage.subject.coefficients.gaze)
    ways = np.tile(own, (len(asked), 1))
    ways[:, axis] = asked
    second = Speech(np.zeros(16000 * len(asked), np.float32))
    keys = tuple(gaze.Key(float(k), gaze.Direction(*way)) for k, way in enumerate(ways.tolist()))
    motion = stage.perform(
        DriveControls(fps=2, head_motion=0, blink_rate=0, gaze="keys", gaze_keys=keys), second
    )
    frames = stage.frames(_rows(motion, np.arange(len(asked)) * 2 + 1))
    got = angles.common(reestimated(stage.session, stage.subject, frames).gaze)[:, axis]
    name = ("gaze aside, °", "gaze up, °")[axis]
    return Response(name, "captured again, °", asked, tuple(got.tolist()))


def blinking(stage: Stage, controls: DriveControls, speech: Speech) -> Response:
    """Blinks a minute -> those counted in the landmarks of the frames."""
    quiet = replace(controls, mouth_opening=0, head_motion=0, gaze="still", brow_motion=0)
    got = []
    for asked in BLINKS:
        motion = stage.perform(replace(quiet, blink_rate=asked), speech)
        opened = lid_opening(stage.landmarks(_distinct(stage, motion)))
        got.append(blinks_of(Eyes(opened[_distinct_rows(motion)[1]], motion.fps))[0])
    return Response("blinks a minute", "blinks counted a minute", BLINKS, tuple(got))


def _rest(stage: Stage, controls: DriveControls) -> Motion:
    """One frame of a performance of silence."""
    return _rows(stage.perform(controls, Speech(np.zeros(1600, np.float32))), np.zeros(1, int))


def _rows(motion: Motion, rows: np.ndarray) -> Motion:
    return replace(
        motion,
        expression=motion.expression[rows],
        pose=motion.pose[rows],
        gaze=motion.gaze[rows],
    )


def _distinct_rows(motion: Motion) -> tuple[np.ndarray, np.ndarray]:
    """Rows that differ, and for each frame which of them looks like it."""
    whole = np.concatenate([motion.expression, motion.pose, motion.gaze], 1)
    _, rows, back = np.unique(
        np.round(whole / _STEP).astype(np.int32), axis=0, return_index=True, return_inverse=True
    )
    return rows, back.reshape(-1)


def _distinct(stage: Stage, motion: Motion) -> UInt8:
    """Frames that differ: equal geometry makes equal pixels, and landmarks are slow."""
    return stage.frames(_rows(motion, _distinct_rows(motion)[0]))


def _counts(motion: Motion) -> np.ndarray:
    rows, back = _distinct_rows(motion)
    return np.bincount(back, minlength=len(rows))


def told(responses: Sequence[Response]) -> list[tuple[str, ...]]:
    """Rows of a table: control, what was measured, asked -> measured, monotone."""
    return [
        (
            one.name,
            one.measured,
            "; ".join(f"{a:g} → {g:.3g}" for a, g in zip(one.asked, one.got, strict=True)),
            "yes" if one.monotone else "NO",
        )
        for one in responses
    ]
