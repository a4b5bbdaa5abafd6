"""Head poses by diffusion (GoHD, section 3.1): the networks' positions -> any frame's pose."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facewright import checks
from facewright.checks import Float32
from facewright.drive import neck
from facewright.drive.pose import base, denoiser, stitch
from facewright.drive.pose.diffusion import GUIDANCE
from facewright.drive.pose.sound import Sound, at, sound
from facewright.errors import InputError
from facewright.face.coefficients import POSE

WEIGHTS = Path(__file__).parents[1] / "weights" / "pose.safetensors"

#: Positions between which a frame lies are weighed by a bell this wide (positions): smooth
#: at any frame rate, and blind to what trembles faster than heads do.
_BELL = 0.85
_REACH = 4  # positions either side
_STILL = 0.3  # share of the motion that is left in silence


class Diffusion:
    """GoHD's head poses: seeded, audible, without seams at any length.

    ``guidance`` is the paper's γ: how much the pose that the picture shows, ``reference``,
    decides (eq. 3). At 0 the head hears the sound alone and may wander off; at 1 it knows
    where it began.

    Args:
        weights: a file of :mod:`facewright.drive.pose.denoiser`; default: those that ship.
        steps: calls of the networks for each pose.
        reference: (6,) p_0, where the photographed head is, relative to how it is held at
            rest: rotation vector in radians and the neck's shift in metres. Zeros: at rest.

    Raises:
        InputError: the weights are missing or do not fit, or numbers cannot be.
    """

    name = "diffusion"
    summary = "GoHD's conformer diffusion: learned motion that hears the speech"
    licence = "Apache-2.0"

    def __init__(
        self, weights: Path = WEIGHTS, steps: int = 12, reference: Float32 | None = None
    ) -> None:
        checks.number("steps", steps, low=1, high=1000)
        if not weights.is_file():
            raise InputError(
                f"weights: {weights.name} does not exist; `facewright train pose` makes it"
            )
        self.networks = denoiser.load(weights)
        self.steps = steps
        zeros = np.zeros(POSE, np.float32)
        self.reference = checks.floats("reference", zeros if reference is None else reference, (6,))

    def __call__(
        self,
        times: np.ndarray,
        amount: float | Float32,
        seed: int,
        heard: Sound,
        guidance: float = GUIDANCE,
        metres_per_unit: float = 1.0,
    ) -> Float32:
        """(T, 6) poses at ``times``; see :class:`facewright.drive.pose.base.HeadDriver`.

        Only the stretch that ``times`` span is sampled, and as far beyond either end as
        it depends on: for single frames of a long performance, ask once for all.
        """
        times = base.checked(times, amount, seed, guidance)
        if not np.any(amount) or not len(times):
            return np.zeros((len(times), POSE), np.float32)
        rate = self.networks.config.rate
        curves = sound(heard)
        # The sound's end is held for as long as poses are asked for.
        seconds = max((len(curves) - 1) / 100, float(times[-1]))
        count = int(seconds * rate) + 2
        first, last = (int(t * rate) for t in (times[0], times[-1]))
        first, last = max(first - _REACH, 0), min(last + _REACH + 2, count)
        moved = stitch.residuals(
            self.networks,
            at(curves, np.arange(count) / rate),
            first,
            last,
            seed=seed,
            guidance=guidance,
            steps=self.steps,
            reference=self.reference,
        )
        seen = _between(moved, times * rate - first)
        # Nobody in the training clips falls silent, so silence is told, not learned.
        seen *= (_STILL + (1 - _STILL) * heard.activity(times))[:, None]
        return neck.performed(times, np.degrees(seen[:, :3]), seen[:, 3:], amount, metres_per_unit)


def _between(values: Float32, places: np.ndarray) -> np.ndarray:
    """(T, C) rows of ``values`` at fractional ``places``, the ends held."""
    nearest = np.round(places).astype(np.int64)
    around = nearest[:, None] + np.arange(-_REACH, _REACH + 1)
    weight = np.exp(-0.5 * np.square((around - places[:, None]) / _BELL))
    weight /= weight.sum(1, keepdims=True)
    rows = values[np.clip(around, 0, len(values) - 1)]
    return np.einsum("tk,tkc->tc", weight, rows)
