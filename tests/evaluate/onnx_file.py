"""A small ONNX file written by hand: one channel's mean per feature, in Protocol Buffers."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np


def write(path: Path, shape: tuple[int, ...], features: int, seed: int = 0) -> np.ndarray:
    """Write a network that flattens (1, ...) and multiplies by a matrix.

    Returns:
        (features, N) the matrix, N = the input's size.
    """
    size = int(np.prod(shape))
    matrix = np.random.default_rng(seed).normal(0, 1, (features, size)).astype(np.float32)
    weights = _field(1, features) + _field(1, size) + _field(2, 1)
    weights += _text(8, "weights") + _bytes(9, matrix.tobytes())
    graph = _bytes(1, _node("Flatten", ["input"], "flat"))
    transposed = _text(1, "transB") + _field(3, 1) + _field(20, 2)
    graph += _bytes(1, _node("Gemm", ["flat", "weights"], "output", _bytes(5, transposed)))
    graph += _text(2, "test") + _bytes(5, weights)
    graph += _bytes(11, _value("input", shape)) + _bytes(12, _value("output", (1, features)))
    model = _field(1, 8) + _bytes(7, graph) + _bytes(8, _text(1, "") + _field(2, 13))
    path.write_bytes(model)
    return matrix


def _node(kind: str, inputs: list[str], output: str, attributes: bytes = b"") -> bytes:
    named = b"".join(_text(1, name) for name in inputs)
    return named + _text(2, output) + _text(3, output) + _text(4, kind) + attributes


def _value(name: str, shape: tuple[int, ...]) -> bytes:
    sizes = b"".join(_bytes(1, _field(1, size)) for size in shape)
    tensor = _field(1, 1) + _bytes(2, sizes)
    return _text(1, name) + _bytes(2, _bytes(1, tensor))


def _text(number: int, value: str) -> bytes:
    return _bytes(number, value.encode())


def _bytes(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _field(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += struct.pack("B", value & 127 | 128)
        value >>= 7
    return out + struct.pack("B", value)
