"""The landmark embeddings, found by looking at renders.

Random people are rendered from several sides, MediaPipe finds its 478 points in each
picture, and every point is cast back on the surface under its pixel. What all pictures
say about one point is gathered on the mean shape, where the median is taken and put
back on the surface. Lips, where a pixel of error lands on the other lip, are looked for
on open mouths, and only on their own lip. Points along the lids' margins are put on rings
that follow the margins: skin a millimetre above hardly follows a closing lid, and blinks
would be read several times too large. The points on the irises are the model's own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from facewright.checks import UInt8
from facewright.errors import InputError
from facewright.face.build.sources import Floats, Ints
from facewright.face.model import LandmarkEmbedding, MorphableModel, Part

#: MediaPipe's points around the mouth, from the subject's right to left.
UPPER_LIP = (
    (185, 40, 39, 37, 0, 267, 269, 270, 409),
    (184, 74, 73, 72, 11, 302, 303, 304, 408),
    (183, 42, 41, 38, 12, 268, 271, 272, 407),
    (191, 80, 81, 82, 13, 312, 311, 310, 415),
)
LOWER_LIP = (
    (146, 91, 181, 84, 17, 314, 405, 321, 375),
    (77, 90, 180, 85, 16, 315, 404, 320, 307),
    (96, 89, 179, 86, 15, 316, 403, 319, 325),
    (95, 88, 178, 87, 14, 317, 402, 318, 324),
)
#: The corners of the mouth, outermost first, of the subject's right and left.
MOUTH_CORNERS = ((61, 76, 62, 78), (291, 306, 292, 308))
#: Points along the lids' margins, from the subject's right to left, between the corners:
#: right eye, left eye.
UPPER_LID = ((246, 161, 160, 159, 158, 157, 173), (398, 384, 385, 386, 387, 388, 466))
LOWER_LID = ((7, 163, 144, 145, 153, 154, 155), (382, 381, 380, 374, 373, 390, 249))
#: The eyes' corners: right eye's outer and inner, left eye's inner and outer.
EYE_CORNERS = ((33, 133), (362, 263))
#: The irises' points: centre, then the limbus at the image's right, top, left, bottom.
IRIS_RIGHT, IRIS_LEFT = (468, 469, 470, 471, 472), (473, 474, 475, 476, 477)
#: iBUG's 68 points as MediaPipe's: jaw, brows, nose, eyes, mouth.
IBUG_68 = (
    127, 234, 132, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 361, 454, 356,
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300,
    168, 197, 5, 4, 98, 97, 2, 326, 327,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91,
    78, 81, 13, 311, 308, 402, 14, 178,
)  # fmt: skip

SIZE = 384
FOCAL = 4.6 * SIZE
DISTANCE = 1.45  # metres: the head fills about two thirds of the picture


@dataclass(frozen=True, slots=True)
class LipSets:
    """Where lip points may lie.

    Attributes:
        upper, lower: rows of the model's triangles on each lip.
        upper_edge, lower_edge: vertices along the line where the lips touch, from the
            subject's right to left.
    """

    upper: Ints
    lower: Ints
    upper_edge: Ints
    lower_edge: Ints


@dataclass(frozen=True, slots=True)
class LidMargin:
    """Where the points along one eye's lids lie: near the edges, where lashes grow.

    Attributes:
        upper, lower: vertices from the subject's right to left, corners included in both.
    """

    upper: Ints
    lower: Ints


def embed(
    model: MorphableModel,
    lips: LipSets,
    lids: tuple[LidMargin, LidMargin],
    *,
    people: int,
    seed: int,
) -> MorphableModel:
    """The model with both embeddings.

    Args:
        model: without landmarks.
        lips: where lip points may lie.
        lids: margins of the right and of the left eye's lids.
        people: how many are rendered.
        seed: of their faces and poses.

    Raises:
        InputError: MediaPipe saw no face in any picture.
    """
    skin = np.flatnonzero(model.triangle_parts == Part.SKIN)
    closed, opened = _gather(model, people, seed)
    where = np.nanmedian(closed, axis=0)
    mouth = [p for rows in (*UPPER_LIP, *LOWER_LIP, *MOUTH_CORNERS) for p in rows]
    where[mouth] = np.nanmedian(opened[:, mouth], axis=0)
    where[468:] = 0.0
    if not np.isfinite(where[:468]).all():
        missing = np.flatnonzero(~np.isfinite(where[:468]).all(1)).tolist()
        raise InputError(f"model: no picture shows MediaPipe's points {missing}")
    where[:468] = symmetric(where[:468])
    triangles, weights = nearest_on_surface(where, model.mean, model.triangles, skin)
    for rows, allowed, edge in (
        (UPPER_LIP, lips.upper, lips.upper_edge),
        (LOWER_LIP, lips.lower, lips.lower_edge),
    ):
        index = np.concatenate([np.asarray(r) for r in rows])
        # The innermost points are where the lips touch: on the edge, at their own x.
        inner, line = list(rows[-1]), model.mean[edge]
        x = where[inner, 0]
        where[inner] = np.stack([np.interp(x, line[:, 0], axis) for axis in line.T], axis=1)
        triangles[index], weights[index] = nearest_on_surface(
            where[index], model.mean, model.triangles, allowed
        )
    for eye, margin in enumerate(lids):
        _set_margin(model, where, triangles, weights, eye, margin)
    _set_irises(model, triangles, weights)
    found = LandmarkEmbedding(triangles.astype(np.int32), weights.astype(np.float32))
    ibug = LandmarkEmbedding(found.triangles[list(IBUG_68)], found.barycentric[list(IBUG_68)])
    return replace(model, landmarks478=found, landmarks68=ibug)


def symmetric(points: Floats) -> Floats:
    """(N, 3) points averaged with their mirror images: MediaPipe's mesh is symmetric.

    Each point's partner is the one nearest its mirror image, over all points at once.
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    mirror = points * (-1.0, 1.0, 1.0)
    _, partner = linear_sum_assignment(cdist(points, mirror))
    return (points + mirror[partner]) / 2


