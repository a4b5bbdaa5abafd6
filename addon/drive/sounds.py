# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a sound or movie strip is heard or seen, when, and from which file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import bpy

from ..core.errors import InputError
from ..film import sound


@dataclass(frozen=True, slots=True)
class Part:
    """A strip's visible part.

    Attributes:
        name: of the strip, unique in its scene.
        start: the scene's frame at which it begins.
        frames: how many.
        offset: seconds into the file at ``start``.
        retimed: whether its speed was changed.
    """

    name: str
    start: int
    frames: int
    offset: float
    retimed: bool

    @property
    def frame_range(self) -> range:
        """Of the scene."""
        return range(self.start, self.start + self.frames)


def all_strips(
    scene: bpy.types.Scene, kind: str
) -> Iterator[tuple[bpy.types.Strip, tuple[float, float]]]:
    """Strips of a type that can be heard or seen, and the time that metas leave them.

    Those in metas are among them; muted ones, and those of muted channels, are not.
    """
    if scene.sequence_editor is not None:
        yield from _within(scene.sequence_editor, kind, (-math.inf, math.inf))


def _within(
    holder: bpy.types.SequenceEditor | bpy.types.MetaStrip, kind: str, window: tuple[float, float]
) -> Iterator[tuple[bpy.types.Strip, tuple[float, float]]]:
    for strip in holder.strips if hasattr(holder, "strips") else holder.sequences:
        if strip.mute or holder.channels[strip.channel].mute:
            continue
        if strip.type == kind:
            yield strip, window
        elif strip.type == "META":
            begin, end = handles(strip)
            yield from _within(strip, kind, (max(window[0], begin), min(window[1], end)))


def named(scene: bpy.types.Scene, name: str, kind: str) -> bpy.types.Strip:
    """The strip of that name, which may have gone while something was waited for."""
    for strip, _ in all_strips(scene, kind):
        if strip.name == name:
            return strip
    raise InputError(f"strip: {name} is gone or muted")


def part_of(
    strip: bpy.types.Strip, fps: float, window: tuple[float, float] = (-math.inf, math.inf)
) -> Part:
    """What is heard or seen of a strip, at the scene's rate.

    Raises:
        InputError: nothing is.
    """
    begin, end = handles(strip)
    keys = retimed_at(strip)
    content = content_start(strip)
    trimmed = getattr(strip, "content_trim_start", None)
    trimmed = strip.animation_offset_start if trimmed is None else trimmed
    late = getattr(strip, "sound_offset", 0.0) if strip.type == "SOUND" else 0.0
    # Handles drawn out beyond the content show nothing there.
    first = math.ceil(max(begin, content + late * fps - trimmed - 1e-4, window[0]))
    last = math.floor(min(end, max([content + _duration(strip), *keys]), window[1]) + 1e-4)
    if last <= first:
        raise InputError(f"strip: nothing of {strip.name} is to be heard or seen")
    return Part(
        name=strip.name,
        start=first,
        frames=last - first,
        offset=max(0.0, (first - content + trimmed) / fps - late),
        retimed=bool(keys),
    )


def content_start(strip: bpy.types.Strip) -> float:
    """The frame at which a strip's content begins, trimmed away or not."""
    value = getattr(strip, "content_start", None)  # Blender 5.1 and later
    return strip.frame_start if value is None else value


def retimed_at(strip: bpy.types.Strip) -> list[int]:
    """Frames of the keys that change a strip's speed; its ends are among them."""
    return [key.timeline_frame for key in getattr(strip, "retiming_keys", ())]


def _duration(strip: bpy.types.Strip) -> float:
    value = getattr(strip, "content_duration", None)  # Blender 5.1 and later
    return strip.frame_duration if value is None else value


def content_frames(strip: bpy.types.Strip) -> float:
    """Frames of all that a strip's file holds, trimmed away or not."""
    if hasattr(strip, "content_trim_start"):
        return _duration(strip) + strip.content_trim_start + strip.content_trim_end
    return _duration(strip) + strip.animation_offset_start + strip.animation_offset_end


def handles(strip: bpy.types.Strip) -> tuple[float, float]:
    """First frame, and the one after the last."""
    if hasattr(strip, "left_handle"):
        return strip.left_handle, strip.right_handle
    return strip.frame_final_start, strip.frame_final_end


def sound_file(strip: bpy.types.Strip, folder: Path) -> Path:
    """The file of a sound strip; packed sounds are unpacked into ``folder``.

    Raises:
        InputError: there is none.
    """
    block = strip.sound
    if block is None:
        raise InputError(f"strip: {strip.name} has no sound")
    if block.packed_file is not None:
        path = folder / (Path(block.filepath.replace("\\", "/")).name or "packed.wav")
        path.write_bytes(block.packed_file.data)
        return path
    return _existing(strip, bpy.path.abspath(block.filepath, library=block.library))


def movie_file(strip: bpy.types.Strip) -> Path:
    """The file of a movie strip.

    Raises:
        InputError: there is none.
    """
    return _existing(strip, bpy.path.abspath(strip.filepath))


def _existing(strip: bpy.types.Strip, name: str) -> Path:
    path = Path(name)
    if not path.is_file():
        raise InputError(f"strip: the file of {strip.name} is not there: {path}")
    return path


def mixed(scene: bpy.types.Scene, strip: bpy.types.Strip, part: Part, folder: Path) -> Path:
    """What Blender plays of one strip, as a file: with its changed speed.

    Raises:
        InputError: a strip before frame 0, where Blender mixes nothing.
        OutputError: Blender could not.
    """
    if part.start < 0:
        raise InputError(
            f"strip: {strip.name} has another speed and begins before frame 0, where Blender "
            "mixes no sound; move it to frame 0 or later"
        )
    path = folder / "mixed.wav"
    with _alone(scene, strip, part):
        sound.write(scene, path, part.frame_range)
    return path


@contextmanager
def _alone(scene: bpy.types.Scene, strip: bpy.types.Strip, part: Part) -> Iterator[None]:
    """The scene's range is the part's, and no other sound is heard."""
    others = [other for other, _ in all_strips(scene, "SOUND") if other.name != strip.name]
    others += [other for other, _ in all_strips(scene, "SCENE")]
    before = (scene.frame_start, scene.frame_end)
    for other in others:
        other.mute = True
    scene.frame_start, scene.frame_end = part.start, part.start + part.frames - 1
    try:
        yield
    finally:
        for other in others:
            other.mute = False
        scene.frame_start, scene.frame_end = before
