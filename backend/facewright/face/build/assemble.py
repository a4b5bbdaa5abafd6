"""Puts the default model together: pieces, atlas, identity, expression, texture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facewright.face.build import (
    atlas,
    expressions,
    eyes,
    identity,
    landmarks,
    mouth,
    texture,
    topology,
)
from facewright.face.build.pieces import Piece, carry, selection, upright
from facewright.face.build.sources import Float64, Int64, Sources
from facewright.face.model import LandmarkEmbedding, MorphableModel, Part
from facewright.face.names import EXPRESSION_64

#: Distance between the mean's eye centres, metres; sets the scale of everything.
INTERPUPILLARY = 0.063
#: Eyeball radius as a share of the helper eye's, so that lids clear it.
BALL_SHARE = 0.985


@dataclass(frozen=True)
class Assembly:
    """Pieces in the order of the model, and what joins them.

    Attributes:
        pieces: sorted by part.
        rest_base: (base, 3) the default human in mesh units.
        scale: metres per mesh unit.
        origin: (3,) the head's pivot in mesh units.
        head: the cuts in the base mesh.
        eye_anchors: rows of the helper eyes, left and right.
    """

    pieces: tuple[Piece, ...]
    rest_base: Float64
    scale: float
    origin: Float64
    head: topology.Head
    eye_anchors: tuple[Int64, Int64]

    @property
    def offsets(self) -> Int64:
        """(pieces + 1,) first vertex of each piece."""
        return np.r_[0, np.cumsum([len(piece.rest) for piece in self.pieces])]

    def rows(self, name: str) -> slice:
        """Vertices of the piece called ``name``."""
        index = [piece.name for piece in self.pieces].index(name)
        return slice(int(self.offsets[index]), int(self.offsets[index + 1]))

    @property
    def rest(self) -> Float64:
        """(V, 3) metres, about the pivot."""
        points = np.concatenate([piece.rest for piece in self.pieces])
        return (points - self.origin) * self.scale

    @property
    def triangles(self) -> Int64:
        """(F, 3)."""
        shifted = [
            piece.triangles + offset
            for piece, offset in zip(self.pieces, self.offsets, strict=False)
        ]
        return np.concatenate(shifted)

    @property
    def vertex_parts(self) -> Int64:
        """(V,) part of each vertex."""
        return np.concatenate([np.full(len(p.rest), int(p.part)) for p in self.pieces])

    @property
    def triangle_parts(self) -> Int64:
        """(F,) part of each triangle."""
        return np.concatenate([np.full(len(p.triangles), int(p.part)) for p in self.pieces])

    def uvs(self) -> tuple[Float64, Int64]:
        """(U, 2) atlas coordinates and (F, 3) rows of them."""
        points, rows, first = [], [], 0
        for piece in self.pieces:
            points.append(atlas.place(piece.name, piece.uvs))
            rows.append(piece.uv_triangles + first)
            first += len(piece.uvs)
        return np.concatenate(points), np.concatenate(rows)

    def carry(self, displacement: Float64) -> Float64:
        """(V, 3) metres: every piece's displacement for one of the base mesh."""
        moved = [carry(piece.carrier, displacement) for piece in self.pieces]
        return np.concatenate(moved) * self.scale


