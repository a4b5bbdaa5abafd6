"""Reading model and mesh files whole, never more than a limit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facewright.errors import InputError
from facewright.media.files import Source, open_source, source_name

#: The largest model file read: the biggest in use (BFM 2019 full head) has about 0.5 GB.
MAX_MODEL_BYTES = 2 << 30


def read_limited(source: Source, name: str, max_bytes: int) -> bytes:
    """The contents of a file (by path) or of bytes, at most ``max_bytes`` of them.

    Raises:
        InputError: absent, not a regular file, empty, or larger than the limit.
    """
    with open_source(source, name) as stream:
        # Read rather than measured: a file may grow, and bytes have no size on disk.
        data = stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise InputError(
            f"{source_name(source, name)}: larger than the {max_bytes:,} bytes allowed"
        )
    return data


def brief(error: BaseException) -> str:
    """What a parser said, on one line of bearable length (some quote the whole file)."""
    text = " ".join(str(error).split())[:160]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def check_model_file(path: Path, kind: str) -> Path:
    """``path``, where it is a regular file of 1 byte to ``MAX_MODEL_BYTES``."""
    with open_source(path, kind):
        pass
    if path.stat().st_size > MAX_MODEL_BYTES:
        raise InputError(f"{path}: larger than the {MAX_MODEL_BYTES:,} bytes allowed")
    return path


def finite(where: str, array: NDArray) -> NDArray[np.float32]:
    """``array`` as float32, or InputError where a number is not finite."""
    values = np.asarray(array)
    if values.dtype.kind not in "fiu":
        raise InputError(f"{where}: expected numbers, got {values.dtype}")
    with np.errstate(over="ignore", invalid="ignore"):
        values = values.astype(np.float32)  # what is too large becomes infinite: found below
    if not np.isfinite(values).all():
        count = int((~np.isfinite(values)).sum())
        raise InputError(f"{where}: {count} numbers are NaN or infinite")
    return values


def indices(where: str, array: NDArray, limit: int) -> NDArray:
    """``array`` as int64 within 0..limit-1, or InputError naming the first that is not."""
    values = np.asarray(array)
    if values.dtype.kind == "f" and np.isfinite(values).all() and (values % 1 == 0).all():
        values = values.astype(np.int64)  # MATLAB keeps indices as doubles
    if values.dtype.kind not in "iu":
        raise InputError(f"{where}: expected whole numbers, got {values.dtype}")
    values = values.astype(np.int64)
    bad = (values < 0) | (values >= limit)
    if bad.any():
        raise InputError(f"{where}: index {int(values[bad][0])} is outside 0..{limit - 1}")
    return values
