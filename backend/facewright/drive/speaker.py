"""The driver ``emoa2e``: EmoA2E's lips, a resting face, a head that moves, blinks."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from facewright.capture.subject import Subject
from facewright.drive import channels, emoa2e, pose, rest, upper
from facewright.drive.base import DriveControls, Progress
from facewright.drive.gaze import Eyes
from facewright.drive.heard import Heard, hear
from facewright.errors import InputError
from facewright.face.library import load_model
from facewright.face.model import MorphableModel
from facewright.face.motion import Motion
from facewright.face.names import EXPRESSION_64
from facewright.media.speech import Speech

WEIGHTS = Path(__file__).with_name("weights") / "emoa2e.safetensors"
#: What says emotions where the weights in use know none; see ``controls.EMOTION_MODELS``.
EMOTION_WEIGHTS = WEIGHTS.with_name("emoa2e_emotion.safetensors")


class Speaker:
    """Speech -> Motion on the default model's 64 blendshapes.

    Args:
        weights: a file of :mod:`facewright.drive.emoa2e`; default: those that ship.

    Raises:
        InputError: the weights are missing or do not fit.
    """

    name = "emoa2e"
    summary = "EmoA2E on MFCCs: lips of any language; emotion, brows, gaze, blinks, head around it"
    licence = "Apache-2.0"

    def __init__(self, weights: Path = WEIGHTS) -> None:
        self.network = emoa2e.load(weights)
        if self.network.config.outputs != len(EXPRESSION_64):
            raise InputError(f"weights: {weights} does not drive {len(EXPRESSION_64)} blendshapes")
        self.emotional = cache(self._emotional)
        # What moves heads and brows, by name: read when first asked for, and kept.
        self.head = cache(lambda name: pose.create(name or pose.DEFAULT))
        self.upper = cache(lambda name: upper.create(name or upper.DEFAULT))

    def __call__(
        self,
        speech: Speech,
        subject: Subject | None,
        controls: DriveControls,
        progress: Progress | None = None,
    ) -> Motion:
        """The performance of ``speech``; see :class:`facewright.drive.base.Driver`."""
        tell = progress or (lambda share: None)
        heard = hear(speech, lambda share: tell(0.4 * share))
        scene = scene_of(heard, subject, controls, self.name)
        mover, above = self.head(controls.head_model), self.upper(controls.brow_model)
        emotion = channels.emotions(scene)
        eyes, shifts = channels.eyes(scene, heard.activity)
        parts = channels.Channels(
            activity=heard.activity,
            lips=channels.spoken(scene, self.network),
            shut=channels.blinking(scene, shifts, above),
            head=channels.head_pose(scene, mover),
            gaze=eyes,
            brows=channels.brows(scene, above),
            emotion=emotion,
            felt=channels.felt(scene, emotion, self.emotional),
            given=channels.apart(scene),
        )
        tell(0.9)
        times = np.arange(speech.frames(controls.fps)) / controls.fps
        expression, poses, gaze = channels.perform(times, scene, parts)
        tell(1.0)
        return Motion(
            fps=controls.fps,
            model=scene.model.name,
            names=EXPRESSION_64,
            expression=expression,
            pose=poses,
            gaze=gaze,
            sources=channels.told(scene, subject is not None, mover, above),
        )

    def _emotional(self) -> emoa2e.EmoA2E:
        """The network that knows emotion: its own, or that which ships."""
        if self.network.config.emotion:
            return self.network
        return emoa2e.load(EMOTION_WEIGHTS)


def _model(subject: Subject | None, driver: str) -> MorphableModel:
    model = load_model() if subject is None else subject.model
    if tuple(model.expression_names) != EXPRESSION_64:
        raise InputError(
            f"subject: driver {driver!r} moves the default model's blendshapes, "
            f"not those of {model.name!r}; drive without a subject and retarget its motion"
        )
    return model


def scene_of(
    heard: Heard, subject: Subject | None, controls: DriveControls, driver: str
) -> channels.Scene:
    """What the channels read.

    Raises:
        InputError: the subject is of a model that ``driver`` does not move.
    """
    model = _model(subject, driver)
    seen, identity = np.zeros(len(EXPRESSION_64), np.float32), None
    if subject is not None:
        seen, identity = subject.coefficients.expression, subject.coefficients.identity
    resting = rest.resting(seen, EXPRESSION_64)
    return channels.Scene(heard, controls.settled(), model, resting, Eyes.of(subject), identity)
