# SPDX-License-Identifier: GPL-3.0-or-later
"""What an action of a layer knows about itself, as custom properties of the action.

Layers are found again by these, not by the names of tracks and strips, which are the
animator's to change. A driven action also keeps the numbers that driving wrote, so that
what somebody edited since can be told from what was driven.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from ..subject.channels import Channel
from . import keys
from .channels import Curves

_LAYER, _KIND, _NAME = "facewright_layer", "facewright_kind", "facewright_name"
_FPS, _LEAD = "facewright_fps", "facewright_lead"
_FIRST, _CHANNELS, _WRITTEN = "facewright_first", "facewright_channels", "facewright_written"
#: What an action is for: driven keys, edits of them, constants under a layer, at the bottom.
DRIVEN, EDITS, BASE, REST, HAND = "driven", "edits", "base", "rest", "hand"
_SMALL = 1e-6  # of weights; rounding, not an edit


@dataclass(frozen=True, slots=True)
class Written:
    """What driving wrote: (C, T) float32 ``values`` of ``channels`` from frame ``first`` on."""

    first: int
    channels: tuple[Channel, ...]
    values: np.ndarray

    @property
    def frames(self) -> np.ndarray:
        """(T,) frames of the action."""
        return self.first + np.arange(self.values.shape[1])


def mark(action: bpy.types.Action, layer: str, kind: str, name: str = "") -> None:
    """Say what an action is."""
    action[_LAYER], action[_KIND], action[_NAME] = layer, kind, name


def layer_of(action: bpy.types.Action | None) -> str:
    return action.get(_LAYER, "") if action else ""


def kind_of(action: bpy.types.Action | None) -> str:
    return action.get(_KIND, "") if action else ""


def name_of(action: bpy.types.Action | None) -> str:
    return action.get(_NAME, "") if action else ""


def set_timing(action: bpy.types.Action, fps: float, lead: float | None) -> None:
    """Keep the rate that keys were written for, and frames from the sound's start to them."""
    action[_FPS] = float(fps)
    if lead is None:
        action.pop(_LEAD, None)
    else:
        action[_LEAD] = float(lead)


def fps_of(action: bpy.types.Action) -> float | None:
    return action.get(_FPS)


def lead_of(action: bpy.types.Action) -> float | None:
    return action.get(_LEAD)


def remember(action: bpy.types.Action, first: int, curves: Curves) -> None:
    """Keep the numbers that are written."""
    action[_FIRST] = int(first)
    action[_CHANNELS] = "\n".join(f"{index} {path}" for path, index in curves.channels)
    action.pop(_WRITTEN, None)  # Blender would write a longer array over the old one's end
    action[_WRITTEN] = np.ascontiguousarray(curves.values, np.float32).ravel()


def written(action: bpy.types.Action) -> Written | None:
    """What was kept; None where nothing readable was."""
    if _WRITTEN not in action or not action.get(_CHANNELS):
        return None
    parts = [line.partition(" ") for line in action[_CHANNELS].split("\n")]
    channels = tuple((path, int(index)) for index, _, path in parts)
    data = np.array(action[_WRITTEN], np.float32)  # a copy: the property may be replaced
    return Written(int(action[_FIRST]), channels, data.reshape(len(channels), -1))


def edits(action: bpy.types.Action, owner: bpy.types.ID) -> dict[Channel, np.ndarray]:
    """(T,) differences from what was written, of each channel that somebody changed.

    A channel whose F-curve was deleted is not among them.
    """
    known = written(action)
    if known is None:
        return {}
    present, found = keys.curves(action, owner), {}
    for row, channel in enumerate(known.channels):
        if channel in present:
            change = keys.sample(present[channel], known.frames) - known.values[row]
            if np.abs(change).max() > _SMALL:
                found[channel] = np.where(np.abs(change) > _SMALL, change, 0.0)
    return found