def _gather(model: MorphableModel, people: int, seed: int) -> tuple[Floats, Floats]:
    """Positions on the mean shape: (pictures, 478, 3) with closed and with open mouths."""
    from facewright.capture.landmarks import FaceFinder
    from facewright.errors import NoFaceError

    rng = np.random.default_rng(seed)
    finder = FaceFinder()
    gathered: tuple[list[Floats], list[Floats]] = ([], [])
    for _ in range(people):
        identity = 0.7 * rng.normal(size=len(model.identity_basis)).clip(-2, 2)
        texture = 0.5 * rng.normal(size=len(model.texture_basis)).clip(-2, 2)
        for opened in (False, True):
            expression = np.zeros(len(model.expression_names), np.float32)
            if opened:
                expression[model.expression_index("jawOpen")] = rng.uniform(0.3, 0.8)
            for yaw in (0.0, -18.0, 18.0):
                angles = np.radians([rng.uniform(-8, 8), yaw + rng.uniform(-5, 5), 0.0])
                shape = model.vertices(
                    identity.astype(np.float32), expression, np.zeros(4, np.float32)
                )
                picture, seen, weights = render(
                    model, shape, model.albedo(texture.astype(np.float32)), angles
                )
                try:
                    points = finder.track(picture)
                except NoFaceError:
                    continue
                gathered[opened].append(_cast_back(model, points, seen, weights))
    finder.close()
    if not gathered[0] or not gathered[1]:
        raise InputError("model: MediaPipe found no face in the renders")
    return np.stack(gathered[0]), np.stack(gathered[1])


def render(
    model: MorphableModel, shape: Floats, albedo: Floats, angles: Floats
) -> tuple[UInt8, Ints, Floats]:
    """A picture of a head, with the triangle and its weights at each pixel.

    Args:
        angles: (3,) rotation vector in radians.
    """
    from facewright.face import pose
    from facewright.render.camera import Camera
    from facewright.render.normals import VertexNormals
    from facewright.render.rasterise import interpolate, rasterise

    camera = Camera(FOCAL, (SIZE / 2, SIZE / 2), (SIZE, SIZE))
    placed = pose.transform(np.r_[angles, 0.0, 0.0, -DISTANCE], np.asarray(shape, np.float32))
    screen = camera.project(placed)[None]
    found = rasterise(screen, model.triangles, camera.size)
    normals = VertexNormals(model.triangles, model.vertex_count)(placed[None])[0]
    light = np.array([0.25, 0.45, 0.86])
    shade = 0.42 + 0.62 * np.clip(normals @ light, 0, 1)
    colour = interpolate(found, (albedo * shade[:, None]).astype(np.float32), model.triangles)[0]
    hit = found.triangles[0] >= 0
    picture = np.where(hit[..., None], colour, 0.55)
    return (
        (np.clip(picture, 0, 1) * 255).astype(np.uint8),
        found.triangles[0],
        found.barycentric[0],
    )


