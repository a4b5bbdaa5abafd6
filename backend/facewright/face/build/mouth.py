"""Procedural teeth and gums along MakeHuman's dental arches, and its tongue.

Teeth have the usual crown sizes in millimetres; a crown is a stack of super-elliptic
rings that narrows from a rounded neck to an edge (incisors) or a table (molars). Gums
are a ridge swept along the arch whose margin is scalloped around each neck.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facewright.face.build.pieces import (
    Piece,
    affine,
    fan_triangles,
    grid_triangles,
    polar_uvs,
)
from facewright.face.build.sources import Floats, Ints
from facewright.face.model import Part

#: Mesio-distal width, crown height and labio-lingual depth in mm, then the depth of the
#: edge as a share of the crown's: central incisor to first molar.
UPPER_CROWNS = np.array(
    [
        (8.5, 10.0, 6.6, 0.24),
        (6.6, 8.8, 5.8, 0.26),
        (7.6, 9.8, 7.2, 0.34),
        (7.0, 8.2, 8.6, 0.72),
        (6.8, 7.6, 8.8, 0.76),
        (10.0, 7.0, 10.0, 0.84),
    ]
)
LOWER_CROWNS = np.array(
    [
        (5.2, 8.6, 5.6, 0.24),
        (5.8, 8.8, 5.8, 0.26),
        (6.8, 10.0, 6.8, 0.34),
        (7.0, 8.2, 7.4, 0.70),
        (7.1, 7.6, 7.8, 0.76),
        (11.0, 7.0, 10.0, 0.84),
    ]
)
AROUND = 10
#: Heights of a crown's rings (0 at the neck, 1 at the edge), and how wide and how deep
#: they are beside the crown's largest.
LEVELS = np.array([-0.25, 0.12, 0.45, 0.78, 0.97])
WIDTHS = np.array([0.62, 0.86, 0.98, 1.0, 0.88])
ENAMEL, ENAMEL_NECK = (0.86, 0.82, 0.75), (0.78, 0.70, 0.58)
GUM, GUM_MARGIN = (0.66, 0.36, 0.36), (0.76, 0.46, 0.45)
TONGUE, TONGUE_TIP = (0.26, 0.11, 0.11), (0.68, 0.38, 0.38)
LINING_FRONT, LINING_BACK = (0.55, 0.29, 0.29), (0.10, 0.04, 0.04)


@dataclass(frozen=True)
class Arch:
    """A dental arch: the labial line of the crowns' edges, at rest.

    Attributes:
        line: (n, 3) dense curve from the subject's right to the left, by arc length.
        lengths: (n,) arc length from the mid-plane, negative on the right.
        up: +1 where crowns grow down from their necks (upper), -1 for the lower arch.
        unit: mesh units in a millimetre.
    """

    line: Floats
    lengths: Floats
    up: int
    unit: float

    def at(self, lengths: Floats) -> Floats:
        """(k, 3) points at signed arc lengths."""
        return np.stack([np.interp(lengths, self.lengths, axis) for axis in self.line.T], axis=1)

    def frame(self, lengths: Floats) -> tuple[Floats, Floats]:
        """(k, 3) unit tangents (to the left) and outward normals, both horizontal."""
        step = 0.05
        tangent = self.at(lengths + step) - self.at(lengths - step)
        tangent[:, 1] = 0.0
        tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
        outward = np.stack([-tangent[:, 2], 0 * tangent[:, 0], tangent[:, 0]], axis=1)
        return tangent, outward


def fit_arch(
    front: tuple[float, float], half_width: float, back: float, drop: float, *, up: int, unit: float
) -> Arch:
    """An arch x -> (x, y, z): a half super-ellipse.

    Args:
        front: (y, z) of the edge between the central incisors.
        half_width: |x| of the labial line at the last molar.
        back: z there.
        drop: y there, less the y in front.
    """
    angle = np.linspace(-np.pi / 2, np.pi / 2, 801)
    x = half_width * np.sign(angle) * np.abs(np.sin(angle)) ** 0.92
    share = np.cos(angle) ** 0.92
    z = back + (front[1] - back) * share
    y = front[0] + drop * (1 - share) ** 1.5
    line = np.stack([x, y, z], axis=1)
    lengths = np.r_[0.0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    return Arch(line, lengths - lengths[400], up, unit)


def teeth(name: str, part: Part, arch: Arch, rest: Floats, anchors: Ints) -> Piece:
    """Twelve crowns along an arch, carried by the base mesh's helper teeth."""
    crowns = UPPER_CROWNS if part is Part.TEETH_UPPER else LOWER_CROWNS
    sizes = np.concatenate([crowns[::-1], crowns])
    centres = _centres(arch, crowns)
    tangent, outward = arch.frame(centres)
    edge = arch.at(centres)
    around = np.arange(AROUND) / AROUND * 2 * np.pi
    circle = np.stack([np.sin(around), np.cos(around)], axis=1)
    circle = np.sign(circle) * np.abs(circle) ** 0.75
    points, colours = [], []
    for row, (width, height, depth, share) in enumerate(sizes):
        level = LEVELS[:, None]
        edge_share = np.interp(LEVELS, [-0.3, 0.3, 1.0], [0.8, 1.0, share])
        across = 0.5 * width * WIDTHS[:, None] * circle[None, :, 0]
        labial = 0.5 * depth * edge_share[:, None] * circle[None, :, 1]
        # The labial side stays on the arch's line; the lingual side slopes to the edge.
        inward = 0.5 * depth * np.interp(LEVELS, [-0.3, 0.3, 1.0], [0.86, 1.0, share + 0.12])
        rise = height * (1 - level) * np.ones(AROUND)
        ring = (
            edge[row]
            + arch.unit * across[..., None] * tangent[row]
            + arch.unit * (labial - inward[:, None])[..., None] * outward[row]
            + arch.unit * arch.up * rise[..., None] * np.array([0.0, 1.0, 0.0])
        )
        cap = ring[-1].mean(0) - arch.unit * arch.up * 0.03 * height * np.array([0.0, 1.0, 0.0])
        points.append(np.concatenate([cap[None], ring[::-1].reshape(-1, 3)]))
        tint = np.clip(np.r_[1.0, LEVELS[::-1].repeat(AROUND)], 0, 1)[:, None] ** 0.6
        colours.append(tint * np.array(ENAMEL) + (1 - tint) * np.array(ENAMEL_NECK))
    rings = len(LEVELS)
    one = np.concatenate(
        [fan_triangles(AROUND), grid_triangles(rings, AROUND, closed=True)[:, ::-1] + 1]
    )
    # Rings run clockwise seen from the cap of an upper crown; turn the lower ones.
    if arch.up > 0:
        one = one[:, ::-1]
    number = 1 + rings * AROUND
    triangles = (np.arange(12)[:, None, None] * number + one).reshape(-1, 3)
    disc = polar_uvs(np.arange(1.0, rings + 1), AROUND)
    cells = np.stack([np.arange(12), np.zeros(12)], axis=1)[:, None]
    uvs = ((cells + disc) / (12, 1)).reshape(-1, 2)
    rest_points = np.concatenate(points)
    return Piece(
        name=name,
        part=part,
        rest=rest_points,
        carrier=affine(rest_points, rest, anchors),
        triangles=triangles,
        uvs=uvs,
        uv_triangles=triangles,
        colour=np.concatenate(colours),
    )


