"""What ``inert_pickle`` makes of foreign objects, and the arrays that they hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from facewright.errors import InputError

#: Modules whose objects are kept as records.
SPARSE = re.compile(r"scipy\.sparse\._?(csc|csr|coo)")
CHUMPY = re.compile(r"chumpy(\.[a-z_]+)*")


@dataclass(frozen=True, slots=True)
class Name:
    """A global that the pickle mentions; only a name here."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(slots=True)
class Record:
    """An object of a known foreign class: its class's name and its state, inert."""

    kind: Name
    arguments: tuple = ()
    state: Any = None


def as_array(value: Any, where: str) -> np.ndarray:
    """A NumPy array from an array, a list of numbers, a chumpy or a sparse record.

    Raises:
        InputError: it is something else, or a sparse matrix that contradicts itself.
    """
    if isinstance(value, Record) and CHUMPY.fullmatch(value.kind.module):
        state = value.state
        if value.kind.name != "Ch" or not isinstance(state, dict) or "x" not in state:
            raise InputError(f"{where}: a chumpy {value.kind.name}, which is not a plain array")
        return as_array(state["x"], where)
    if isinstance(value, Record):
        return _dense(value, where)
    # Flat lists only: nested ones may share rows and unfold without end.
    flat = isinstance(value, (list, tuple)) and all(isinstance(v, (int, float)) for v in value)
    if flat or isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        if array.dtype.kind in "biuf":
            return array
        raise InputError(f"{where}: expected numbers, got {array.dtype}")
    raise InputError(f"{where}: expected an array, got {type(value).__name__}")


def _dense(record: Record, where: str) -> np.ndarray:
    """A scipy.sparse csc or csr matrix laid out in full, its indices checked first."""
    state = record.state if isinstance(record.state, dict) else {}
    kind = record.kind.name[:3]
    shape = state.get("_shape", state.get("shape"))
    if kind not in ("csc", "csr") or not {"indices", "indptr", "data"} <= set(state):
        raise InputError(f"{where}: expected an array or a csc matrix, got {record.kind}")
    if not isinstance(shape, tuple) or len(shape) != 2 or not all(
        isinstance(size, (int, np.integer)) and 0 <= size <= 1 << 24 for size in shape
    ) or int(shape[0]) * int(shape[1]) > 1 << 28:  # fmt: skip
        raise InputError(f"{where}: a sparse matrix of an unusable shape")
    major, minor = (shape[1], shape[0]) if kind == "csc" else shape
    values = as_array(state["data"], where)
    inner, starts = as_array(state["indices"], where), as_array(state["indptr"], where)
    if (
        starts.shape != (major + 1,)
        or inner.shape != values.shape
        or inner.ndim != 1
        or inner.dtype.kind not in "iu"
        or starts.dtype.kind not in "iu"
        or starts[0] != 0
        or (np.diff(starts.astype(np.int64)) < 0).any()
        or starts[-1] != len(inner)
        or (len(inner) and (int(inner.min()) < 0 or int(inner.max()) >= minor))
    ):
        raise InputError(f"{where}: a sparse matrix that contradicts itself")
    dense = np.zeros((major, minor))
    outer = np.repeat(np.arange(major), np.diff(starts.astype(np.int64)))
    np.add.at(dense, (outer, inner), values)
    return dense.T if kind == "csc" else dense
