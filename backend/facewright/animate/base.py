"""What an animator takes and gives, and how one is found by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from facewright.capture.subject import Subject
from facewright.checks import Float32, UInt8
from facewright.errors import InputError


@dataclass(frozen=True, slots=True)
class CoefficientGeometry:
    """Frames given as what moves; identity, texture and light are the subject's.

    Attributes:
        indices: (B,) int64 frame numbers.
        expression: (B, K_exp) beta, for the subject's model.
        pose: (B, 6) relative to the subject's neutral pose, as in ``Motion.pose``.
        gaze: (B, 4) omega.
    """

    indices: Any
    expression: Float32
    pose: Float32
    gaze: Float32


@dataclass(frozen=True, slots=True)
class VertexGeometry:
    """Frames given as the subject's mesh, posed by whoever posed it.

    Attributes:
        indices: (B,) int64 frame numbers.
        vertices: (B, V, 3) in the camera's space, model units, the model's order.
    """

    indices: Any
    vertices: Float32


@dataclass(frozen=True, slots=True)
class ImageGeometry:
    """Frames given as a render of the subject's mesh.

    Attributes:
        indices: (B,) int64 frame numbers.
        shaded: (B, H, W, 4) uint8 sRGB and coverage.
        uv: (B, H, W, 2) float32 atlas coordinates at pixel centres, or None.
        parts: (B, H, W) uint8 part ids + 1 (0 = nothing), or None.
        depth: (B, H, W) float32 distance along the view axis, or None.
    """

    indices: Any
    shaded: UInt8
    uv: Float32 | None = None
    parts: UInt8 | None = None
    depth: Float32 | None = None


Geometry = CoefficientGeometry | VertexGeometry | ImageGeometry


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

    def prepare(self, subject: Subject, size: int) -> Any:
        """What is computed once per subject, for frames of ``size`` x ``size``."""
        ...

    def __call__(self, geometry: Geometry, state: Any, seed: int = 0) -> UInt8:
        """(B, size, size, 3) uint8 sRGB frames of the subject's crop."""
        ...


_FACTORIES: dict[str, Callable[[], Animator]] = {}


def register(name: str, factory: Callable[[], Animator]) -> None:
    """Make an animator known by name."""
    _FACTORIES[name] = factory


def names() -> tuple[str, ...]:
    """Names of the animators there are."""
    return tuple(sorted(_FACTORIES))


def create(name: str) -> Animator:
    """The animator called ``name``."""
    if name not in _FACTORIES:
        raise InputError(f"animator: {name!r} is not one of {', '.join(names())}")
    return _FACTORIES[name]()
