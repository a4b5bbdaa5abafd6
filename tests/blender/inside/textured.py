"""A captured subject with a lively performance, textured by the backend that tests share."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import bpy
import numpy as np

from addon.core.cache import FrameCache
from addon.core.client import Backend
from addon.core.shelf import Shelf
from addon.core.subject_data import MotionData, SubjectData
from addon.perform import layers
from addon.subject import construct, objects
from addon.texture import run
from addon.texture.wish import Outcome, Wish

PORTRAIT = Path(__file__).resolve().parents[3] / "examples/portrait.png"
FRAMES = range(1, 13)


@lru_cache(maxsize=1)
def backend() -> Backend:
    """The shared one."""
    return Backend(os.environ["FACEWRIGHT_ADDRESS"])


@lru_cache(maxsize=1)
def captured() -> SubjectData:
    """Of the portrait."""
    return backend().capture(PORTRAIT)


def lively(data: SubjectData, count: int) -> MotionData:
    """Every frame another."""
    rng = np.random.default_rng(2)
    pose = rng.normal(0.0, 0.05, (count, 6)) * [1, 1, 1, 0.1, 0.1, 0.1]
    return MotionData(
        fps=25.0,
        model=data.model,
        names=data.key_names,
        expression=rng.uniform(0.0, 0.4, (count, len(data.key_names))).astype(np.float32),
        pose=pose.astype(np.float32),
        gaze=rng.uniform(-0.2, 0.2, (count, 4)).astype(np.float32),
    )


def build(data: SubjectData, folder: Path, name: str = "her") -> objects.SubjectObjects:
    """The subject with a performance of twelve frames."""
    folder.mkdir()
    photo = folder / "photo.png"
    photo.write_bytes(PORTRAIT.read_bytes())
    who = construct.build(data, name=name, photo=photo, folder=folder)
    layers.place(lively(data, len(FRAMES)), who, layer="speech", name="take", start=1)
    bpy.context.scene.frame_start, bpy.context.scene.frame_end = FRAMES[0], FRAMES[-1]
    return who


class Bench:
    """Textures the subject's frames again and again."""

    def __init__(
        self, who: objects.SubjectObjects, folder: Path, cache: FrameCache | None = None
    ) -> None:
        self.who, self.folder, self.cache = who, folder, cache
        folder.mkdir()

    def __call__(self, frames: range = FRAMES, **options: object) -> Outcome:
        options = {"size": 256, "kind": "vertices", "animator": "reproject"} | options
        wish = Wish(frames, **options)
        return run.texture_range(
            bpy.context.scene,
            self.who,
            wish,
            self.folder,
            lambda report: wish.open(backend(), self.who.subject_id),
            cache=self.cache,
        )

    def bytes(self, frames: range = FRAMES) -> dict[int, bytes]:
        return {frame: (self.folder / Shelf.name(frame)).read_bytes() for frame in frames}


def curve(who: objects.SubjectObjects, name: str) -> bpy.types.FCurve:
    """The F-curve of a shape key's value that is keyed most, wherever this Blender keeps it."""
    path = f'key_blocks["{name}"].value'
    found = []
    for action in bpy.data.actions:
        bags = (
            [bag for layer in action.layers for s in layer.strips for bag in s.channelbags]
            if hasattr(action, "layers")
            else [action]
        )
        found += [c for bag in bags for c in bag.fcurves if c.data_path == path]
    return max(found, key=lambda curve: len(curve.keyframe_points))


def edit(who: objects.SubjectObjects, frames: range, value: float = 0.9) -> None:
    """Set jawOpen's keys of these frames."""
    found = curve(who, "jawOpen")
    for point in found.keyframe_points:
        if round(point.co.x) in frames:
            point.co.y = value
    found.update()
