# SPDX-License-Identifier: GPL-3.0-or-later
"""Thresholds of a batch's measures; no bpy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What is flagged; see docs/blender/batch.md for what the numbers mean.

    Attributes:
        max_offset: milliseconds that lips may be early or late.
        min_sync: least correlation of lips and sound.
        min_identity: least likeness to the portrait.
        max_flicker: most change without motion, 8-bit levels.
        max_frozen: most frames that stand still under sound, share of all.
        max_unseen: most frames without a face, share of all.
        max_length: seconds that pictures and sound may differ by.
    """

    max_offset: float = 120.0
    min_sync: float = 0.0
    min_identity: float = 0.7
    max_flicker: float = 4.0
    max_frozen: float = 0.1
    max_unseen: float = 0.0
    max_length: float = 0.2

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Thresholds:
        """Those that were told; the rest as they are by default."""
        names = {field.name for field in fields(cls)}
        return cls(**{n: v for n, v in told.items() if n in names and v is not None})


def skipped(record: Mapping[str, Any]) -> int:
    """Frames that were made and are not in the movie."""
    review = record.get("review")
    return max(0, int(record.get("frames", 0)) - int(review["frames"])) if review else 0


def flags(record: Mapping[str, Any], limits: Thresholds) -> list[str]:
    """What is doubtful about a finished item, in words; empty where nothing is."""
    review = record.get("review")
    if not review:
        return []
    found = []
    frames = max(1, review["frames"])
    if lost := skipped(record):
        found.append(f"{lost} of {record['frames']} frames are missing")
    offset = review["sync_offset"]
    if offset is not None and abs(offset) > limits.max_offset:
        late = "late" if offset > 0 else "early"
        found.append(f"lips are {abs(offset):.0f} ms {late} (over {limits.max_offset:g})")
    for name, least in (("sync", limits.min_sync), ("identity", limits.min_identity)):
        value = review[name]
        if value is not None and value < least:
            found.append(f"{name} is {value:.2f} (under {least:g})")
    flicker = review["flicker"]
    if flicker is not None and flicker > limits.max_flicker:
        found.append(f"flicker is {flicker:.2f} (over {limits.max_flicker:g})")
    for name, most in (("frozen", limits.max_frozen), ("unseen", limits.max_unseen)):
        if review[name] > most * frames:
            found.append(f"{review[name]} of {frames} frames {name} (over {100 * most:g} %)")
    sound = review["sound_seconds"]
    if sound is not None and abs(sound - review["seconds"]) > limits.max_length:
        found.append(f"{review['seconds']:.2f} s of pictures, {sound:.2f} s of sound")
    return found
