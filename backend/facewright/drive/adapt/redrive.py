"""Two passes over a performance (ControlTalk, section 3.3, figure 2 and eq. 3).

    E_s = E + ΔE(E, silence)          whatever the mouth did, it comes to rest
    E' = E_s + m · ΔE(E_s, A)         and then says what is heard, m times as far

So m = 0 is a resting mouth, and so is silence, and what the face does beside speaking
(brows, lids, cheeks, the corners' mood) stays that of the performance.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import torch

from facewright import checks
from facewright.checks import Float32
from facewright.drive import emoa2e, lips
from facewright.drive.adapt.network import MOUTH, Audio2Exp, Config, load
from facewright.drive.heard import Heard
from facewright.errors import InputError
from facewright.face.motion import Motion
from facewright.face.names import EXPRESSION_64

WEIGHTS = Path(__file__).parents[1] / "weights" / "audio2exp.safetensors"
_SPEAKER = Path(__file__).parents[1] / "weights" / "emoa2e.safetensors"

_AT = {name: k for k, name in enumerate(EXPRESSION_64)}
_JAW, _CLOSE = _AT["jawOpen"], _AT["mouthClose"]
_PRESS = [_AT["mouthPressLeft"], _AT["mouthPressRight"]]
_PARTING = [
    k
    for name, k in _AT.items()
    if name.startswith(("mouthUpperUp", "mouthLowerDown", "mouthFunnel", "mouthRoll", "lipsPart",
                        "smileOpen", "snarlOpen", "tongueOut"))
]  # fmt: skip
_BATCH = 8192  # frames computed at a time


def redrive(
    motion: Motion,
    heard: Heard,
    mouth_opening: float = 1.0,
    *,
    network: Audio2Exp | None = None,
    speaker: emoa2e.EmoA2E | None = None,
) -> Motion:
    """The same performance with another speech in its mouth.

    Args:
        motion: on the default model's blendshapes, frame k at k / fps seconds of ``heard``.
            Frames after the end of the sound get a resting mouth.
        heard: the new speech.
        mouth_opening: m, 0..2; 0 leaves the mouth at rest.
        network, speaker: Audio2Exp and the EmoA2E that reads the speech; default: those
            that ship.

    Returns:
        A motion that differs in the columns :data:`MOUTH` alone.

    Raises:
        InputError: the motion is of another model, or a value is out of range.
    """
    if tuple(motion.names) != EXPRESSION_64:
        raise InputError(
            f"motion: of model {motion.model!r}, expected the default model's {len(EXPRESSION_64)} "
            "blendshapes; retarget it first"
        )
    network, speaker = network or _shipped(), speaker or _speaker()
    predicted = speaker.predict(heard.mfccs)
    said = lips.articulate(predicted, speaker.config.rate, heard.presence.speaking)
    speech = feature_of(said, speaker.config.rate, motion.times, network.config)
    expression = adapt(network, motion.expression, speech, mouth_opening)
    sources = {**motion.sources, "lips": "speech"}
    return replace(motion, expression=expression, sources=sources)


@torch.inference_mode()
def adapt(
    network: Audio2Exp, expression: Float32, speech: Float32, mouth_opening: float = 1.0
) -> Float32:
    """E' of expressions E and a speech feature A.

    Args:
        network: Audio2Exp.
        expression: (T, 64) E.
        speech: (T, moments · speech) A, see :class:`Config`.
        mouth_opening: m, 0..2.

    Returns:
        (T, 64): mouth columns within 0..1 where the sound changed them, and lips that speech
        shuts are shut; the other columns as they were.
    """
    m = checks.number("mouth_opening", mouth_opening, low=0.0, high=2.0)
    expression = checks.floats("expression", expression, ("T", len(EXPRESSION_64)))
    config = network.config
    width = config.moments * config.speech
    speech = checks.floats("speech", speech, (len(expression), width))
    out = expression.copy()
    for first in range(0, len(out), _BATCH):
        rows = slice(first, first + _BATCH)
        mouth, said = torch.from_numpy(out[rows][:, MOUTH]), torch.from_numpy(speech[rows])
        resting = (mouth + network(mouth, torch.zeros_like(said))).clamp(0.0, 1.0)
        spoken = resting + m * network(resting, said)
        out[rows, MOUTH] = spoken.clamp(0.0, 1.0).numpy()
    shut = _shut(speech, config.moments, config.speech)
    out[:, _PARTING] *= (1 - shut)[:, None]
    out[:, _CLOSE] = np.maximum(out[:, _CLOSE], lips.CLOSE * shut * out[:, _JAW]).clip(max=1.0)
    return out


def _shut(speech: Float32, moments: int, columns: int) -> Float32:
    """(T,) how far the speech shuts the lips, 0..1."""
    middle = moments // 2 * columns
    press = [middle + lips.SPOKEN.index(k) for k in _PRESS]
    return np.clip(speech[:, press].mean(1) / lips.PRESS, 0, 1)


def feature_of(said: Float32, rate: float, times: np.ndarray, config: Config) -> Float32:
    """(T, moments · speech) A at ``times``, of lips (P, 64) at ``rate`` positions a second."""
    around = (np.arange(config.moments) - config.moments // 2) * config.step
    parts = [lips.sampled(said[:, lips.SPOKEN], (times + s) * rate) for s in around]
    beyond = times > (len(said) - 1) / rate + 0.5 / rate
    feature = np.concatenate(parts, 1)
    feature[beyond] = 0.0
    return feature


@cache
def _shipped() -> Audio2Exp:
    return load(WEIGHTS)


@cache
def _speaker() -> emoa2e.EmoA2E:
    return emoa2e.load(_SPEAKER)
