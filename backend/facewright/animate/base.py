"""What an animator takes and gives, and how one is found by name.

A frame's pixels depend on the frame, on its neighbours within the animator's ``reach``,
and on the subject, the seed, the steps and the weights: on nothing else. So any frame can
be made again alone, from its neighbours' geometry, and batches leave no seams.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from facewright import checks
from facewright.capture.subject import Subject
from facewright.checks import Float32, UInt8
from facewright.errors import InputError

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rho:
    """What is known of rho (TGDM eq. 6) beside geometry that somebody else posed.

    Attributes:
        expression: (N, K_exp) beta, for the subject's model.
        pose: (N, 6) relative to the subject's neutral pose, as in ``Motion.pose``.
        gaze: (N, 4) omega.
    """

    expression: Float32
    pose: Float32
    gaze: Float32


@dataclass(frozen=True, slots=True)
class CoefficientGeometry:
    """N frames given as what moves; identity, texture and light are the subject's.

    Attributes:
        indices: (N,) int64 frame numbers; neighbours in time have neighbouring numbers.
        expression: (N, K_exp) beta, for the subject's model.
        pose: (N, 6) relative to the subject's neutral pose, as in ``Motion.pose``.
        gaze: (N, 4) omega.
        context: how many leading and trailing frames are there as neighbours only; the
            other B = N - sum(context) frames are answered.
        chosen: (B,) the rows that are answered where these are others, as in a batch of
            several clips; None otherwise. See ``answered``, which knows both.
    """

    indices: Any
    expression: Float32
    pose: Float32
    gaze: Float32
    context: tuple[int, int] = (0, 0)
    chosen: Rows | None = None

    @property
    def rho(self) -> Rho:
        """The same numbers, as every kind of geometry has them."""
        return Rho(self.expression, self.pose, self.gaze)


@dataclass(frozen=True, slots=True)
class VertexGeometry:
    """N frames given as the subject's mesh, posed by whoever posed it.

    Attributes:
        indices, context, chosen: as in ``CoefficientGeometry``.
        vertices: (N, V, 3) in the camera's space, model units, the model's order.
        rho: of the same frames, or None where it is not known.
    """

    indices: Any
    vertices: Float32
    rho: Rho | None = None
    context: tuple[int, int] = (0, 0)
    chosen: Rows | None = None


@dataclass(frozen=True, slots=True)
class ImageGeometry:
    """N frames given as a render of the subject's mesh.

    Attributes:
        indices, context, chosen: as in ``CoefficientGeometry``.
        shaded: (N, H, W, 4) uint8 sRGB and coverage.
        uv: (N, H, W, 2) float32 atlas coordinates at pixel centres, or None.
        parts: (N, H, W) uint8 part ids + 1 (0 = nothing), or None.
        depth: (N, H, W) float32 distance along the view axis, or None.
        rho: of the same frames, or None where it is not known.
    """

    indices: Any
    shaded: UInt8
    uv: Float32 | None = None
    parts: UInt8 | None = None
    depth: Float32 | None = None
    rho: Rho | None = None
    context: tuple[int, int] = (0, 0)
    chosen: Rows | None = None


Geometry = CoefficientGeometry | VertexGeometry | ImageGeometry
G = TypeVar("G", CoefficientGeometry, VertexGeometry, ImageGeometry, Geometry)


def answered(geometry: Geometry) -> Rows:
    """(B,) rows of the batch that are answered: all but its context, or those chosen.

    Raises:
        InputError: for a context that leaves no frame, or rows that are not there.
    """
    count = len(geometry.indices)
    if geometry.chosen is not None:
        rows = np.asarray(geometry.chosen, np.int64)
        if rows.ndim != 1 or not len(rows) or rows.min() < 0 or rows.max() >= count:
            raise InputError(
                f"geometry.chosen: expected rows in 0..{count - 1}, got {geometry.chosen}"
            )
        return rows
    lead, trail = geometry.context
    if min(lead, trail) < 0 or lead + trail >= count:
        raise InputError(
            f"geometry.context: expected two counts that leave one of {count} frames or more, "
            f"got {geometry.context}"
        )
    return np.arange(lead, count - trail)


def window(geometry: Geometry, reach: int) -> Rows:
    """(B, 2 reach + 1) rows of the batch: each answered frame in its middle column, the
    frames around it beside it.

    ``array[window(geometry, r)]`` is (B, 2 r + 1, ...). Where a frame's number is not
    followed by the next (a clip's ends, a gap), the edge frame is repeated.
    """
    numbers = np.asarray(geometry.indices, np.int64)
    middle = answered(geometry)
    rows = np.repeat(middle[:, None], 2 * reach + 1, axis=1)
    for side in (-1, 1):
        for step in range(1, reach + 1):
            near = rows[:, reach + side * (step - 1)]
            far = np.clip(near + side, 0, len(numbers) - 1)
            follows = numbers[far] == numbers[middle] + side * step
            rows[:, reach + side * step] = np.where(follows, far, near)
    return rows


def rows_of(geometry: G, rows: Any) -> G:
    """The frames at ``rows``, all of them answered."""
    return dataclasses.replace(
        geometry,
        context=(0, 0),
        chosen=None,
        **{
            field.name: _taken(getattr(geometry, field.name), rows)
            for field in dataclasses.fields(geometry)
            if field.name not in ("context", "chosen")
        },
    )


def _taken(value: Any, rows: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, Rho):
        return Rho(value.expression[rows], value.pose[rows], value.gaze[rows])
    return np.asarray(value)[rows]


class Animator(Protocol):
    """Subject and geometry in, frames out; stateless between frames."""

    name: str
    #: One line for a user who chooses.
    summary: str
    #: SPDX expression of the weights, or of the code where there are none.
    licence: str
    #: Sides of the frames that clients may ask for, in pixels.
    sizes: tuple[int, ...]
    #: Whether ``ImageGeometry`` has to come with uv and parts.
    needs_correspondence: bool
    #: Frames either side that a frame looks at.
    reach: int
    #: Least, default and most sampling steps; None where there is nothing to sample.
    steps: tuple[int, int, int] | None
    #: Steps of a quick look, within the same bounds; None where ``steps`` is.
    preview_steps: int | None
    #: SHA-256 of the weights' file, hex; empty where there are none.
    weights_sha256: str

    def prepare(self, subject: Subject, size: int) -> Any:
        """What is computed once per subject, for frames of ``size`` x ``size``."""
        ...

    def __call__(
        self,
        geometry: Geometry,
        state: Any,
        seed: int = 0,
        *,
        steps: int | None = None,
        check: Callable[[], None] | None = None,
    ) -> UInt8:
        """(B, size, size, 3) uint8 sRGB frames of the subject's crop.

        Args:
            geometry: N >= B frames, see its ``context``.
            state: what ``prepare`` gave.
            seed: of what is random; the same seed gives the same frames.
            steps: sampling steps, None for the default.
            check: called between steps; what it raises ends the work.

        Raises:
            InputError: for geometry that does not fit, or steps out of bounds.
        """
        ...


def checked_steps(animator: Animator, steps: int | None) -> int:
    """The steps that an animator takes where a caller asks for ``steps``; 0: it has none.

    Raises:
        InputError: naming the bounds.
    """
    if animator.steps is None:
        if steps is not None:
            raise InputError(
                f"steps: animator {animator.name!r} has no sampling steps, got {steps}; leave "
                "steps out or choose another animator"
            )
        return 0
    least, default, most = animator.steps
    if steps is None:
        return default
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)):
        raise InputError(f"steps: expected a whole number, got {steps!r}")
    checks.number("steps", int(steps), low=least, high=most)
    return int(steps)


_FACTORIES: dict[str, Callable[..., Animator]] = {}


def register(name: str, factory: Callable[..., Animator]) -> None:
    """Make an animator known by name.

    Args:
        name: what users ask for.
        factory: makes it; one that has weights takes a file's path, or none for its own.
    """
    _FACTORIES[name] = factory


def names() -> tuple[str, ...]:
    """Names of the animators there are."""
    return tuple(sorted(_FACTORIES))


def create(name: str, weights: Path | None = None, *, device: str | None = None) -> Animator:
    """The animator called ``name``.

    Args:
        name: one of :func:`names`.
        weights: a file to take the place of those that ship.
        device: "cpu", "cuda:0", ... for animators that compute on one; they choose if None.

    Raises:
        InputError: for an unknown name, and for weights where there are none to replace.
    """
    if name not in _FACTORIES:
        raise InputError(f"animator: {name!r} is not one of {', '.join(names())}")
    factory = _FACTORIES[name]
    known = inspect.signature(factory).parameters
    chosen = {"device": device} if device is not None and "device" in known else {}
    if weights is None:
        return factory(**chosen)
    if not known:
        raise InputError(f"animator: {name!r} takes no weights, got {weights}")
    return factory(weights, **chosen)
