# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene of its own for what is exported, so that the user's is not touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import bpy

from ..subject.objects import SubjectObjects

#: Gives a copy the name of its original.
Rename = Callable[[bpy.types.ID, bpy.types.ID], None]


@contextmanager
def empty(frames: range) -> Iterator[bpy.types.Scene]:
    """Show an empty scene of the rate and size of the one that is shown; remove it after.

    So is everything that was made meanwhile.
    """
    before = _all()
    window = bpy.context.window
    shown = window.scene
    views = _views(window)
    scene = bpy.data.scenes.new("Facewright export")
    try:
        for name in ("fps", "fps_base", "resolution_x", "resolution_y", "resolution_percentage"):
            setattr(scene.render, name, getattr(shown.render, name))
        scene.frame_start, scene.frame_end = frames[0], frames[-1]
        scene.unit_settings.scale_length = shown.unit_settings.scale_length
        window.scene = scene
        yield scene
    finally:
        window.scene = shown
        bpy.data.batch_remove([item for item in _all() if item not in before])
        for view, perspective in views:  # one that looked through a camera left it
            view.view_perspective = perspective


def _views(window: bpy.types.Window) -> list[tuple[bpy.types.RegionView3D, str]]:
    """The window's 3-D views, and how each looks."""
    areas = window.screen.areas if window.screen else ()
    views = [area.spaces.active.region_3d for area in areas if area.type == "VIEW_3D"]
    return [(view, view.view_perspective) for view in views if view is not None]


@contextmanager
def shown(subject: SubjectObjects, frames: range) -> Iterator[None]:
    """Show a scene that holds the subject itself, its meshes and camera selected."""
    with empty(frames) as scene:
        wanted = [thing for thing in (*subject.meshes, subject.camera) if thing is not None]
        for thing in {*wanted, subject.rig}:
            scene.collection.objects.link(thing)
        for thing in wanted:
            thing.hide_set(False)
            thing.select_set(True)
        yield


@contextmanager
def named_alike() -> Iterator[Rename]:
    """Lend names: a copy has its original's, which has another for a while."""
    names: list[tuple[bpy.types.ID, bpy.types.ID, str]] = []

    def rename(original: bpy.types.ID, made: bpy.types.ID) -> None:
        name = original.name
        if original.library is None:
            names.append((original, made, name))
            original.name = f"{name} original"
        made.name = name

    try:
        yield rename
    finally:
        for original, made, name in names:
            made.name = f"{name} copy"
            original.name = name


def _all() -> set[bpy.types.ID]:
    """Everything of the kinds that a copy and an exporter make."""
    data = bpy.data
    kinds = (
        data.scenes, data.objects, data.meshes, data.armatures, data.cameras, data.materials,
        data.actions, data.images, data.collections, data.worlds, data.node_groups,
    )  # fmt: skip
    return {item for kind in kinds for item in kind}
