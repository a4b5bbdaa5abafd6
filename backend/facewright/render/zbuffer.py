"""The z-buffer in Numba: compiled once and cached, free of the GIL, rows in parallel."""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np

from facewright.checks import Float32, Int32
from facewright.render.fragments import Fragments

#: Bands of fewer rows cost more in threads than they save.
_MIN_BAND = 64


def rasterise_numba(
    vertices: Float32, triangles: Int32, size: tuple[int, int], near: float, cull: bool
) -> Fragments:
    """As :func:`facewright.render.rasterise.rasterise`, for checked NumPy arrays."""
    width, height = size
    frames = len(vertices)
    seen = np.empty((frames, height, width), np.int32)
    barycentric = np.empty((frames, height, width, 3), np.float32)
    depth = np.empty((frames, height, width), np.float32)
    tasks = [
        (vertices[b], triangles, near, cull, top, seen[b], barycentric[b], depth[b], bottom)
        for b in range(frames)
        for top, bottom in bands(height, frames)
    ]
    in_parallel(_fill, tasks)
    return Fragments(seen, barycentric, depth)


def bands(height: int, frames: int = 1) -> list[tuple[int, int]]:
    """Rows [top, bottom) that threads take, so that few frames still use every core."""
    count = max(1, min(numba.config.NUMBA_NUM_THREADS // frames, height // _MIN_BAND))
    edges = np.linspace(0, height, count + 1).round().astype(int)
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))


def in_parallel(kernel, tasks: list[tuple]) -> None:
    """Run a kernel that holds no GIL over argument tuples, on as many threads as Numba may.

    Numba's own threads would do, but its portable layer aborts the process when two
    threads of a server enter it at once.
    """
    if len(tasks) == 1 or numba.config.NUMBA_NUM_THREADS == 1:
        for task in tasks:
            kernel(*task)
    else:
        list(_pool().map(lambda task: kernel(*task), tasks))


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(numba.config.NUMBA_NUM_THREADS, thread_name_prefix="rasterise")


@numba.njit(cache=True, nogil=True, fastmath=False)
def _fill(vertices, triangles, near, cull, top, seen, barycentric, depth, bottom):
    width = seen.shape[1]
    for y in range(top, bottom):
        for x in range(width):
            seen[y, x] = -1
            depth[y, x] = np.inf
            barycentric[y, x, 0] = 0.0
            barycentric[y, x, 1] = 0.0
            barycentric[y, x, 2] = 0.0
    for triangle in range(triangles.shape[0]):
        a, b, c = triangles[triangle, 0], triangles[triangle, 1], triangles[triangle, 2]
        ax, ay, az = np.float64(vertices[a, 0]), np.float64(vertices[a, 1]), vertices[a, 2]
        bx, by, bz = np.float64(vertices[b, 0]), np.float64(vertices[b, 1]), vertices[b, 2]
        cx, cy, cz = np.float64(vertices[c, 0]), np.float64(vertices[c, 1]), vertices[c, 2]
        if not (az >= near and bz >= near and cz >= near):
            continue
        # Twice the signed area; v points down, so fronts (counter-clockwise) are negative.
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0.0 or (cull and area > 0.0):
            continue
        x0 = max(0, int(np.ceil(min(ax, bx, cx) - 0.5)))
        x1 = min(width - 1, int(np.floor(max(ax, bx, cx) - 0.5)))
        y0 = max(top, int(np.ceil(min(ay, by, cy) - 0.5)))
        y1 = min(bottom - 1, int(np.floor(max(ay, by, cy) - 0.5)))
        if x0 > x1 or y0 > y1:
            continue
        scale = 1.0 / area
        inv_a, inv_b, inv_c = 1.0 / np.float64(az), 1.0 / np.float64(bz), 1.0 / np.float64(cz)
        for y in range(y0, y1 + 1):
            py = y + 0.5
            for x in range(x0, x1 + 1):
                px = x + 0.5
                wa = ((cx - bx) * (py - by) - (cy - by) * (px - bx)) * scale
                if wa < 0.0:
                    continue
                wb = ((ax - cx) * (py - cy) - (ay - cy) * (px - cx)) * scale
                if wb < 0.0:
                    continue
                wc = ((bx - ax) * (py - ay) - (by - ay) * (px - ax)) * scale
                if wc < 0.0:
                    continue
                # 1 / depth is linear over the picture.
                away = np.float32(1.0 / (wa * inv_a + wb * inv_b + wc * inv_c))
                if away < depth[y, x]:
                    depth[y, x] = away
                    seen[y, x] = triangle
                    barycentric[y, x, 0] = wa * inv_a * away
                    barycentric[y, x, 1] = wb * inv_b * away
                    barycentric[y, x, 2] = wc * inv_c * away


def interpolate_numba(
    triangles: Int32, barycentric: Float32, attributes: Float32, corners: Int32
) -> Float32:
    """(B, H, W, C) of (B or 1, N, C) attributes whose rows (F, 3) ``corners`` name."""
    frames, height, width = triangles.shape
    out = np.empty((frames, height, width, attributes.shape[-1]), np.float32)
    shared = len(attributes) == 1
    tasks = [
        (triangles[b, rows], barycentric[b, rows], attributes[0 if shared else b], corners,
         out[b, rows])
        for b in range(frames)
        for rows in (slice(*band) for band in bands(height, frames))
    ]  # fmt: skip
    in_parallel(_interpolate, tasks)
    return out


@numba.njit(cache=True, nogil=True)
def _interpolate(triangles, barycentric, attributes, corners, out):
    channels = attributes.shape[1]
    for y in range(triangles.shape[0]):
        for x in range(triangles.shape[1]):
            triangle = triangles[y, x]
            if triangle < 0:
                for k in range(channels):
                    out[y, x, k] = 0.0
                continue
            a, b, c = corners[triangle, 0], corners[triangle, 1], corners[triangle, 2]
            wa, wb, wc = barycentric[y, x, 0], barycentric[y, x, 1], barycentric[y, x, 2]
            for k in range(channels):
                out[y, x, k] = wa * attributes[a, k] + wb * attributes[b, k] + wc * attributes[c, k]
