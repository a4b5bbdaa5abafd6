"""Writes pickles byte by byte as Python 2, NumPy 1 and chumpy wrote them.

FLAME's files come from there, and today's ``pickle`` cannot write them.
"""

from __future__ import annotations

import struct

import numpy as np


class Chumpy:
    """Stands for a chumpy.ch.Ch around an array."""

    def __init__(self, x: np.ndarray) -> None:
        self.x = x


class Csc:
    """Stands for a scipy.sparse.csc.csc_matrix of a dense array."""

    def __init__(self, dense: np.ndarray) -> None:
        self.dense = dense


def dumps(value: object, protocol: int = 2) -> bytes:
    """``value`` (dicts, lists, text, numbers, arrays, Chumpy, Csc) in protocol 0 or 2."""
    head = b"\x80\x02" if protocol == 2 else b""
    return head + _emit(value, protocol) + b"."


def _emit(value: object, protocol: int) -> bytes:
    if isinstance(value, np.ndarray):
        return _array(value, protocol)
    if isinstance(value, Chumpy):
        state = {"x": value.x, "_dirty_vars": [], "_itr": None, "is_valid": True}
        # Protocol 2 calls the class's __new__; protocol 0 goes through copy_reg.
        new = b"cchumpy.ch\nCh\n" + (b")\x81" if protocol == 2 else b"")
        if protocol == 0:
            new = b"ccopy_reg\n_reconstructor\n(cchumpy.ch\nCh\nc__builtin__\nobject\nNtR"
        return new + _emit(state, protocol) + b"b"
    if isinstance(value, Csc):
        columns, rows = np.nonzero(value.dense.T)
        starts = np.searchsorted(columns, np.arange(value.dense.shape[1] + 1))
        state = {
            "_shape": value.dense.shape,
            "maxprint": 50,
            "indices": rows.astype(np.int32),
            "indptr": starts.astype(np.int32),
            "data": value.dense.T[columns, rows],
        }
        new = (
            b"ccopy_reg\n_reconstructor\n(cscipy.sparse.csc\ncsc_matrix\nc__builtin__\nobject\nNtR"
        )
        return new + _emit(state, protocol) + b"b"
    if isinstance(value, dict):
        items = b"".join(_emit(k, protocol) + _emit(v, protocol) + b"s" for k, v in value.items())
        return (b"}" if protocol == 2 else b"(d") + items
    if isinstance(value, list):
        return (b"]" if protocol == 2 else b"(l") + b"".join(
            _emit(item, protocol) + b"a" for item in value
        )
    if isinstance(value, tuple):
        return b"(" + b"".join(_emit(item, protocol) for item in value) + b"t"
    if isinstance(value, str):
        return _string(value.encode("latin-1"), protocol)
    if value is None:
        return b"N"
    if isinstance(value, bool):
        return (b"\x88" if value else b"\x89") if protocol == 2 else b"I0%d\n" % value
    if isinstance(value, int):
        return b"J" + struct.pack("<i", value) if protocol == 2 else b"I%d\n" % value
    raise TypeError(type(value))


def _string(raw: bytes, protocol: int) -> bytes:
    if protocol == 0:
        text = "".join(
            chr(b) if 32 <= b < 127 and chr(b) not in "'\\" else f"\\x{b:02x}" for b in raw
        )
        return b"S'" + text.encode("ascii") + b"'\n"
    if len(raw) < 256:
        return b"U" + bytes([len(raw)]) + raw
    return b"T" + struct.pack("<i", len(raw)) + raw


def _array(array: np.ndarray, protocol: int) -> bytes:
    start = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n"
        + _emit((0,), protocol) + _emit("b", protocol) + b"tR"
    )  # fmt: skip
    dtype = (
        b"cnumpy\ndtype\n(" + _emit(array.dtype.str[1:], protocol) + _emit(0, protocol)
        + _emit(1, protocol) + b"tR"
        + _emit((3, "<", None, None, None, -1, -1, 0), protocol) + b"b"
    )  # fmt: skip
    fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    raw = array.tobytes(order="F" if fortran else "C")
    state = _emit(1, protocol) + _emit(tuple(array.shape), protocol) + dtype
    return start + b"(" + state + _emit(fortran, protocol) + _string(raw, protocol) + b"tb"
