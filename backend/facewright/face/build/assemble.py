"""Cuts, builds and lays out every part of the default human."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facewright.face.build import atlas, eyes, identity, mouth, shapes_mouth, topology
from facewright.face.build.flesh import Flesh, build_flesh
from facewright.face.build.pieces import Piece, carry, upright
from facewright.face.build.skin import disc_piece, skin_piece, tongue_piece
from facewright.face.build.sources import Floats, Ints, Sources
from facewright.face.model import Part

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
        flesh: skin and lining at rest, for the expressions.
        ball_radius: of the eyeballs, millimetres.
    """

    pieces: tuple[Piece, ...]
    rest_base: Floats
    scale: float
    origin: Floats
    head: topology.Head
    flesh: Flesh
    ball_radius: float

    @property
    def offsets(self) -> Ints:
        """(pieces + 1,) first vertex of each piece."""
        return np.r_[0, np.cumsum([len(piece.rest) for piece in self.pieces])]

    def rows(self, name: str) -> slice:
        """Vertices of the piece called ``name``."""
        index = [piece.name for piece in self.pieces].index(name)
        return slice(int(self.offsets[index]), int(self.offsets[index + 1]))

    @property
    def rest(self) -> Floats:
        """(V, 3) metres, about the pivot."""
        points = np.concatenate([piece.rest for piece in self.pieces])
        return (points - self.origin) * self.scale

    @property
    def triangles(self) -> Ints:
        """(F, 3)."""
        shifted = [
            piece.triangles + offset
            for piece, offset in zip(self.pieces, self.offsets, strict=False)
        ]
        return np.concatenate(shifted)

    @property
    def vertex_parts(self) -> Ints:
        """(V,) part of each vertex."""
        return np.concatenate([np.full(len(p.rest), int(p.part)) for p in self.pieces])

    @property
    def triangle_parts(self) -> Ints:
        """(F,) part of each triangle."""
        return np.concatenate([np.full(len(p.triangles), int(p.part)) for p in self.pieces])

    def uvs(self) -> tuple[Floats, Ints]:
        """(U, 2) atlas coordinates and (F, 3) rows of them."""
        points, rows, first = [], [], 0
        for piece in self.pieces:
            points.append(atlas.place(piece.name, piece.uvs))
            rows.append(piece.uv_triangles + first)
            first += len(piece.uvs)
        return np.concatenate(points), np.concatenate(rows)

    def carry(self, displacement: Floats) -> Floats:
        """(V, 3) metres: every piece's displacement for one of the base mesh."""
        moved = [carry(piece.carrier, displacement) for piece in self.pieces]
        return np.concatenate(moved) * self.scale


def assemble(sources: Sources) -> Assembly:
    """Cut, build and lay out every part of the default human."""
    base = sources.base
    head = topology.cut_head(base)
    rest = base.vertices + sources.targets.sum(identity.default_weights())
    origin = rest[base.group_vertices("joint-head")].mean(0)
    anchors = tuple(base.group_vertices(f"helper-{side}-eye") for side in "lr")
    centres = [rest[rows].mean(0) for rows in anchors]
    scale = INTERPUPILLARY / float(np.linalg.norm(centres[0] - centres[1]))
    radius = BALL_SHARE * float(np.linalg.norm(rest[anchors[0]] - centres[0], axis=1).mean())
    millimetre = 1e-3 / scale
    raw = build_flesh(base, head, rest, origin, 1e3 * scale)
    rest = rest + raw.to_base(shapes_mouth.sealed(shapes_mouth.Lips(raw)), len(rest), 1e3 * scale)
    upper = mouth.fit_arch((6.655, 1.385), 0.285, 0.97, 0.035, up=1, unit=millimetre)
    lower = mouth.fit_arch((6.672, 1.362), 0.272, 0.96, 0.040, up=-1, unit=millimetre)
    upper_rows = base.group_vertices("helper-upper-teeth")
    lower_rows = base.group_vertices("helper-lower-teeth")
    pieces = [
        skin_piece(head, rest),
        eyes.eyeball(Part.EYE_LEFT, rest, anchors[0], radius),
        eyes.eyeball(Part.EYE_RIGHT, rest, anchors[1], radius),
        mouth.teeth("teeth_upper", Part.TEETH_UPPER, upper, rest, upper_rows),
        mouth.teeth("teeth_lower", Part.TEETH_LOWER, lower, rest, lower_rows),
        mouth.gums("gums_upper", upper, rest, upper_rows),
        mouth.gums("gums_lower", lower, rest, lower_rows),
        disc_piece("lining", Part.GUMS, rest, head.lining, mouth.lining_colour),
        tongue_piece(rest, base.group("helper-tongue")),
    ]
    loops = topology.lash_loops(base)
    for side, loop, centre in zip(("left", "right"), loops, centres, strict=True):
        for lid in eyes.LIDS:
            pieces.append(eyes.lashes(side, lid, rest, loop, centre, millimetre))
    flesh = build_flesh(base, head, rest, origin, 1e3 * scale)
    return Assembly(
        pieces=tuple(map(upright, pieces)),
        rest_base=rest,
        scale=scale,
        origin=origin,
        head=head,
        flesh=flesh,
        ball_radius=radius / millimetre,
    )
