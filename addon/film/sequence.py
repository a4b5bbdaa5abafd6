# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound and returned frames in the sequencer, their colour untouched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import bpy
import numpy as np

from ..core.errors import InputError
from .paths import portable

SOUND, FRAMES = "Facewright speech", "Facewright frames"
#: Where the strips go; frames go above where this is taken.
SOUND_CHANNEL, FRAMES_CHANNEL = 1, 2


def strips(scene: bpy.types.Scene) -> bpy.types.bpy_prop_collection:
    """The scene's strips; Blender 5 renamed the collection."""
    editor = scene.sequence_editor or scene.sequence_editor_create()
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def check_editable(scene: bpy.types.Scene) -> None:
    """Refuse a scene whose changes would not be saved.

    Raises:
        InputError: it is linked from another file.
    """
    if scene.library is not None:
        raise InputError(
            f"scene: {scene.name} is linked from {Path(scene.library.filepath).name}; open that "
            "file, or work in a scene of this one"
        )


def set_rate(scene: bpy.types.Scene, fps: float) -> None:
    """Give the scene any frame rate: 23.976 becomes 24 / 1.001."""
    whole = max(1, round(fps))
    scene.render.fps, scene.render.fps_base = whole, whole / fps


def set_colour(scene: bpy.types.Scene) -> None:
    """Make the sequencer pass 8-bit sRGB pictures through unchanged.

    Blender's own default (AgX) is for scene-linear renders and would change returned
    frames; dithering would add noise of one step.
    """
    scene.display_settings.display_device = "sRGB"
    view = scene.view_settings
    view.view_transform, view.look = "Standard", "None"
    view.exposure, view.gamma = 0.0, 1.0
    view.use_curve_mapping = False
    if hasattr(view, "use_white_balance"):
        view.use_white_balance = False
    scene.sequencer_colorspace_settings.name = "sRGB"
    scene.render.dither_intensity = 0.0


def place_sound(scene: bpy.types.Scene, path: Path, start: int = 1) -> bpy.types.Strip:
    """Put a sound on the timeline, in place of the one that was put before.

    Raises:
        InputError: Blender cannot read it, or was built without sound.
    """
    _remove(scene, SOUND)
    try:
        strip = strips(scene).new_sound(
            name=SOUND, filepath=portable(path), channel=SOUND_CHANNEL, frame_start=start
        )
    except RuntimeError as error:
        reason = str(error).strip().removeprefix("Error: ")
        raise InputError(f"speech: Blender cannot open {path}: {reason}") from error
    if strip.sound.samplerate <= 0:
        strips(scene).remove(strip)
        raise InputError(f"speech: Blender cannot open {path}: it holds no sound that it reads")
    return strip


def place_frames(
    scene: bpy.types.Scene,
    folder: Path,
    names: Sequence[str],
    start: int,
    size: tuple[int, int],
) -> list[bpy.types.Strip]:
    """Put pictures on the timeline as an image strip.

    Pictures of the same folder and size that were placed before stay where these are not,
    so that a part can be textured anew; a gap between them makes a strip of its own.

    Args:
        folder: that holds them.
        names: files of consecutive frames; at least one.
        start: the scene's frame of the first.
        size: their (width, height), which becomes the scene's: nothing is scaled. Movies
            have even sizes, so an odd picture loses a row or column.

    Returns:
        The strips, in time; one where there is no gap.
    """
    scene.render.resolution_x, scene.render.resolution_y = (side - side % 2 for side in size)
    scene.render.resolution_percentage = 100
    shown = _take_frames(scene, portable(folder / names[0]), size)
    shown |= {start + index: name for index, name in enumerate(names)}
    frames = np.array(sorted(shown))
    made = []
    for run in np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1):
        first, last = int(run[0]), int(run[-1])
        strip = begin_frames(scene, folder / shown[first], first, last)
        for frame in range(first + 1, last + 1):
            strip.elements.append(shown[frame])
        strip.frame_final_duration = len(run)
        made.append(strip)
    return made


def begin_frames(
    scene: bpy.types.Scene, picture: Path, frame: int, last: int | None = None
) -> bpy.types.Strip:
    """An image strip of one picture at ``frame``, where it has room to grow up to ``last``."""
    strip = strips(scene).new_image(
        name=FRAMES,
        filepath=portable(picture),
        channel=_free_channel(scene, frame, frame if last is None else last),
        frame_start=frame,
        fit_method="ORIGINAL",
    )
    strip.colorspace_settings.name = "sRGB"
    return strip


def frame_strips(scene: bpy.types.Scene, folder: Path) -> list[bpy.types.Strip]:
    """Our image strips that show pictures of a folder, in time."""
    found = [
        strip
        for strip in strips(scene)
        if strip.type == "IMAGE"
        and strip.name.startswith(FRAMES)
        and Path(bpy.path.abspath(strip.directory)) == folder
    ]
    return sorted(found, key=lambda strip: strip.frame_start)


def _take_frames(scene: bpy.types.Scene, sample: str, size: tuple[int, int]) -> dict[int, str]:
    """Remove our image strips of the folder that ``sample`` is in; frame -> file of each."""
    found: dict[int, str] = {}
    folder = Path(bpy.path.abspath(sample)).parent
    there = strips(scene)
    for strip in frame_strips(scene, folder):  # another subject's stay
        first = strip.elements[0]
        if (first.orig_width, first.orig_height) in (size, (0, 0)):  # 0: not loaded yet
            begin = round(strip.frame_start)
            names = [element.filename for element in strip.elements]
            found |= {begin + index: name for index, name in enumerate(names)}
        there.remove(strip)
    return found


def _free_channel(scene: bpy.types.Scene, first: int, last: int) -> int:
    """The lowest channel from ours up without a strip in these frames."""
    taken = {
        strip.channel
        for strip in strips(scene)
        if strip.frame_final_start <= last and strip.frame_final_end > first
    }
    channel = FRAMES_CHANNEL
    while channel in taken:
        channel += 1
    return channel


def _remove(scene: bpy.types.Scene, name: str) -> None:
    there = strips(scene)
    for strip in [strip for strip in there if strip.name == name]:
        there.remove(strip)
