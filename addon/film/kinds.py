# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of movies, and how Blender is told to write each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import bpy

from ..core.errors import InputError

PICTURES = "frame_#####"
#: Where a sound goes that has pictures beside it.
SOUND_NAME = "sound.wav"
_OURS = re.compile(rf"frame_-?\d+\.png|{re.escape(SOUND_NAME)}")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of movie.

    Attributes:
        label, summary: for people.
        suffix: of the file; empty: a folder of pictures.
        profile: of ProRes; empty otherwise.
    """

    label: str
    summary: str
    suffix: str
    profile: str = ""


KINDS = {
    "h264": Kind("H.264", "An .mp4 that plays everywhere, with AAC sound", ".mp4"),
    "prores_422_hq": Kind(
        "ProRes 422 HQ", "A .mov for editing, 10 bits, with uncompressed sound", ".mov", "422_HQ"
    ),
    "prores_4444": Kind(
        "ProRes 4444",
        "A .mov for compositing, 10 bits without chroma subsampling, with uncompressed sound",
        ".mov",
        "4444",
    ),
    "png": Kind("PNG Sequence", "A folder of pictures, exact, with the sound as a .wav", ""),
}


def set_up(scene: bpy.types.Scene, path: str, kind: str) -> None:
    """Make the scene's output render its sequencer as ``kind`` into ``path``.

    Raises:
        InputError: this Blender cannot write it.
    """
    render = scene.render
    render.use_sequencer, render.use_compositing = True, False
    render.use_overwrite, render.use_file_extension = True, True
    render.filepath = path
    picture, coder = render.image_settings, render.ffmpeg
    if hasattr(picture, "media_type"):  # Blender 5
        picture.media_type = "IMAGE" if kind == "png" else "VIDEO"
    picture.file_format = "PNG" if kind == "png" else "FFMPEG"
    picture.color_mode = "RGB"
    if kind == "png":
        picture.color_depth, picture.compression = "8", 15
        return
    coder.audio_channels, coder.audio_mixrate = "STEREO", 48000
    if kind == "h264":
        coder.format, coder.codec = "MPEG4", "H264"
        coder.constant_rate_factor, coder.ffmpeg_preset = "HIGH", "GOOD"
        coder.audio_codec, coder.audio_bitrate = "AAC", 192
        picture.color_depth = "8"
        return
    if not has_prores():
        raise InputError(
            f"format: Blender {bpy.app.version_string} cannot write ProRes; take H.264 or a PNG "
            "sequence, or Blender 4.5 and later"
        )
    coder.format, coder.codec = "QUICKTIME", "PRORES"
    coder.ffmpeg_prores_profile = KINDS[kind].profile
    coder.audio_codec = "PCM"
    picture.color_depth = "10"


def has_prores() -> bool:
    """Whether this Blender writes ProRes."""
    coder = bpy.types.FFmpegSettings.bl_rna.properties
    return "PRORES" in coder["codec"].enum_items and "ffmpeg_prores_profile" in coder


def checked_path(path: Path | str, kind: str) -> Path:
    """``path`` as an absolute path of the right ending.

    Raises:
        InputError: the kind is none, or the path does not fit it.
    """
    if kind not in KINDS:
        raise InputError(f"format: expected one of {', '.join(KINDS)}, got {kind!r}")
    suffix = KINDS[kind].suffix
    result = Path(path).absolute()
    if suffix and result.suffix.lower() != suffix:
        raise InputError(f"output: expected a file ending in {suffix}, got {result.name}")
    if suffix and result.is_dir():
        raise InputError(f"output: {result} is a folder; name a file")
    if not suffix:
        _check_folder(result)
    return result


def _check_folder(folder: Path) -> None:
    """Refuse to put pictures among files of others."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"output: {folder} is a file; name a folder")
    for file in folder.iterdir() if folder.is_dir() else ():
        if not _OURS.fullmatch(file.name):
            raise InputError(
                f"output: {folder} holds other files ({file.name}); name a new or empty folder"
            )
