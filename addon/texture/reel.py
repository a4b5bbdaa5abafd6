# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures in the sequencer as they come, each put there once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import bpy

from ..film import sequence


class Reel:
    """Our image strips of one folder, grown and renewed while pictures come.

    Args:
        scene: whose sequencer.
        folder: that holds the pictures.
        size: their (width, height), which becomes the scene's. Strips of another size go.
        step: frames that each picture is shown for.
        last: frame that the range ends with: the strip has room up to there.
    """

    def __init__(
        self, scene: bpy.types.Scene, folder: Path, size: tuple[int, int], step: int, last: int
    ) -> None:
        self._scene, self._folder, self._size = scene, folder, size
        self._step, self._last = step, last
        self._begun = False
        self._shown: set[int] = set()

    def show(self, names: Mapping[int, str]) -> None:
        """Show pictures that came: frame -> file; those shown before count no more."""
        shown = sorted((frame, name) for frame, name in names.items() if frame not in self._shown)
        if not shown:
            return
        self._shown.update(names)
        if not self._begun:
            self._begin()
        strips = sequence.frame_strips(self._scene, self._folder)
        changed = set()
        for frame, name in shown:
            for place in range(frame, frame + self._step):
                changed |= self._put(strips, place, name)
        for index in changed:
            strips[index].directory = strips[index].directory  # Blender forgets what it kept
        self._join(strips)

    def _begin(self) -> None:
        """Once: make the pictures' size the scene's, and drop strips of another."""
        self._begun = True
        render, (width, height) = self._scene.render, self._size
        render.resolution_x, render.resolution_y = width - width % 2, height - height % 2
        render.resolution_percentage = 100
        sequence.set_colour(self._scene)
        there = sequence.strips(self._scene)
        for strip in sequence.frame_strips(self._scene, self._folder):
            first = strip.elements[0]
            if (first.orig_width, first.orig_height) not in (self._size, (0, 0)):
                there.remove(strip)

    def _put(self, strips: list[bpy.types.Strip], frame: int, name: str) -> set[int]:
        """Let strips show a picture at a frame; the indices of these strips."""
        places = [frame - round(strip.frame_start) for strip in strips]
        # Several, where somebody has cut a strip: each part has all of its pictures.
        found = {k for k, strip in enumerate(strips) if 0 <= places[k] < len(strip.elements)}
        for index in found:
            element = strips[index].elements[places[index]]
            if element.filename != name:
                element.filename = name
        if found:
            return found
        for index, strip in enumerate(strips):
            if places[index] == len(strip.elements) and 0 not in places:
                strip.elements.append(name)
                return {index}
        later = [round(strip.frame_start) for strip in strips if strip.frame_start > frame]
        last = min([max(frame, self._last), *(start - 1 for start in later)])
        strips.append(sequence.begin_frames(self._scene, self._folder / name, frame, last))
        return {len(strips) - 1}

    def _join(self, strips: list[bpy.types.Strip]) -> None:
        """Make one of strips between which nothing is missing any more."""
        strips.sort(key=lambda strip: strip.frame_start)
        there = sequence.strips(self._scene)
        while len(strips) > 1:
            before, after = strips[-2], strips.pop()
            if round(before.frame_start) + len(before.elements) != round(after.frame_start):
                continue
            if before.channel != after.channel:
                continue
            for element in after.elements:
                before.elements.append(element.filename)
            there.remove(after)
