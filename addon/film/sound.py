# SPDX-License-Identifier: GPL-3.0-or-later
"""The sequencer's sound as a file of its own."""

from __future__ import annotations

import wave
from pathlib import Path

import bpy

from ..core.errors import OutputError
from .sequence import strips

RATE, CHANNELS, BYTES = 48000, 2, 2


def heard(scene: bpy.types.Scene) -> bool:
    """Whether this Blender would play anything of the scene."""
    return bpy.app.build_options.audaspace and any(
        strip.type == "SOUND" and not strip.mute for strip in strips(scene)
    )


def write(scene: bpy.types.Scene, path: Path, frames: range) -> None:
    """Mix the sound strips of ``frames``, the scene's range, down to 16-bit stereo WAV.

    Blender mixes whole blocks; the end is cut, or filled with silence, to the length of the
    frames.

    Raises:
        OutputError: Blender could not.
    """
    try:
        with bpy.context.temp_override(scene=scene):
            bpy.ops.sound.mixdown(
                filepath=str(path),
                check_existing=False,
                container="WAV",
                codec="PCM",
                format="S16",
                mixrate=RATE,
                channels="STEREO",
            )
        with wave.open(str(path), "rb") as mixed:
            data = mixed.readframes(mixed.getnframes())
    except (RuntimeError, OSError, EOFError, wave.Error) as error:
        reason = str(error).strip().removeprefix("Error: ")
        raise OutputError(f"{path.name}: Blender could not mix the sound: {reason}") from error
    seconds = len(frames) * scene.render.fps_base / scene.render.fps
    size = round(seconds * RATE) * CHANNELS * BYTES
    with wave.open(str(path), "wb") as cut:
        cut.setnchannels(CHANNELS)
        cut.setsampwidth(BYTES)
        cut.setframerate(RATE)
        cut.writeframes(data[:size].ljust(size, b"\0"))


def warning(scene: bpy.types.Scene) -> str:
    """What to tell people whose movie will be silent though it has sound; else empty."""
    strip = any(strip.type == "SOUND" and not strip.mute for strip in strips(scene))
    if strip and not bpy.app.build_options.audaspace:
        return "This Blender was built without sound: the movie is silent"
    return ""
