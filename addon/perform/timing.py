# SPDX-License-Identifier: GPL-3.0-or-later
"""Where in a scene's time the things are that motions are driven from."""

from __future__ import annotations

import bpy


def rate(scene: bpy.types.Scene) -> float:
    """Frames a second."""
    return scene.render.fps / scene.render.fps_base


def sources(scene: bpy.types.Scene) -> dict[str, float]:
    """Sound and movie strips, those in metas too -> the frame that their content begins at."""
    editor = scene.sequence_editor
    if editor is None:
        return {}
    strips = editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all
    return {strip.name: _content(strip) for strip in strips if strip.type in ("SOUND", "MOVIE")}


def _content(strip: bpy.types.Strip) -> float:
    """Blender 5.1 renamed it."""
    return strip.content_start if hasattr(strip, "content_start") else strip.frame_start
