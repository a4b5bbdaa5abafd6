"""Vertex normals through one sparse matrix per topology."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from facewright.checks import Float32, Int32


class VertexNormals:
    """Area-weighted normals of meshes that share their triangles."""

    def __init__(self, triangles: Int32, vertex_count: int) -> None:
        """Build the (V, F) incidence matrix that sums face normals onto vertices."""
        faces = np.repeat(np.arange(len(triangles), dtype=np.int32), 3)
        ones = np.ones(len(faces), np.float32)
        shape = (vertex_count, len(triangles))
        self._triangles = np.ascontiguousarray(triangles)
        self._sum = sparse.csr_matrix((ones, (self._triangles.ravel(), faces)), shape)

    def __call__(self, vertices: Float32) -> Float32:
        """(…, V, 3) vertices -> (…, V, 3) unit normals, outward; zero where undefined."""
        a, b, c = (np.take(vertices, self._triangles[:, k], axis=-2) for k in range(3))
        faces = np.cross(b - a, c - a)
        flat = faces.reshape(-1, *faces.shape[-2:])
        summed = np.stack([self._sum @ frame for frame in flat]).reshape(vertices.shape)
        length = np.linalg.norm(summed, axis=-1, keepdims=True)
        return (summed / np.maximum(length, 1e-20)).astype(np.float32)
