"""Shapes of jaw, lips, cheeks and nose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from facewright.face.build.flesh import Flesh, Mask, rotate, smoothstep
from facewright.face.build.sources import Floats, Ints

Units = Callable[[str], Floats]

#: Rings of the lip grid (see ``topology.lip_grid``): skin at the border, the vermilion,
#: the ring at which the lips touch, and the last that follows them.
BORDER, LINE, CONTACT, BEHIND = 2, 6, 8, 10
#: Columns: 1–18 are left, 20–37 right; 0–9 and 29–37 lower, 10–28 upper.
UPPER = np.arange(10, 29)
LOWER = np.r_[np.arange(0, 10), np.arange(29, 38)]
#: The unit that opens the mouth is far too wide; this share opens it by 21 mm.
OPEN_SHARE = 0.65
#: Share of the way to close an open jaw's lips that the lower lip goes.
LOWER_LIP_SHARE = 0.72
#: How much of their height over the line of contact rings 3 to 8 keep when the lips of
#: the default human are sealed: its upper lip hangs over a groove of 4 mm.
UPPER_GROOVE = (1.0, 0.85, 0.6, 0.3, 0.2, 1.0)
LOWER_GROOVE = (1.0, 0.95, 0.8, 0.5, 0.4, 1.0)
#: jawOpen at which mouthClose = 1 closes the lips.
CLOSE_AT = 0.5


def side_weight(x: Floats, side: int, width: float = 13.0) -> Floats:
    """A smooth step over x (mm): 1 on the side, 0 on the other, half on the mid-plane."""
    return smoothstep(side * x, -width, width)


@dataclass(frozen=True)
class Jaw:
    """The lower jaw as a rigid body.

    Attributes:
        hinge: (3,) a point of the axis through both joints.
        degrees: it turns at jawOpen = 1.
        weights: (n,) how much the sheet follows it, 0..1.
    """

    hinge: Floats
    degrees: float
    weights: Floats

    def opened(self, points: Floats) -> Floats:
        """Displacements of points that are rigid with the jaw, at jawOpen = 1."""
        return rotate(points, self.hinge, np.array([1.0, 0.0, 0.0]), self.degrees)


def fit_jaw(flesh: Flesh, opened: Floats, teeth: Floats, teeth_moves: Floats) -> Jaw:
    """The rotation that best explains how the unit moves the lower teeth.

    Args:
        opened: (n, 3) displacement of the sheet at jawOpen = 1.
        teeth: (k, 3) points of the lower dental arch, and ``teeth_moves`` theirs.
    """
    source, moved = teeth - teeth.mean(0), teeth + teeth_moves
    left, _, right = np.linalg.svd(source.T @ (moved - moved.mean(0)))
    rotation = (left @ right).T
    degrees = float(np.degrees(np.arccos((np.trace(rotation) - 1) / 2)))
    shift = (moved.mean(0) - rotation @ teeth.mean(0))[1:]
    hinge = np.r_[0.0, np.linalg.solve(np.eye(2) - rotation[1:, 1:], shift)]
    jaw = Jaw(hinge, degrees, np.zeros(len(opened)))
    rigid = jaw.opened(flesh.points)
    share = (opened * rigid).sum(1) / np.maximum((rigid**2).sum(1), 1e-6)
    return Jaw(hinge, degrees, np.clip(share, 0.0, 1.0))


@dataclass(frozen=True)
class Lips:
    """The lip grid, and the lines along which the lips meet."""

    flesh: Flesh

    @cached_property
    def held(self) -> Mask:
        """(n,) what lip shapes leave alone: the nose, far skin, the deep lining."""
        x, y, z = self.flesh.points.T
        nose = (np.abs(x) < 22) & (y > -11) & (z > 96)
        inside = np.zeros(len(x), bool)
        inside[self.flesh.lips[-1]] = True
        far = self.flesh.from_lips() > 27
        deep = (z < 84) & (np.abs(x) < 38) & (y > -58)
        return (far | nose | deep) & ~inside

    def handles(self, first: int = BORDER, last: int = BEHIND) -> Ints:
        """(rings, 38) rows of the rings that lip shapes move."""
        return self.flesh.lips[first : last + 1]

    def partner(self, values: Floats, ring: int = CONTACT) -> Floats:
        """(38, ...) values of the other lip at each column's x, along one ring.

        Columns of the lips do not face each other, so the other lip's values are
        interpolated over x. At the corners the lips are one: a column is its own partner.
        """
        x = self.flesh.points[self.flesh.lips[ring], 0]
        flat = values.reshape(len(values), -1)
        result = flat.copy()
        for here, there in ((UPPER, LOWER), (LOWER, UPPER)):
            order = there[np.argsort(x[there])]
            for column in range(flat.shape[1]):
                result[here, column] = np.interp(x[here], x[order], flat[order, column])
        return result.reshape(values.shape)

    def spread(self, moves: Floats, first: int = BORDER) -> Floats:
        """(n, ...) displacement for (rings, 38, ...) moves of the rings from ``first``."""
        rows = self.flesh.lips[first : first + len(moves)]
        flat = moves.reshape(-1, *moves.shape[2:])
        return self.flesh.spread(rows.ravel(), flat, self.held)

    def meet(self, displacement: Floats, axes: tuple[float, ...] = (1.0, 1.0, 1.0)) -> Floats:
        """(n, ...) correction after which the lips touch as they do at rest.

        The difference of the displacements where the lips touch is taken from both by
        halves; all rings of a column move alike, so lips keep their shape.

        Args:
            displacement: (n, 3) or (n, 3, m) of the sheet.
            axes: which of x, y and z have to agree.
        """
        here = displacement[self.flesh.lips[CONTACT]]
        change = self.partner(here) - here
        change = change * np.reshape(axes, (1, 3, *(1,) * (change.ndim - 2)))
        fade = smoothstep(self.from_corner(), 0.0, 5.0)
        half = 0.5 * change * fade.reshape(-1, *(1,) * (change.ndim - 1))
        return self.spread(np.stack([half] * (BEHIND + 1 - BORDER)))

    def from_corner(self) -> Floats:
        """(38,) distance of each column from the mouth's corner, over x."""
        x = np.abs(self.flesh.points[self.flesh.lips[CONTACT], 0])
        return x.max() - x


