"""Meshes as files: OBJ with texture coordinates, PLY and GLB, read with care.

A mesh from outside is data nobody checked. Its size, the counts that its header claims
and every reference to another file are looked at before the parser (trimesh) sees it, and
the arrays afterwards; nothing is resolved over the network or from another file.
"""

from __future__ import annotations

import io
import json
import os
import re
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from facewright import checks
from facewright.checks import Float32, Int32, UInt8
from facewright.errors import InputError, OutputError
from facewright.face.reading import brief, finite, indices, read_limited
from facewright.media.files import Source, atomic_output, source_name

FORMATS = ("obj", "ply", "glb")


@dataclass(frozen=True, slots=True)
class MeshLimits:
    """How large a mesh may be: bytes of the file, vertices, triangles."""

    max_bytes: int = 256 << 20
    max_vertices: int = 2_000_000
    max_triangles: int = 4_000_000


@dataclass(frozen=True, slots=True)
class Mesh:
    """Triangles in space.

    Attributes:
        vertices: (V, 3) float32.
        triangles: (F, 3) int32.
        uvs: (V, 2) float32, one a vertex, v up; None where the file has none. A vertex
            on a texture seam is there once for each of its coordinates.
    """

    vertices: Float32
    triangles: Int32
    uvs: Float32 | None = None


@dataclass(frozen=True, slots=True)
class MeshReport:
    """What :func:`check_mesh` found; nothing here makes a mesh unusable.

    Attributes:
        vertices, triangles: counts.
        degenerate: triangles without area (a corner repeated, or three in a line).
        unused: vertices that no triangle refers to.
        watertight: every edge belongs to exactly two triangles.
        consistent: neighbours wind the same way round.
        bounds: (2, 3) lowest and highest corner.
    """

    vertices: int
    triangles: int
    degenerate: int
    unused: int
    watertight: bool
    consistent: bool
    bounds: Float32


def read_mesh(
    source: Source, limits: MeshLimits | None = None, *, file_type: str | None = None
) -> Mesh:
    """Read an OBJ, PLY or GLB; several objects in one file become one mesh.

    Args:
        source: a path, or the file's bytes.
        limits: how large it may be.
        file_type: "obj", "ply" or "glb"; None goes by the content, then the suffix.

    Raises:
        InputError: unreadable, of another type, over a limit, without triangles, with
            numbers that are not finite, indices out of range, or references to other
            files.
    """
    limits = limits or MeshLimits()
    where = source_name(source, "mesh")
    data = read_limited(source, "mesh", limits.max_bytes)
    kind = _kind(source, data, file_type, where)
    {"glb": _check_glb, "ply": _check_ply, "obj": _check_obj}[kind](data, limits, where)
    pieces = _parse(data, kind, where)
    if not pieces:
        raise InputError(f"{where}: holds no triangles")

    starts = np.cumsum([0] + [len(vertices) for vertices, _, _ in pieces])
    _within(where, "vertices", int(starts[-1]), limits.max_vertices)
    _within(where, "triangles", sum(len(t) for _, t, _ in pieces), limits.max_triangles)
    vertices = finite(f"{where}: vertices", np.concatenate([piece[0] for piece in pieces]))
    triangles = np.concatenate(
        [
            indices(f"{where}: triangles", piece[1], len(piece[0])) + start
            for piece, start in zip(pieces, starts, strict=False)
        ]
    ).astype(np.int32)
    coordinates = [piece[2] for piece in pieces if piece[2] is not None]
    uvs = None
    if len(coordinates) == len(pieces):
        uvs = finite(f"{where}: texture coordinates", np.concatenate(coordinates))
    return Mesh(vertices, triangles, uvs)


