"""The 64 blendshapes: every shape on the sheet of skin, and what follows it inside."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from facewright.face.build import shapes_mouth as mouth
from facewright.face.build.flesh import Flesh, rotate, smoothstep
from facewright.face.build.identity import ETHNICITIES
from facewright.face.build.shapes_eyes import eye_shapes
from facewright.face.build.sources import Float64, Int64, Targets
from facewright.face.names import EXPRESSION_64

SIDES = (("Left", 1), ("Right", -1))


@dataclass(frozen=True)
class Moves:
    """All shapes, millimetres.

    Attributes:
        sheet: name -> (n, 3) displacement of skin and lining.
        jaw: name -> function of (k, 3) points that are rigid with the lower jaw.
        tongue: name -> function of the tongue's (k, 3) points, besides its jaw motion.
    """

    sheet: dict[str, Float64]
    jaw: dict[str, Float64 | None] = field(default_factory=dict)


class Performer:
    """Makes the shapes of one head."""

    def __init__(
        self, flesh: Flesh, targets: Targets, unit: float, ball_radius: float, teeth: Int64
    ) -> None:
        """Set up.

        Args:
            flesh: the sheet at rest, lips sealed.
            targets: for MakeHuman's expression units.
            unit: millimetres in a mesh unit.
            ball_radius: of the eyeballs, millimetres.
            teeth: base vertices of the helper lower teeth.
        """
        self.flesh, self.targets, self.unit_length = flesh, targets, unit
        self.ball_radius = ball_radius
        self.lips = mouth.Lips(flesh)
        self._teeth = teeth

    def unit(self, name: str) -> Float64:
        """(n, 3) one of MakeHuman's expression units, averaged over the ethnicities."""
        return self._raw_unit(name)[self.flesh.rows]

    def _raw_unit(self, name: str) -> Float64:
        found = [self.targets[f"expression/units/{e}/{name}"] for e in ETHNICITIES]
        return np.mean(found, axis=0) * self.unit_length

    def jaw(self, teeth_points: Float64) -> mouth.Jaw:
        """The jaw, from how the opening unit moves the lower teeth at ``teeth_points``."""
        moves = mouth.OPEN_SHARE * self._raw_unit("mouth-open")[self._teeth]
        opened = mouth.OPEN_SHARE * self.unit("mouth-open")
        return mouth.fit_jaw(self.flesh, opened, teeth_points, moves)

    def sheet(self, jaw: mouth.Jaw) -> dict[str, Float64]:
        """name -> (n, 3) displacement of skin and lining at weight 1."""
        shapes = eye_shapes(self.flesh, self.unit, self.ball_radius)
        shapes |= self._jaw_shapes(jaw)
        shapes |= self._lip_shapes()
        shapes |= self._sided_shapes()
        shapes |= self._cheek_and_nose()
        opened = 0.22 * shapes["jawOpen"]
        shapes["tongueOut"] = opened + mouth.shift_lips(
            self.lips, np.array([0.0, 1.2, 0.6]), np.array([0.0, -0.8, 1.5])
        )
        shapes["tongueUp"] = np.zeros_like(self.flesh.points)
        shapes["tongueWide"] = np.zeros_like(self.flesh.points)
        return {name: shapes[name] for name in EXPRESSION_64}

    def _jaw_shapes(self, jaw: mouth.Jaw) -> dict[str, Float64]:
        points, weights = self.flesh.points, jaw.weights[:, None]
        opened = mouth.OPEN_SHARE * self.unit("mouth-open")
        shapes = {"jawOpen": opened, "mouthClose": mouth.mouth_close(self.lips, opened)}
        for name, moves in jaw_motions(points, jaw).items():
            if name != "jawOpen":
                shapes[name] = weights * moves
        return shapes

    def _lip_shapes(self) -> dict[str, Float64]:
        lips, unit = self.lips, self.unit
        up, low = mouth.UPPER, mouth.LOWER
        roll_low = mouth.roll(lips, low, 42.0, up=1.2, inward=3.2)
        roll_up = mouth.roll(lips, up, 42.0, up=-1.0, inward=3.2)
        tuck = mouth.roll(lips, low, 25.0, up=3.2, inward=4.2)
        lift = mouth.shift_lips(lips, np.array([0.0, 2.6, 0.6]), np.zeros(3))
        shapes = {
            "mouthFunnel": 0.75 * unit("mouth-protusion"),
            "mouthPucker": 0.95 * unit("mouth-pursing"),
            "mouthRollLower": roll_low,
            "mouthRollUpper": roll_up,
            "lipFV": tuck + lift,
            "lipsPart": mouth.shift_lips(
                lips, np.array([0.0, 2.0, 0.3]), np.array([0.0, -3.0, 0.3]), corners=0.05
            ),
            "mouthShrugLower": self._shrug_lower(),
            "mouthShrugUpper": mouth.roll(lips, up, -16.0, up=2.6, inward=-2.4),
            "smileOpen": unit("mouth-upward-retraction"),
            "snarlOpen": 0.8 * unit("mouth-part-later"),
        }
        for name, side in (("mouthLeft", 1), ("mouthRight", -1)):
            shapes[name] = self._slide(side)
        return shapes

    def _shrug_lower(self) -> Float64:
        """The chin's boss pushes the lower lip up and out; the upper lip gives way."""
        pout = mouth.roll(self.lips, mouth.LOWER, -24.0, up=2.4, inward=-3.0)
        lift = mouth.shift_lips(self.lips, np.array([0.0, 2.0, 0.5]), np.zeros(3))
        chin = mouth.bump(self.flesh, np.array([0.0, -62.0, 105.0]), 13.0, np.array([0, 3.4, 0.8]))
        return pout + lift + chin

    def _slide(self, side: int) -> Float64:
        """The whole mouth goes to one side; that corner rises a little."""
        rows = self.lips.handles()
        x = side * self.flesh.points[rows][..., 0]
        ahead = smoothstep(x, -25, 25)
        move = np.stack(
            [side * (5.5 + 2.5 * ahead), 1.4 * ahead - 0.5 * (1 - ahead), -1.5 * ahead], axis=-1
        )
        return self.lips.spread(move)

    def _sided_shapes(self) -> dict[str, Float64]:
        x = self.flesh.points[:, 0]
        pressed = mouth.press(self.lips)
        whole = {
            "mouthSmile": self.unit("mouth-corner-puller"),
            "mouthFrown": self.unit("mouth-depression"),
            "mouthDimple": self.unit("mouth-compression"),
            "mouthStretch": self.unit("mouth-retraction"),
            "mouthPress": pressed,
            "mouthLowerDown": 0.75 * self.unit("mouth-depression-retraction"),
            "mouthUpperUp": 0.75 * self.unit("mouth-elevation"),
        }
        return {
            name + label: shape * mouth.side_weight(x, side)[:, None]
            for name, shape in whole.items()
            for label, side in SIDES
        }

    def _cheek_and_nose(self) -> dict[str, Float64]:
        flesh, unit = self.flesh, self.unit
        shapes: dict[str, Float64] = {"neckTense": unit("neck-platysma")}
        puff = np.zeros_like(flesh.points)
        for label, side in SIDES:
            word = label.lower()
            way = np.array([side, 1.0, 1.0])
            out = mouth.bump(flesh, way * (46, -22, 84), 15.0, way * (7.5, 0.0, 5.0))
            puff += out + mouth.bump(flesh, way * (22, -34, 104), 8.0, way * (1.0, 0.0, 1.5))
            shapes[f"cheekSquint{label}"] = mouth.bump(
                flesh, way * (40, 20, 92), 12.0, way * (1.0, 4.2, 2.4)
            )
            shapes[f"cheekSuck{label}"] = mouth.bump(
                flesh, way * (45, -26, 82), 12.0, way * (-6.0, 0.5, -3.5)
            )
            shapes[f"noseSneer{label}"] = 1.3 * unit(f"nose-{word}-elevation")
            shapes[f"nostrilFlare{label}"] = 1.6 * unit(f"nose-{word}-dilatation")
        shapes["cheekPuff"] = puff
        return shapes