def _centres(arch: Arch, crowns: Floats) -> Floats:
    """(12,) signed arc lengths of the crowns' middles, right to left, without gaps."""
    ends = np.cumsum(crowns[:, 0]) * arch.unit
    middle = ends - crowns[:, 0] * arch.unit / 2
    return np.r_[-middle[::-1], middle]


#: Profile of a gum ridge: outward from the labial line (mm), and height as a share of
#: the way from the scalloped margin (0) to the ridge's root (1).
GUM_PROFILE = np.array(
    [(-9.5, 0.9), (-8.6, 0.15), (-6.0, -0.05), (-0.6, -0.02), (0.9, 0.22), (1.5, 0.6), (0.2, 1.0)]
)
GUM_STATIONS = 61
GUM_HEIGHT = 7.0


def gums(name: str, arch: Arch, rest: Floats, anchors: Ints) -> Piece:
    """The ridge that holds an arch's crowns."""
    crowns = UPPER_CROWNS if arch.up > 0 else LOWER_CROWNS
    reach = crowns[:, 0].sum() * arch.unit + 0.02
    stations = np.linspace(-reach, reach, GUM_STATIONS)
    _, outward = arch.frame(stations)
    centres = _centres(arch, crowns)
    heights = np.r_[crowns[::-1, 1], crowns[:, 1]]
    widths = np.r_[crowns[::-1, 0], crowns[:, 0]] * arch.unit
    nearest = np.abs(stations[:, None] - centres).argmin(1)
    offset = np.abs(stations - centres[nearest]) / (0.5 * widths[nearest])
    # The margin is highest in the middle of a neck and sinks into the papillae.
    margin = heights[nearest] * (0.93 - 0.26 * np.clip(offset, 0, 1) ** 2.2)
    depth = GUM_PROFILE[:, 0][None]
    height = margin[:, None] + (GUM_HEIGHT + 8.0 - margin[:, None]) * GUM_PROFILE[:, 1]
    points = (
        arch.at(stations)[:, None]
        + arch.unit * depth[..., None] * outward[:, None]
        + arch.unit * arch.up * height[..., None] * np.array([0.0, 1.0, 0.0])
    )
    columns, rows = GUM_STATIONS, len(GUM_PROFILE)
    points = points.transpose(1, 0, 2).reshape(-1, 3)
    triangles = grid_triangles(rows, columns, closed=False)
    if arch.up < 0:
        triangles = triangles[:, ::-1]
    v, u = np.meshgrid(
        np.linspace(0.02, 0.98, rows), np.linspace(0.01, 0.99, columns), indexing="ij"
    )
    uvs = np.stack([u, v], axis=-1).reshape(-1, 2)
    tint = np.repeat(np.clip(1 - np.abs(GUM_PROFILE[:, 1]) * 1.6, 0, 1), columns)[:, None]
    return Piece(
        name=name,
        part=Part.GUMS,
        rest=points,
        carrier=affine(points, rest, anchors),
        triangles=triangles,
        uvs=uvs,
        uv_triangles=triangles,
        colour=tint * np.array(GUM_MARGIN) + (1 - tint) * np.array(GUM),
    )


def tongue_rows(rest: Floats, quads: Ints) -> Ints:
    """The tongue's quads without the closed end in the throat, so that it is a disc."""
    middle = rest[quads].mean(1)[:, 2]
    return quads[middle > np.quantile(middle, 0.06)]


def tongue_colour(points: Floats) -> Floats:
    """(V, 3) darker towards the root, where light hardly comes."""
    share = _depth(points) ** 1.3
    return share * np.array(TONGUE_TIP) + (1 - share) * np.array(TONGUE)


def lining_colour(points: Floats) -> Floats:
    """(V, 3) of the mouth's lining: gum colour in front, dark towards the throat."""
    share = _depth(points) ** 1.5
    return share * np.array(LINING_FRONT) + (1 - share) * np.array(LINING_BACK)


def _depth(points: Floats) -> Floats:
    """(V, 1) 0 at the back, 1 in front."""
    z = points[:, 2]
    return ((z - z.min()) / np.ptp(z))[:, None]
