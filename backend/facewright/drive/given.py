"""A channel that the user gives as a motion: of a tracked video, of another performance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facewright.checks import Float32
from facewright.drive.lips import sampled
from facewright.errors import InputError
from facewright.face.model import MorphableModel
from facewright.face.motion import Motion

#: Seconds that a motion may lack at the end of the speech; its last frame is held so long.
MAX_HELD = 1.0


@dataclass(frozen=True, slots=True)
class Given:
    """A motion as functions of time. Its ends are held.

    Attributes:
        motion: at its own frame rate.
        columns: of the motion's expression, for each name that was asked for, -1 where the
            motion has none (its weight is 0).
    """

    motion: Motion
    columns: tuple[int, ...]

    def expression(self, times: np.ndarray) -> Float32:
        """(T, len(columns)) weights at ``times`` (seconds)."""
        table = np.zeros((len(self.motion), len(self.columns)), np.float32)
        for k, column in enumerate(self.columns):
            if column >= 0:
                table[:, k] = self.motion.expression[:, column]
        return sampled(table, times * self.motion.fps)

    def pose(self, times: np.ndarray) -> Float32:
        """(T, 6) poses at ``times``. Between frames rotation vectors are near each other."""
        return sampled(self.motion.pose, times * self.motion.fps)

    def gaze(self, times: np.ndarray) -> Float32:
        """(T, 4) directions at ``times``."""
        return sampled(self.motion.gaze, times * self.motion.fps)


def given(
    channel: str, motion: Motion, model: MorphableModel, seconds: float, names: Sequence[str] = ()
) -> Given:
    """A motion as the source of ``channel`` in a performance of ``seconds``.

    Args:
        channel: one of ``controls.CHANNELS``, for messages.
        motion: of ``model``; of another model, its blendshapes are taken by name.
        model: that performs.
        seconds: that the motion has to cover, but for :data:`MAX_HELD`.
        names: blendshapes that the channel moves; none for head and gaze.

    Raises:
        InputError: the motion is too short, or of a model whose blendshapes (for the head,
            whose units) are unknown here.
    """
    where = f"sources.{channel}"
    if not len(motion):
        raise InputError(f"{where}: expected a motion of one frame or more, got none")
    length = len(motion) / motion.fps
    if length < seconds - MAX_HELD:
        raise InputError(
            f"{where}: the motion lasts {length:.2f} s, the speech {seconds:.2f} s; "
            "give one at least as long, or cut the speech"
        )
    known = {name: k for k, name in enumerate(motion.names)}
    columns = tuple(known.get(name, -1) for name in names)
    foreign = motion.model != model.name
    if foreign and (channel == "head" or (names and max(columns) < 0)):
        raise InputError(
            f"{where}: the motion belongs to model {motion.model!r}, not to {model.name!r}; "
            "facewright.face.retarget carries it over"
        )
    return Given(motion, columns)
