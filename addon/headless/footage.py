# SPDX-License-Identifier: GPL-3.0-or-later
"""Footage in place of a portrait: its calmest frame, and its own motion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from ..core.client import Backend, Progress
from ..core.client_driving import Followed, track
from ..core.errors import InputError, NoFaceError
from ..film import sequence

#: Frames that were seen less surely than this are no portraits.
_SURE = 0.5
#: What a frame's restlessness weighs: a radian that the head is turned, beside the sum of
#: the weights of its expression.
_TURN = 4.0


@dataclass(frozen=True, slots=True)
class Calm:
    """The frame of footage that is the portrait.

    Attributes:
        seconds: its time.
        score: how far it is from a face at rest; 0 is rest.
    """

    seconds: float
    score: float


def tracked(
    footage: Path,
    backend: Backend,
    progress: Progress,
    *,
    subject_id: str = "",
    fps: float = 0.0,
    face: int = 0,
) -> Followed:
    """The footage's motion, at ``fps`` (0: its own)."""
    return track(backend, footage, subject_id=subject_id, fps=fps, face=face, progress=progress)


def calmest(footage: Path, backend: Backend, progress: Progress, *, face: int = 0) -> Calm:
    """The frame with the least expression and the head most nearly straight.

    Raises:
        NoFaceError: none was seen surely.
    """
    seen = tracked(footage, backend, progress, face=face)
    motion = seen.motion
    restless = np.abs(motion.expression).sum(1)
    restless = restless + _TURN * np.linalg.norm(motion.pose[:, :3], axis=1)
    restless[seen.confidence < _SURE] = np.inf
    best = int(restless.argmin())
    if not np.isfinite(restless[best]):
        raise NoFaceError(f"footage: no frame of {footage} shows a face clearly")
    return Calm(best / motion.fps, float(restless[best]))


def still(footage: Path, seconds: float, picture: Path) -> None:
    """Write one frame of a video as a PNG, its pixels as they are.

    Args:
        footage: the video.
        seconds: of the frame.
        picture: the file to write.

    Raises:
        InputError: Blender cannot read the video.
    """
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    scene = bpy.context.scene
    sequence.set_colour(scene)
    try:
        clip = bpy.data.movieclips.load(str(footage))
        strip = sequence.strips(scene).new_movie(
            name="footage", filepath=str(footage), channel=1, frame_start=1, fit_method="ORIGINAL"
        )
    except RuntimeError as error:
        reason = str(error).strip().removeprefix("Error: ")
        raise InputError(f"footage: Blender cannot open {footage}: {reason}") from error
    width, height = clip.size
    if not width or not height:
        raise InputError(f"footage: Blender cannot open {footage}: it holds no pictures it reads")
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.render.resolution_percentage = 100
    sequence.set_rate(scene, clip.fps)
    strip.colorspace_settings.name = "sRGB"
    last = max(1, clip.frame_duration)
    scene.frame_set(min(last, 1 + round(seconds * clip.fps)))
    render = scene.render
    render.use_sequencer, render.use_compositing = True, False
    if hasattr(render.image_settings, "media_type"):  # Blender 5
        render.image_settings.media_type = "IMAGE"
    render.image_settings.file_format, render.image_settings.color_mode = "PNG", "RGB"
    render.image_settings.color_depth = "8"
    render.filepath = str(picture)
    try:
        bpy.ops.render.render(write_still=True, scene=scene.name)
    except RuntimeError as error:
        reason = str(error).strip().removeprefix("Error: ")
        raise InputError(f"footage: {footage}: {reason}") from error
    if not picture.is_file():
        raise InputError(f"footage: Blender could not read a frame of {footage}")
