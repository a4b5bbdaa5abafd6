"""Procedural eyeballs with iris and pupil, and lashes rooted on the lids' margins.

An eyeball is a sphere whose cornea bulges; rings of vertices sit at the pupil's and the
iris's edges, so that colour per vertex draws both sharply.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facewright.face.build.pieces import (
    Piece,
    fan_triangles,
    grid_triangles,
    polar_uvs,
    selection,
    similarity,
)
from facewright.face.build.sources import Floats, Ints
from facewright.face.model import Part

#: Rings as angles from the pupil's centre in degrees; the ball is closed up to the last.
RINGS = np.array([3.5, 6.6, 7.4, 10.5, 14.0, 17.5, 20.6, 21.8, 27.0, 36.0, 48.0, 64.0, 90.0, 112.0])
SEGMENTS = 24
PUPIL, LIMBUS = 7.0, 21.2
#: How far the cornea's apex stands out, as a share of the radius.
BULGE = 0.04

PUPIL_COLOUR = (0.03, 0.025, 0.025)
IRIS_INNER, IRIS_OUTER = (0.42, 0.30, 0.19), (0.24, 0.18, 0.14)
SCLERA, SCLERA_BACK = (0.88, 0.85, 0.83), (0.76, 0.62, 0.59)


def eyeball(side: Part, rest: Floats, anchors: Ints, radius: float) -> Piece:
    """The eyeball in the place of the base mesh's helper eye ``anchors``.

    Args:
        rest: (base, 3) the base mesh at rest.
        radius: of the ball; a little less than the lids' inner side leaves clear.
    """
    centre = rest[anchors].mean(0)
    angle = np.radians(RINGS)
    cornea = np.clip(1.0 - (RINGS / LIMBUS) ** 2, 0.0, None)
    reach = radius * (1.0 + BULGE * cornea)
    around = np.arange(SEGMENTS) / SEGMENTS * 2 * np.pi
    rings = np.stack(
        [
            np.outer(reach * np.sin(angle), np.cos(around)),
            np.outer(reach * np.sin(angle), np.sin(around)),
            np.outer(reach * np.cos(angle), np.ones(SEGMENTS)),
        ],
        axis=-1,
    )
    pole = np.array([[0.0, 0.0, radius * (1.0 + BULGE)]])
    points = centre + np.concatenate([pole, rings.reshape(-1, 3)])
    # Rings run outward, so the grid's "up" points away from the pole: turn it.
    grid = grid_triangles(len(RINGS), SEGMENTS, closed=True)[:, ::-1] + 1
    triangles = np.concatenate([fan_triangles(SEGMENTS), grid])
    uvs = polar_uvs(RINGS, SEGMENTS)
    return Piece(
        name=side.name.lower(),
        part=side,
        rest=points,
        carrier=similarity(points, rest, anchors),
        triangles=triangles,
        uvs=uvs,
        uv_triangles=triangles,
        colour=_eye_colour(),
    )


def _eye_colour() -> Floats:
    angles = np.concatenate([[0.0], RINGS.repeat(SEGMENTS)])
    spoke = np.concatenate([[0.0], np.tile(np.arange(SEGMENTS), len(RINGS))])
    inward = np.clip((LIMBUS - angles) / (LIMBUS - PUPIL), 0.0, 1.0)[:, None]
    iris = inward * np.array(IRIS_INNER) + (1 - inward) * np.array(IRIS_OUTER)
    iris = iris * (1.0 + 0.12 * np.cos(spoke * 2.399 * 3))[:, None]  # fibres
    back = np.clip((angles - 40.0) / 50.0, 0.0, 1.0)[:, None]
    sclera = (1 - back) * np.array(SCLERA) + back * np.array(SCLERA_BACK)
    colour = np.where((angles < LIMBUS)[:, None], iris, sclera)
    return np.where((angles < PUPIL)[:, None], np.array(PUPIL_COLOUR), colour)


def iris_mask() -> Floats:
    """(V,) 1 on an eyeball's iris vertices, 0 elsewhere."""
    angles = np.concatenate([[0.0], RINGS.repeat(SEGMENTS)])
    return ((angles > PUPIL) & (angles < LIMBUS)).astype(float)


def sclera_mask() -> Floats:
    """(V,) 1 on an eyeball's white, 0 elsewhere."""
    angles = np.concatenate([[0.0], RINGS.repeat(SEGMENTS)])
    return (angles > LIMBUS).astype(float)


def iris_ring(count_from: int = 0) -> Ints:
    """Rows of the ring nearest the limbus, the iris's visible edge, plus an offset."""
    ring = int(np.abs(RINGS - 20.6).argmin())
    return count_from + 1 + ring * SEGMENTS + np.arange(SEGMENTS)


HAIR_COLOUR = (0.12, 0.09, 0.08)


@dataclass(frozen=True, slots=True)
class Lid:
    """How lashes grow on one kind of lid.

    Attributes:
        name: "upper" or "lower".
        hairs: number of them.
        length: of the longest, in millimetres.
        width: of a hair at its root, in millimetres.
    """

    name: str
    hairs: int
    length: float
    width: float


