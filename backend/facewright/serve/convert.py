"""Messages -> arrays: lengths, ranges and finiteness are checked where data enters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facewright import checks
from facewright.animate.base import (
    CoefficientGeometry,
    Geometry,
    ImageGeometry,
    Rho,
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
_RHO = ("rho_expression", "rho_pose", "rho_gaze")
_APART = 1 << 33  # beyond any frame number


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
    """One checked frame.

    Attributes:
        index, time_code: the client's.
        kind: of the geometry that it will be part of.
        arrays: by that one's attributes, rho's among them.
        context: there as a neighbour only, not answered.
    """

    index: int
    time_code: float
    kind: type[Geometry]
    arrays: dict[str, NDArray]
    context: bool = False

    @property
    def sort(self) -> tuple:
        """What frames of one batch have in common."""
        return (self.kind, *sorted(self.arrays))

    def joins(self, other: Frame) -> bool:
        """Whether both can be in one batch."""
        return self.kind is other.kind and self.arrays.keys() == other.arrays.keys()

    def follows(self, other: Frame) -> bool:
        """Whether it is the next in time after ``other``."""
        return self.index == other.index + 1 and self.joins(other)


@dataclass(frozen=True, slots=True)
class Portion:
    """Frames of one stream to be rendered together, between their neighbours.

    Attributes:
        frames: that join each other.
        context: how many leading and trailing ones are neighbours only.
    """

    frames: tuple[Frame, ...]
    context: tuple[int, int] = (0, 0)

    def __len__(self) -> int:
        """Frames that are answered."""
        return len(self.frames) - sum(self.context)

    @property
    def sort(self) -> tuple:
        """What portions of one batch have in common."""
        return self.frames[0].sort

    def alone(self, number: int, reach: int) -> Portion:
        """One answered frame, counted from 0, with its neighbours."""
        row = self.context[0] + number
        low, high = max(0, row - reach), min(len(self.frames), row + reach + 1)
        return Portion(self.frames[low:high], (row - low, high - row - 1))


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
    if message.HasField("rho"):
        if case == "coefficients":
            raise InputError("rho: coefficients say it themselves; leave it out beside them")
        known = _coefficients(message.rho, rules, "rho")
        arrays |= {f"rho_{name}": values for name, values in known.items()}
    return Frame(message.index, message.time_code, kind, arrays, message.context)


def batch(portions: Sequence[Portion]) -> Geometry:
    """Portions of one sort as one geometry; arrays gain a leading batch axis.

    Numbers of frames of several portions are set apart, so that none is taken for the
    neighbour of another stream's.
    """
    frames = [frame for portion in portions for frame in portion.frames]
    arrays: dict[str, Any] = {
        key: np.stack([frame.arrays[key] for frame in frames]) for key in frames[0].arrays
    }
    if "uv" in arrays:
        arrays["uv"] = arrays["uv"].astype(np.float32)
    if _RHO[0] in arrays:
        arrays["rho"] = Rho(*(arrays.pop(key) for key in _RHO))
    indices = np.array([frame.index for frame in frames], np.int64)
    if len(portions) == 1:
        arrays["context"] = portions[0].context
    else:
        sizes = [len(portion.frames) for portion in portions]
        indices += np.repeat(np.arange(len(portions)) * _APART, sizes)
        arrays["chosen"] = _chosen(portions)
    return frames[0].kind(indices=indices, **arrays)


def _chosen(portions: Sequence[Portion]) -> NDArray[np.int64]:
    """Rows of the answered frames among those of all portions in a row."""
    rows, first = [], 0
    for portion in portions:
        rows.append(first + portion.context[0] + np.arange(len(portion)))
        first += len(portion.frames)
    return np.concatenate(rows)


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


def _coefficients(
    message: face_pb2.CoefficientFrame, rules: FrameRules, field: str = "coefficients"
) -> dict[str, NDArray]:
    low, high = EXPRESSION_RANGE
    expression = checks.floats(
        f"{field}.expression",
        message.expression,
        (rules.expression_count,),
        low=low,
        high=high,
    )
    pose = checks.floats(f"{field}.pose", message.pose or np.zeros(6, np.float32), (6,))
    if float(np.linalg.norm(pose[:3])) > MAX_ROTATION:
        raise InputError(
            f"{field}.pose: expected a rotation of at most 2 pi radians, got {pose[:3]}"
        )
    gaze = checks.floats(f"{field}.gaze", message.gaze or rules.gaze, (4,), low=-1.0, high=1.0)
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
