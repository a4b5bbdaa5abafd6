"""GoHD's expression predictor as a way to move brows and lids.

Its features are made at 25 a second, from the beginning of the speech, with noise from the
seed; turned into blendshapes by least squares; and sampled at any time.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facewright import checks
from facewright.checks import Float32
from facewright.drive import features
from facewright.drive.heard import Heard
from facewright.drive.upper.feature import EyeMotion, default_eye_motion
from facewright.errors import InputError
from facewright.face.names import EXPRESSION_64

WEIGHTS = Path(__file__).parents[1] / "weights" / "upper.safetensors"
_SALT = 0x60D


class Predicted:
    """Brows and lids by GoHD's LSTM.

    Args:
        weights: a file that ``facewright train upper`` wrote; default: those that ship.

    Raises:
        InputError: the weights are missing or do not fit.
    """

    name = "gohd"
    summary = "GoHD's two-stage expression predictor; weights of one's own training"
    blinks = True

    def __init__(self, weights: Path = WEIGHTS) -> None:
        from facewright.drive.upper import network

        if not weights.is_file():
            raise InputError(
                f"weights: {weights.name} does not exist; `facewright train upper` makes it"
            )
        self.network = network.load(weights)
        if self.network.config.outputs != len(EXPRESSION_64):
            raise InputError(f"weights: {weights} does not drive {len(EXPRESSION_64)} blendshapes")
        self.eyes: EyeMotion = default_eye_motion()

    def __call__(
        self,
        times: np.ndarray,
        heard: Heard,
        seed: int = 0,
        amount: float | Float32 = 1.0,
        resting: Float32 | None = None,
    ) -> Float32:
        """See :class:`facewright.drive.upper.base.UpperFace`."""
        amount = checks.amount("amount", amount, len(times), low=0.0, high=3.0)
        at_rest = np.zeros(len(EXPRESSION_64), np.float32) if resting is None else resting
        at_rest = checks.floats("resting", at_rest, (len(EXPRESSION_64),))
        moved = self.eyes.expression(self.feature(heard, seed, at_rest))
        start = self.eyes.expression(self.eyes.feature(at_rest)[None])
        places = np.clip(np.asarray(times) * self.network.config.rate, 0, len(moved) - 1)
        grid = np.arange(len(moved))
        out = np.zeros((len(places), len(EXPRESSION_64)), np.float32)
        for k in self.eyes.columns:
            out[:, k] = np.interp(places, grid, moved[:, k] - start[0, k])
        factor = amount if np.ndim(amount) == 0 else np.asarray(amount)[:, None]
        return np.clip(factor * out, -1, 1)

    def feature(self, heard: Heard, seed: int, resting: Float32) -> Float32:
        """(T, 21) f̂ at the network's rate, from second 0 on."""
        import torch

        config = self.network.config
        count = int(heard.seconds * config.rate) + 2
        rng = np.random.default_rng([seed, _SALT])
        noise = rng.standard_normal((1, count, config.noise)).astype(np.float32)
        clips = features.clips(heard.mfccs, np.arange(count) / config.rate)
        first = self.eyes.feature(resting)[None]
        with torch.inference_mode():
            _, made = self.network(
                torch.from_numpy(clips)[None],
                torch.from_numpy(resting)[None],
                torch.from_numpy(first),
                torch.from_numpy(noise),
            )
        return made[0].numpy()