LIDS = (Lid("upper", 40, 7.0, 0.92), Lid("lower", 24, 3.4, 0.65))


def lashes(
    side: str, lid: Lid, rest: Floats, loop: list[int], centre: Floats, unit: float
) -> Piece:
    """Hairs along one lid: each a curved blade of three triangles.

    Args:
        side: "left" or "right".
        lid: which lid's.
        rest: (base, 3) the base mesh at rest.
        loop: base vertices of the lid margin's front ring.
        centre: (3,) of the eyeball.
        unit: mesh units in a millimetre.
    """
    upper, hairs = lid.name == "upper", lid.hairs
    ring = np.asarray(loop)
    points = rest[ring]
    inner, outer = np.abs(points[:, 0]).argmin(), np.abs(points[:, 0]).argmax()
    arcs = [_arc(ring, inner, outer), _arc(ring, outer, inner)[::-1]]
    arc = max(arcs, key=lambda rows: rest[rows, 1].mean() * (1 if upper else -1))
    line = rest[arc]
    steps = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    share = np.linspace(0.10, 0.97, hairs)
    place = np.interp(share * steps[-1], steps, np.arange(len(arc)))
    low = np.minimum(place.astype(int), len(arc) - 2)
    part = (place - low)[:, None]
    root = line[low] * (1 - part) + line[low + 1] * part
    along = line[low + 1] - line[low]
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    out = root - centre
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    lift = np.array([0.0, 1.0 if upper else -1.0, 0.0])
    splay = np.sign(centre[0]) * np.array([1.0, 0.0, 0.0]) * (share - 0.4)[:, None]
    way = 1.0 * out + 0.25 * lift + 0.55 * splay
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    size = lid.length * unit * (0.55 + 0.45 * np.sin(np.pi * share**0.8))[:, None]
    width = along * 0.5 * lid.width * unit
    bend = root + 0.55 * size * way
    tip = root + size * (0.85 * way + 0.45 * lift)
    blades = np.stack(
        [root - width, root + width, bend - 0.6 * width, bend + 0.6 * width, tip], axis=1
    )
    first = np.arange(hairs)[:, None, None] * 5
    triangles = (first + np.array([[0, 1, 3], [0, 3, 2], [2, 3, 4]])).reshape(-1, 3)
    corners = blades.reshape(-1, 3)[triangles]
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 2].sum()
    if facing < 0:  # blades have one side; it is the one that is seen from the front
        triangles = triangles[:, ::-1]
    carrier = selection(arc[low], len(rest)).multiply(1 - part) + selection(
        arc[low + 1], len(rest)
    ).multiply(part)
    spread = np.arange(hairs).repeat(5)
    cells = (np.arange(hairs)[:, None, None] + 0.5) / hairs
    cells = cells + np.array([[-0.4, 0.4, -0.3, 0.3, 0.0]])[..., None] / hairs
    heights = np.broadcast_to(np.array([0.02, 0.02, 0.6, 0.6, 0.98])[None, :, None], cells.shape)
    uvs = np.concatenate([cells, heights], axis=2).reshape(-1, 2)
    return Piece(
        name=f"lashes_{side}_{lid.name}",
        part=Part.LASHES,
        rest=blades.reshape(-1, 3),
        carrier=carrier.tocsr()[spread],
        triangles=triangles,
        uvs=uvs,
        uv_triangles=triangles,
        colour=np.tile(HAIR_COLOUR, (hairs * 5, 1)),
    )


def lash_moves(points: Floats, carried: Floats, centre: Floats) -> Floats:
    """Displacements of hairs whose roots are carried by a lid.

    Each hair goes with its root and turns about it as the root turns about the eyeball.

    Args:
        points: (5 h, 3) the hairs' vertices, ``carried`` their roots' displacements.
        centre: (3,) of the eyeball.
    """
    hairs = points.reshape(-1, 5, 3)
    root = (hairs[:, 0] + hairs[:, 1]) / 2
    moved = carried.reshape(-1, 5, 3)[:, 0]
    before, after = root - centre, root + moved - centre
    before /= np.linalg.norm(before, axis=1, keepdims=True)
    after /= np.linalg.norm(after, axis=1, keepdims=True)
    axis = np.cross(before, after)
    cosine = (before * after).sum(1)[:, None, None]
    arm = hairs - root[:, None]
    axis = axis[:, None]
    along = (arm * axis).sum(2, keepdims=True)
    turned = arm * cosine + np.cross(axis, arm) + axis * along / (1 + cosine)
    return (turned - arm + moved[:, None]).reshape(-1, 3)


def _arc(ring: Ints, first: int, last: int) -> Ints:
    """Rows of a closed ring from position ``first`` to ``last``, going forward."""
    stop = last if last > first else last + len(ring)
    return ring[np.arange(first, stop + 1) % len(ring)]