def assemble(sources: Sources) -> Assembly:
    """Cut, build and lay out every part of the default human."""
    base = sources.base
    head = topology.cut_head(base)
    rest = base.vertices + sources.targets.sum(identity.default_weights())
    anchors = tuple(base.group_vertices(f"helper-{side}-eye") for side in "lr")
    centres = [rest[rows].mean(0) for rows in anchors]
    scale = INTERPUPILLARY / float(np.linalg.norm(centres[0] - centres[1]))
    radius = BALL_SHARE * float(np.linalg.norm(rest[anchors[0]] - centres[0], axis=1).mean())
    millimetre = 1e-3 / scale
    upper = mouth.fit_arch((6.655, 1.385), 0.285, 0.97, 0.035, up=1, unit=millimetre)
    lower = mouth.fit_arch((6.672, 1.362), 0.272, 0.96, 0.040, up=-1, unit=millimetre)
    upper_rows = base.group_vertices("helper-upper-teeth")
    lower_rows = base.group_vertices("helper-lower-teeth")
    hair = {
        "upper": {"hairs": eyes.UPPER_HAIRS, "length": 8 * millimetre, "upper": True},
        "lower": {"hairs": eyes.LOWER_HAIRS, "length": 5 * millimetre, "upper": False},
    }
    pieces = [
        _skin(head, rest),
        eyes.eyeball(Part.EYE_LEFT, rest, anchors[0], radius),
        eyes.eyeball(Part.EYE_RIGHT, rest, anchors[1], radius),
        mouth.teeth("teeth_upper", Part.TEETH_UPPER, upper, rest, upper_rows),
        mouth.teeth("teeth_lower", Part.TEETH_LOWER, lower, rest, lower_rows),
        mouth.gums("gums_upper", upper, rest, upper_rows),
        mouth.gums("gums_lower", lower, rest, lower_rows),
        _disc("lining", Part.GUMS, rest, head.lining, np.tile(mouth.GUM, (1, 1)) * 0.8),
        _tongue(rest, base.group("helper-tongue")),
    ]
    graph_loops = topology.lash_loops(base)
    for side, loop, centre in zip(("left", "right"), graph_loops, centres, strict=True):
        for lid, options in hair.items():
            pieces.append(eyes.lashes(f"lashes_{side}_{lid}", rest, loop, centre, **options))
    origin = rest[base.group_vertices("joint-head")].mean(0)
    return Assembly(tuple(map(upright, pieces)), rest, scale, origin, head, anchors)


def _compact(quads: Int64, rest: Float64) -> tuple[Int64, Int64]:
    """Used base vertices, and triangles over them."""
    used, triangles = np.unique(topology.triangulate(quads, rest), return_inverse=True)
    return used, triangles.reshape(-1, 3)


def _skin(head: topology.Head, rest: Float64) -> Piece:
    used, triangles = _compact(head.skin, rest)
    points = rest[used]
    seam = _back_seam(points, triangles, [int(np.searchsorted(used, v)) for v in head.neck_loop])
    source, cut = atlas.open_seam(triangles, seam, points)
    flat = points[source]
    loops = atlas.border_loops(cut)
    loop = next(loop for loop in loops if seam[-1] in loop)
    lengths = np.linalg.norm(flat[np.roll(loop, -1)] - flat[loop], axis=1)
    # The border runs along the neck, then up one side of the seam and down the other.
    # Corners: both ends of the neck, and two points half-way up the seam.
    copy = {int(v): len(points) + k for k, v in enumerate(seam[:-1])}
    third = seam[int(len(seam) * 0.62)]
    corners_vertices = (copy[seam[0]], seam[0], third, copy[third])
    corners = [loop.index(vertex) for vertex in corners_vertices]
    outline = atlas.rectangle_outline(loop, corners, lengths)
    uvs = atlas.convex_map(flat, cut, outline, _skin_density(flat))
    return Piece(
        "skin",
        Part.SKIN,
        points,
        selection(used, len(rest)),
        triangles,
        uvs,
        cut,
        np.tile((0.72, 0.54, 0.45), (len(points), 1)),
    )


def _back_seam(points: Float64, triangles: Int64, neck: list[int]) -> list[int]:
    """Mid-plane vertices from the neck's back up over the head to the crown."""
    middle = np.flatnonzero(np.abs(points[:, 0]) < 2e-3)
    neighbours: dict[int, set[int]] = {}
    for a, b in np.concatenate([triangles[:, [k, (k + 1) % 3]] for k in range(3)]).tolist():
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
    on_plane = set(middle.tolist())
    start = min((v for v in neck if v in on_plane), key=lambda v: points[v, 2])
    crown = points[middle][:, 1].max()
    path, seen = [start], {start}
    while True:
        ahead = (neighbours[path[-1]] & on_plane) - seen
        if not ahead or points[path[-1], 1] > crown - 1e-6:
            return path
        step = max(ahead, key=lambda v: points[v, 1] - points[v, 2])
        path.append(step)
        seen.add(step)


