# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody edited inside a driven strip survives driving it again."""

from __future__ import annotations

import bpy
import numpy as np

from ..subject.channels import Channel
from . import keys, record, stack, timing
from .channels import Owner


def keep(
    owner: Owner, strip: bpy.types.NlaStrip, layer: str, name: str, start: int, count: int
) -> tuple[str, ...]:
    """Move the edits of a driven strip to the strip of edits above it.

    Args:
        owner: whose stack.
        strip: about to be driven again.
        layer: of the strip.
        name: of the strip.
        start: frame where the new motion will start.
        count: of its frames; edits beyond are lost with the frames they were on.

    Returns:
        A note that says what was kept.
    """
    changed = record.edits(strip.action, owner.id)
    held = stack.strips(owner, layer, record.EDITS, name)
    known = record.written(strip.action)
    if not changed and not held:
        return ()
    known_fps, now = record.fps_of(strip.action), timing.rate(bpy.context.scene)
    ratio = now / known_fps if known_fps else 1.0
    total = {channel: _fitted(change, count, ratio) for channel, change in changed.items()}
    if held:
        track, above = held[0]
        was = above.action
        frames = above.action_frame_start + np.arange(known.values.shape[1] if known else count)
        for channel, curve in keys.curves(was, owner.id).items():
            old = _fitted(keys.sample(curve, frames), count, ratio)
            total[channel] = total.get(channel, 0.0) + old
        stack.drop(owner, track, above)
    _write(owner, strip, layer, name, start, count, total)
    names = [_short(channel) for channel in changed]
    if not names:
        return ()
    some = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
    return (f"Edits of {some} in {name} were kept, in the strip above it: {name} edits",)


def _fitted(values: np.ndarray, count: int, ratio: float = 1.0) -> np.ndarray:
    """(T,) values at ``ratio`` times their rate, cut or continued with zeros to ``count``."""
    if abs(ratio - 1.0) > 1e-6:
        at = np.arange(count) / ratio
        return np.interp(at, np.arange(len(values)), values, right=0.0).astype(np.float32)
    result = np.zeros(count, np.float32)
    result[: min(count, len(values))] = values[:count]
    return result


def _write(
    owner: Owner,
    strip: bpy.types.NlaStrip,
    layer: str,
    name: str,
    start: int,
    count: int,
    total: dict[Channel, np.ndarray],
) -> None:
    """A strip of offsets, with keys where they are and zeros around them."""
    action = keys.new_action(owner.id, f"{name} edits {owner.word}")
    record.mark(action, layer, record.EDITS, name)
    frames = start + np.arange(count)
    for channel, offsets in total.items():
        there = offsets != 0.0
        if there.any():
            near = there.copy()
            near[1:] |= there[:-1]
            near[:-1] |= there[1:]
            keys.write(action, owner.id, [channel], frames[near], offsets[near][None])
    if not len(keys.bag(action, owner.id).fcurves):
        bpy.data.actions.remove(action)
        return
    end = max(int(frames[-1]), start + 1)
    above = stack.put(owner, f"{layer} edits", f"{name} edits", action, start, end, first=start)
    above.blend_type, above.use_sync_length, above.mute = "ADD", False, strip.mute
    stack.copy_influence(strip, above)


def _short(channel: Channel) -> str:
    """A channel as people call it."""
    path, index = channel
    if path.startswith("key_blocks"):
        return path.split('"')[1]
    return path.rpartition(".")[2].strip('[]"').rpartition('["')[2] + "xyz"[index]
