"""A small subject of known numbers: an egg with two eyes, some shape keys, an atlas."""

from __future__ import annotations

import struct
import zlib

import numpy as np

from addon.core.subject_data import Pinhole, Run, SubjectData
from addon.v1 import face_pb2

NAMES = tuple(f"key{i:02d}" for i in range(64))


def sphere(radius: float, rings: int = 12, segments: int = 16) -> tuple[np.ndarray, ...]:
    """Vertices, triangles (counter-clockwise from outside) and UVs of a sphere."""
    v, u = np.meshgrid(np.linspace(0, 1, rings + 1), np.linspace(0, 1, segments + 1), indexing="ij")
    polar, around = np.pi * (1 - v), 2 * np.pi * u
    points = np.stack(
        [np.sin(polar) * np.sin(around), np.cos(polar), np.sin(polar) * np.cos(around)], -1
    )
    row = np.arange(rings)[:, None] * (segments + 1) + np.arange(segments)[None]
    a, b, c, d = row, row + 1, row + segments + 2, row + segments + 1
    triangles = np.concatenate(
        [np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)]
    )
    uvs = np.stack([u, v], -1).reshape(-1, 2)
    return radius * points.reshape(-1, 3), triangles, uvs


def png(pixels: np.ndarray) -> bytes:
    """An (H, W, 3) uint8 picture as a PNG file, without any imaging library."""
    height, width, _ = pixels.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [
            chunk(b"IHDR", header),
            chunk(b"IDAT", zlib.compress(rows.tobytes())),
            chunk(b"IEND", b""),
        ]
    )


def subject(
    seed: int = 0, metres_per_unit: float = 1.0, names: tuple[str, ...] = NAMES
) -> SubjectData:
    """A subject whose parts, pose, camera and shape keys are all lopsided on purpose."""
    rng = np.random.default_rng(seed)
    eye = sphere(0.012, 8, 10)
    pieces = [
        (face_pb2.PART_SKIN, np.array([0.0, 0.02, 0.02]), sphere(0.09), (0.0, 0.5)),
        (face_pb2.PART_EYE_LEFT, np.array([0.03, 0.05, 0.09]), eye, (0.5, 0.2)),
        (face_pb2.PART_EYE_RIGHT, np.array([-0.031, 0.052, 0.088]), eye, (0.7, 0.2)),
        (face_pb2.PART_TEETH_UPPER, np.array([0.0, -0.01, 0.08]), sphere(0.02, 6, 8), (0.9, 0.1)),
    ]
    vertices, triangles, uvs, runs = [], [], [], []
    first_vertex = first_triangle = 0
    for part, centre, (points, faces, flat), (left, width) in pieces:
        vertices.append(points + centre)
        triangles.append(faces + first_vertex)
        uvs.append(flat * [width, 1.0] + [left, 0.0])
        runs.append(
            Run(
                part,
                slice(first_vertex, first_vertex + len(points)),
                slice(first_triangle, first_triangle + len(faces)),
            )
        )
        first_vertex, first_triangle = first_vertex + len(points), first_triangle + len(faces)
    mesh = np.concatenate(vertices) / metres_per_unit
    faces = np.concatenate(triangles).astype(np.int32)
    deltas = rng.normal(0, 0.002, (len(names), len(mesh), 3)) / metres_per_unit
    for run in runs[1:3]:
        deltas[:, run.vertices] = 0.0
    atlas = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
    return SubjectData(
        subject_id="5e1f",
        model="synthetic",
        camera=Pinhole(900.0, (240.5, 270.25), (512, 512)),
        box=(-20.0, 35.0, 620.0, 675.0),
        photo_size=(600, 801),
        expression=rng.uniform(0, 0.4, len(names)).astype(np.float32),
        pose=np.array([0.12, -0.2, 0.07, 0.01, -0.015, -0.6])
        / np.array([1, 1, 1, metres_per_unit, metres_per_unit, metres_per_unit]),
        gaze=np.array([0.1, -0.05, 0.08, -0.02], np.float32),
        vertices=mesh.astype(np.float32),
        triangles=faces,
        uvs=np.concatenate(uvs).astype(np.float32),
        uv_triangles=faces,
        runs=tuple(runs),
        eye_centres=(np.stack([pieces[1][1], pieces[2][1]]) / metres_per_unit).astype(np.float32),
        metres_per_unit=metres_per_unit,
        key_names=names,
        key_deltas=deltas.astype(np.float32),
        key_ranges=np.tile(np.array([[0.0, 1.0]], np.float32), (len(names), 1)),
        texture=png(atlas),
        plate=png(rng.integers(0, 256, (512, 512, 3), dtype=np.uint8)),
        warnings=(),
    )


def turn_eyes(data: SubjectData, vertices: np.ndarray, gaze: np.ndarray) -> np.ndarray:
    """The contract's gaze: eyes turned so that (0, 0, 1) points along (x, y, z)."""
    result = vertices.astype(np.float64).copy()
    for eye, run in enumerate(r for r in data.runs if r.part in (1, 2)):
        x, y = gaze[2 * eye : 2 * eye + 2].astype(np.float64)
        z = np.sqrt(1 - x * x - y * y)
        # R = I + [v]x + [v]x^2 / (1 + c) with v = (0, 0, 1) x g and c = z
        cross = np.array([[0, 0, x], [0, 0, y], [-x, -y, 0]])
        turn = np.eye(3) + cross + cross @ cross / (1 + z)
        centre = data.eye_centres[eye]
        result[run.vertices] = (result[run.vertices] - centre) @ turn.T + centre
    return result
