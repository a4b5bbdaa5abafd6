"""Gaze modes that follow each other: each plan's looks from its time on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from facewright.drive.gaze.eyes import Eyes
from facewright.drive.gaze.fixations import Fixations


def resting(eyes: Eyes) -> Fixations:
    """Eyes that stay in the head as they were photographed, as a plan."""
    point = eyes.resting_point
    return Fixations(
        starts=np.zeros(1),
        points=point[None],
        with_head=np.ones(1, bool),
        residuals=eyes.residual(point)[None],
    )


def switched(plans: Sequence[tuple[float, Fixations]]) -> Fixations:
    """One plan of several; at a change the eyes jump to what the next plan then looks at.

    Args:
        plans: from when on (seconds, increasing; the first from the beginning), and what.
    """
    begins = [begin for begin, _ in plans]
    parts = []
    for k, (begin, plan) in enumerate(plans):
        end = begins[k + 1] if k + 1 < len(begins) else np.inf
        now = max(int(np.searchsorted(plan.starts, begin, side="right")) - 1, 0)
        later = np.flatnonzero((plan.starts > begin) & (plan.starts < end))
        rows = np.concatenate([[now], later[later > now]])
        starts = plan.starts[rows].copy()
        starts[0] = begin
        parts.append(
            Fixations(starts, plan.points[rows], plan.with_head[rows], plan.residuals[rows])
        )
    return Fixations(
        *(np.concatenate([getattr(part, name) for part in parts])
          for name in ("starts", "points", "with_head", "residuals"))
    )  # fmt: skip
