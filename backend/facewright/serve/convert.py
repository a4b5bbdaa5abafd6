"""Messages -> arrays: lengths, ranges and finiteness are checked where data enters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facewright import checks
from facewright.animate.base import (
    CoefficientGeometry,
    Geometry,
    ImageGeometry,
    VertexGeometry,
)
from facewright.checks import Float32
from facewright.errors import InputError
from facewright.face.model import Part
from facewright.serve.v1 import face_pb2

#: Bounds of weights a client may send: Blender's sliders may overshoot 0..1.
EXPRESSION_RANGE = (-1.0, 2.0)
MAX_ROTATION = 2 * math.pi
MAX_PARTS = max(Part) + 1


def array(field: str, data: bytes, dtype: str, shape: tuple[int, ...]) -> NDArray:
    """A read-only view of ``data`` as little-endian ``dtype`` of ``shape``.

    Raises:
        InputError: ``field`` with the wrong length, or with a number that is not finite.
    """
    kind = np.dtype(dtype).newbyteorder("<")
    expected = math.prod(shape) * kind.itemsize
    if len(data) != expected:
        raise InputError(
            f"{field}: expected {expected} bytes ({np.dtype(dtype).name} {shape}), got {len(data)}"
        )
    values = np.frombuffer(data, kind).reshape(shape)
    if kind.kind == "f" and not np.isfinite(values).all():
        where = np.argwhere(~np.isfinite(values))[0].tolist()
        raise InputError(f"{field}: expected finite numbers, got {values[tuple(where)]} at {where}")
    return values


@dataclass(frozen=True, slots=True)
class FrameRules:
    """What the frames of one stream have to fit.

    Attributes:
        size: side of image frames in pixels.
        vertex_count: of the subject's mesh.
        expression_count: of its shape keys.
        gaze: (4,) what a coefficient frame without gaze means: the photograph's.
        needs_correspondence: image frames must carry uv and parts.
    """

    size: int
    vertex_count: int
    expression_count: int
    gaze: Float32
    needs_correspondence: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """One checked frame; ``arrays`` by the attribute of the geometry it will be part of."""

    index: int
    time_code: float
    kind: type[Geometry]
    arrays: dict[str, NDArray]

    def joins(self, other: Frame) -> bool:
        """Whether both can be in one batch."""
        return self.kind is other.kind and self.arrays.keys() == other.arrays.keys()


def frame(message: face_pb2.GeometryFrame, rules: FrameRules) -> Frame:
    """Check a geometry frame.

    Raises:
        InputError: naming the field, what came and what was expected.
    """
    case = message.WhichOneof("geometry")
    kind: type[Geometry]
    if case == "coefficients":
        kind, arrays = CoefficientGeometry, _coefficients(message.coefficients, rules)
    elif case == "vertices":
        shape = (rules.vertex_count, 3)
        positions = array("vertices.positions", message.vertices.positions, "f4", shape)
        kind, arrays = VertexGeometry, {"vertices": positions}
    elif case == "image":
        kind, arrays = ImageGeometry, _image(message.image, rules)
    else:
        raise InputError("geometry: expected coefficients, vertices or image, got none")
    return Frame(message.index, message.time_code, kind, arrays)


def batch(frames: Sequence[Frame]) -> Geometry:
    """Frames that join each other, as one geometry; arrays gain a leading batch axis."""
    stacked = {key: np.stack([frame.arrays[key] for frame in frames]) for key in frames[0].arrays}
    if "uv" in stacked:
        stacked["uv"] = stacked["uv"].astype(np.float32)
    return frames[0].kind(indices=np.array([f.index for f in frames], np.int64), **stacked)


def time_code(value: float, last: float) -> float:
    """Return ``value`` where it is finite and after ``last``."""
    if not math.isfinite(value):
        raise InputError(f"time_code: expected a finite number of seconds, got {value}")
    if value <= last:
        raise InputError(
            f"time_code: expected more than the last accepted frame's {last:g} s, got {value:g} s; "
            "send frames in increasing time"
        )
    return value


def _coefficients(message: face_pb2.CoefficientFrame, rules: FrameRules) -> dict[str, NDArray]:
    low, high = EXPRESSION_RANGE
    expression = checks.floats(
        "coefficients.expression",
        message.expression,
        (rules.expression_count,),
        low=low,
        high=high,
    )
    pose = checks.floats("coefficients.pose", message.pose or np.zeros(6, np.float32), (6,))
    if float(np.linalg.norm(pose[:3])) > MAX_ROTATION:
        raise InputError(
            f"coefficients.pose: expected a rotation of at most 2 pi radians, got {pose[:3]}"
        )
    gaze = checks.floats("coefficients.gaze", message.gaze or rules.gaze, (4,), low=-1.0, high=1.0)
    return {"expression": expression, "pose": pose, "gaze": gaze}


def _image(message: face_pb2.ImageFrame, rules: FrameRules) -> dict[str, NDArray]:
    size = rules.size
    if (message.width, message.height) != (size, size):
        raise InputError(
            f"image.width, image.height: expected the stream's size {size} x {size}, "
            f"got {message.width} x {message.height}"
        )
    arrays = {"shaded": array("image.shaded", message.shaded, "u1", (size, size, 4))}
    if message.uv:
        arrays["uv"] = array("image.uv", message.uv, "f2", (size, size, 2))
    if message.parts:
        arrays["parts"] = parts = array("image.parts", message.parts, "u1", (size, size))
        if int(parts.max()) > MAX_PARTS:
            raise InputError(
                f"image.parts: expected 0 to {MAX_PARTS} (Part + 1), got {int(parts.max())}"
            )
    if message.depth:
        arrays["depth"] = depth = array("image.depth", message.depth, "f4", (size, size))
        if float(depth.min()) < 0:
            raise InputError(f"image.depth: expected values >= 0, got {float(depth.min()):g}")
    missing = [key for key in ("uv", "parts") if key not in arrays]
    if rules.needs_correspondence and missing:
        raise InputError(
            f"image.{missing[0]}: this animator needs uv and parts with every image; send them, "
            "or send vertices"
        )
    return arrays