def sealed(lips: Lips) -> Floats:
    """(n, 3) correction of the default human, whose lips stand a little apart.

    Where the lips touch, both come to the same height and depth; the groove between
    them is narrowed.
    """
    points = lips.flesh.points
    grid = lips.flesh.lips
    contact = points[grid[CONTACT]]
    middle = (contact + lips.partner(contact)) / 2
    middle[:, 0] = contact[:, 0]
    reach = middle - contact
    fade = smoothstep(lips.from_corner(), 0.0, 6.0)
    moves = np.zeros((BEHIND + 1 - BORDER, 38, 3))
    for k, ring in enumerate(range(BORDER, BEHIND + 1)):
        share = np.interp(ring, (BORDER, LINE, CONTACT, BEHIND), (0.25, 0.8, 1.0, 0.8))
        moves[k] = share * reach
        # Above and below the line of contact, rings come nearer to it.
        left = np.where(
            np.isin(np.arange(38), UPPER),
            np.interp(ring, (3, 4, 5, LINE, 7, CONTACT), UPPER_GROOVE),
            np.interp(ring, (3, 4, 5, LINE, 7, CONTACT), LOWER_GROOVE),
        )
        height = points[grid[ring], 1] - contact[:, 1]
        moves[k, :, 1] -= fade * (1 - left) * height * (ring <= CONTACT)
    return lips.spread(moves)


