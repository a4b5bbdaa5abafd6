"""The seeded literature prior as a head driver."""

from __future__ import annotations

import numpy as np

from facewright.checks import Float32
from facewright.drive import head
from facewright.drive.pose import base
from facewright.drive.pose.diffusion import GUIDANCE
from facewright.drive.pose.sound import Sound


class Prior:
    """:func:`facewright.drive.head.motion`; it learned nothing, so ``guidance`` is ignored."""

    name = "prior"
    summary = "seeded sway within measured ranges, nods on accents, still in pauses"
    licence = "Apache-2.0"

    def __call__(
        self,
        times: np.ndarray,
        amount: float | Float32,
        seed: int,
        heard: Sound,
        guidance: float = GUIDANCE,
        metres_per_unit: float = 1.0,
    ) -> Float32:
        """(T, 6) poses at ``times``; see :class:`facewright.drive.pose.base.HeadDriver`."""
        times = base.checked(times, amount, seed, guidance)
        activity = heard.activity(times)
        return head.motion(times, amount, seed, activity, heard.accents, metres_per_unit)
