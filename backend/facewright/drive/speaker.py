"""The driver ``emoa2e``: EmoA2E's lips, a resting face, a head that moves, blinks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facewright.capture.subject import Subject
from facewright.checks import Float32
from facewright.drive import blinks, emoa2e, head, lips, rest
from facewright.drive.base import DriveControls, Progress
from facewright.drive.heard import hear
from facewright.errors import InputError
from facewright.face.coefficients import GAZE
from facewright.face.library import load_model
from facewright.face.motion import Motion
from facewright.face.names import EXPRESSION_64
from facewright.media.speech import Speech

WEIGHTS = Path(__file__).with_name("weights") / "emoa2e.safetensors"
_SMILE = ("mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight")
_SMILE_LOST = 0.55  # share of a resting smile that speaking takes
_SMILE_ROUNDED = 0.6  # and what rounded lips take of the rest


class Speaker:
    """Speech -> Motion on the default model's 64 blendshapes.

    Args:
        weights: a file of :mod:`facewright.drive.emoa2e`; default: those that ship.

    Raises:
        InputError: the weights are missing or do not fit.
    """

    name = "emoa2e"
    summary = "EmoA2E transformer on MFCCs: lips of any language; head and blinks by priors"
    licence = "Apache-2.0"

    def __init__(self, weights: Path = WEIGHTS) -> None:
        self.network = emoa2e.load(weights)
        if self.network.config.outputs != len(EXPRESSION_64):
            raise InputError(f"weights: {weights} does not drive {len(EXPRESSION_64)} blendshapes")

    def __call__(
        self,
        speech: Speech,
        subject: Subject | None,
        controls: DriveControls,
        progress: Progress | None = None,
    ) -> Motion:
        """The performance of ``speech``; see :class:`facewright.drive.base.Driver`."""
        tell = progress or (lambda share: None)
        model = load_model() if subject is None else subject.model
        if tuple(model.expression_names) != EXPRESSION_64:
            raise InputError(
                f"subject: driver {self.name!r} moves the default model's blendshapes, "
                f"not those of {model.name!r}; drive without a subject and retarget its motion"
            )
        heard = hear(speech, lambda share: tell(0.4 * share))
        identity = None if subject is None else subject.coefficients.identity
        predicted = self.network.predict(heard.mfccs, identity)
        tell(0.9)
        rate = self.network.config.rate
        spoken = lips.articulate(predicted, rate, heard.presence.speaking, controls.mouth_opening)

        # All that follows is a function of time, sampled at the frames.
        times = np.arange(speech.frames(controls.fps)) / controls.fps
        spoken = lips.sampled(spoken, times * rate)
        activity = heard.activity(times)
        shut = blinks.lids(
            times,
            blinks.events(
                float(times[-1]) + 1 / controls.fps,
                controls.blink_rate,
                controls.seed,
                heard.pauses,
            ),
        )
        pose = head.motion(
            times,
            controls.head_motion,
            controls.seed,
            activity,
            heard.accents,
            model.metres_per_unit,
        )
        seen = np.zeros(len(EXPRESSION_64), np.float32)
        gaze = np.zeros(GAZE, np.float32)
        if subject is not None:
            seen, gaze = subject.coefficients.expression, subject.coefficients.gaze
        motion = Motion(
            fps=controls.fps,
            model=model.name,
            names=EXPRESSION_64,
            expression=_face(rest.resting(seen, EXPRESSION_64), spoken, shut, activity),
            pose=pose,
            gaze=np.tile(gaze, (len(times), 1)),
            sources={
                "expression": "speech",
                "eyelids": "prior",
                "upper_face": "photo" if subject is not None else "neutral",
                "pose": "prior",
                "gaze": "photo" if subject is not None else "neutral",
            },
        )
        tell(1.0)
        return motion


def _face(resting: Float32, spoken: Float32, shut: Float32, activity: Float32) -> Float32:
    """(T, 64): the resting face, what is said, and blinks, together in 0..1 each."""
    at = {name: k for k, name in enumerate(EXPRESSION_64)}
    face = np.tile(resting, (len(spoken), 1))
    mood = [at[name] for name in _SMILE]
    rounded = np.clip(spoken[:, at["mouthPucker"]] + spoken[:, at["mouthFunnel"]], 0, 1)
    face[:, mood] *= ((1 - _SMILE_LOST * activity) * (1 - _SMILE_ROUNDED * rounded))[:, None]
    face += spoken
    for name in ("eyeBlinkLeft", "eyeBlinkRight"):
        # A lid falls from where it is to shut.
        face[:, at[name]] += shut * (1 - np.clip(face[:, at[name]], 0, 1))
    # Wide or squinting eyes let go while the lid falls.
    for name in ("eyeWideLeft", "eyeWideRight", "eyeSquintLeft", "eyeSquintRight"):
        face[:, at[name]] *= 1 - shut
    moved = lips.SPOKEN
    face[:, moved] = np.clip(face[:, moved], 0, 1)
    return face
