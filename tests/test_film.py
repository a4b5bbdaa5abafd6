"""Frames of a dub do not depend on how it is cut into batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from facewright import film
from facewright.animate import base
from facewright.capture.subject import Subject
from facewright.dub import DubOptions
from facewright.errors import CancelledError, InputError
from facewright.face.library import load_model
from facewright.face.motion import Motion

FRAMES, SIZE = 37, 256


class Blurring:
    """Shows the mean of a weight over five frames as a grey, more steps brighter."""

    name = "blurring"
    summary = "a weight, smoothed over time"
    licence = "Apache-2.0"
    sizes = (256, 512)
    needs_correspondence = False
    reach = 2
    steps = (1, 2, 8)
    preview_steps = 1

    def __init__(self) -> None:
        self.counts: list[int] = []

    def prepare(self, subject: Subject | None, size: int) -> int:
        return size

    def __call__(
        self,
        geometry: base.CoefficientGeometry,
        state: int,
        seed: int = 0,
        *,
        steps: int | None = None,
        check: Callable[[], None] | None = None,
    ) -> np.ndarray:
        for _ in range(base.checked_steps(self, steps)):
            if check is not None:
                check()
        rows = base.window(geometry, self.reach)
        self.counts.append(len(rows))
        level = geometry.expression[rows, 0].mean(1) * 200 + 10 * base.checked_steps(self, steps)
        frames = np.empty((len(rows), state, state, 3), np.uint8)
        frames[:] = (level + seed).astype(np.uint8)[:, None, None, None]
        return frames


@pytest.fixture
def blurring() -> Iterator[Blurring]:
    animator = Blurring()
    base.register("blurring", lambda: animator)
    yield animator
    base._FACTORIES.pop("blurring")


def motion() -> Motion:
    names = load_model().expression_names
    expression = np.zeros((FRAMES, len(names)), np.float32)
    expression[:, 0] = np.random.default_rng(4).uniform(0, 1, FRAMES)
    still = np.zeros((FRAMES, 6), np.float32)
    return Motion(25.0, "default", names, expression, still, still[:, :4])


def made(check: Callable[[], None] | None = None, **options: object) -> np.ndarray:
    wanted = DubOptions(animator="blurring", extent="crop", **options)  # type: ignore[arg-type]
    batches = list(film.animate(None, motion(), wanted, check))  # type: ignore[arg-type]
    return np.concatenate(batches)[:, 0, 0, 0]


def test_batches_leave_no_seams(blurring, monkeypatch) -> None:
    in_batches = made()
    assert len(in_batches) == FRAMES and max(blurring.counts) < FRAMES / 3
    for frames in (FRAMES, 1):
        monkeypatch.setattr(film, "_BATCH_PIXELS", frames * SIZE**2)
        np.testing.assert_array_equal(made(), in_batches)
    # The test can fail: a frame does depend on its neighbours.
    weights = np.pad(motion().expression[:, 0], 2, "edge")
    means = np.lib.stride_tricks.sliding_window_view(weights, 5).mean(1) * 200 + 20
    np.testing.assert_array_equal(in_batches, means.astype(np.uint8))


def test_steps_and_seed_reach_the_animator(blurring) -> None:
    assert (made(steps=4).astype(int) - made() == 20).all()
    with pytest.raises(InputError, match="steps: expected values <= 8, got 9"):
        made(steps=9)


def test_a_dub_stops_between_steps(blurring) -> None:
    called: list[int] = []

    def check() -> None:
        called.append(1)
        if len(called) == 3:
            raise CancelledError("cancelled")

    with pytest.raises(CancelledError):
        made(check, steps=8)
    assert blurring.counts == []
