"""Texture coordinates: packing charts into one atlas, and simple charts for none.

A chart is a set of triangles with texture coordinates of its own. Models come with
several texture sheets (ICT: one a material) or with none (BFM); everything downstream
wants one atlas in 0..1 where no two parts overlap.
"""

from __future__ import annotations

import numpy as np

from facewright.checks import Float32, Int32
from facewright.face.model import Part

#: Empty border around each chart, as a share of the atlas: four texels at 1024.
MARGIN = 0.004
_TURN = 2 * np.pi


def pack(
    uvs: np.ndarray,
    uv_triangles: np.ndarray,
    charts: np.ndarray,
    areas: np.ndarray,
) -> tuple[Float32, Int32]:
    """Place every chart in a rectangle of its own, in rows.

    Args:
        uvs: (U, 2) coordinates, in any range.
        uv_triangles: (F, 3) rows of ``uvs``.
        charts: (F,) chart number of each triangle, 0..C-1, each one used.
        areas: (C,) how much of the atlas a chart should get, in any unit.

    Returns:
        (uvs (U', 2) float32 in 0..1, uv_triangles (F, 3) int32); a coordinate shared by
        two charts is duplicated.
    """
    count = len(areas)
    keys = uv_triangles.astype(np.int64) * count + charts[:, None]
    unique, corner = np.unique(keys, return_inverse=True)
    points, owner = np.asarray(uvs, np.float64)[unique // count], unique % count

    low = np.full((count, 2), np.inf)
    high = np.full((count, 2), -np.inf)
    np.minimum.at(low, owner, points)
    np.maximum.at(high, owner, points)
    extent = np.maximum(high - low, 1e-9)
    # Keep each chart's own proportions; scale its box to the wanted area.
    sizes = extent * np.sqrt(np.maximum(areas, 1e-12) / extent.prod(axis=1))[:, None]
    corners, side = _rows(sizes / np.sqrt((sizes.prod(axis=1)).sum()))
    sizes = sizes / np.sqrt(sizes.prod(axis=1).sum())

    placed = (points - low[owner]) / extent[owner] * sizes[owner] + corners[owner]
    return (placed / side).astype(np.float32), corner.reshape(-1, 3).astype(np.int32)


def _rows(sizes: np.ndarray) -> tuple[np.ndarray, float]:
    """Lower-left corners of boxes laid out in rows, and the side of the square they fill.

    Tries several row widths and keeps the smallest square: a dozen boxes, so this costs
    nothing beside the model it belongs to.
    """
    margin = MARGIN * 1.2
    # Rounded, so that a left and a right eye keep their order whatever the last digit.
    order = np.argsort(-np.round(sizes[:, 1], 3), kind="stable")
    best: tuple[float, np.ndarray] | None = None
    for width in np.linspace(1.0, 2.0, 41) * max(1.0, float(sizes[:, 0].max())):
        corners = np.zeros_like(sizes)
        x = y = margin
        height = right = 0.0
        for box in order:
            if x + sizes[box, 0] + margin > width and x > margin:
                x, y, height = margin, y + height + margin, 0.0
            corners[box] = x, y
            x += sizes[box, 0] + margin
            height, right = max(height, sizes[box, 1]), max(right, x)
        side = max(right, y + height + margin)
        if best is None or side < best[0]:
            best = side, corners
    assert best is not None
    return best[1], best[0]


def unwrap(
    vertices: Float32, triangles: Int32, triangle_parts: np.ndarray
) -> tuple[Float32, Int32]:
    """A simple atlas for a model that has none.

    The skin is wrapped on a vertical cylinder through the head's pivot, the back of the
    head at a third of the front's width; the crown is seen from above, every other part
    from the front. Triangles that face inwards there (inside the nostrils, behind the
    ears, the back of an eyeball) get charts of their own, so that they do not share texels
    with what they lie behind. Where the skin is folded more than twice along one radius
    (an ear in front of the skull) texels are still shared.

    Args:
        vertices: (V, 3) in the model's convention (pivot at the origin, z forward).
        triangles: (F, 3).
        triangle_parts: (F,) a :class:`Part` each.

    Returns:
        (uvs (U, 2), uv_triangles (F, 3)).
    """
    corners = np.asarray(vertices, np.float64)[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    x, y, z = np.moveaxis(corners, -1, 0)
    skin = triangle_parts == Part.SKIN

    angle = np.arctan2(x, z)
    # A triangle across the seam at the back continues past pi instead of turning back.
    angle = np.where((np.ptp(angle, axis=1) > np.pi)[:, None] & (angle < 0), angle + _TURN, angle)
    # Where there is no way round the axis, or a cylinder would squeeze what looks up.
    steep = normals[:, 1] > 0.7 * np.linalg.norm(normals, axis=1)
    high = y.min(axis=1) > 0.7 * max(float(y.max()), 0.0)
    crown = skin & ((steep & high) | (np.ptp(angle, axis=1) > np.pi))

    away = np.maximum(np.abs(angle) - _TURN / 4, 0.0)
    across = np.sign(angle) * (np.abs(angle) - away * 2 / 3)
    centre = corners.mean(axis=1)
    outward = normals[:, 0] * centre[:, 0] + normals[:, 2] * centre[:, 2]
    inward = np.where(skin, np.where(crown, -normals[:, 1], -outward), -normals[:, 2]) > 0
    points = np.stack([x, y], axis=-1)
    points[skin] = np.stack([across, y], axis=-1)[skin]
    points[crown] = np.stack([x, -z], axis=-1)[crown]

    kind = triangle_parts.astype(np.int64) + len(Part) * crown
    _, charts = np.unique(kind * 2 + inward, return_inverse=True)
    charts = charts.ravel()
    wrapped = np.flatnonzero(skin & ~crown)
    if len(wrapped):
        # Nearly square, as the atlas is; the cylinder's two directions have no common unit.
        low, top = points[wrapped].min(axis=(0, 1)), points[wrapped].max(axis=(0, 1))
        points[wrapped] *= [1.0, 0.9 * (top[0] - low[0]) / max(top[1] - low[1], 1e-9)]
    # Corners of one chart at one place are one coordinate.
    merged, rows = np.unique(
        np.column_stack([points.reshape(-1, 2), np.repeat(charts, 3)]), axis=0, return_inverse=True
    )
    areas = surface_areas(vertices, triangles, charts)
    return pack(merged[:, :2], rows.reshape(-1, 3), charts, areas)


def surface_areas(vertices: Float32, triangles: Int32, charts: np.ndarray) -> np.ndarray:
    """(C,) surface area of each chart, in squared model units."""
    corners = np.asarray(vertices, np.float64)[triangles]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.bincount(charts, weights=0.5 * np.linalg.norm(cross, axis=1))
