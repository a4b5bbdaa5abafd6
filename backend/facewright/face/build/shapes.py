"""Identity space and blendshapes of the assembled head."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from facewright.face.build import expressions, eyes, identity
from facewright.face.build.assemble import Assembly
from facewright.face.build.shapes_mouth import Lips
from facewright.face.build.sources import Floats, Sources
from facewright.face.model import Part
from facewright.face.names import EXPRESSION_64

#: Share of the samples' mean in the model's; the rest is the default human.
MEAN_SHARE = 0.5


@dataclass(frozen=True)
class Shapes:
    """Mean and bases of the joined model, metres."""

    mean: Floats
    identity: identity.IdentitySpace
    expression: Floats


def build_shapes(assembly: Assembly, sources: Sources, *, samples: int, seed: int) -> Shapes:
    """Mean, identity components and blendshapes."""
    weights, displacements = identity.sample_displacements(sources.targets, samples, seed)
    default = sources.targets.sum(identity.default_weights())
    base = np.concatenate([displacements.reshape(len(displacements), -1, 3), default[None]])
    base = _lips_kept_together(assembly, base)
    carried = np.stack([assembly.carry(target) for target in base]).astype(np.float32)
    rest = assembly.rest
    people = (weights @ carried[:-1].reshape(len(carried) - 1, -1)).reshape(samples, -1, 3)
    people += (rest - carried[-1]).astype(np.float32)
    importance, face = regions(assembly)
    aligned = identity.align(people, rest, face)
    space = identity.principal_components(aligned, importance, face, 80)
    mean = MEAN_SHARE * space.mean + (1 - MEAN_SHARE) * rest
    return Shapes(mean, space, expression_basis(assembly, sources))


def _lips_kept_together(assembly: Assembly, targets: Floats) -> Floats:
    """Targets, (T, base, 3), after which the lips of every identity still touch."""
    flesh = assembly.flesh
    lips = Lips(flesh)
    moves = targets[:, flesh.rows].transpose(1, 2, 0).astype(np.float64)
    kept = targets.astype(np.float64)
    kept[:, flesh.rows] += lips.meet(moves).transpose(2, 0, 1)
    return kept


def expression_basis(assembly: Assembly, sources: Sources) -> Floats:
    """(64, V, 3) metres."""
    millimetres = 1e3 * assembly.scale
    lower_teeth = sources.base.group_vertices("helper-lower-teeth")
    performer = expressions.Performer(
        assembly.flesh, sources.targets, millimetres, assembly.ball_radius, lower_teeth
    )
    helper = (assembly.rest_base[lower_teeth] - assembly.origin) * millimetres
    jaw = performer.jaw(helper)
    points = assembly.rest * 1e3
    lower = np.concatenate([points[assembly.rows(n)] for n in ("teeth_lower", "gums_lower")])
    lower_moves = expressions.lower_jaw_moves(lower, jaw)
    tongue_moves = expressions.tongue_moves(points[assembly.rows("tongue")], jaw)
    basis = np.zeros((len(EXPRESSION_64), len(points), 3))
    split = assembly.rows("teeth_lower").stop - assembly.rows("teeth_lower").start
    for row, (name, sheet) in enumerate(performer.sheet(jaw).items()):
        base = assembly.flesh.to_base(sheet, len(assembly.rest_base), millimetres)
        carried = assembly.carry(base) * 1e3
        for soft in ("skin", "lining"):
            basis[row, assembly.rows(soft)] = carried[assembly.rows(soft)]
        for piece in assembly.pieces:
            if piece.part is Part.LASHES:
                where = assembly.rows(piece.name)
                centre = assembly.flesh.eyes[0 if "left" in piece.name else 1]
                basis[row, where] = eyes.lash_moves(points[where], carried[where], centre)
        if name in lower_moves:
            basis[row, assembly.rows("teeth_lower")] = lower_moves[name][:split]
            basis[row, assembly.rows("gums_lower")] = lower_moves[name][split:]
        if name in tongue_moves:
            basis[row, assembly.rows("tongue")] = tongue_moves[name]
    return basis * 1e-3


def regions(assembly: Assembly) -> tuple[Floats, Floats]:
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
