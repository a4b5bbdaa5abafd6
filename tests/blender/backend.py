"""`facewright` with two animators more: frames that depend on their neighbours, plain pictures.

    python tests/blender/backend.py serve ...

``blended`` is ``reproject`` averaged over three frames, with as many shades of grey mixed
in as steps are taken, so that a test sees neighbours, steps and seed in the pictures.
``shown`` answers what was drawn, of meshes without correspondence with the photo too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from facewright import cli
from facewright.animate import base
from facewright.animate.reproject import Reproject


class Blended(Reproject):
    """The mean of a frame and its neighbours, paler with more steps and another seed."""

    name = "blended"
    summary = "three frames in one, for tests"
    reach = 1
    steps = (1, 4, 20)
    preview_steps = 2

    def __init__(self) -> None:
        self._plain = Reproject()

    def __call__(
        self,
        geometry: base.Geometry,
        state: Any,
        seed: int = 0,
        *,
        steps: int | None = None,
        check: Callable[[], None] | None = None,
    ) -> np.ndarray:
        count = base.checked_steps(self, steps)
        rows = base.window(geometry, self.reach)
        needed, where = np.unique(rows, return_inverse=True)
        drawn = self._plain(base.rows_of(geometry, needed), state, check=check)
        mean = drawn[where.reshape(rows.shape)].astype(np.float32).mean(1)
        return (mean * (1 - 0.02 * count) + seed).clip(0, 255).astype(np.uint8)


class Shown(Reproject):
    """The pictures that came, over black."""

    name = "shown"
    summary = "what was drawn, for tests"
    needs_correspondence = False

    def __call__(
        self,
        geometry: base.Geometry,
        state: Any,
        seed: int = 0,
        *,
        steps: int | None = None,
        check: Callable[[], None] | None = None,
    ) -> np.ndarray:
        base.checked_steps(self, steps)
        assert isinstance(geometry, base.ImageGeometry)
        assert geometry.uv is None and geometry.parts is None
        shaded = np.asarray(geometry.shaded)[base.answered(geometry)]
        return shaded[..., :3] * (shaded[..., 3:] > 127)


base.register(Blended.name, Blended)
base.register(Shown.name, Shown)
sys.exit(cli.run(sys.argv[1:]))
