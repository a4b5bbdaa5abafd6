"""Builds the default model: head, shapes, albedo, landmarks."""

from __future__ import annotations

import numpy as np

from facewright.face.build import eyes, landmarks, shapes_mouth, texture, topology
from facewright.face.build.assemble import Assembly, assemble
from facewright.face.build.identity import IdentitySpace
from facewright.face.build.shapes import build_shapes
from facewright.face.build.sources import Floats, Ints, Sources
from facewright.face.model import LandmarkEmbedding, MorphableModel
from facewright.face.names import EXPRESSION_64

#: Name of the model that this version builds.
NAME = "facewright-default-1"
#: People sampled for the identity space and rendered for the landmarks, and the seed.
SAMPLES, PEOPLE, SEED = 2500, 10, 20


def build_model(sources: Sources) -> tuple[MorphableModel, IdentitySpace]:
    """The whole default model, and what its identity space leaves out."""
    assembly = assemble(sources)
    shape = build_shapes(assembly, sources, samples=SAMPLES, seed=SEED)
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
        eye_axes=np.tile(np.array([0.0, 0.0, 1.0], np.float32), (2, 1)),
        metres_per_unit=1.0,
        licence="CC0-1.0",
    )
    sets = lip_sets(assembly, topology.lip_grid(sources.base))
    margins = lid_margins(assembly, topology.lid_grids(sources.base))
    found = landmarks.embed(model, sets, margins, people=PEOPLE, seed=SEED)
    return found, shape.identity


def lip_mask(assembly: Assembly, base_lips: Ints) -> Floats:
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


def ball_centre(points: Floats) -> Floats:
    """(3,) centre of an eyeball: the middle of its widest ring and the ring's depth."""
    widest = 1 + int(np.abs(eyes.RINGS - 90.0).argmin()) * eyes.SEGMENTS
    return points[widest : widest + eyes.SEGMENTS].mean(0)


def lip_sets(assembly: Assembly, grid: Ints) -> landmarks.LipSets:
    """Triangles between the vermilion's border and just behind the lip line, by lip."""
    skin = assembly.head.vertices
    border = topology.ring_of(grid, topology.VERMILION_FRONT)
    contact = np.searchsorted(skin, grid[shapes_mouth.CONTACT])
    rows = np.searchsorted(skin, grid[border - 1 : shapes_mouth.CONTACT + 2])
    triangles = assembly.pieces[0].triangles
    upper = np.flatnonzero(np.isin(triangles, rows[:, shapes_mouth.UPPER]).all(1))
    lower = np.flatnonzero(np.isin(triangles, rows[:, shapes_mouth.LOWER]).all(1))
    # Columns run left first along the lower lip, so each edge is put in order of x.
    edges = [np.r_[10:29][::-1], np.r_[29:38, 0:10]]
    return landmarks.LipSets(upper, lower, *(contact[columns] for columns in edges))


#: Rings of the lids' grids on which MediaPipe sees the lids' edges in renders of open and of
#: shut eyes: half a millimetre above the upper lashes, and at the lower ones.
UPPER_RING, LOWER_RING = 3, 2


def lid_margins(
    assembly: Assembly, grids: tuple[Ints, Ints]
) -> tuple[landmarks.LidMargin, landmarks.LidMargin]:
    """The right eye's margins and the left's, each from the subject's right to left.

    Args:
        assembly: the joined model.
        grids: :func:`topology.lid_grids`, left then right.
    """
    margins = []
    for grid in reversed(grids):
        upper, _ = _halves(assembly, grid[UPPER_RING])
        _, lower = _halves(assembly, grid[LOWER_RING])
        margins.append(landmarks.LidMargin(upper, lower))
    return margins[0], margins[1]


def _halves(assembly: Assembly, ring: Ints) -> tuple[Ints, Ints]:
    """The upper and the lower half of a ring around an eye, by x, both with its ends."""
    rows = np.searchsorted(assembly.head.vertices, ring)
    rows = np.roll(rows, -int(assembly.rest[rows, 0].argmin()))
    last = int(assembly.rest[rows, 0].argmax())
    halves = (rows[: last + 1], np.r_[rows[last:], rows[0]][::-1])
    first, second = (assembly.rest[half, 1].mean() for half in halves)
    return halves if first > second else (halves[1], halves[0])