def _skin_density(points: Float64) -> Float64:
    """Wanted share of the atlas per area: the face in front counts most."""
    centre = np.array([0.0, 6.95, 0.55])
    way = points - centre
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    facing = np.clip(way @ np.array([0.0, 0.0, 1.0]), -1, 1)
    front = 1 / (1 + np.exp(-(facing - 0.3) / 0.2))
    features = np.zeros(len(points))
    for place, size in (
        ((0.29, 7.36, 1.3), 0.22),
        ((-0.29, 7.36, 1.3), 0.22),
        ((0, 6.68, 1.5), 0.3),
    ):
        features += np.exp(-(np.linalg.norm(points - place, axis=1) ** 2) / (2 * size**2))
    return 0.3 + front * (0.9 + 1.1 * np.clip(features, 0, 1))


def _disc(name: str, part: Part, rest: Float64, quads: Int64, colour: Float64) -> Piece:
    used, triangles = _compact(quads, rest)
    points = rest[used]
    loop = atlas.border_loops(triangles)[0]
    lengths = np.linalg.norm(points[np.roll(loop, -1)] - points[loop], axis=1)
    outline = atlas.circle_outline(loop, lengths, np.pi / 2)
    uvs = atlas.convex_map(points, triangles, outline, np.ones(len(points)))
    colours = np.broadcast_to(colour, points.shape)
    return Piece(name, part, points, selection(used, len(rest)), triangles, uvs, triangles, colours)


def _tongue(rest: Float64, quads: Int64) -> Piece:
    kept = mouth.tongue_rows(rest, quads)
    piece = _disc("tongue", Part.TONGUE, rest, kept, np.zeros((1, 3)))
    colour = mouth.tongue_colour(piece.rest)
    return Piece(
        piece.name,
        piece.part,
        piece.rest,
        piece.carrier,
        piece.triangles,
        piece.uvs,
        piece.uv_triangles,
        colour,
    )


@dataclass(frozen=True)
class Shapes:
    """Mean and bases of the joined model, metres."""

    mean: Float64
    identity: identity.IdentitySpace
    expression: Float64


def shapes(assembly: Assembly, sources: Sources, *, samples: int, seed: int) -> Shapes:
    """Identity space and blendshapes of the joined model."""
    targets = sources.targets
    weights, displacements = identity.sample_displacements(targets, samples, seed)
    base = displacements.reshape(len(displacements), -1, 3)
    carried = np.stack([assembly.carry(target) for target in base]).astype(np.float32)
    default = assembly.carry(targets.sum(identity.default_weights()))
    rest = assembly.rest
    people = (weights @ carried.reshape(len(carried), -1)).reshape(samples, -1, 3)
    people += (rest - default).astype(np.float32)
    importance, face = regions(assembly)
    aligned = identity.align(people, rest, face)
    space = identity.principal_components(aligned, importance, face, 80)
    mean = 0.5 * (space.mean + rest)
    moves = expressions.base_displacements(targets, assembly.rest_base)
    expression = np.stack([assembly.carry(moves[name]) for name in expressions.EXPRESSION_64])
    return Shapes(mean, space, expression)


def regions(assembly: Assembly) -> tuple[Float64, Float64]:
    """(V,) importance in the components, and (V,) weight of the face proper; by area."""
    rest, triangles = assembly.rest, assembly.triangles
    corners = rest[triangles]
    area = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    mass = np.zeros(len(rest))
    for k in range(3):
        np.add.at(mass, triangles[:, k], area / 6)
    skin = assembly.vertex_parts == int(Part.SKIN)
    front = 1 / (1 + np.exp(-(rest[:, 2] - 0.045) / 0.012))
    above = 1 / (1 + np.exp(-(rest[:, 1] + 0.095) / 0.01))
    face = mass * skin * front * above
    importance = mass * skin * (0.05 + front * above + 0.25 * above)
    eyes_mass = np.isin(assembly.vertex_parts, (int(Part.EYE_LEFT), int(Part.EYE_RIGHT)))
    return importance + mass * eyes_mass, face