def _cast_back(
    model: MorphableModel, points: Floats, seen: Ints, weights: Floats, reach: float = 5.0
) -> Floats:
    """(478, 3) positions on the mean shape, NaN where no skin is within ``reach`` pixels."""
    parts = np.where(seen >= 0, model.triangle_parts[seen], 255)
    rows, columns = np.nonzero(parts == Part.SKIN)
    centres = np.stack([columns, rows], axis=1) + 0.5
    result = np.full((len(points), 3), np.nan)
    from scipy.spatial import cKDTree

    distance, nearest = cKDTree(centres).query(points)
    good = distance < reach
    row, column = rows[nearest[good]], columns[nearest[good]]
    corners = model.mean[model.triangles[seen[row, column]]]
    result[good] = np.einsum("nkc,nk->nc", corners, weights[row, column])
    return result


def nearest_on_surface(
    points: Floats, vertices: Floats, triangles: Ints, allowed: Ints
) -> tuple[Ints, Floats]:
    """For each point the nearest of the ``allowed`` triangles, and its weights there.

    The distance to a triangle is found by projecting on its plane and clamping the
    weights, which is exact inside and good enough on the rim.
    """
    corners = vertices[triangles[allowed]].astype(np.float64)
    origin = corners[:, 0]
    first, second = corners[:, 1] - origin, corners[:, 2] - origin
    aa, bb, ab = (first**2).sum(1), (second**2).sum(1), (first * second).sum(1)
    scale = np.maximum(aa * bb - ab * ab, 1e-30)
    chosen = np.empty(len(points), np.int64)
    weights = np.empty((len(points), 3))
    for row, point in enumerate(points):
        arm = point - origin
        pa, pb = (arm * first).sum(1), (arm * second).sum(1)
        v, w = (bb * pa - ab * pb) / scale, (aa * pb - ab * pa) / scale
        bary = np.clip(np.stack([1 - v - w, v, w], axis=1), 0, None)
        bary /= bary.sum(1, keepdims=True)
        gap = np.linalg.norm(np.einsum("nk,nkc->nc", bary, corners) - point, axis=1)
        best = int(gap.argmin())
        chosen[row], weights[row] = allowed[best], bary[best]
    return chosen, weights


def _set_margin(
    model: MorphableModel,
    where: Floats,
    triangles: Ints,
    weights: Floats,
    eye: int,
    margin: LidMargin,
) -> None:
    """Put an eye's outline on the margins, each point where its share of the width says."""
    corners = EYE_CORNERS[eye]
    start, end = where[list(corners), 0]
    for points, vertices in ((UPPER_LID[eye], margin.upper), (LOWER_LID[eye], margin.lower)):
        line = model.mean[vertices].astype(np.float64)
        share = (where[list(points), 0] - start) / (end - start)
        along = np.clip((line[:, 0] - line[0, 0]) / (line[-1, 0] - line[0, 0]), 0, 1)
        along = np.maximum.accumulate(along)
        for point, place in zip((corners[0], *points, corners[1]), (0.0, *share, 1.0), strict=True):
            right = int(np.clip(np.searchsorted(along, place), 1, len(line) - 1))
            ahead = (place - along[right - 1]) / max(along[right] - along[right - 1], 1e-9)
            ends = vertices[[right - 1, right]]
            triangle = int(np.flatnonzero(np.isin(model.triangles, ends).sum(1) == 2)[0])
            corner = model.triangles[triangle]
            triangles[point] = triangle
            ahead = float(np.clip(ahead, 0, 1))
            weights[point] = np.where(corner == ends[0], 1 - ahead, (corner == ends[1]) * ahead)


def _set_irises(model: MorphableModel, triangles: Ints, weights: Floats) -> None:
    from facewright.face.build import eyes

    for points, part in ((IRIS_RIGHT, Part.EYE_RIGHT), (IRIS_LEFT, Part.EYE_LEFT)):
        first = int(np.flatnonzero(model.vertex_parts == part)[0])
        ring = eyes.iris_ring(first)
        quarter = eyes.SEGMENTS // 4
        # The image's right is +x for a face that looks at the camera.
        rows = (first, ring[0], ring[quarter], ring[2 * quarter], ring[3 * quarter])
        for point, vertex in zip(points, rows, strict=True):
            triangle = int(np.flatnonzero((model.triangles == vertex).any(1))[0])
            triangles[point] = triangle
            weights[point] = (model.triangles[triangle] == vertex).astype(float)
