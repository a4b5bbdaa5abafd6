"""A Wavefront OBJ parser that keeps every vertex in its place.

Morphable models identify vertices by their order in the file, which general mesh readers
do not promise to keep. This one reads positions, texture coordinates, polygons and
material names with whole-array operations, and nothing else (no .mtl, no textures).
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facewright.checks import Float32, Int32
from facewright.errors import InputError
from facewright.face.reading import brief, finite, indices, read_limited

#: An OBJ of a face has a few MB; a file that unpacks to more is refused.
MAX_OBJ_BYTES = 256 << 20

_POSITIONS = re.compile(rb"^v[ \t]+([^\r\n]*)", re.MULTILINE)
_COORDINATES = re.compile(rb"^vt[ \t]+([^\r\n]*)", re.MULTILINE)
_POLYGONS = re.compile(rb"^f[ \t]+([^\r\n]*)", re.MULTILINE)
_MATERIALS = re.compile(rb"^usemtl[ \t]+([^\r\n]*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class WavefrontMesh:
    """Triangles of an OBJ file, polygons cut into fans.

    Attributes:
        vertices: (V, 3) float32, in the order of the file.
        triangles: (F, 3) int32.
        uvs: (U, 2) float32; U is 0 where the file has none.
        uv_triangles: (F, 3) int32; zeros where the file has none.
        materials: names, in the order of their first use.
        triangle_materials: (F,) int32, rows of ``materials``; -1 before the first.
    """

    vertices: Float32
    triangles: Int32
    uvs: Float32
    uv_triangles: Int32
    materials: tuple[str, ...]
    triangle_materials: Int32


def read_text(path: Path) -> bytes:
    """Contents of an .obj or .obj.gz file, unpacked within ``MAX_OBJ_BYTES``."""
    data = read_limited(path, "mesh", MAX_OBJ_BYTES)
    if data[:2] != b"\x1f\x8b":
        return data
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        data = unpacker.decompress(data, MAX_OBJ_BYTES + 1)
    except zlib.error as error:
        raise InputError(f"{path}: not a readable gzip file ({brief(error)})") from error
    if len(data) > MAX_OBJ_BYTES:
        raise InputError(f"{path}: unpacks to more than the {MAX_OBJ_BYTES:,} bytes allowed")
    if not unpacker.eof:
        raise InputError(f"{path}: the gzip file is cut short")
    return data


def read_positions(path: Path) -> Float32:
    """(V, 3) positions of an .obj or .obj.gz, in the order of the file."""
    return _numbers(path, "v", _POSITIONS.findall(read_text(path)), 3)


def read_obj(path: Path) -> WavefrontMesh:
    """Everything a morphable model needs from an .obj or .obj.gz file.

    Raises:
        InputError: naming the file, where it is unreadable, has no triangles, or its
            indices are relative or out of range.
    """
    text = read_text(path)
    vertices = _numbers(path, "v", _POSITIONS.findall(text), 3)
    coordinates = _COORDINATES.findall(text)
    uvs = _numbers(path, "vt", coordinates, 2) if coordinates else np.zeros((0, 2), np.float32)

    polygons = list(_POLYGONS.finditer(text))
    if not polygons:
        raise InputError(f"{path}: holds no polygons (lines starting with f)")
    lines = [match.group(1) for match in polygons]
    corners = np.array([len(line.split()) for line in lines])
    if (corners < 3).any():
        raise InputError(f"{path}: polygon {int(np.argmin(corners))} has fewer than three corners")
    position, coordinate = _corner_indices(path, lines, int(corners.sum()))

    fan, polygon = _fans(corners)
    triangles = indices(f"{path}: f", position, len(vertices))[fan]
    if len(uvs):
        uv_triangles = indices(f"{path}: f (vt)", coordinate, len(uvs))[fan]
    else:
        uv_triangles = np.zeros_like(triangles)

    uses = list(_MATERIALS.finditer(text))
    names = [match.group(1).strip().decode("utf-8", "replace") for match in uses]
    materials = tuple(dict.fromkeys(names))
    numbers = np.array([-1] + [materials.index(name) for name in names], np.int32)
    starts = np.array([match.start() for match in polygons])
    current = np.searchsorted(np.array([match.start() for match in uses]), starts)
    return WavefrontMesh(
        vertices,
        triangles.astype(np.int32),
        uvs,
        uv_triangles.astype(np.int32),
        materials,
        numbers[current][polygon],
    )


def _numbers(path: Path, keyword: str, lines: list[bytes], columns: int) -> Float32:
    """First ``columns`` numbers of each line; a line may hold more (w, vertex colours)."""
    if not lines:
        raise InputError(f"{path}: holds no lines starting with {keyword}")
    width = len(lines[0].split())
    try:
        values = np.array(b" ".join(lines).split(), dtype=np.float64)
    except ValueError as error:
        raise InputError(f"{path}: {keyword}: expected numbers ({brief(error)})") from error
    if width < columns or values.size != width * len(lines):
        raise InputError(f"{path}: {keyword}: expected {columns} numbers on every line")
    return finite(f"{path}: {keyword}", values.reshape(-1, width)[:, :columns])


def _corner_indices(path: Path, lines: list[bytes], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Zero-based (position, coordinate) indices of all corners, one after another."""
    text = b" ".join(lines)
    if b"-" in text:
        raise InputError(f"{path}: relative (negative) indices are not supported; export without")
    fields = text.split(None, 1)[0].replace(b"//", b"/0/").count(b"/") + 1
    try:
        # v, v/vt, v//vn or v/vt/vn: the same form at every corner, checked by the count.
        values = np.array(text.replace(b"//", b"/0/").replace(b"/", b" ").split(), dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise InputError(f"{path}: f: expected whole numbers ({brief(error)})") from error
    if values.size != fields * count:
        raise InputError(f"{path}: f: corners are written in different forms (v, v/vt, ...)")
    table = values.reshape(count, fields) - 1
    return table[:, 0], table[:, 1] if fields > 1 else np.zeros(count, np.int64)


def _fans(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Corner numbers (F, 3) of a fan for each polygon, and each triangle's polygon."""
    first = np.cumsum(corners) - corners
    polygon = np.repeat(np.arange(len(corners)), corners - 2)
    step = np.arange(len(polygon)) - (np.cumsum(corners - 2) - (corners - 2))[polygon]
    start = first[polygon]
    return np.stack([start, start + step + 1, start + step + 2], axis=1), polygon
