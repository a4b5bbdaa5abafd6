"""Meshes survive the round trip through every format, and hostile files are refused."""

from __future__ import annotations

import io
import json
import struct

import numpy as np
import pytest
from facewright.errors import InputError, OutputError
from facewright.face.mesh_io import MeshLimits, check_mesh, read_mesh, write_mesh


@pytest.fixture
def cube() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A closed cube with a seam: 8 vertices, 12 triangles, 14 texture coordinates."""
    v = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float32)
    v = v * [0.1234567, 0.2, 0.3] - [0.05, 0.1, 0.7]
    quads = np.array(
        [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]
    )
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    uvs = np.random.default_rng(0).random((24, 2)).astype(np.float32)
    rows = np.arange(24).reshape(6, 4)
    return (
        v.astype(np.float32),
        triangles,
        uvs,
        np.concatenate([rows[:, [0, 1, 2]], rows[:, [0, 2, 3]]]),
    )


@pytest.mark.parametrize("suffix", ["obj", "ply", "glb"])
def test_round_trip(tmp_path, cube, suffix):
    vertices, triangles, uvs, uv_triangles = cube
    path = tmp_path / f"cube.{suffix}"
    write_mesh(path, vertices, triangles, uvs=uvs, uv_triangles=uv_triangles)
    mesh = read_mesh(path)
    assert mesh.uvs is not None
    np.testing.assert_allclose(mesh.vertices[mesh.triangles], vertices[triangles], atol=2e-8)
    np.testing.assert_allclose(mesh.uvs[mesh.triangles], uvs[uv_triangles], atol=1e-7)
    again = read_mesh(path.read_bytes())  # bytes, the type by the content
    np.testing.assert_array_equal(again.vertices, mesh.vertices)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]  # nothing half-written


@pytest.mark.parametrize("suffix", ["obj", "ply", "glb"])
def test_order_is_kept_without_uvs(tmp_path, cube, suffix):
    vertices, triangles, _, _ = cube
    path = tmp_path / f"plain.{suffix}"
    write_mesh(path, vertices, triangles)
    mesh = read_mesh(path)
    np.testing.assert_allclose(mesh.vertices, vertices, atol=2e-8)
    np.testing.assert_array_equal(mesh.triangles, triangles)
    assert mesh.uvs is None


def test_texture_goes_with_obj_and_glb(tmp_path, cube):
    vertices, triangles, uvs, uv_triangles = cube
    picture = np.random.default_rng(1).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    options = {"uvs": uvs, "uv_triangles": uv_triangles, "texture": picture}
    write_mesh(tmp_path / "a.obj", vertices, triangles, **options)
    write_mesh(tmp_path / "a.glb", vertices, triangles, **options)
    trimesh = pytest.importorskip("trimesh")
    for name, image in (("a.obj", "image"), ("a.glb", "baseColorTexture")):
        material = trimesh.load_mesh(tmp_path / name, process=False).visual.material
        got = np.asarray(getattr(material, image).convert("RGB"))
        np.testing.assert_array_equal(got, picture, err_msg=name)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.glb", "a.mtl", "a.obj", "a.png"]
    with pytest.raises(InputError, match="PLY"):
        write_mesh(tmp_path / "a.ply", vertices, triangles, **options)


def test_check_mesh_counts(cube):
    vertices, triangles, _, _ = cube
    report = check_mesh(vertices, triangles)
    assert (report.watertight, report.consistent, report.degenerate, report.unused) == (
        True, True, 0, 0,
    )  # fmt: skip
    np.testing.assert_allclose(report.bounds, [vertices.min(0), vertices.max(0)])
    worse = np.concatenate([triangles[1:], [[0, 0, 1], [2, 2, 2]]])
    report = check_mesh(np.concatenate([vertices, [[9, 9, 9]]]), worse)
    assert (report.watertight, report.degenerate, report.unused) == (False, 2, 1)
    turned = triangles.copy()
    turned[0] = turned[0, ::-1]
    assert not check_mesh(vertices, turned).consistent
    # A sliver is degenerate in any unit; a tiny but proper triangle is not.
    assert check_mesh(np.eye(3) * 1e-6, [[0, 1, 2]]).degenerate == 0


@pytest.mark.parametrize(
    ("vertices", "triangles", "message"),
    [
        ([[0, 0, np.nan], [0, 1, 0], [1, 0, 0]], [[0, 1, 2]], "finite"),
        ([[0, 0, 0], [0, 1, 0], [1, 0, 0]], [[0, 1, 3]], "outside 0..2"),
        ([[0, 0, 0], [0, 1, 0], [1, 0, 0]], [[0, 1, -1]], "outside 0..2"),
        ([[0, 0, 0], [0, 1, 0], [1, 0, 0]], [[0, 1]], "shape"),
        ([[0, 0, 0], [0, 1, 0], [1, 0, 0]], [[0.5, 1, 2]], "whole numbers"),
    ],
)
def test_bad_arrays_are_named_and_nothing_is_written(tmp_path, vertices, triangles, message):
    with pytest.raises(InputError, match=message):
        check_mesh(vertices, triangles)
    with pytest.raises(InputError, match=message):
        write_mesh(tmp_path / "a.ply", vertices, triangles)
    assert not list(tmp_path.iterdir())


def test_unwritable_folder(tmp_path, cube):
    with pytest.raises(OutputError, match="folder"):
        write_mesh(tmp_path / "absent" / "a.glb", cube[0], cube[1])
    with pytest.raises(InputError, match=r"\.obj, \.ply or \.glb"):
        write_mesh(tmp_path / "a.stl", cube[0], cube[1])


def _glb(tree: dict, binary: bytes = b"") -> bytes:
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    if binary:
        chunks += struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


def test_hostile_files_are_refused(tmp_path, cube):
    vertices, triangles, _, _ = cube
    nan = b"v 0 0 nan\nv 0 1 0\nv 1 0 0\nf 1 2 3\n"
    huge = b"ply\nformat ascii 1.0\nelement vertex 1999999\nproperty float x\nend_header\n"
    outside = {"buffers": [{"uri": "../../etc/passwd", "byteLength": 4}], "meshes": []}
    zeros = {
        "accessors": [{"count": 1_000_000, "type": "VEC3", "componentType": 5126}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "nodes": [{"mesh": 0}],
    }
    for data, message in [
        (b"", "empty"),
        (b"hello, world", "not an OBJ, PLY or GLB"),
        (b"v 0 0 0\n", "no triangles"),
        (nan, "NaN"),
        (b"v 0 0 1x\nv 0 1 0\nv 1 0 0\nf 1 2 3\n", "not a readable OBJ"),
        (b"v 0 0 0\nv 0 1 0\nv 1 0 0\nf 1 2 9\n", "OBJ"),
        (huge, "vertex elements"),
        (b"ply\nformat ascii 1.0\n", "end of its header"),
        (b"glTF\x02\x00\x00\x00", "cut short"),
        (_glb(outside), "refers to another file"),
        (_glb(zeros), "without data"),
        (_glb({"meshes": 3}), "cannot be read"),
    ]:
        with pytest.raises(InputError, match=message):
            read_mesh(data)
    with pytest.raises(InputError, match="no such file"):
        read_mesh(tmp_path / "absent.obj")
    path = tmp_path / "cube.glb"
    write_mesh(path, vertices, triangles)
    for size in (24, 200, len(path.read_bytes()) - 1):
        with pytest.raises(InputError):
            read_mesh(path.read_bytes()[:size])


def test_one_mesh_placed_many_times_counts_as_many(tmp_path, cube):
    vertices, triangles, _, _ = cube
    path = tmp_path / "cube.glb"
    write_mesh(path, vertices, triangles)
    data = path.read_bytes()
    size = struct.unpack_from("<I", data, 12)[0]
    tree, binary = json.loads(data[20 : 20 + size]), data[28 + size :]
    mesh = next(i for i, node in enumerate(tree["nodes"]) if "mesh" in node)
    tree["nodes"] = [{"mesh": tree["nodes"][mesh]["mesh"]}] * 2000
    tree["scenes"] = [{"nodes": list(range(2000))}]
    tree["scene"] = 0
    with pytest.raises(InputError, match="in the scene"):
        read_mesh(_glb(tree, binary), MeshLimits(max_triangles=10_000))


def test_limits(cube):
    vertices, triangles, _, _ = cube
    lines = io.StringIO()
    np.savetxt(lines, vertices, fmt="v %f %f %f")
    np.savetxt(lines, triangles + 1, fmt="f %d %d %d")
    data = lines.getvalue().encode()
    assert len(read_mesh(data).triangles) == 12
    with pytest.raises(InputError, match=r"8 vertices, more than the 7 allowed"):
        read_mesh(data, MeshLimits(max_vertices=7))
    with pytest.raises(InputError, match="more than the 11 allowed"):
        read_mesh(data, MeshLimits(max_triangles=11))
    with pytest.raises(InputError, match="larger than the 100 bytes"):
        read_mesh(data, MeshLimits(max_bytes=100))


def test_obj_reads_no_material_library(tmp_path):
    secret = tmp_path / "secret.mtl"
    secret.write_text("newmtl a\nmap_Kd secret.png\n")
    obj = tmp_path / "a.obj"
    obj.write_text(f"mtllib {secret}\nv 0 0 0\nv 0 1 0\nv 1 0 0\nusemtl a\nf 1 2 3\n")
    assert len(read_mesh(obj).vertices) == 3
