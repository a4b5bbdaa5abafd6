# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wanted of a texturing, and what it came to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..core.client import Backend, Progress
from ..core.stream import FrameStream
from ..v1 import service_pb2

#: Opens a stream of the subject, in a thread of its own; told of progress.
Opener = Callable[[Progress], FrameStream]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of a texturing.

    Attributes:
        frames: scene frame numbers, increasing.
        size: side of the crop's frames, pixels.
        animator: name; empty: the backend's default.
        seed, steps, quality: see ``Backend.animate``.
        whole_photo: pictures of the whole photograph, not of the crop.
        kind: of geometry: "image", "vertices" or "auto".
        rho: say weights, pose and gaze beside the geometry.
    """

    frames: range
    size: int = 512
    animator: str = ""
    seed: int = 0
    steps: int = 0
    quality: str = "final"
    whole_photo: bool = False
    kind: str = "auto"
    rho: bool = True

    def open(self, backend: Backend, subject_id: str) -> FrameStream:
        """A stream for it; waits until the backend is prepared."""
        extent = service_pb2.FRAME_EXTENT_CROP
        if self.whole_photo:
            extent = service_pb2.FRAME_EXTENT_PHOTO
        return backend.animate(
            subject_id,
            size=self.size,
            animator=self.animator,
            seed=self.seed,
            steps=self.steps,
            quality=self.quality,
            extent=extent,
        )

    @property
    def asked(self) -> dict[str, Any]:
        """What decides pictures, beside the scene, in JSON's kinds of values."""
        names = ("size", "animator", "seed", "steps", "quality", "whole_photo", "kind", "rho")
        return {name: getattr(self, name) for name in names} | {"step": self.frames.step}


@dataclass(slots=True)
class Outcome:
    """What a texturing came to, also of one that was ended early.

    Attributes:
        wanted: how many frames were asked for.
        came: frames whose pictures are in the folder.
        textured: how many pictures the backend made, all attempts together.
        context: how many more were sent as neighbours.
        failed: frame -> why the backend refused it.
        size: (width, height) of the pictures.
        broken: how often the backend went away.
        evaluating: seconds that Blender took to evaluate frames.
    """

    wanted: int
    came: set[int] = field(default_factory=set)
    textured: int = 0
    context: int = 0
    failed: dict[int, str] = field(default_factory=dict)
    size: tuple[int, int] = (0, 0)
    broken: int = 0
    evaluating: float = 0.0

    @property
    def reused(self) -> int:
        """How many frames were there already."""
        return max(0, len(self.came) - self.textured)