def mouth_close(lips: Lips, opened: Floats) -> Floats:
    """Brings the lips together again at jawOpen = ``CLOSE_AT``, for mouthClose = 1."""
    moved = CLOSE_AT * opened
    here = moved[lips.flesh.lips[CONTACT]]
    other = lips.partner(here)
    share = np.full((38, 1), 1.0 - LOWER_LIP_SHARE)
    share[LOWER] = LOWER_LIP_SHARE
    target = here + share * (other - here)
    rings = lips.handles()
    moves = np.stack([target - here] * len(rings))
    return lips.spread(moves)


def roll(lips: Lips, columns: Ints, rings: float, up: float, inward: float) -> Floats:
    """One lip slides over its own edge, over the teeth (or out, for negative ``rings``).

    Every ring goes to where the profile of the lip is ``rings`` rings further in, so the
    vermilion disappears inside as it does on a face.

    Args:
        columns: of the lip.
        rings: how far the profile slides.
        up, inward: millimetres that the lip moves besides.
    """
    profile = lips.flesh.points[lips.flesh.lips[:, columns]]
    order = np.arange(BORDER, BEHIND + 1)
    weight = np.interp(order, (BORDER, 4, CONTACT, BEHIND), (0.55, 1.0, 1.0, 0.4))
    fade = smoothstep(lips.from_corner(), 0.0, 9.0)[columns]
    place = np.clip(order[:, None] + rings * weight[:, None] * fade, 0, len(profile) - 1)
    low = np.minimum(place.astype(int), len(profile) - 2)
    share = (place - low)[..., None]
    column = np.arange(len(columns))
    there = profile[low, column] * (1 - share) + profile[low + 1, column] * share
    moves = np.zeros((len(order), 38, 3))
    shift = weight[:, None, None] * fade[:, None] * np.array([0.0, up, -inward])
    moves[:, columns] = there - profile[order] + shift
    return lips.spread(moves)


def shift_lips(lips: Lips, upper: Floats, lower: Floats, corners: float = 0.0) -> Floats:
    """Lips move as wholes by millimetre vectors, fading to ``corners`` at their ends."""
    fade = corners + (1 - corners) * smoothstep(lips.from_corner(), 0.0, 10.0)
    move = np.zeros((38, 3))
    move[UPPER], move[LOWER] = upper, lower
    return lips.spread(np.stack([move * fade[:, None]] * (BEHIND + 1 - BORDER)))


def press(lips: Lips) -> Floats:
    """Lips press together: the vermilion narrows towards the lip line and draws in."""
    grid, points = lips.flesh.lips, lips.flesh.points
    rows = grid[BORDER : BEHIND + 1]
    line = (points[grid[CONTACT]] + lips.partner(points[grid[CONTACT]])) / 2
    offset = points[rows] - line
    share = np.interp(
        np.arange(BORDER, BEHIND + 1), (BORDER, 5, LINE, CONTACT, BEHIND), (0.30, 0.42, 0.35, 0, 0)
    )
    moves = np.zeros((*rows.shape, 3))
    moves[..., 1] = -offset[..., 1] * share[:, None]
    moves[..., 2] = -np.interp(
        np.arange(BORDER, BEHIND + 1), (BORDER, 5, LINE, BEHIND), (0.8, 2.2, 2.2, 0.6)
    )[:, None]
    return lips.spread(moves)


def bump(
    flesh: Flesh, centre: ArrayLike, radius: float, move: ArrayLike, reach: float = 2.2
) -> Floats:
    """(n, 3) smooth local displacement of the skin: full at a centre, nothing beyond."""
    distance = np.linalg.norm(flesh.points - np.asarray(centre), axis=1)
    share = np.exp(-0.5 * (distance / radius) ** 2) * smoothstep(distance, reach * radius, radius)
    return share[:, None] * np.asarray(move)


def one_lip(lips: Lips, shape: Floats, columns: Ints) -> Floats:
    """A shape of both lips without what it does to the lip of ``columns``."""
    rows = lips.handles()
    undo = np.zeros((*rows.shape, 3))
    undo[:, columns] = -shape[rows[:, columns]]
    return shape + lips.spread(undo)