def lip_mask(assembly: Assembly, base_lips: Int64) -> Float64:
    """(skin vertices,) 1 on the vermilion and behind it, fading over its border."""
    skin = assembly.head.vertices
    mask = np.zeros(len(skin))
    border = topology.ring_of(base_lips, topology.VERMILION_FRONT)
    for ring, row in enumerate(base_lips):
        value = np.interp(ring, (border - 2, border - 1, border, border + 1), (0, 0.25, 0.85, 1))
        mask[np.searchsorted(skin, row)] = value
    return mask


def albedo(assembly: Assembly, sources: Sources) -> texture.Albedo:
    """Mean albedo and 80 components of the joined model."""
    colour = np.concatenate([piece.colour for piece in assembly.pieces])
    rows = assembly.rows
    inner = {
        "teeth": slice(rows("teeth_upper").start, rows("teeth_lower").stop),
        "gums": slice(rows("gums_upper").start, rows("gums_lower").stop),
        "lashes": slice(rows("lashes_left_upper").start, rows("lashes_right_lower").stop),
    }
    lips = lip_mask(assembly, topology.lip_grid(sources.base))
    return texture.build_albedo(
        assembly.rest, colour, rows("skin"), lips, (rows("eye_left"), rows("eye_right")), inner, 80
    )


#: Name of the model that this version builds.
NAME = "facewright-default-1"
#: People sampled for the identity space and rendered for the landmarks, and the seed.
SAMPLES, PEOPLE, SEED = 2500, 10, 20


def build_model(sources: Sources) -> MorphableModel:
    """The whole default model."""
    assembly = assemble(sources)
    shape = shapes(assembly, sources, samples=SAMPLES, seed=SEED)
    colour = albedo(assembly, sources)
    uvs, uv_triangles = assembly.uvs()
    nowhere = LandmarkEmbedding(np.zeros(0, np.int32), np.zeros((0, 3), np.float32))
    balls = [assembly.rows(name) for name in ("eye_left", "eye_right")]
    model = MorphableModel(
        name=NAME,
        mean=shape.mean.astype(np.float32),
        identity_basis=shape.identity.basis.astype(np.float32),
        expression_basis=shape.expression.astype(np.float32),
        texture_mean=colour.mean.astype(np.float32),
        texture_basis=colour.basis.astype(np.float32),
        expression_names=EXPRESSION_64,
        triangles=assembly.triangles.astype(np.int32),
        triangle_parts=assembly.triangle_parts.astype(np.uint8),
        vertex_parts=assembly.vertex_parts.astype(np.uint8),
        uvs=uvs.astype(np.float32),
        uv_triangles=uv_triangles.astype(np.int32),
        landmarks68=nowhere,
        landmarks478=nowhere,
        eye_centres=np.stack([ball_centre(shape.mean[ball]) for ball in balls]).astype(np.float32),
        eye_axes=np.tile(np.float32([0, 0, 1]), (2, 1)),
        metres_per_unit=1.0,
        licence="CC0-1.0",
    )
    sets = lip_sets(assembly, topology.lip_grid(sources.base))
    return landmarks.embed(model, sets, people=PEOPLE, seed=SEED)


def ball_centre(points: Float64) -> Float64:
    """(3,) centre of an eyeball: the middle of its widest ring and the ring's depth."""
    widest = 1 + int(np.abs(eyes.RINGS - 90.0).argmin()) * eyes.SEGMENTS
    return points[widest : widest + eyes.SEGMENTS].mean(0)


def lip_sets(assembly: Assembly, grid: Int64) -> landmarks.LipSets:
    """Triangles between the vermilion's border and just behind the lip line, by lip."""
    skin = assembly.head.vertices
    border = topology.ring_of(grid, topology.VERMILION_FRONT)
    line = topology.ring_of(grid, topology.LIP_LINE_FRONT)
    rows = np.searchsorted(skin, grid[border - 1 : line + 2])
    triangles = assembly.pieces[0].triangles
    upper = np.flatnonzero(np.isin(triangles, rows[:, 10:29]).all(1))
    lower = np.flatnonzero(np.isin(triangles, rows[:, np.r_[0:10, 29:38]]).all(1))
    return landmarks.LipSets(upper, lower)
