"""The animator's whole way, by the buttons: photo, voice, frames."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import bpy
import numpy as np
import pytest
import synthetic
from acting import words

from addon.core.client import Backend
from addon.core.subject_data import SubjectData
from addon.film import sequence
from addon.subject import construct
from addon.subject import objects as subject
from addon.ui import session

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
ADDRESS = os.environ.get("FACEWRIGHT_ADDRESS", "")
needs_backend = pytest.mark.skipif(
    not ADDRESS, reason="needs a backend's address in FACEWRIGHT_ADDRESS"
)
hears = pytest.mark.skipif(not bpy.app.build_options.audaspace, reason="built without sound")


@pytest.fixture
def connected() -> Iterator[None]:
    """A session with the backend that the tests share."""
    session.disconnect()
    session.connect(session.Settings(ADDRESS), lambda *step: None)
    yield
    session.disconnect()


def new_subject(photo: Path, extent: str = "crop") -> subject.SubjectObjects:
    """Press New Subject from Photo."""
    scene = bpy.context.scene
    scene.facewright_subject.photo, scene.facewright_subject.extent = str(photo), extent
    there = set(subject.in_scene(scene))
    assert bpy.ops.facewright.new_subject() == {"FINISHED"}
    (rig,) = set(subject.in_scene(bpy.context.scene)) - there
    bpy.context.view_layer.objects.active = rig
    return subject.find(rig)


@lru_cache(maxsize=1)
def captured() -> SubjectData:
    """Of the example portrait, captured once."""
    with Backend(ADDRESS) as backend:
        return backend.capture(EXAMPLES / "portrait.png")


def build(name: str = "portrait") -> subject.SubjectObjects:
    """What New Subject makes of the example portrait, in no time."""
    blend = Path(bpy.data.filepath)
    folder = blend.with_name(f"{blend.stem}_files") / name
    folder.mkdir(parents=True)
    photo = Path(shutil.copy(EXAMPLES / "portrait.png", folder))
    made = construct.build(captured(), name=name, photo=photo, folder=folder)
    sequence.set_colour(bpy.context.scene)
    bpy.context.view_layer.objects.active = made.rig
    return made


def speak(folder: Path, start: int, seconds: float = 0.6, name: str = "words") -> bpy.types.Strip:
    """Put a part of the example sentence on the timeline, selected alone."""
    there = sequence.strips(bpy.context.scene)
    for other in there:
        other.select = False
    path = words(folder / f"{name}.wav", seconds, 0.3)
    strip = there.new_sound(name, str(path), 1, start)
    strip.select = True
    return strip


def texture(first: int, last: int, **settings: object) -> None:
    """Press Texture Frame Range for these frames, small and quick."""
    scene = bpy.context.scene
    chosen = scene.facewright_texture
    chosen.size, chosen.animator, chosen.geometry = "256", "reproject", "vertices"
    for name, value in settings.items():
        setattr(chosen, name, value)
    scene.frame_start, scene.frame_end = first, last
    assert bpy.ops.facewright.texture() == {"FINISHED"}


def frame_strips() -> list[bpy.types.Strip]:
    """The image strips in the scene's sequencer."""
    return [s for s in sequence.strips(bpy.context.scene) if s.type == "IMAGE"]


def spans() -> list[tuple[int, int]]:
    """First and last frame of each image strip, in time."""
    return sorted((int(s.frame_final_start), int(s.frame_final_end) - 1) for s in frame_strips())


def pictures(strip: bpy.types.Strip) -> dict[int, Path]:
    """Frame -> the file that a strip shows there."""
    folder, first = Path(bpy.path.abspath(strip.directory)), int(strip.frame_final_start)
    return {first + k: folder / element.filename for k, element in enumerate(strip.elements)}


def pixels(path: Path) -> np.ndarray:
    """An 8-bit picture file as an (H, W, 3) int array."""
    image = bpy.data.images.load(str(path))
    values = np.empty(4 * image.size[0] * image.size[1], np.float32)
    image.pixels.foreach_get(values)
    width, height = image.size
    bpy.data.images.remove(image)
    return np.rint(values.reshape(height, width, 4)[::-1, :, :3] * 255).astype(int)


def portrait(path: Path, size: tuple[int, int], left: int, top: int) -> Path:
    """The example portrait, whole, on a patterned picture of ``size``, as a PNG."""
    shown = pixels(EXAMPLES / "portrait.png")
    height, width = shown.shape[:2]
    picture = np.indices(size[::-1]).sum(0)[..., None] * np.array([1, 2, 3]) % 120 + 60
    picture[top : top + height, left : left + width] = shown
    path.write_bytes(synthetic.png(picture.astype(np.uint8)))
    return path
