# SPDX-License-Identifier: GPL-3.0-or-later
"""Fewer keys, within a bound that is measured on every frame."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import bpy
import numpy as np

from ..core import thinning
from ..core.errors import InputError
from ..subject.channels import Channel
from ..subject.objects import SubjectObjects
from . import keys, layers, record, stack
from .channels import Curves, Owner, owners, region_table
from .settings import LAYERS

_AT_ONCE = 4  # curves between two yields


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a simplified curve may be from what it was, on any frame.

    Attributes:
        weight: of shape keys, 0..1.
        degrees: of the head's angles and of the gaze.
        millimetres: of the head's place.
    """

    weight: float = 0.01
    degrees: float = 0.2
    millimetres: float = 0.2

    def __post_init__(self) -> None:
        for name in ("weight", "degrees", "millimetres"):
            value = getattr(self, name)
            if not 1e-5 <= value <= 1e3:
                raise InputError(f"{name}: expected a bound from 0.00001 to 1000, got {value:g}")

    def of(self, channel: Channel, subject: SubjectObjects) -> float:
        """The bound of a channel in the channel's own unit."""
        path = channel[0]
        if path.startswith("key_blocks"):
            return self.weight
        if path.endswith("location"):
            return self.millimetres / 1000.0 / subject.metres_per_unit * subject.head_scale
        return float(np.radians(self.degrees))  # the gaze is the sine of its angle


@dataclass(slots=True)
class Report:
    """What simplifying did.

    Attributes:
        before: keys there were.
        after: keys there are.
        worst: largest measured difference, in parts of its channel's bound.
    """

    before: int = 0
    after: int = 0
    worst: float = 0.0

    @property
    def ratio(self) -> float:
        """Keys before for each key after."""
        return self.before / max(self.after, 1)


def simplify(
    subject: SubjectObjects, layer: str, bounds: Bounds | None = None, *, smooth: bool = True
) -> Report:
    """Leave the fewest keys in a layer with which no frame changes by more than the bounds.

    Args:
        subject: whose.
        layer: one of :data:`.layers.LAYERS`; "hand" is the active action, baked keys too.
        bounds: default: :class:`Bounds`.
        smooth: Bezier keys; otherwise straight lines between keys.

    Raises:
        InputError: no such layer, or it holds no keys.
    """
    work = simplifying(subject, layer, bounds, smooth=smooth)
    while True:
        try:
            next(work)
        except StopIteration as done:
            return done.value


def simplifying(
    subject: SubjectObjects, layer: str, bounds: Bounds | None = None, *, smooth: bool = True
) -> Generator[None, None, Report]:
    """:func:`simplify` in small steps."""
    if layer not in LAYERS:
        raise InputError(f"layer: expected one of {', '.join(LAYERS)}, got {layer!r}")
    layers.editable(subject)
    bounds, report = bounds or Bounds(), Report()
    with layers.closed(subject):
        for owner in owners(subject):
            for action in _actions(owner, layer):
                yield from _thin(owner, action, subject, bounds, smooth, report)
    if not report.before:
        raise InputError(f"layer: the {layer} layer holds no keys yet")

    return report


def _actions(owner: Owner, layer: str) -> list[bpy.types.Action]:
    """The actions that hold a layer's keys."""
    data = owner.id.animation_data
    if data is None:
        return []
    if layer == "hand":
        return [data.action] if data.action is not None and data.action.library is None else []
    found = (strip.action for _, strip in stack.strips(owner, layer))
    return [action for action in dict.fromkeys(found) if action.library is None]


def _thin(
    owner: Owner,
    action: bpy.types.Action,
    subject: SubjectObjects,
    bounds: Bounds,
    smooth: bool,
    report: Report,
) -> Generator[None, None, None]:
    """Thin out one action's keys."""
    table = region_table(subject)
    curves = {
        channel: curve
        for channel, curve in keys.curves(action, owner.id).items()
        if table.get(channel[0]) and len(curve.keyframe_points) and not len(curve.modifiers)
    }
    if not curves:
        return
    edited = record.edits(action, owner.id)
    reach = np.array([curve.range() for curve in curves.values()])
    frames = np.arange(np.floor(reach[:, 0].min()), np.ceil(reach[:, 1].max()) + 1.0)
    values = np.empty((len(curves), len(frames)), np.float32)
    for row, curve in enumerate(curves.values()):
        values[row] = keys.sample(curve, frames)
        if row % _AT_ONCE == 0:
            yield
    limits = np.array([bounds.of(channel, subject) for channel in curves])
    keep = thinning.landmarks(values)
    if owner.word == "head":
        keep[:] = False
    thinned = thinning.thin(values, limits, keep, smooth=smooth)
    report.before += sum(len(curve.keyframe_points) for curve in curves.values())
    fewer = [
        row
        for row, curve in enumerate(curves.values())
        if len(thinned[row].index) < len(curve.keyframe_points)
    ]
    found = list(curves.values())
    for row in fewer:  # without a pause, so that cancelling leaves an action whole
        keys.write_few(found[row], frames, values[row], thinned[row], smooth)
    _renew_record(owner, action, edited)
    report.after += sum(len(curve.keyframe_points) for curve in found)
    for row in fewer:
        yield
        shown = np.array([found[row].evaluate(frame) for frame in frames.tolist()])
        report.worst = max(report.worst, np.abs(shown - values[row]).max() / limits[row])


def _renew_record(
    owner: Owner, action: bpy.types.Action, edited: dict[Channel, np.ndarray]
) -> None:
    """What simplifying changed was no edit: keep as written what is there without edits."""
    known = record.written(action)
    if known is None:
        return
    present, values = keys.curves(action, owner.id), known.values.copy()
    for row, channel in enumerate(known.channels):
        if channel in present:
            shown = keys.sample(present[channel], known.frames)
            values[row] = shown - edited.get(channel, np.float32(0.0))
    record.remember(action, known.first, Curves(list(known.channels), [], values))