def check_mesh(vertices: ArrayLike, triangles: ArrayLike) -> MeshReport:
    """Look a mesh over.

    Args:
        vertices: (V, 3).
        triangles: (F, 3) rows of ``vertices``.

    Raises:
        InputError: wrong shapes, numbers that are not finite, indices out of range.
    """
    points = checks.floats("vertices", vertices, ("V", 3))
    faces = np.asarray(triangles)
    if faces.ndim != 2 or faces.shape[1] != 3 or not len(faces):
        raise InputError(f"triangles: expected shape (F, 3) with F > 0, got {faces.shape}")
    faces = indices("triangles", faces, len(points))

    corners = points.astype(np.float64)[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    longest = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    # Twice the area against the longest edge squared: a share that no unit changes.
    flat = np.linalg.norm(normals, axis=1) <= 1e-10 * longest**2

    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    edges = edges[edges[:, 0] != edges[:, 1]]
    directed = edges[:, 0] * len(points) + edges[:, 1]
    undirected = edges.min(axis=1) * len(points) + edges.max(axis=1)
    _, uses = np.unique(undirected, return_counts=True)
    _, repeats = np.unique(directed, return_counts=True)
    return MeshReport(
        vertices=len(points),
        triangles=len(faces),
        degenerate=int(flat.sum()),
        unused=len(points) - len(np.unique(faces)),
        watertight=bool(len(uses) and (uses == 2).all()),
        # Two triangles along an edge run it in opposite directions when both face out.
        consistent=bool((repeats == 1).all()),
        bounds=np.stack([points.min(axis=0), points.max(axis=0)]),
    )


def write_mesh(
    path: str | os.PathLike[str],
    vertices: ArrayLike,
    triangles: ArrayLike,
    *,
    uvs: ArrayLike | None = None,
    uv_triangles: ArrayLike | None = None,
    texture: ArrayLike | None = None,
) -> None:
    """Write an OBJ, PLY or GLB (by the suffix of ``path``), whole or not at all.

    Args:
        path: where to. An OBJ with a texture gets NAME.mtl and NAME.png beside it.
        vertices: (V, 3).
        triangles: (F, 3).
        uvs: (V, 2), one a vertex; or (U, 2) together with ``uv_triangles``.
        uv_triangles: (F, 3) rows of ``uvs``; vertices on a seam are then written once
            for each of their coordinates.
        texture: (H, W, 3) uint8 sRGB picture, OBJ and GLB only; needs ``uvs``.

    Raises:
        InputError: an argument of the wrong shape, or a suffix that is not known.
        OutputError: the file cannot be written.
    """
    target = Path(path)
    kind = target.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise InputError(f"path: expected .obj, .ply or .glb, got {target.name!r}")
    check_mesh(vertices, triangles)
    points = np.asarray(vertices, np.float32)
    faces = np.asarray(triangles, np.int64)
    coordinates = None
    if uvs is not None:
        points, faces, coordinates = _with_uvs(points, faces, uvs, uv_triangles)
    elif texture is not None:
        raise InputError("texture: a picture needs uvs")
    picture = None if texture is None else checks.picture("texture", texture)
    if picture is not None and kind == "ply":
        raise InputError("texture: a PLY file holds no picture; write .obj or .glb")

    mesh = _trimesh(points, faces, coordinates, picture, pbr=kind == "glb")
    if kind == "obj":
        _write_obj(target, mesh, picture is not None)
        return
    data = mesh.export(file_type=kind)
    with atomic_output(target) as temporary:
        temporary.write_bytes(data)


def _with_uvs(
    points: Float32, faces: np.ndarray, uvs: ArrayLike, uv_triangles: ArrayLike | None
) -> tuple[Float32, np.ndarray, Float32]:
    """One coordinate a vertex: seams split, as every one of these formats wants them."""
    table = checks.floats("uvs", uvs, ("U", 2))
    if uv_triangles is None:
        if len(table) != len(points):
            raise InputError(
                f"uvs: expected one for each of {len(points)} vertices, got {len(table)}; "
                "give uv_triangles where they differ"
            )
        return points, faces, table
    corners = np.asarray(uv_triangles)
    if corners.shape != faces.shape:
        raise InputError(f"uv_triangles: expected shape {faces.shape}, got {corners.shape}")
    keys = faces * len(table) + indices("uv_triangles", corners, len(table))
    unique, corner = np.unique(keys, return_inverse=True)
    return points[unique // len(table)], corner.reshape(-1, 3), table[unique % len(table)]


def _trimesh(
    points: Float32,
    faces: np.ndarray,
    uvs: Float32 | None,
    picture: UInt8 | None,
    *,
    pbr: bool,
) -> Any:
    import trimesh
    from PIL import Image
    from trimesh.visual import TextureVisuals
    from trimesh.visual.material import PBRMaterial, SimpleMaterial

    visual = None
    if uvs is not None:
        image = None if picture is None else Image.fromarray(picture)
        if pbr:
            material = PBRMaterial(baseColorTexture=image, metallicFactor=0.0, roughnessFactor=0.8)
        else:
            material = SimpleMaterial(image=image, diffuse=(255, 255, 255))
        visual = TextureVisuals(uv=uvs, material=material)
    return trimesh.Trimesh(points, faces, process=False, visual=visual)


def _write_obj(target: Path, mesh: Any, textured: bool) -> None:
    from trimesh.exchange.obj import export_obj

    library = f"{target.stem}.mtl"
    if textured and re.search(r"\s", library):
        # The keyword's argument ends at a space for many readers.
        raise InputError(f"path: a textured OBJ needs a name without spaces, got {target.name!r}")
    if textured:
        mesh.visual.material.name = target.stem
    text, files = export_obj(mesh, return_texture=True, mtl_name=library, header="")
    if not textured:
        text = re.sub(r"^(mtllib|usemtl).*\n", "", text, flags=re.MULTILINE)
        files = {}
    # What the mesh refers to first: a reader never finds an OBJ whose picture is missing.
    for name, data in sorted(files.items(), reverse=True):
        if Path(name).name != name:
            raise OutputError(f"{target}: refuses to write {name!r} outside its folder")
        with atomic_output(target.with_name(name)) as temporary:
            temporary.write_bytes(data)
    with atomic_output(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _kind(source: Source, data: bytes, file_type: str | None, where: str) -> str:
    if file_type is not None:
        if file_type not in FORMATS:
            raise InputError(f"file_type: expected obj, ply or glb, got {file_type!r}")
        return file_type
    if data[:4] == b"glTF":
        return "glb"
    if data[:4] in (b"ply\n", b"ply\r"):
        return "ply"
    suffix = "" if isinstance(source, bytes) else Path(source).suffix.lower()
    if b"\0" not in data[:4096] and (suffix == ".obj" or re.search(rb"^v\s", data, re.MULTILINE)):
        return "obj"
    raise InputError(f"{where}: not an OBJ, PLY or GLB file")


def _within(where: str, what: str, count: int, limit: int) -> None:
    if count > limit:
        raise InputError(f"{where}: {count:,} {what}, more than the {limit:,} allowed")


def _check_obj(data: bytes, limits: MeshLimits, where: str) -> None:
    _within(where, "vertices", len(re.findall(rb"^v\s", data, re.MULTILINE)), limits.max_vertices)
    _within(where, "polygons", len(re.findall(rb"^f\s", data, re.MULTILINE)), limits.max_triangles)


def _check_ply(data: bytes, limits: MeshLimits, where: str) -> None:
    end = data.find(b"end_header")
    if end < 0 or end > 1 << 16:
        raise InputError(f"{where}: a PLY file without an end of its header")
    for name, digits in re.findall(rb"^element\s+(\S+)\s+(\d{1,20})\s*$", data[:end], re.MULTILINE):
        limit = limits.max_vertices if name == b"vertex" else limits.max_triangles
        _within(where, f"{name.decode('latin-1')} elements", int(digits), limit)
        # Every element takes a byte at the very least.
        _within(where, f"{name.decode('latin-1')} elements", int(digits), len(data))


def _check_glb(data: bytes, limits: MeshLimits, where: str) -> None:
    """The header's claims, and no reference outside the file."""
    if len(data) < 20 or data[:4] != b"glTF":
        raise InputError(f"{where}: not a GLB file, or cut short")
    version, length, size, kind = struct.unpack_from("<IIII", data, 4)
    if version != 2 or length != len(data) or kind != 0x4E4F534A or 20 + size > len(data):
        raise InputError(f"{where}: not a whole GLB version 2 file")
    try:
        tree = json.loads(data[20 : 20 + size])
        accessors = _objects(tree, "accessors")
        parts = [_objects(mesh, "primitives") for mesh in _objects(tree, "meshes")]
        nodes = _objects(tree, "nodes")
        files = [
            entry["uri"]
            for key in ("buffers", "images")
            for entry in _objects(tree, key)
            if entry.get("uri") is not None
        ]
        counts = [int(entry["count"]) for entry in accessors]
        for entry, count in zip(accessors, counts, strict=True):
            # Without data, a few bytes of JSON would be gigabytes of zeros.
            if "bufferView" not in entry and count > 0:
                raise InputError(f"{where}: a GLB accessor without data")
        used = [sum(_primitive_size(p, counts) for p in primitives) for primitives in parts]
        total = sum(used[int(node["mesh"])] for node in nodes if "mesh" in node)
    except InputError:
        raise
    except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
        raise InputError(
            f"{where}: a GLB whose description cannot be read ({brief(error)})"
        ) from error
    if files:
        raise InputError(f"{where}: refers to another file ({str(files[0])[:60]!r}); embed it")
    _within(where, "elements", max(counts, default=0), 3 * limits.max_triangles)
    # A mesh placed many times is stored once: count what the scene will hold.
    _within(where, "elements in the scene", total, 4 * limits.max_triangles)


def _objects(tree: Any, key: str) -> list[dict]:
    entries = tree.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise TypeError(f"{key}: expected a list of objects")
    return entries


def _primitive_size(primitive: dict, counts: list[int]) -> int:
    rows = [primitive["attributes"]["POSITION"], primitive.get("indices")]
    return sum(counts[int(row)] for row in rows if row is not None)


def _parse(
    data: bytes, kind: str, where: str
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray | None]]:
    """(vertices, triangles, uvs or None) of every triangle mesh, placed in the scene."""
    import trimesh

    options = {"maintain_order": True, "skip_materials": True} if kind == "obj" else {}
    try:
        with warnings.catch_warnings():
            # NumPy's text parser stops at what is no number, and only warns.
            warnings.filterwarnings("error", message="string or file could not be read")
            # From memory and without a resolver there is nothing to resolve names against.
            scene = trimesh.load_scene(io.BytesIO(data), file_type=kind, process=False, **options)
        pieces = []
        for node in scene.graph.nodes_geometry:
            matrix, name = scene.graph[node]
            mesh = scene.geometry[name]
            if not isinstance(mesh, trimesh.Trimesh) or not len(mesh.faces):
                continue
            vertices = trimesh.transform_points(mesh.vertices, matrix)
            faces = np.asarray(mesh.faces)
            if np.linalg.det(matrix[:3, :3]) < 0:
                faces = faces[:, ::-1]  # a mirrored object would show its inside
            uvs = getattr(mesh.visual, "uv", None)
            fits = uvs is not None and np.shape(uvs) == (len(vertices), 2)
            pieces.append((vertices, faces, np.asarray(uvs) if fits else None))
        return pieces
    except Exception as error:  # a parser meets hostile bytes in ways nobody can list
        raise InputError(f"{where}: not a readable {kind.upper()} file ({brief(error)})") from error