def jaw_motions(points: Float64, jaw: mouth.Jaw) -> dict[str, Float64]:
    """name -> displacement of points that are rigid with the lower jaw.

    jawLeft and jawRight turn it about the vertical through the joints by as much as
    carries the front teeth 7 mm.
    """
    upright = np.array([0.0, 1.0, 0.0])
    aside = float(np.degrees(np.arctan2(7.0, 112.0)))
    slide = np.array([0.0, -0.6, 6.0])
    return {
        "jawOpen": jaw.opened(points),
        "jawForward": np.broadcast_to(slide, points.shape),
        "jawLeft": rotate(points, jaw.hinge, upright, aside),
        "jawRight": rotate(points, jaw.hinge, upright, -aside),
    }


def lower_jaw_moves(points: Float64, jaw: mouth.Jaw) -> dict[str, Float64]:
    """name -> displacement of the lower teeth and gums, for the shapes that move the jaw."""
    moves = dict(jaw_motions(points, jaw))
    moves["tongueOut"] = 0.22 * moves["jawOpen"]
    return moves


def tongue_moves(points: Float64, jaw: mouth.Jaw) -> dict[str, Float64]:
    """name -> displacement of the tongue: with the jaw, and shapes of its own."""
    z = points[:, 2]
    share = (z - z.min()) / np.ptp(z)  # 0 at the root, 1 at the tip
    follow = smoothstep(share, 0.0, 0.55)[:, None]
    moves = {name: follow * move for name, move in lower_jaw_moves(points, jaw).items()}
    front = smoothstep(share, 0.35, 1.0)
    tip = smoothstep(share, 0.55, 1.0)
    long = smoothstep(share, 0.1, 1.0)
    out = np.stack([0 * z, 3.0 * long - 9.0 * tip**2, 36.0 * long], axis=1)
    moves["tongueOut"] = moves["tongueOut"] + out
    narrow = -0.12 * points[:, 0] * tip
    moves["tongueUp"] = np.stack([narrow, 9.0 * tip, 1.5 * tip], axis=1)
    flat = points[:, 1] - np.median(points[:, 1])
    moves["tongueWide"] = np.stack(
        [0.24 * points[:, 0] * front, -0.22 * flat * front + 1.2 * front, 0.6 * front], axis=1
    )
    return moves
