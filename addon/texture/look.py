# SPDX-License-Identifier: GPL-3.0-or-later
"""What a subject looks like in one frame, once it was read off Blender.

Reading needs Blender's main thread, so it takes arrays and matrices and no more; what is
worked out of them here may be on any thread.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..core.errors import InputError
from ..v1 import face_pb2
from .known import Known, inverse


@dataclass(frozen=True, slots=True)
class Corners:
    """Distinct corners of triangles.

    Attributes:
        vertices: (K,) int32 row of the mesh's vertices of each.
        uvs: (K, 2) float32.
        parts: (K, 1) float32.
        triangles: (F, 3) int32 rows of these.
    """

    vertices: np.ndarray
    uvs: np.ndarray
    parts: np.ndarray
    triangles: np.ndarray


@dataclass(frozen=True)
class Topology:
    """Triangles of one evaluated mesh and what of the atlas they show.

    Attributes:
        triangles: (F, 3) int32 rows of its vertices.
        uvs: (F, 3, 2) float32 of each corner; zeros where it has no place in the atlas.
        parts: (F,) int32, -1 where it has no place in the atlas.
    """

    triangles: np.ndarray
    uvs: np.ndarray
    parts: np.ndarray

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of it all."""
        digest = hashlib.sha256(f"{self.triangles.shape}".encode())
        for array in (self.triangles, self.uvs, self.parts):
            digest.update(np.ascontiguousarray(array).data)
        return digest.digest()

    @cached_property
    def corners(self) -> Corners:
        """What is drawn of it."""
        uvs = np.ascontiguousarray(self.uvs, np.float32).reshape(-1, 2)
        parts = np.repeat(self.parts, 3)
        _, place = np.unique(uvs.view(np.int64).ravel(), return_inverse=True)
        spread = np.int64(parts.max(initial=0)) + 2
        key = (self.triangles.ravel() * np.int64(len(uvs)) + place.ravel()) * spread + parts + 1
        _, first, rows = np.unique(key, return_index=True, return_inverse=True)
        return Corners(
            self.triangles.ravel()[first],
            uvs[first],
            parts[first].astype(np.float32).reshape(-1, 1),
            rows.reshape(-1, 3).astype(np.int32),
        )


@dataclass(frozen=True, slots=True)
class Piece:
    """One evaluated mesh.

    Attributes:
        name: of its object, for messages.
        points: (N, 3) float32 in the object's space.
        matrix: (4, 4) float64 to the world.
        rows: (N,) int32 of the subject's mesh, or None where it has none.
        topology: where pictures are drawn of it; else None.
    """

    name: str
    points: np.ndarray
    matrix: np.ndarray
    rows: np.ndarray | None = None
    topology: Topology | None = None


@dataclass
class Look:
    """A subject in one frame.

    Attributes:
        pieces: its meshes: the face, the eyes, what else is shown.
        camera: (4, 4) float64 of the camera to the world, without scale.
        metres_per_unit: of the subject's model.
        known: what makes rho of it; None where it is not known or not to be sent.
        sent: what a pass has made of it, so that it is made once.
    """

    pieces: tuple[Piece, ...]
    camera: np.ndarray
    metres_per_unit: float
    known: Known | None = None
    sent: bytes | None = None

    @cached_property
    def _view(self) -> np.ndarray:
        view = inverse(self.camera)
        view[:3] /= self.metres_per_unit
        return view

    def to_camera(self, piece: Piece) -> np.ndarray:
        """(4, 4) float64 from an object's space to the camera's, model units."""
        return self._view @ piece.matrix

    def positions(self, piece: Piece) -> np.ndarray:
        """(N, 3) float64 of a piece in the camera's space, model units."""
        matrix = self.to_camera(piece)
        # Not `@`: a BLAS may sum in another order with another number of threads.
        moved = np.einsum("nj,kj->nk", piece.points.astype(np.float64), matrix[:3, :3])
        moved += matrix[:3, 3]
        return moved

    @cached_property
    def rho(self) -> face_pb2.CoefficientFrame | None:
        """What is said beside the geometry; None where that is not known."""
        if self.known is None:
            return None
        face, *eyes = (piece.matrix for piece in self.pieces[:3])
        return self.known.message(self.camera, face, eyes, self.metres_per_unit)

    def subject_vertices(self, name: str, count: int) -> np.ndarray:
        """(V, 3) float32 camera-space vertices in the order of the subject's mesh.

        Args:
            name: of the subject, for messages.
            count: V.

        Raises:
            InputError: its vertices are not the subject's any more.
        """
        for piece in self.pieces:
            rows, there = piece.rows, len(piece.points)
            if rows is None or len(rows) != there:
                raise InputError(
                    f"{piece.name} has {there} vertices where its subject has "
                    f"{0 if rows is None else len(rows)}: switch off modifiers that add vertices, "
                    "or send the geometry as images"
                )
        rows = np.concatenate([piece.rows for piece in self.pieces if piece.rows is not None])
        moved = np.concatenate([self.positions(piece) for piece in self.pieces])
        result = np.full((count, 3), np.nan, np.float32)
        result[rows] = moved.astype(np.float32)
        if not np.isfinite(result).all():
            bad = int((~np.isfinite(result)).any(axis=1).sum())
            raise InputError(
                f"{name}: {bad} vertices are missing or not finite; undo the deletion, "
                "or send the geometry as images"
            )
        return result
