"""What a rasteriser returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fragments:
    """The nearest surface at each pixel centre.

    NumPy arrays, or tensors on the vertices' device where these were a tensor.

    Attributes:
        triangles: (B, H, W) int32 row of the triangle seen, -1 where none.
        barycentric: (B, H, W, 3) float32, perspective-correct, zero where none.
        depth: (B, H, W) float32 distance along the view axis (-z), +inf where none.
    """

    triangles: Any
    barycentric: Any
    depth: Any
