"""Checks for the boundary, where data enters: shapes, ranges, finiteness."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from facewright.errors import InputError

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]
UInt8 = NDArray[np.uint8]


def floats(
    name: str,
    value: ArrayLike,
    shape: Sequence[int | str | None],
    *,
    low: float | None = None,
    high: float | None = None,
) -> Float32:
    """Return ``value`` as a finite float32 array of the given shape.

    Args:
        name: the argument's name, for the message.
        value: anything NumPy makes an array of.
        shape: one entry per axis: a size, or a letter or None for any size.
        low, high: inclusive bounds of every element.

    Raises:
        InputError: naming the argument, what was expected and what came.
    """
    try:
        array = np.asarray(value, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: expected numbers, got {type(value).__name__}") from error
    _check_shape(name, array, shape)
    if not np.isfinite(array).all():
        where = np.argwhere(~np.isfinite(array))[0].tolist()
        raise InputError(f"{name}: expected finite numbers, got {array[tuple(where)]} at {where}")
    if low is not None and array.size and float(array.min()) < low:
        raise InputError(f"{name}: expected values >= {low}, got {float(array.min()):g}")
    if high is not None and array.size and float(array.max()) > high:
        raise InputError(f"{name}: expected values <= {high}, got {float(array.max()):g}")
    return array


def picture(name: str, value: ArrayLike, *, channels: int = 3) -> UInt8:
    """Return ``value`` as a (H, W, channels) uint8 picture or raise InputError."""
    array = np.asarray(value)
    if array.dtype != np.uint8:
        raise InputError(f"{name}: expected an 8-bit picture (uint8), got {array.dtype}")
    _check_shape(name, array, ("H", "W", channels))
    return array


def number(
    name: str, value: float, *, low: float | None = None, high: float | None = None
) -> float:
    """Return ``value`` as a finite float within [low, high] or raise InputError."""
    return float(floats(name, value, (), low=low, high=high))


def amount(
    name: str, value: float | Float32, count: int, *, low: float, high: float
) -> float | Float32:
    """Return ``value``, a number or (count,) of them, within [low, high] or raise InputError."""
    if np.ndim(value) == 0:
        return number(name, float(value), low=low, high=high)
    return floats(name, value, (count,), low=low, high=high)


def _check_shape(name: str, array: NDArray, shape: Sequence[int | str | None]) -> None:
    fits = array.ndim == len(shape) and all(
        not isinstance(want, int) or want == have
        for want, have in zip(shape, array.shape, strict=False)
    )
    if not fits:
        want = ", ".join("any" if s is None else str(s) for s in shape)
        raise InputError(f"{name}: expected shape ({want}), got {tuple(array.shape)}")
